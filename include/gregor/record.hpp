// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/fwd.hpp"
#include "gregor/policy/headers.hpp"
#include "gregor/policy/key.hpp"

namespace gregor::inline GREGOR_ABI {

/// Stands where a policy asks for nothing: it takes no byte, and nothing can be put into it.
template <class Kind>
struct absent {
    friend constexpr bool operator==(absent, absent) noexcept { return true; }
};

/// What is given with a value when it is sent: where it goes, and what it carries besides. Fields
/// that the topic has no policy for are `absent`.
///
///     out.send(value, {.key = "alice"});
///     out.send(value, {.partition = gregor::partition_id{2}});
template <class Key, class Timestamp, class Headers>
struct basic_attributes {
    partition_id partition = any_partition;
    GREGOR_NO_UNIQUE_ADDRESS Key key = {};
    GREGOR_NO_UNIQUE_ADDRESS Timestamp timestamp = {};
    GREGOR_NO_UNIQUE_ADDRESS Headers headers = {};
};

/// The key policy can take a key from a T.
template <class KeyPolicy, class T>
[[nodiscard]] consteval bool key_applies()
{
    if constexpr (KeyPolicy::derived) {
        return KeyPolicy::template applies_to<T>;
    } else {
        return true;
    }
}

template <class KeyPolicy>
struct key_storage {
    using type = absent<kind::key>;
};
template <class K>
struct key_storage<key<K>> {
    using type = std::optional<K>;
};

/// How a value and what it carries lie in a slot, for one topic type.
template <class T, class Policies>
struct record_layout {
    static_assert(std::is_object_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T>,
                  "gregor: topic<T> needs a plain object type, no reference and no const");
    static_assert(
        std::is_nothrow_destructible_v<T>,
        "gregor: topic<T> destroys old records while producers wait, so T's destructor must "
        "be noexcept");
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "gregor: topic<T> moves a value into a slot that is claimed already, so T's move "
                  "constructor must be noexcept");

    using value_type = T;
    using key_policy = typename Policies::key;

    static constexpr bool has_key = key_policy::stored || key_policy::derived;
    static constexpr bool has_timestamp = Policies::timestamps::stored;
    static constexpr bool has_headers = Policies::headers::stored;
    static constexpr bool takes = Policies::groups::takes;
    /// The slot is the value and nothing else.
    static constexpr bool bare = !key_policy::stored && !has_timestamp && !has_headers && !takes;

    /// The same in bits, for a file: what lies beside a value.
    static constexpr unsigned bits =
        (key_policy::stored ? 1U : 0U) | (has_timestamp ? 2U : 0U) | (has_headers ? 4U : 0U);

    using stored_key = typename key_storage<key_policy>::type;
    using stored_timestamp =
        std::conditional_t<has_timestamp, timestamp_t, absent<kind::timestamps>>;
    using given_timestamp =
        std::conditional_t<has_timestamp, std::optional<timestamp_t>, absent<kind::timestamps>>;
    using stored_headers = std::conditional_t<has_headers, header_list, absent<kind::headers>>;
    using taken_flag = std::conditional_t<takes, bool, absent<kind::groups>>;

    using attributes = basic_attributes<stored_key, given_timestamp, stored_headers>;

    static_assert(
        std::is_nothrow_move_constructible_v<stored_key>,
        "gregor: key<K> moves the key into a slot, so K's move constructor must be noexcept");
};

/// Calls T(args...), or T{args...} where only that is possible.
template <class T, class... Args>
[[nodiscard]] constexpr T build(Args&&... args)
{
    if constexpr (std::is_constructible_v<T, Args...>) {
        return T(static_cast<Args&&>(args)...);
    } else {
        return T{static_cast<Args&&>(args)...};
    }
}

/// A slot's content: the value, and what its topic's policies ask for, nothing else.
template <class Layout>
struct stored_record {
    using layout = Layout;
    using value_type = typename Layout::value_type;

    GREGOR_NO_UNIQUE_ADDRESS typename Layout::stored_key key;
    GREGOR_NO_UNIQUE_ADDRESS typename Layout::stored_timestamp timestamp;
    GREGOR_NO_UNIQUE_ADDRESS typename Layout::stored_headers headers;
    GREGOR_NO_UNIQUE_ADDRESS typename Layout::taken_flag taken = {};
    value_type value;

    template <class... Args>
    stored_record(typename Layout::stored_key&& k, typename Layout::stored_timestamp t,
                  typename Layout::stored_headers&& h, std::in_place_t, Args&&... args)
        : key(static_cast<typename Layout::stored_key&&>(k)), timestamp(t),
          headers(static_cast<typename Layout::stored_headers&&>(h)),
          value(build<value_type>(static_cast<Args&&>(args)...))
    {
    }

    /// Makes zeros of its bytes that mean nothing: those of a key that is not set, and padding; of
    /// padding within the value, where the compiler tells. So the bytes of equal records are equal.
    void clear_unused() noexcept;
};

