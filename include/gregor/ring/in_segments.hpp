// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"
#include "gregor/ring/segmented_room.hpp"
#include "gregor/ring/slot_stamps.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// The parts of a sequencer whose slots come and go by segments and outlive it: stamps lie in them.
struct in_segments {
    template <class Seq, class Env>
    using room = segmented_room<Seq, Env>;
    template <class Seq, class Env>
    using stamps = slot_stamps<Seq, Env>;
};

} // namespace gregor::inline GREGOR_ABI::ring
