// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/partition_writer.hpp"
#include "gregor/log/whole_slots.hpp"
#include "gregor/mmap_log.hpp"
#include "gregor/record.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI {

/// What the function of an upgrade makes of a record.
template <class Fn, class Old, class New>
[[nodiscard]] consteval bool upgrades()
{
    using value = typename New::value_type;
    const auto is_one = []<class Made>(std::type_identity<Made>) {
        return std::is_same_v<Made, std::optional<value>> || std::is_convertible_v<Made, value>;
    };
    if constexpr (std::is_invocable_v<Fn&, const record<Old>&, typename New::attributes&>) {
        return is_one(
            std::type_identity<std::remove_cvref_t<
                std::invoke_result_t<Fn&, const record<Old>&, typename New::attributes&>>>{});
    } else if constexpr (std::is_invocable_v<Fn&, const record<Old>&>) {
        return is_one(std::type_identity<
                      std::remove_cvref_t<std::invoke_result_t<Fn&, const record<Old>&>>>{});
    } else {
        return false;
    }
}

/// Writes what a function makes of the records of one log to another one, each to its offset: see
/// `upgrade`.
///
/// Threads   one
/// Errors    returned; what the function throws
template <class Old, class New, class Fn>
class record_conversion {
public:
    using failure = std::optional<error>;
    using writer = disk::partition_writer<typename New::state_type::log_type>;

    struct figures {
        std::uint64_t records = 0;
        std::uint64_t dropped = 0;
        std::uint64_t voids = 0;
    };

    explicit record_conversion(Fn& fn) : fn_(fn) {}

    /// All records of this partition; `path` is its folder's.
    [[nodiscard]] failure copy(const Old& old, partition_id p, const std::string& path, writer& to);

    [[nodiscard]] const figures& so_far() const noexcept { return figures_; }

private:
    using attributes = typename New::attributes;
    using old_log = typename Old::state_type::log_type;

    [[nodiscard]] failure copy_one(const old_log& from, partition_id p, writer& to);
    template <class Made>
    [[nodiscard]] failure put(Made&& made, attributes&& given, writer& to);
    [[nodiscard]] static attributes carried(const record<Old>& from, const old_log& log);
    [[nodiscard]] typename New::layout::stored_timestamp time_of(const attributes& given) const
    {
        if constexpr (New::layout::has_timestamp) {
            return given.timestamp.value_or(now_);
        } else {
            static_cast<void>(given);
            return {};
        }
    }

    Fn& fn_;
    const timestamp_t now_ =
        std::chrono::time_point_cast<timestamp_t::duration>(std::chrono::system_clock::now());
    figures figures_;
};

template <class Old, class New, class Fn>
auto record_conversion<Old, New, Fn>::copy(const Old& old, partition_id p, const std::string& path,
                                           writer& to) -> failure
{
    constexpr offset_t piece = 1024; // read twice, so that it is still in the cache
    auto& from = old.state()->at(p).log;
    const offset_t end = from.end_offset();
    failure failed;
    while (to.next() != end && !failed) {
        const offset_t until = (std::min)(end, to.next() + piece);
        const offset_t whole = from.whole_until(to.next(), until);
        while (to.next() != whole && !failed) {
            failed = copy_one(from, p, to);
        }
        if (!failed && whole != until) {
            const offset_t base = whole / from.capacity() * from.capacity();
            failed = error{
                errc::corrupt, text({"segment \"", path, "/", disk::segment_name(base), "\""}),
                text({"a whole record at offset ", std::to_string(whole)}), "a broken one"};
        }
    }
    return failed;
}

template <class Old, class New, class Fn>
auto record_conversion<Old, New, Fn>::copy_one(const old_log& from, partition_id p, writer& to)
    -> failure
{
    auto* const slot = from.slot(to.next());
    if (disk::state_of_whole_slot(static_cast<const void*>(slot)) != disk::slot_state::record) {
        ++figures_.voids;
        return to.skip();
    }
    const record<Old> it{slot, to.next(), p, from.blobs()};
    attributes given = carried(it, from);
    given.partition = p;
    if constexpr (std::is_invocable_v<Fn&, const record<Old>&, attributes&>) {
        auto&& made = fn_(it, given);
        return put(std::forward<decltype(made)>(made), std::move(given), to);
    } else {
        return put(fn_(it), std::move(given), to);
    }
}

template <class Old, class New, class Fn>
template <class Made>
auto record_conversion<Old, New, Fn>::put(Made&& made, attributes&& given, writer& to) -> failure
{
    using value = typename New::value_type;
    const auto time = time_of(given);
    if constexpr (std::is_same_v<std::remove_cvref_t<Made>, std::optional<value>>) {
        if (!made) {
            ++figures_.dropped;
            return to.skip();
        }
        ++figures_.records;
        return to.put(value(*std::forward<Made>(made)), std::move(given), time);
    } else {
        ++figures_.records;
        return to.put(static_cast<value>(std::forward<Made>(made)), std::move(given), time);
    }
}

/// What lies beside the value in both topics.
template <class Old, class New, class Fn>
auto record_conversion<Old, New, Fn>::carried(const record<Old>& from, const old_log& log)
    -> attributes
{
    using old_key = typename Old::layout::key_policy;
    using new_key = typename New::layout::key_policy;
    attributes given{};
    if constexpr (new_key::stored && old_key::stored) {
        if constexpr (std::is_same_v<typename new_key::type, typename old_key::type>) {
            if constexpr (Old::encoded) {
                const auto& its = from.stored();
                given.key = its.key.copy(its.key_at(log.blobs()));
            } else {
                given.key = from.key();
            }
        }
    } else if constexpr (new_key::stored && old_key::derived) {
        if constexpr (std::is_same_v<typename new_key::type,
                                     std::remove_cvref_t<decltype(from.key())>>) {
            given.key.emplace(from.key());
        }
    }
    if constexpr (New::layout::has_timestamp && Old::layout::has_timestamp) {
        given.timestamp = from.timestamp();
    }
    if constexpr (New::layout::has_headers && Old::layout::has_headers) {
        given.headers = from.headers();
    }
    static_cast<void>(log);
    return given;
}

} // namespace gregor::inline GREGOR_ABI

#endif
