// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <type_traits>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// Makes zeros of an object's padding, where the compiler tells where it is: then the bytes of
/// equal objects are equal. Nothing else lies in it: the object is no member that others overlap.
template <class T>
void clear_padding(T& object) noexcept
{
    static_assert(std::is_trivially_copyable_v<T>);
#if GREGOR_CLEARS_PADDING
    if constexpr (!std::is_empty_v<T>) {
        __builtin_clear_padding(std::addressof(object));
    }
#else
    static_cast<void>(object);
#endif
}

} // namespace gregor::inline GREGOR_ABI
