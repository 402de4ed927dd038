// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

/// Builds records in slots that were claimed: nothing in it can fail.
template <class Topic>
struct slot_filling {
    using layout = typename Topic::layout;
    using slot_type = typename Topic::slot_type;
    using stored_type = typename Topic::stored_type;
    using attributes = typename Topic::attributes;

    template <class V>
    GREGOR_INLINE static void fill(stored_type* slot, V&& value, attributes&& given,
                                   typename layout::stored_timestamp time) noexcept
    {
        ::new (static_cast<void*>(slot))
            stored_type(std::move(given.key), time, std::move(given.headers), std::in_place,
                        std::forward<V>(value));
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
            for (slot_type* const end = slot + part; slot != end; ++slot) {
                fill(slot, next(), attributes{given}, time);
            }
            first += part;
            count -= part;
        }
    }
};

} // namespace gregor::inline GREGOR_ABI
