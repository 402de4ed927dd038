// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#if defined(__linux__)
#    include <pthread.h>
#endif

namespace support {

#if defined(__GLIBC__)
/// From here on the process starts no thread: there is no room for another stack, while all else
/// can be had.
inline void start_no_more_threads()
{
    ::pthread_attr_t huge{};
    ::pthread_attr_init(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 46U);
    ::pthread_setattr_default_np(&huge);
}
#endif

} // namespace support
