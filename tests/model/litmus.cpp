// SPDX-License-Identifier: MIT
// What C++ allows and forbids, for the programs by which memory models are known. Each is explored
// twice, with and without recognising equal interleavings, and must show exactly the allowed
// outcomes.

#include <cstdio>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/checker/model.hpp"
#include "support/catch.hpp"

namespace {

namespace model = gregor::model;
using env = model::env;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// Variables that threads share, and what each thread read.
struct state {
    env::atomic<int> x{0};
    env::atomic<int> y{0};
    env::atomic<int> z{0};
    int a = 0;
    int b = 0;
    int c = 0;
    int d = 0;

    [[nodiscard]] int final_x() const { return x.load(relaxed); }
    [[nodiscard]] int final_y() const { return y.load(relaxed); }
};

using step = void (*)(state&);
using outcomes = std::set<std::string>;

struct litmus {
    std::vector<step> threads;
    step observe;
    outcomes allowed;
    outcomes forbidden;
};

outcomes seen(const litmus& test, model::options how)
{
    const auto found = model::explore(how, [&](model::run& run) {
        auto shared = std::make_shared<state>();
        for (const step body : test.threads) {
            run.thread([=] { body(*shared); });
        }
        run.after([=] { test.observe(*shared); });
    });
    INFO(found.report());
    CHECK(found.passed());
    CHECK(found.exhausted);
    outcomes result;
    for (const auto& each : found.outcomes) {
        result.insert(each.first);
    }
    return result;
}

void require(const litmus& test, model::options how = {})
{
    const outcomes found = seen(test, how);
    how.preemptions = 1000;
    CHECK(seen(test, how) == found);
    CHECK(found == test.allowed);
    for (const std::string& each : test.forbidden) {
        INFO(each);
        CHECK_FALSE(found.contains(each));
    }
    std::printf("litmus: %zu outcomes allowed, %zu forbidden\n", test.allowed.size(),
                test.forbidden.size());
}

void show_a(state& s)
{
    model::outcome(s.a);
}
void show_ab(state& s)
{
    model::outcome(s.a, s.b);
}
void show_abc(state& s)
{
    model::outcome(s.a, s.b, s.c);
}
void show_abcd(state& s)
{
    model::outcome(s.a, s.b, s.c, s.d);
}

} // namespace

// --- message passing
// --------------------------------------------------------------------------------

TEST_CASE("message passing: who acquires a flag sees what was written before its release",
          "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.y.store(1, release); },
                         [](state& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 1"},
             .forbidden = {"1 0"}});
}

TEST_CASE("message passing: a relaxed flag, on either side, passes nothing", "[model]")
{
    const outcomes everything{"0 0", "0 1", "1 0", "1 1"};
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.y.store(1, relaxed); },
                         [](state& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = everything,
             .forbidden = {}});
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.y.store(1, release); },
                         [](state& s) { s.a = s.y.load(relaxed), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = everything,
             .forbidden = {}});
}

