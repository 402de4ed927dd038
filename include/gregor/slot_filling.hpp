// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/sent.hpp"

namespace gregor::inline GREGOR_ABI {

/// Builds records in slots that were claimed: nothing in it can fail, but where blobs need room.
template <class Topic>
struct slot_filling {
    using layout = typename Topic::layout;
    using slot_type = typename Topic::slot_type;
    using stored_type = typename Topic::stored_type;
    using attributes = typename Topic::attributes;

    /// Values side by side are slots side by side.
    static constexpr bool copied_as_one =
        Topic::bare && std::is_trivially_copyable_v<typename Topic::value_type>;

    template <class V>
    GREGOR_INLINE static void fill(stored_type* slot, V&& value, attributes&& given,
                                   typename layout::stored_timestamp time) noexcept
    {
        ::new (static_cast<void*>(slot))
            stored_type(static_cast<typename layout::stored_key&&>(given.key), time,
                        static_cast<typename layout::stored_headers&&>(given.headers),
                        std::in_place, static_cast<V&&>(value));
    }

    /// A claim for this record: the slot and, where it has one, its blob.
    template <class Log, class Lane, class V>
    GREGOR_INLINE static auto claim_one(Log& log, Lane& mine, const V& value,
                                        const attributes& given)
    {
        if constexpr (Topic::encoded) {
            return log.hold(mine, 1, stored_type::size(value, given));
        } else {
            return log.claim(mine, 1);
        }
    }
    /// Writes the record of a claim by `claim_one`, which fits, and publishes it; false where there
    /// is no room for its blob after all.
    template <class Log, class Lane, class V>
    GREGOR_INLINE static bool put_one(Log& log, Lane& mine, offset_t at, V&& value,
                                      attributes&& given,
                                      typename layout::stored_timestamp time) noexcept
    {
        if constexpr (Topic::encoded) {
            const bool done = log.write(at, value, given, time, stored_type::size(value, given));
            log.settle(mine, at, 1, done ? 1 : 0);
            return done;
        } else {
            fill(log.slot(at), static_cast<V&&>(value), std::move(given), time);
            log.publish(mine, at, 1);
            return true;
        }
    }
    /// The same for records that are not looked at yet.
    template <class Log, class Lane>
    static auto claim_run(Log& log, Lane& mine, std::size_t count)
    {
        if constexpr (Topic::encoded) {
            return log.hold(mine, count, 1);
        } else {
            return log.claim(mine, count);
        }
    }

    /// Writes the records of a claim by `claim_run`, and publishes those that there is room for;
    /// says how many, and why no more.
    template <class Log, class Lane, class Next>
    static batch_sent put_into(Log& log, Lane& mine, offset_t first, std::size_t count, Next& next,
                               const attributes& given,
                               typename layout::stored_timestamp time) noexcept
    {
        batch_sent done;
        if constexpr (Topic::encoded) {
            while (done.count != count && done) {
                const auto& value = next();
                const std::size_t bytes = stored_type::size(value, given);
                done.status = bytes > log.most_blob_bytes() ? send_status::too_large
                              : !log.write(first + done.count, value, given, time, bytes)
                                  ? send_status::failed
                                  : send_status::ok;
                done.count += done ? 1U : 0U;
            }
            log.settle(mine, first, count, done.count);
        } else {
            fill_run(log, first, count, next, given, time);
            log.publish(mine, first, count);
            done.count = count;
        }
        return done;
    }

    /// Slot by slot, as far as they lie side by side.
    template <class Next>
    static void fill_run(const typename Topic::log_type& log, offset_t first, std::size_t count,
                         Next& next, const attributes& given,
                         typename layout::stored_timestamp time) noexcept
    {
        while (count != 0) {
            const std::size_t room = log.contiguous(first);
            const std::size_t part = count < room ? count : room;
            slot_type* slot = log.slot(first);
            if constexpr (copied_as_one && requires { next.many(part); }) {
                std::memcpy(static_cast<void*>(slot), next.many(part), part * sizeof(slot_type));
            } else {
                for (slot_type* const end = slot + part; slot != end; ++slot) {
                    fill(slot, next(), attributes{given}, time);
                }
            }
            first += part;
            count -= part;
        }
    }
};

} // namespace gregor::inline GREGOR_ABI
