// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"

// Which public functions are noexcept, and which are not. (hot_path_test has those that never
// allocate, never_waits_test those that never wait.)

using gregor::consumer;
using gregor::partition_id;
using gregor::producer;
using gregor::topic;
using std::declval;

namespace {

constexpr partition_id zero{0};
constexpr std::chrono::nanoseconds at_once{0};

using numbers = topic<std::uint64_t>;
using fragiles = topic<support::fragile>;
using letters = topic<std::string, gregor::key<std::string>, gregor::headers, gregor::timestamps>;
using jobs = topic<support::fragile, gregor::groups::one>;

template <class T>
inline constexpr bool moves_and_goes =
    std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
    std::is_nothrow_destructible_v<T>;

/// Handles move and go, whatever happens, and are closed, woken and published.
template <class Topic>
consteval bool handles_never_throw()
{
    using claim = gregor::claim<Topic>;
    static_assert(moves_and_goes<Topic>);
    static_assert(moves_and_goes<producer<Topic>>);
    static_assert(moves_and_goes<consumer<Topic>>);
    static_assert(moves_and_goes<claim>);
    static_assert(noexcept(declval<Topic&>().close()));
    static_assert(noexcept(declval<const Topic&>().name()));
    static_assert(noexcept(declval<const Topic&>().partitions()));
    static_assert(noexcept(declval<const Topic&>().capacity_records()));
    static_assert(noexcept(declval<consumer<Topic>&>().wakeup()));
    static_assert(noexcept(declval<claim&>().publish()));
    static_assert(noexcept(static_cast<bool>(declval<const claim&>())));
    static_assert(noexcept(declval<const claim&>().status()));
    static_assert(noexcept(declval<const claim&>().partition()));
    static_assert(noexcept(declval<const claim&>().size()));
    static_assert(noexcept(declval<const claim&>().built()));
    return true;
}

/// Nothing throws between a poll and the next but what is done with the records.
template <class Topic>
consteval bool reading_never_throws()
{
    using batch = gregor::batch<Topic>;
    using record = gregor::record<Topic>;
    using iterator = typename batch::iterator;
    static_assert(moves_and_goes<batch>);
    static_assert(noexcept(declval<batch&>().let_go()));
    static_assert(noexcept(declval<const batch&>().status()));
    static_assert(noexcept(declval<const batch&>().size()));
    static_assert(noexcept(declval<const batch&>().empty()));
    static_assert(noexcept(declval<const batch&>().begin()));
    static_assert(noexcept(declval<const batch&>().end()));
    static_assert(noexcept(declval<const batch&>()[0]));
    static_assert(noexcept(declval<const batch&>().front()));
    static_assert(noexcept(declval<const batch&>().back()));
    static_assert(noexcept(declval<const batch&>().partition()));
    static_assert(noexcept(declval<const batch&>().begin_offset()));
    static_assert(noexcept(declval<const batch&>().next_offset()));
    static_assert(noexcept(declval<const batch&>().missed()));
    static_assert(noexcept(*declval<iterator&>()) && noexcept(++declval<iterator&>()));
    static_assert(noexcept(declval<iterator&>() == declval<iterator&>()));
    static_assert(std::is_nothrow_copy_constructible_v<record>);
    static_assert(noexcept(declval<const record&>().value()));
    static_assert(noexcept(declval<const record&>().offset()));
    static_assert(noexcept(declval<const record&>().partition()));
    return true;
}

/// What makes something, asks a partitioner or a clock, or builds a value may throw: also where
/// this topic's do not, so that who writes for any topic is told by any.
template <class Topic>
consteval bool what_may_throw_says_so()
{
    using out = producer<Topic>;
    using in = consumer<Topic>;
    using value = typename Topic::value_type;
    static_assert(!std::is_nothrow_constructible_v<Topic, std::string>);
    static_assert(!std::is_nothrow_constructible_v<out, Topic&>);
    static_assert(!std::is_nothrow_constructible_v<in, Topic&>);
    static_assert(!std::is_nothrow_constructible_v<in, Topic&, std::string_view>);
    static_assert(!noexcept(Topic::create(declval<std::string>())));
    static_assert(!noexcept(out::create(declval<Topic&>())));
    static_assert(!noexcept(in::create(declval<Topic&>())));
    static_assert(!noexcept(in::create(declval<Topic&>(), declval<std::string_view>())));
    static_assert(!noexcept(declval<const Topic&>().explain()));
    static_assert(!noexcept(declval<const Topic&>().wait_drained(at_once)));
    static_assert(!noexcept(declval<out&>().send(declval<value>())));
    static_assert(!noexcept(declval<out&>().send(declval<const value&>())));
    static_assert(!noexcept(declval<out&>().try_send(declval<value>())));
    static_assert(!noexcept(declval<out&>().send_for(declval<value>(), at_once)));
    static_assert(!noexcept(declval<out&>().emplace(declval<value>())));
    static_assert(!noexcept(declval<out&>().send_batch(declval<std::vector<value>>())));
    static_assert(!noexcept(declval<out&>().try_send_batch(declval<std::vector<value>&>())));
    static_assert(!noexcept(declval<out&>().claim(1)));
    static_assert(!noexcept(declval<out&>().try_claim(1)));
    static_assert(!noexcept(declval<gregor::claim<Topic>&>().emplace(declval<value>())));
    static_assert(!noexcept(declval<in&>().poll()));
    static_assert(!noexcept(declval<in&>().assign({zero})));
    static_assert(!noexcept(declval<in&>().assign_all()));
    static_assert(!noexcept(declval<const in&>().assignment()));
    static_assert(!noexcept(declval<const in&>().paused()));
    return true;
}

} // namespace