TEST_CASE("message passing: fences around a relaxed flag pass it on, if there are two", "[model]")
{
    const auto write = [](state& s) {
        s.x.store(1, relaxed);
        model::fence(release);
        s.y.store(1, relaxed);
    };
    require({.threads = {write,
                         [](state& s) {
                             s.a = s.y.load(relaxed);
                             model::fence(acquire);
                             s.b = s.x.load(relaxed);
                         }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 1"},
             .forbidden = {"1 0"}});
    require({.threads = {write, [](state& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 1"},
             .forbidden = {"1 0"}});
    require({.threads = {write, [](state& s) { s.a = s.y.load(relaxed), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0", "1 1"},
             .forbidden = {}});
}

TEST_CASE("message passing: an asymmetric fence on each side passes it on, of which one is heavy",
          "[model]")
{
    require(
        {.threads = {[](state& s) { s.x.store(1, relaxed), env::light(), s.y.store(1, relaxed); },
                     [](state& s) {
                         s.a = s.y.load(relaxed);
                         env::heavy();
                         s.b = s.x.load(relaxed);
                     }},
         .observe = show_ab,
         .allowed = {"0 0", "0 1", "1 1"},
         .forbidden = {"1 0"}});
    require(
        {.threads = {[](state& s) { s.x.store(1, relaxed), env::light(), s.y.store(1, relaxed); },
                     [](state& s) {
                         s.a = s.y.load(relaxed);
                         env::light();
                         s.b = s.x.load(relaxed);
                     }},
         .observe = show_ab,
         .allowed = {"0 0", "0 1", "1 0", "1 1"},
         .forbidden = {}});
}

TEST_CASE("what is acquired through a third thread comes with all that it knew (WRC, ISA2)",
          "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed); },
                         [](state& s) { s.a = s.x.load(relaxed), s.y.store(1, release); },
                         [](state& s) { s.b = s.y.load(acquire), s.c = s.x.load(relaxed); }},
             .observe = show_abc,
             .allowed = {"0 0 0", "0 0 1", "0 1 0", "0 1 1", "1 0 0", "1 0 1", "1 1 1"},
             .forbidden = {"1 1 0"}});
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.y.store(1, release); },
                         [](state& s) { s.a = s.y.load(acquire), s.z.store(1, release); },
                         [](state& s) { s.b = s.z.load(acquire), s.c = s.x.load(relaxed); }},
             .observe = show_abc,
             .allowed = {"0 0 0", "0 0 1", "0 1 0", "0 1 1", "1 0 0", "1 0 1", "1 1 1"},
             .forbidden = {"1 1 0"}});
}

TEST_CASE("what is read relaxed through a third thread comes alone", "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed); },
                         [](state& s) { s.a = s.x.load(relaxed), s.y.store(1, relaxed); },
                         [](state& s) { s.b = s.y.load(relaxed), s.c = s.x.load(relaxed); }},
             .observe = show_abc,
             .allowed = {"0 0 0", "0 0 1", "0 1 0", "0 1 1", "1 0 0", "1 0 1", "1 1 0", "1 1 1"},
             .forbidden = {}});
}

// --- store buffering
// --------------------------------------------------------------------------------

TEST_CASE("store buffering: release and acquire let both threads miss the other's store", "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, release), s.a = s.y.load(acquire); },
                         [](state& s) { s.y.store(1, release), s.b = s.x.load(acquire); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0", "1 1"},
             .forbidden = {}});
}

