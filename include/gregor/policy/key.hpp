// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI {

/// Records have no key. The default.
struct no_key {
    using policy_kind = kind::key;
    static constexpr bool stored = false;
    static constexpr bool derived = false;
};

/// Each record may carry a key, stored beside the value; given as `.key` when it is sent.
template <class K>
struct key {
    static_assert(std::is_object_v<K> && std::same_as<K, std::remove_cv_t<K>>,
                  "gregor: key<K> needs a plain type, no reference and no const");
    using policy_kind = kind::key;
    using type = K;
    static constexpr bool stored = true;
    static constexpr bool derived = false;
};

/// The key is part of the value, or follows from it: a member (`keyed_by<&trade::symbol>`) or a
/// callable (`keyed_by<symbol_of>`). Nothing is stored.
template <auto Projection>
struct keyed_by {
    using policy_kind = kind::key;
    static constexpr bool stored = false;
    static constexpr bool derived = true;

    template <class T>
    static constexpr bool applies_to = std::invocable<decltype(Projection), const T&>;

    template <class T>
    [[nodiscard]] static constexpr decltype(auto) of(const T& value)
    {
        // what std::invoke does, without the header that has it
        if constexpr (std::is_member_object_pointer_v<decltype(Projection)>) {
            return (value.*Projection);
        } else if constexpr (std::is_member_pointer_v<decltype(Projection)>) {
            return (value.*Projection)();
        } else {
            return Projection(value);
        }
    }
};

/// So many, as they lie in memory. (A template, for a span is much to compile.)
template <class C>
[[nodiscard]] std::span<const std::byte> bytes_of(const C* first, std::size_t count) noexcept
{
    return std::as_bytes(std::span<const C>{first, count});
}

/// The bytes by which a key chooses its partition: what Kafka's serializers write, so that the same
/// key finds the same partition in both. Specialise it for a type of your own with
/// `static auto of(const K&)`, which returns something that converts to `std::span<const
/// std::byte>`.
template <class K>
struct key_bytes;

/// Integers and enumerations: big-endian, at their width.
template <class K>
    requires std::integral<K> || std::is_enum_v<K>
struct key_bytes<K> {
    [[nodiscard]] static constexpr std::array<std::byte, sizeof(K)> of(const K& key) noexcept
    {
        std::array<std::byte, sizeof(K)> bytes{};
        auto rest = static_cast<unsigned long long>(key);
        for (std::size_t i = sizeof(K); i-- > 0; rest >>= 8U) {
            bytes[i] = static_cast<std::byte>(rest & 0xffU);
        }
        return bytes;
    }
};

/// Strings: as they are.
template <class K>
    requires std::convertible_to<const K&, std::string_view>
struct key_bytes<K> {
    [[nodiscard]] static std::span<const std::byte> of(const K& key) noexcept
    {
        const std::string_view text = key;
        return bytes_of(text.data(), text.size());
    }
};

/// Arrays of characters or bytes: in full.
template <class B, std::size_t N>
    requires(sizeof(B) == 1 && std::is_trivially_copyable_v<B>)
struct key_bytes<std::array<B, N>> {
    [[nodiscard]] static std::span<const std::byte> of(const std::array<B, N>& key) noexcept
    {
        return std::as_bytes(std::span<const B>{key});
    }
};

/// A type that has key bytes.
template <class K>
concept keyable = requires(const K& key) {
    { key_bytes<K>::of(key) } -> std::convertible_to<std::span<const std::byte>>;
};

} // namespace gregor::inline GREGOR_ABI