TEST_CASE("what cannot throw is noexcept, and what can is not", "[contracts]")
{
    STATIC_REQUIRE(handles_never_throw<numbers>());
    STATIC_REQUIRE(handles_never_throw<fragiles>());
    STATIC_REQUIRE(handles_never_throw<letters>());
    STATIC_REQUIRE(handles_never_throw<jobs>());
    STATIC_REQUIRE(reading_never_throws<numbers>());
    STATIC_REQUIRE(reading_never_throws<fragiles>());
    STATIC_REQUIRE(reading_never_throws<letters>());
    STATIC_REQUIRE(reading_never_throws<jobs>());
    STATIC_REQUIRE(what_may_throw_says_so<numbers>());
    STATIC_REQUIRE(what_may_throw_says_so<fragiles>());
    STATIC_REQUIRE(what_may_throw_says_so<letters>());
    STATIC_REQUIRE(what_may_throw_says_so<jobs>());
}

TEST_CASE("what only some topics have is noexcept, too", "[contracts]")
{
    STATIC_REQUIRE(noexcept(declval<gregor::claim<numbers>&>()[0]));
    STATIC_REQUIRE(noexcept(declval<const gregor::batch<numbers>&>().values()));
    STATIC_REQUIRE(noexcept(declval<const gregor::record<letters>&>().timestamp()));
    STATIC_REQUIRE(noexcept(declval<const gregor::record<letters>&>().headers()));
    STATIC_REQUIRE(noexcept(declval<const gregor::record<jobs>&>().take()));
    STATIC_REQUIRE_FALSE(
        noexcept(declval<const consumer<letters>&>().offset_for_time(zero, gregor::timestamp_t{})));
}

TEST_CASE("results are looked at without an exception", "[contracts]")
{
    using made = gregor::result<numbers>;
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<made>);
    STATIC_REQUIRE(noexcept(declval<const made&>().has_value()));
    STATIC_REQUIRE_FALSE(noexcept(declval<made&>().value()));
    STATIC_REQUIRE(noexcept(static_cast<bool>(declval<const gregor::sent&>())));
    STATIC_REQUIRE(noexcept(declval<const gregor::sent&>().status()));
    STATIC_REQUIRE(noexcept(declval<const gregor::sent&>().offset()));
    STATIC_REQUIRE(noexcept(declval<const gregor::sent&>().partition()));
    STATIC_REQUIRE(noexcept(static_cast<bool>(declval<const gregor::batch_sent&>())));
}