TEST_CASE("store buffering: with seq_cst one thread sees the other, if all four have it", "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, seq_cst), s.a = s.y.load(seq_cst); },
                         [](state& s) { s.y.store(1, seq_cst), s.b = s.x.load(seq_cst); }},
             .observe = show_ab,
             .allowed = {"0 1", "1 0", "1 1"},
             .forbidden = {"0 0"}});
    require({.threads = {[](state& s) { s.x.store(1, seq_cst), s.a = s.y.load(seq_cst); },
                         [](state& s) { s.y.store(1, seq_cst), s.b = s.x.load(acquire); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0", "1 1"},
             .forbidden = {}});
}

TEST_CASE("store buffering: with a full fence in both threads one sees the other", "[model]")
{
    require({.threads = {
                 [](state& s) { s.x.store(1, relaxed), env::fence(), s.a = s.y.load(relaxed); },
                 [](state& s) { s.y.store(1, relaxed), env::fence(), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 1", "1 0", "1 1"},
             .forbidden = {"0 0"}});
    require(
        {.threads = {[](state& s) { s.x.store(1, relaxed), env::fence(), s.a = s.y.load(relaxed); },
                     [](state& s) { s.y.store(1, relaxed), s.b = s.x.load(relaxed); }},
         .observe = show_ab,
         .allowed = {"0 0", "0 1", "1 0", "1 1"},
         .forbidden = {}});
}

TEST_CASE("store buffering: a light and a heavy fence are enough, in a pair", "[model]")
{
    const auto light = [](state& s) {
        s.x.store(1, relaxed);
        env::light();
        s.a = s.y.load(relaxed);
    };
    const auto heavy = [](state& s) {
        s.y.store(1, relaxed);
        env::heavy();
        s.b = s.x.load(relaxed);
    };
    const outcomes one_sees{"0 1", "1 0", "1 1"};
    require(
        {.threads = {light, heavy}, .observe = show_ab, .allowed = one_sees, .forbidden = {"0 0"}});
    require(
        {.threads = {light, heavy}, .observe = show_ab, .allowed = one_sees, .forbidden = {"0 0"}},
        {.split_heavy = false});
    require(
        {.threads = {light, heavy}, .observe = show_ab, .allowed = one_sees, .forbidden = {"0 0"}},
        {.heavy_everywhere = true});
    require(
        {.threads = {[](state& s) { s.x.store(1, relaxed), env::fence(), s.a = s.y.load(relaxed); },
                     heavy},
         .observe = show_ab,
         .allowed = one_sees,
         .forbidden = {"0 0"}});
    require(
        {.threads = {[](state& s) { s.x.store(1, relaxed), env::heavy(), s.a = s.y.load(relaxed); },
                     heavy},
         .observe = show_ab,
         .allowed = one_sees,
         .forbidden = {"0 0"}});
}

TEST_CASE("store buffering: two light fences are nothing, nor is a heavy one alone", "[model]")
{
    const outcomes everything{"0 0", "0 1", "1 0", "1 1"};
    require({.threads = {
                 [](state& s) { s.x.store(1, relaxed), env::light(), s.a = s.y.load(relaxed); },
                 [](state& s) { s.y.store(1, relaxed), env::light(), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = everything,
             .forbidden = {}});
    const litmus alone{
        .threads = {[](state& s) { s.x.store(1, relaxed), s.a = s.y.load(relaxed); },
                    [](state& s) { s.y.store(1, relaxed), env::heavy(), s.b = s.x.load(relaxed); }},
        .observe = show_ab,
        .allowed = everything,
        .forbidden = {}};
    require(alone);
    // what the machine does is more than what a program may rely on: a compiler turns the two
    // around
    CHECK_FALSE(seen(alone, {.heavy_everywhere = true}).contains("0 0"));
}

TEST_CASE("a heavy fence reaches threads one by one", "[model]")
{
    // b == 1 and c == 0: the fence has reached the second thread before its store to y, and the
    // third one only after its loads
    const litmus test{.threads = {[](state& s) { s.x.store(1, relaxed), env::heavy(); },
                                  [](state& s) {
                                      env::light();
                                      s.a = s.x.load(relaxed);
                                      s.y.store(s.a + 1, relaxed);
                                  },
                                  [](state& s) {
                                      s.b = s.y.load(relaxed);
                                      env::light();
                                      s.c = s.x.load(relaxed);
                                  }},
                      .observe = show_abc,
                      .allowed = {},
                      .forbidden = {}};
    CHECK(seen(test, {}).contains("1 2 0"));
}

TEST_CASE("R: a load after a store misses another thread's store, unless all are seq_cst",
          "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, release), s.y.store(1, release); },
                         [](state& s) { s.y.store(2, release), s.a = s.x.load(acquire); }},
             .observe = [](state& s) { model::outcome(s.final_y(), s.a); },
             .allowed = {"1 0", "1 1", "2 0", "2 1"},
             .forbidden = {}});
    require({.threads = {[](state& s) { s.x.store(1, seq_cst), s.y.store(1, seq_cst); },
                         [](state& s) { s.y.store(2, seq_cst), s.a = s.x.load(seq_cst); }},
             .observe = [](state& s) { model::outcome(s.final_y(), s.a); },
             .allowed = {"1 0", "1 1", "2 1"},
             .forbidden = {"2 0"}});
}

// --- many writers
// -----------------------------------------------------------------------------------

TEST_CASE("IRIW: two readers may see two independent stores in two orders, though they acquire",
          "[model]")
{
    const auto found =
        seen({.threads = {[](state& s) { s.x.store(1, release); },
                          [](state& s) { s.y.store(1, release); },
                          [](state& s) { s.a = s.x.load(acquire), s.b = s.y.load(acquire); },
                          [](state& s) { s.c = s.y.load(acquire), s.d = s.x.load(acquire); }},
              .observe = show_abcd,
              .allowed = {},
              .forbidden = {}},
             {});
    CHECK(found.contains("1 0 1 0"));
    CHECK(found.size() == 16);
}

TEST_CASE("IRIW: with seq_cst, or with full fences between their loads, readers agree", "[model]")
{
    const auto all_but_one = [](const litmus& test) {
        const outcomes found = seen(test, {});
        CHECK_FALSE(found.contains("1 0 1 0"));
        CHECK(found.size() == 15);
    };
    all_but_one({.threads = {[](state& s) { s.x.store(1, seq_cst); },
                             [](state& s) { s.y.store(1, seq_cst); },
                             [](state& s) { s.a = s.x.load(seq_cst), s.b = s.y.load(seq_cst); },
                             [](state& s) { s.c = s.y.load(seq_cst), s.d = s.x.load(seq_cst); }},
                 .observe = show_abcd,
                 .allowed = {},
                 .forbidden = {}});
    all_but_one(
        {.threads = {
             [](state& s) { s.x.store(1, relaxed); }, [](state& s) { s.y.store(1, relaxed); },
             [](state& s) { s.a = s.x.load(relaxed), env::fence(), s.b = s.y.load(relaxed); },
             [](state& s) { s.c = s.y.load(relaxed), env::fence(), s.d = s.x.load(relaxed); }},
         .observe = show_abcd,
         .allowed = {},
         .forbidden = {}});
}

TEST_CASE("2+2W: the orders of stores to two locations may contradict each other, unless seq_cst",
          "[model]")
{
    const auto observe = [](state& s) { model::outcome(s.final_x(), s.final_y()); };
    require({.threads = {[](state& s) { s.x.store(1, release), s.y.store(2, release); },
                         [](state& s) { s.y.store(1, release), s.x.store(2, release); }},
             .observe = observe,
             .allowed = {"1 1", "1 2", "2 1", "2 2"},
             .forbidden = {}});
    require({.threads = {[](state& s) { s.x.store(1, seq_cst), s.y.store(2, seq_cst); },
                         [](state& s) { s.y.store(1, seq_cst), s.x.store(2, seq_cst); }},
             .observe = observe,
             .allowed = {"1 2", "2 1", "2 2"},
             .forbidden = {"1 1"}});
    require(
        {.threads = {[](state& s) { s.x.store(1, relaxed), env::fence(), s.y.store(2, relaxed); },
                     [](state& s) { s.y.store(1, relaxed), env::fence(), s.x.store(2, relaxed); }},
         .observe = observe,
         .allowed = {"1 2", "2 1", "2 2"},
         .forbidden = {"1 1"}});
}

TEST_CASE("S: a store after an acquire comes after what was before the release", "[model]")
{
    const auto observe = [](state& s) { model::outcome(s.a, s.final_x()); };
    require({.threads = {[](state& s) { s.x.store(2, relaxed), s.y.store(1, release); },
                         [](state& s) { s.a = s.y.load(acquire), s.x.store(1, relaxed); }},
             .observe = observe,
             .allowed = {"0 1", "0 2", "1 1"},
             .forbidden = {"1 2"}});
    require({.threads = {[](state& s) { s.x.store(2, relaxed), s.y.store(1, relaxed); },
                         [](state& s) { s.a = s.y.load(relaxed), s.x.store(1, relaxed); }},
             .observe = observe,
             .allowed = {"0 1", "0 2", "1 1", "1 2"},
             .forbidden = {}});
}

// --- coherence
// --------------------------------------------------------------------------------------

TEST_CASE("coherence: two loads of one location never go back (CoRR)", "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.x.store(2, relaxed); },
                         [](state& s) { s.a = s.x.load(relaxed), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "0 2", "1 1", "1 2", "2 2"},
             .forbidden = {"1 0", "2 0", "2 1"}});
}

