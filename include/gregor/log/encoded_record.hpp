// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/padding.hpp"
#include "gregor/base/serde.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/blobs.hpp"
#include "gregor/policy/headers.hpp"

namespace gregor::inline GREGOR_ABI {

/// Names and values, each behind its length in 4 bytes.
template <>
struct serde<header_list> {
    [[nodiscard]] static std::size_t size(const header_list& all) noexcept
    {
        std::size_t bytes = 0;
        for (const header& each : all) {
            bytes += 8 + each.key.size() + each.value.size();
        }
        return bytes;
    }
    static void write(const header_list& all, std::byte* to) noexcept
    {
        const auto put = [&to](const std::string& text) {
            const auto bytes = static_cast<std::uint32_t>(text.size());
            std::memcpy(to, &bytes, sizeof bytes);
            std::memcpy(to + sizeof bytes, text.data(), text.size());
            to += sizeof bytes + text.size();
        };
        for (const header& each : all) {
            put(each.key);
            put(each.value);
        }
    }
    [[nodiscard]] static header_list read(std::span<const std::byte> from)
    {
        const auto take = [&from] {
            std::uint32_t bytes = 0;
            std::memcpy(&bytes, from.data(), sizeof bytes);
            std::string text{reinterpret_cast<const char*>(from.data()) + sizeof bytes, bytes};
            from = from.subspan(sizeof bytes + bytes);
            return text;
        };
        header_list all;
        while (!from.empty()) {
            std::string key = take();
            std::string value = take();
            all.push_back({std::move(key), std::move(value)});
        }
        return all;
    }
};

namespace disk {

/// How one part of a record is kept, its value, key or headers: in the slot, as it lies in memory.
template <class T>
struct part {
    static_assert(!points_elsewhere<T>,
                  "gregor: storage::mmap_log keeps records beyond the process, where no pointer "
                  "leads anywhere");
    using view = const T&;
    static constexpr std::size_t alignment = 1;

    [[nodiscard]] static std::size_t size(const T&) noexcept { return 0; }
    void put(const T& from, std::byte*) noexcept
    {
        value = from;
        clear_padding(value);
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return 0; }
    [[nodiscard]] view get(const std::byte*) const noexcept { return value; }
    [[nodiscard]] T copy(const std::byte*) const { return value; }

    GREGOR_NO_UNIQUE_ADDRESS T value;
};

/// The same of what is not given each time: then there are zeros.
template <class T>
    requires(std::is_trivially_copyable_v<T>)
struct part<std::optional<T>> {
    static_assert(!points_elsewhere<T>,
                  "gregor: storage::mmap_log keeps keys beyond the process, where no pointer leads "
                  "anywhere");
    using view = std::optional<T>;
    static constexpr std::size_t alignment = 1;

    [[nodiscard]] static std::size_t size(const std::optional<T>&) noexcept { return 0; }
    void put(const std::optional<T>& from, std::byte*) noexcept
    {
        is_given = from ? 1 : 0;
        if (from) {
            std::memcpy(raw, &*from, sizeof raw);
            clear_padding(*reinterpret_cast<T*>(raw));
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return 0; }
    [[nodiscard]] view get(const std::byte*) const noexcept
    {
        return is_given != 0 ? view{*reinterpret_cast<const T*>(raw)} : view{};
    }
    [[nodiscard]] view copy(const std::byte* from) const noexcept { return get(from); }

    alignas(T) std::byte raw[sizeof(T)];
    unsigned char is_given;
};

/// Or in the blob.
template <class T>
    requires(!std::is_trivially_copyable_v<T>)
struct part<T> {
    static_assert(serializable<T>,
                  "gregor: storage::mmap_log keeps values and keys that are not trivially copyable "
                  "by gregor::serde<T>: size and write, which are noexcept, and read");
    using view = decltype(serde_view<T>(std::span<const std::byte>{}));
    static constexpr std::size_t alignment = serde_alignment<T>();

    [[nodiscard]] static std::size_t size(const T& from) { return serde<T>::size(from); }
    void put(const T& from, std::byte* to) noexcept
    {
        count = static_cast<std::uint32_t>(serde<T>::size(from));
        serde<T>::write(from, to);
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return count; }
    [[nodiscard]] view get(const std::byte* from) const
    {
        return serde_view<T>(std::span<const std::byte>{from, count});
    }
    [[nodiscard]] T copy(const std::byte* from) const
    {
        return serde<T>::read(std::span<const std::byte>{from, count});
    }