template <class Layout>
void stored_record<Layout>::clear_unused() noexcept
{
    const auto bytes_of = [](auto& object) {
        return reinterpret_cast<unsigned char*>(std::addressof(object));
    };
    // an optional of whatever standard library: the key's bytes, and then whether they count
    constexpr std::size_t bytes_a_key = [] {
        if constexpr (Layout::key_policy::stored) {
            return sizeof(typename Layout::key_policy::type);
        } else {
            return std::size_t{0};
        }
    }();
    if constexpr (Layout::key_policy::stored) {
        if (!key) {
            std::memset(bytes_of(key), 0, bytes_a_key);
        }
    }
#if GREGOR_CLEARS_PADDING
    __builtin_clear_padding(this);
#else
    unsigned char* at = bytes_of(*this);
    const auto zero_until = [&at](unsigned char* next) {
        std::memset(at, 0, static_cast<std::size_t>(next - at));
    };
    const auto pass = [&](auto& member, std::size_t bytes) {
        zero_until(bytes_of(member));
        at = bytes_of(member) + bytes;
    };
    if constexpr (Layout::key_policy::stored) {
        pass(key, bytes_a_key + sizeof(bool));
    }
    if constexpr (Layout::has_timestamp) {
        pass(timestamp, sizeof timestamp);
    }
    if constexpr (Layout::takes) {
        pass(taken, sizeof taken);
    }
    pass(value, sizeof value);
    zero_until(bytes_of(*this) + sizeof *this);
#endif
}

/// One record of a batch: its offset, and its value where it lies in the log. A view of two
/// pointers' length; copy it freely, while the batch is alive.
///
/// Threads   as its batch
/// Errors    what `serde<T>` throws, where a value, key or headers are read by it; the record stays
/// Lifetime  the references and views it gives are valid until the batch is let go; what it gives
///           by value, as long as one likes
template <class Topic>
class record {
public:
    using value_type = typename Topic::value_type;
    using layout = typename Topic::layout;
    using stored_type = typename Topic::stored_type;

    using blobs_type = typename Topic::blobs_type;

    record(stored_type* stored, offset_t offset, partition_id partition,
           blobs_type blobs = {}) noexcept
        : stored_(stored), offset_(offset), partition_(partition), blobs_(blobs)
    {
    }

    /// The value where it lies in the log. On disk, where it lies by `serde<T>`: what that views of
    /// it (of a `std::string` a `std::string_view`), or reads.
    [[nodiscard]] decltype(auto) value() const noexcept(!Topic::encoded)
    {
        if constexpr (Topic::encoded) {
            return stored_->value.get(stored_->value_at(blobs_));
        } else {
            return static_cast<const value_type&>(stored_->value);
        }
    }
    /// A value of one's own.
    [[nodiscard]] value_type copy() const
    {
        if constexpr (Topic::encoded) {
            return stored_->value.copy(stored_->value_at(blobs_));
        } else {
            return stored_->value;
        }
    }
    [[nodiscard]] offset_t offset() const noexcept { return offset_; }
    [[nodiscard]] partition_id partition() const noexcept { return partition_; }

    /// All that lies in the log, for who copies it to go on when the batch is let go.
    [[nodiscard]] const stored_type& stored() const noexcept { return *stored_; }
    /// And of it what lies beside the slots: so many bytes as `stored().blob` says.
    [[nodiscard]] const std::byte* blob() const noexcept
        requires(Topic::encoded)
    {
        return stored_->value_at(blobs_);
    }

    /// The key: an optional where it is stored (`key<K>`), what `keyed_by` yields where it is
    /// derived. As for values, by `serde<K>` on disk.
    [[nodiscard]] decltype(auto) key() const
        requires(layout::has_key)
    {
        if constexpr (Topic::encoded && layout::key_policy::stored) {
            return stored_->key.get(stored_->key_at(blobs_));
        } else if constexpr (Topic::encoded) {
            using of_value = decltype(layout::key_policy::of(std::declval<const value_type&>()));
            return std::remove_cvref_t<of_value>(layout::key_policy::of(copy()));
        } else if constexpr (layout::key_policy::stored) {
            return static_cast<const typename layout::stored_key&>(stored_->key);
        } else {
            return layout::key_policy::of(static_cast<const value_type&>(stored_->value));
        }
    }

    /// When it was sent, or the time that its sender gave.
    [[nodiscard]] timestamp_t timestamp() const noexcept
        requires(layout::has_timestamp)
    {
        return stored_->timestamp;
    }

    /// On disk: read anew each time.
    [[nodiscard]] decltype(auto) headers() const noexcept(!Topic::encoded)
        requires(layout::has_headers)
    {
        if constexpr (Topic::encoded) {
            return stored_->headers.get(stored_->headers_at(blobs_));
        } else {
            return static_cast<const header_list&>(stored_->headers);
        }
    }

    /// Moves the value out (`groups::one`). Once: the record is not delivered again, whatever is
    /// committed.
    [[nodiscard]] value_type take() const noexcept
        requires(layout::takes)
    {
        stored_->taken = true;
        return std::move(stored_->value);
    }

private:
    stored_type* stored_;
    offset_t offset_;
    partition_id partition_;
    GREGOR_NO_UNIQUE_ADDRESS blobs_type blobs_;
};

} // namespace gregor::inline GREGOR_ABI