TEST_CASE("coherence: all agree on the order of the stores to one location", "[model]")
{
    const auto found =
        seen({.threads = {[](state& s) { s.x.store(1, relaxed); },
                          [](state& s) { s.x.store(2, relaxed); },
                          [](state& s) { s.a = s.x.load(relaxed), s.b = s.x.load(relaxed); },
                          [](state& s) { s.c = s.x.load(relaxed), s.d = s.x.load(relaxed); }},
              .observe = show_abcd,
              .allowed = {},
              .forbidden = {}},
             {});
    CHECK(found.contains("1 2 1 2"));
    CHECK(found.contains("2 1 2 1"));
    CHECK_FALSE(found.contains("1 2 2 1"));
    CHECK_FALSE(found.contains("2 1 1 2"));
}

TEST_CASE("coherence: stores of one thread stay in order (CoWW), loads before and after them too",
          "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.x.store(2, relaxed); }},
             .observe = [](state& s) { model::outcome(s.final_x()); },
             .allowed = {"2"},
             .forbidden = {"1"}});
    // CoRW: what is read before the own store is not what comes after it
    require({.threads = {[](state& s) { s.a = s.x.load(relaxed), s.x.store(1, relaxed); },
                         [](state& s) { s.x.store(2, relaxed); }},
             .observe = [](state& s) { model::outcome(s.a, s.final_x()); },
             .allowed = {"0 1", "0 2", "2 1"},
             .forbidden = {"2 2"}});
    // CoWR: who wrote reads his own store, or a later one
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.a = s.x.load(relaxed); },
                         [](state& s) { s.x.store(2, relaxed); }},
             .observe = [](state& s) { model::outcome(s.a, s.final_x()); },
             .allowed = {"1 1", "1 2", "2 2"},
             .forbidden = {"0 1", "0 2", "2 1"}});
}