    std::uint32_t count;
};

/// Or, where it is not given each time, in the blob or nowhere.
template <class T>
    requires(!std::is_trivially_copyable_v<T>)
struct part<std::optional<T>> {
    using inner = part<T>;
    using view = std::optional<typename inner::view>;
    static constexpr std::size_t alignment = inner::alignment;

    [[nodiscard]] static std::size_t size(const std::optional<T>& from)
    {
        return from ? inner::size(*from) : 0;
    }
    void put(const std::optional<T>& from, std::byte* to) noexcept
    {
        is_given = from ? 1 : 0;
        value.count = 0;
        if (from) {
            value.put(*from, to);
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return value.bytes(); }
    [[nodiscard]] view get(const std::byte* from) const
    {
        return is_given != 0 ? view{value.get(from)} : view{};
    }
    [[nodiscard]] std::optional<T> copy(const std::byte* from) const
    {
        return is_given != 0 ? std::optional<T>{value.copy(from)} : std::nullopt;
    }

    inner value;
    std::uint32_t is_given;
};

/// A record with parts that do not lie in its slot: what `stored_record` is, with where its blob
/// is. In the blob lie its value, its key and its headers, as far as they are not in the slot, in
/// this order, each at a multiple of `granule`.
template <class Layout>
struct encoded_record {
    using value_type = typename Layout::value_type;
    using stored_key = typename Layout::stored_key;
    using stored_headers = typename Layout::stored_headers;
    using stored_timestamp = typename Layout::stored_timestamp;
    using value_part = part<value_type>;
    using key_part = part<stored_key>;
    using headers_part = part<stored_headers>;

    /// What a header says of it besides the policies.
    static constexpr std::uint32_t layout_bits =
        (std::is_trivially_copyable_v<value_type> ? 0U : value_in_blob) |
        (std::is_trivially_copyable_v<stored_key> ? 0U : key_in_blob);

    static constexpr std::size_t granule = [] {
        std::size_t most = blob_alignment;
        for (const std::size_t each :
             {value_part::alignment, key_part::alignment, headers_part::alignment}) {
            most = each > most ? each : most;
        }
        return most;
    }();

    [[nodiscard]] static constexpr std::size_t whole(std::size_t bytes) noexcept
    {
        return (bytes + granule - 1) / granule * granule;
    }

    /// How large the blob is.
    template <class Attributes>
    [[nodiscard]] static std::size_t size(const value_type& value, const Attributes& given)
    {
        return whole(value_part::size(value)) + whole(key_part::size(given.key)) +
               whole(headers_part::size(given.headers));
    }

    /// Writes all of it: to a slot, whatever lay there, and to its blob. `size(...)` bytes of that
    /// are the caller's at this position.
    template <class Attributes>
    void put(const value_type& from, const Attributes& given, stored_timestamp time,
             std::uint64_t position, std::size_t bytes, std::byte* to) noexcept
    {
        std::memset(static_cast<void*>(this), 0, sizeof *this); // what lies between, too
        timestamp = time;
        value.put(from, to);
        const std::size_t key_at = whole(value.bytes());
        key.put(given.key, to + key_at);
        const std::size_t headers_at = key_at + whole(key.bytes());
        headers.put(given.headers, to + headers_at);
        blob = {bytes == 0 ? 0 : position, static_cast<std::uint32_t>(bytes), 0};
        blob.crc = crc32c::of(to, bytes);
    }

    [[nodiscard]] const std::byte* value_at(const mapped_blobs& all) const noexcept
    {
        return all.at(blob.position);
    }
    [[nodiscard]] const std::byte* key_at(const mapped_blobs& all) const noexcept
    {
        return value_at(all) + whole(value.bytes());
    }
    [[nodiscard]] const std::byte* headers_at(const mapped_blobs& all) const noexcept
    {
        return key_at(all) + whole(key.bytes());
    }

    blob_ref blob;
    GREGOR_NO_UNIQUE_ADDRESS key_part key;
    GREGOR_NO_UNIQUE_ADDRESS stored_timestamp timestamp;
    GREGOR_NO_UNIQUE_ADDRESS headers_part headers;
    value_part value;
};

/// What lies in a slot of a record.
template <class Record, bool Encoded>
struct stored_as {
    using type = Record;
};
template <class Record>
struct stored_as<Record, true> {
    using type = encoded_record<typename Record::layout>;
};

} // namespace disk
} // namespace gregor::inline GREGOR_ABI
