// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// How values of a type become bytes, and bytes values again: for records that are kept on disk and
/// do not lie there as they do in memory. There is one for `std::string`, for vectors of trivially
/// copyable types, and for headers; write one for a type of your own:
///
///     template <>
///     struct gregor::serde<order> {
///         static constexpr std::string_view name = "order, version 2"; // of what lies on the disk
///         static std::size_t size(const order& o) noexcept;            // how many bytes it takes
///         static void write(const order& o, std::byte* to) noexcept;   // exactly so many
///         static order read(std::span<const std::byte> from);
///     };
///
/// Where there is a `view` beside `read`, consumers are given what it returns: something that
/// points into the log, without a copy. `alignment`, a power of two up to 64, says at multiples of
/// how many bytes they lie; 1 where it is not there.
///
/// Bytes lie as the program writes them: a log is read where the byte order is the same, which its
/// header says; and `name` says what they mean, in the header, too: a log of another name is not
/// opened. Without it, that is what `type_name<T>` says.
///
/// Threads   each of them may be called by all producers and consumers at once
/// Errors    size and write cannot fail: they run when a place is claimed. What view and read throw
///           comes out of the calls that give a value. They are given what write has written
/// Cost      size is asked several times for a record
/// Lifetime  a view: as long as the batch
template <class T>
struct serde;

template <>
struct serde<std::string> {
    static constexpr std::string_view name = "std::string";

    [[nodiscard]] static std::size_t size(const std::string& text) noexcept { return text.size(); }
    static void write(const std::string& text, std::byte* to) noexcept
    {
        std::memcpy(to, text.data(), text.size());
    }
    [[nodiscard]] static std::string_view view(std::span<const std::byte> from) noexcept
    {
        return {reinterpret_cast<const char*>(from.data()), from.size()};
    }
    [[nodiscard]] static std::string read(std::span<const std::byte> from)
    {
        return std::string{view(from)};
    }
};

/// What is copied byte by byte, and means nothing to another process.
template <class T>
inline constexpr bool points_elsewhere = std::is_pointer_v<T>;
template <class C, class Traits>
inline constexpr bool points_elsewhere<std::basic_string_view<C, Traits>> = true;
template <class T, std::size_t Extent>
inline constexpr bool points_elsewhere<std::span<T, Extent>> = true;

/// Vectors of what can be copied byte by byte; what lies between its members is kept, too.
template <class T>
    requires(std::is_trivially_copyable_v<T> && !points_elsewhere<T> && !std::is_same_v<T, bool> &&
             alignof(T) <= 64)
struct serde<std::vector<T>> {
    static constexpr std::size_t alignment = alignof(T);

    [[nodiscard]] static std::size_t size(const std::vector<T>& all) noexcept
    {
        return all.size() * sizeof(T);
    }
    static void write(const std::vector<T>& all, std::byte* to) noexcept
    {
        if (!all.empty()) {
            std::memcpy(to, all.data(), all.size() * sizeof(T));
        }
    }
    [[nodiscard]] static std::span<const T> view(std::span<const std::byte> from) noexcept
    {
        return {reinterpret_cast<const T*>(from.data()), from.size() / sizeof(T)};
    }
    [[nodiscard]] static std::vector<T> read(std::span<const std::byte> from)
    {
        const std::span<const T> all = view(from);
        return {all.begin(), all.end()};
    }
};

/// A type that has all that is needed.
template <class T>
concept serializable = requires(const T& value, std::byte* to, std::span<const std::byte> from) {
    { serde<T>::size(value) } noexcept -> std::convertible_to<std::size_t>;
    { serde<T>::write(value, to) } noexcept;
    { serde<T>::read(from) } -> std::convertible_to<T>;
};

/// At which multiple its bytes lie.
template <class T>
[[nodiscard]] consteval std::size_t serde_alignment()
{
    if constexpr (requires { serde<T>::alignment; }) {
        static_assert(serde<T>::alignment <= 64 &&
                          (serde<T>::alignment & (serde<T>::alignment - 1)) == 0,
                      "gregor: serde<T>::alignment is a power of two, up to 64");
        return serde<T>::alignment;
    } else {
        return 1;
    }
}

/// What consumers are given of such a value.
template <class T>
[[nodiscard]] auto serde_view(std::span<const std::byte> from)
{
    if constexpr (requires { serde<T>::view(from); }) {
        return serde<T>::view(from);
    } else {
        return serde<T>::read(from);
    }
}

} // namespace gregor::inline GREGOR_ABI
