// SPDX-License-Identifier: MIT
#pragma once

// What most tests include and seldom changes, parsed once for all of them. Never a header of
// gregor's: each of them is also compiled alone, without this one (the ctests headers/*), so that
// one that forgets what it needs is found there.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
