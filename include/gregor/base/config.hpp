// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// What the compiler and the build were asked for, each as one macro with a value. A user may define
// GREGOR_CHECKED and GREGOR_ASSERT_HANDLER before the first include; everything else is found out
// here.

/// 1: misuse that costs something to detect is detected (one handle used by two threads at once).
/// Defaults to on where NDEBUG is off.
#ifndef GREGOR_CHECKED
#    ifdef NDEBUG
#        define GREGOR_CHECKED 0
#    else
#        define GREGOR_CHECKED 1
#    endif
#endif

#if defined(__SANITIZE_THREAD__)
#    define GREGOR_TSAN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define GREGOR_TSAN 1
#    endif
#endif
#ifndef GREGOR_TSAN
#    define GREGOR_TSAN 0
#endif

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#    define GREGOR_EXCEPTIONS 1
#else
#    define GREGOR_EXCEPTIONS 0
#endif

// Builds whose inline functions differ must not meet in one program under one name.
#if GREGOR_TSAN && GREGOR_CHECKED
#    define GREGOR_ABI v0_tsan_checked
#elif GREGOR_TSAN
#    define GREGOR_ABI v0_tsan
#elif GREGOR_CHECKED
#    define GREGOR_ABI v0_checked
#else
#    define GREGOR_ABI v0
#endif

/// An empty member that takes no byte.
#if defined(_MSC_VER)
#    define GREGOR_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#    define GREGOR_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif

/// 1 where topics can be kept in files (`mmap_log.hpp`).
#if defined(__linux__)
#    define GREGOR_FILES 1
#else
#    define GREGOR_FILES 0
#endif

/// Keeps a rare path out of the instructions that every record runs through; or says that a short
/// one belongs among them, whatever the compiler thinks of the rest around it.
/// (Not where nothing is optimised: there it would only be more to compile, and to step through.)
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#    define GREGOR_INLINE [[gnu::always_inline]]
#else
#    define GREGOR_INLINE
#endif
#if defined(__GNUC__)
#    define GREGOR_COLD [[gnu::noinline, gnu::cold]]
#    define GREGOR_NOINLINE [[gnu::noinline]]
#else
#    define GREGOR_COLD
#    define GREGOR_NOINLINE
#endif

/// Asks for the line at this address, mapped or not, to be in a cache of the processor soon.
#if defined(__GNUC__)
#    define GREGOR_PREFETCH(address) __builtin_prefetch(address)
#else
#    define GREGOR_PREFETCH(address) static_cast<void>(address)
#endif

/// 1: the compiler makes zeros of an object's padding.
#if defined(__has_builtin)
#    if __has_builtin(__builtin_clear_padding)
#        define GREGOR_CLEARS_PADDING 1
#    endif
#endif
#ifndef GREGOR_CLEARS_PADDING
#    define GREGOR_CLEARS_PADDING 0
#endif

namespace gregor::inline GREGOR_ABI {

/// What one writer a line is counted in, in bytes. Fixed, so that layouts do not vary with flags.
inline constexpr std::size_t cache_line_bytes = 64;

} // namespace gregor::inline GREGOR_ABI