// --- read-modify-write
// ------------------------------------------------------------------------------

TEST_CASE("read-modify-writes lose nothing, however relaxed", "[model]")
{
    require({.threads = {[](state& s) { s.a = s.x.fetch_add(1, relaxed); },
                         [](state& s) { s.b = s.x.fetch_add(1, relaxed); },
                         [](state& s) { s.c = s.x.fetch_add(1, relaxed); }},
             .observe = [](state& s) { model::outcome(s.a + s.b + s.c, s.final_x()); },
             .allowed = {"3 3"},
             .forbidden = {}});
}

TEST_CASE("read-modify-writes buffer no stores on one location, but do on two", "[model]")
{
    require({.threads = {[](state& s) { s.x.fetch_add(1, acq_rel), s.a = s.y.load(relaxed); },
                         [](state& s) { s.y.fetch_add(1, acq_rel), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0", "1 1"},
             .forbidden = {}});
    require({.threads = {[](state& s) {
                             s.x.store(1, relaxed), s.z.fetch_add(1, acq_rel),
                                 s.a = s.y.load(relaxed);
                         },
                         [](state& s) {
                             s.y.store(1, relaxed), s.z.fetch_add(1, acq_rel),
                                 s.b = s.x.load(relaxed);
                         }},
             .observe = show_ab,
             .allowed = {"0 1", "1 0", "1 1"},
             .forbidden = {"0 0"}});
}

TEST_CASE("a release sequence goes on through read-modify-writes of other threads", "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.y.store(1, release); },
                         [](state& s) { s.y.fetch_add(1, relaxed); },
                         [](state& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0", "1 1", "2 1"},
             .forbidden = {"2 0"}});
}

TEST_CASE("a release sequence ends at a plain store, of another thread or of the same one",
          "[model]")
{
    const auto another =
        seen({.threads = {[](state& s) { s.x.store(1, relaxed), s.y.store(1, release); },
                          [](state& s) {
                              if (s.y.load(relaxed) == 1) {
                                  s.y.store(2, relaxed);
                              }
                          },
                          [](state& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }},
              .observe = show_ab,
              .allowed = {},
              .forbidden = {}},
             {});
    CHECK(another.contains("2 0"));
    CHECK_FALSE(another.contains("1 0"));
    require({.threads = {[](state& s) {
                             s.x.store(1, relaxed), s.y.store(1, release), s.y.store(2, relaxed);
                         },
                         [](state& s) { s.a = s.y.load(acquire), s.b = s.x.load(relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 1", "2 0", "2 1"}, // "2 0" since C++20
             .forbidden = {"1 0"}});
}

TEST_CASE("a compare-exchange that fails is a load with its failure order", "[model]")
{
    const auto write = [](state& s) { s.x.store(1, relaxed), s.y.store(1, release); };
    require({.threads = {write,
                         [](state& s) {
                             s.a = 7;
                             s.y.compare_exchange_strong(s.a, 8, acq_rel, acquire);
                             s.b = s.x.load(relaxed);
                         }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 1"},
             .forbidden = {"1 0"}});
    require({.threads = {write,
                         [](state& s) {
                             s.a = 7;
                             s.y.compare_exchange_strong(s.a, 8, acq_rel, relaxed);
                             s.b = s.x.load(relaxed);
                         }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0", "1 1"},
             .forbidden = {}});
}

TEST_CASE("of two that exchange the same value one succeeds; weakly perhaps none", "[model]")
{
    const auto strong = [](state& s) {
        int expected = 0;
        s.z.fetch_add(s.x.compare_exchange_strong(expected, 1, relaxed) ? 1 : 0, relaxed);
    };
    const auto weak = [](state& s) {
        int expected = 0;
        s.z.fetch_add(s.x.compare_exchange_weak(expected, 1, relaxed) ? 1 : 0, relaxed);
    };
    const auto observe = [](state& s) { model::outcome(s.z.load(relaxed)); };
    const model::options both_may_fail{.spurious_failures = 2};
    require({.threads = {strong, strong},
             .observe = observe,
             .allowed = {"1"},
             .forbidden = {"0", "2"}},
            both_may_fail);
    require(
        {.threads = {weak, weak}, .observe = observe, .allowed = {"0", "1"}, .forbidden = {"2"}},
        both_may_fail);
}

// --- what is known to be missing
// --------------------------------------------------------------------

TEST_CASE("not modelled: load buffering", "[model]")
{
    // C++ allows "1 1"
    require({.threads = {[](state& s) { s.a = s.x.load(relaxed), s.y.store(1, relaxed); },
                         [](state& s) { s.b = s.y.load(relaxed), s.x.store(1, relaxed); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 0"},
             .forbidden = {}});
}

TEST_CASE("not modelled: an order of seq_cst operations against a relaxed reads-from", "[model]")
{
    // C++20 allows "1 0"
    require({.threads = {[](state& s) { s.x.store(1, seq_cst), s.y.store(1, relaxed); },
                         [](state& s) { s.a = s.y.load(relaxed), s.b = s.x.load(seq_cst); }},
             .observe = show_ab,
             .allowed = {"0 0", "0 1", "1 1"},
             .forbidden = {}});
}

TEST_CASE("a thread alone reads what it wrote", "[model]")
{
    require({.threads = {[](state& s) { s.x.store(1, relaxed), s.a = s.x.load(relaxed); }},
             .observe = show_a,
             .allowed = {"1"},
             .forbidden = {"0"}});
}
