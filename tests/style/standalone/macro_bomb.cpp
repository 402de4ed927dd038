// SPDX-License-Identifier: MIT
// gregor after a bomb of macros that other headers define: windows.h, Qt, X11, glibc, Objective-C,
// GNU C. What the standard library and the system need of these names is read before.
#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <compare>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <random>
#include <ranges>
#include <ratio>
#include <shared_mutex>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// not in every standard library that gregor is built with
#if __has_include(<memory_resource>)
#    include <memory_resource>
#endif
#if __has_include(<source_location>)
#    include <source_location>
#endif
#if __has_include(<stop_token>)
#    include <stop_token>
#endif
#if defined(__x86_64__) || defined(__i386__)
#    include <immintrin.h>
#endif
#if defined(__linux__)
#    include <linux/futex.h>
#    include <linux/membarrier.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

#undef linux
#undef unix
#undef major
#undef minor

// windows.h
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define ERROR @windows
#define IN @windows
#define OUT @windows
#define OPTIONAL @windows
#define VOID @windows
#define CONST @windows
#define near @windows
#define far @windows
#define small @windows
#define hyper @windows
#define interface @windows
#define Yield @windows
#define STRICT @windows
#define NO_ERROR @windows
#define TRUE @windows
#define FALSE @windows
#define DELETE @windows
#define SendMessage @windows
#define CreateEvent @windows
#define GetObject @windows
// Qt
#define slots @qt
#define signals @qt
#define emit @qt
#define foreach @qt
#define forever @qt
// X11
#define None @x11
#define Bool @x11
#define Status @x11
#define Success @x11
#define Always @x11
#define Complex @x11
// glibc and GNU C
#define linux @gnu
#define unix @gnu
#define major @gnu
#define minor @gnu
#define makedev @gnu
#define I @gnu
// Objective-C and old macOS headers
#define check @apple
#define require @apple
#define verify @apple
#define nil @apple
#define Nil @apple
// test and log libraries
#define CHECK @catch
#define REQUIRE @catch
#define SECTION @catch
#define LOG @glog
#define EXPECT @boost
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#include <gregor/gregor.hpp>
