// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/policy/kind.hpp"

namespace gregor::inline GREGOR_ABI::producers {

/// Any number of producer handles. As cheap as `single` until two are alive at once; from then on,
/// for good, a claim costs a compare-exchange and each record a stamp of 8 bytes beside its slot.
struct multi {
    using policy_kind = kind::producers;
    static constexpr bool many = true;
};

/// One producer handle at a time; a second is an error. No stamps, ever.
struct single {
    using policy_kind = kind::producers;
    static constexpr bool many = false;
};

} // namespace gregor::inline GREGOR_ABI::producers
