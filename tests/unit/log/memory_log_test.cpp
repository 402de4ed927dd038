// SPDX-License-Identifier: MIT
#include <gregor/log/memory_log.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/counted.hpp"

using gregor::memory_log;
using gregor::ring::claiming;

namespace {

template <class Log, class Value>
void put(Log& log, typename Log::lane& lane, Value&& value)
{
    const auto got = log.claim(lane, 1);
    REQUIRE(got.outcome == claiming::granted);
    using slot = std::remove_pointer_t<decltype(log.slot(0))>;
    ::new (static_cast<void*>(log.slot(got.first))) slot(std::forward<Value>(value));
    log.protocol().publish(lane, got.first, 1);
}

} // namespace

TEST_CASE("a log counts its offsets from 0", "[log]")
{
    memory_log<std::string, true> log{4};
    auto lane = log.protocol().open_lane();
    CHECK(log.capacity() == 4);
    CHECK(log.begin_offset() == 0);
    CHECK(log.end_offset() == 0);
    CHECK(log.unread() == 0);
    CHECK(log.has_room(1));
    put(log, lane, "a");
    CHECK(log.end_offset() == 1);
    CHECK(*log.slot(0) == "a");
    CHECK(log.slot(4) == log.slot(0));
    CHECK(log.contiguous(0) == 4);
    CHECK(log.contiguous(3) == 1);
    CHECK(log.contiguous(4) == 4);
}

TEST_CASE("what is unread is counted from the slowest reader", "[log]")
{
    memory_log<int, false> log{8};
    auto lane = log.protocol().open_lane();
    auto& cursor = log.protocol().gate().cursor("slow");
    cursor.set(0, memory_log<int, false>::place::holds);
    for (int i = 0; i != 8; ++i) {
        put(log, lane, i);
        CHECK(log.unread() == static_cast<gregor::offset_t>(i + 1));
    }
    CHECK_FALSE(log.has_room(1));
    CHECK(log.claim(lane, 1).outcome == claiming::full);
    cursor.set(5, memory_log<int, false>::place::holds);
    CHECK(log.unread() == 3);
}

TEST_CASE("a log destroys what gives way, and what is left with it", "[log]")
{
    using support::counted;
    support::counts().reset();
    {
        memory_log<counted, true> log{4};
        auto lane = log.protocol().open_lane();
        for (std::uint64_t i = 0; i != 10; ++i) {
            put(log, lane, i);
        }
        CHECK(support::counts().alive() == 4);
        log.protocol().share();
        auto other = log.protocol().open_lane();
        const auto dropped = log.hold(other, 2);
        REQUIRE(dropped.outcome == claiming::granted);
        CHECK(support::counts().alive() == 2);
        log.protocol().settle(other, dropped.first, 2, 0);
        put(log, other, std::uint64_t{20});
        CHECK(support::counts().alive() == 2);
    }
    CHECK(support::counts().alive() == 0);
    CHECK(support::counts().corrupt == 0);
}

TEST_CASE("a log without memory throws, and leaks nothing", "[log]")
{
    const support::failing_allocation first{1};
    CHECK_THROWS_AS((memory_log<int, true>{4}), std::bad_alloc);
}

TEST_CASE("the most records that a log takes can be counted in bytes", "[log]")
{
    constexpr std::size_t most = memory_log<std::string, true>::most_records;
    CHECK(most <= std::numeric_limits<std::size_t>::max() / 4 / sizeof(std::string) + 1);
    CHECK(memory_log<char, false>::most_records >= std::size_t{1} << 40U);
}

TEST_CASE("slots begin on a cache line, or as their type wants", "[log]")
{
    struct alignas(256) wide {
        char c;
    };
    memory_log<char, false> small{2};
    memory_log<wide, false> large{2};
    CHECK(reinterpret_cast<std::uintptr_t>(small.slot(0)) % 64 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(large.slot(1)) % 256 == 0);
}
