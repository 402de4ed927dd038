// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"
#include "gregor/ring/room.hpp"
#include "gregor/ring/stamps.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// The parts of a sequencer whose slots are a ring in memory: what was read gives way, and stamps
/// lie beside the slots.
struct in_ring {
    template <class Seq, class Env>
    using room = ring::room<Seq, Env>;
    template <class Seq, class Env>
    using stamps = ring::stamps<Seq, Env>;
};

} // namespace gregor::inline GREGOR_ABI::ring
