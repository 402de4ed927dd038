// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/nth_failure.hpp"
#include "support/reading.hpp"

// What a send calls may throw: copies, conversions, constructors, projections, partitioners,
// clocks and iterators. Each fails in turn, and nothing may be lost or doubled but what it was for.

using gregor::consumer;
using gregor::partition_id;
using gregor::producer;
using gregor::topic;
using support::fail_each;
using support::failing;
using support::failing_run;
using support::fragile;

namespace {

constexpr partition_id zero{0};
constexpr partition_id one{1};
using numbers = std::vector<std::uint64_t>;

/// What a partition's consumer finds: the numbers, and whether offsets are as promised.
template <class Topic>
numbers read(consumer<Topic>& in, failing_run& run, bool skips = false)
{
    numbers found;
    std::vector<gregor::offset_t> next(2, 0);
    for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
        for (const auto& record : batch) {
            run.expect(record.value().intact(), "what is read was built");
            run.expect(skips || record.offset() == next[record.partition().value]++,
                       "offsets are contiguous");
            found.push_back(record.value().number());
        }
        batch.let_go();
    }
    return found;
}

/// `count` values that are made where nothing fails.
template <class Container>
Container made(std::uint64_t count)
{
    Container values;
    for (std::uint64_t i = 0; i != count; ++i) {
        values.emplace_back(i);
    }
    return values;
}

/// What is special about a topic of `fails_while_sending`.
struct special {
    std::uint32_t partitions = 1;
    bool skips = false; ///< it may skip offsets, where it is shared
};

/// `send(out)` sends 0, 1 and so on, `most` of them; each of its steps fails, in a topic of its
/// own. Returns how many there were, while the producer is alone and while it is not.
template <class Topic, class Send>
long fails_while_sending(std::uint64_t most, Send send, special how = {})
{
    long failures = 0;
    for (const bool shared : {false, true}) {
        failures += fail_each(failing::user_code, [&](failing_run& run) {
            Topic t{"t", {.partitions = how.partitions, .capacity_records = 64}};
            producer out{t};
            std::optional<producer<Topic>> second;
            if (shared) {
                second.emplace(t);
            }
            consumer in{t, "g"};
            out.send(fragile{1000});
            run.gets_through([&] { send(out); });
            out.send(fragile{2000});
            t.close();
            support::expect_a_prefix(run, read(in, run, how.skips && shared), most);
            run.expect(in.try_poll().status() == gregor::poll_status::closed, "that was all");
        });
    }
    return failures;
}

using fragiles = topic<fragile>;

/// May fail when it is asked or told anything. Where there is no room it knows another place.
struct risky_choice {
    template <class Request>
    partition_id operator()(const Request&)
    {
        fragile::risk();
        return zero;
    }
    template <class Loads>
    partition_id when_full(const Loads&)
    {
        fragile::risk();
        return one;
    }
    void went_along(std::uint64_t) { fragile::risk(); }
};

/// May fail when it is asked. `meanwhile` happens when somebody looks how long he has waited.
struct risky_clock {
    static constexpr bool runs = true;
    static inline std::function<void()> meanwhile;

    static std::chrono::nanoseconds steady_now()
    {
        fragile::risk();
        if (const auto now = std::exchange(meanwhile, nullptr)) {
            now();
        }
        return {};
    }
    static gregor::timestamp_t system_now()
    {
        fragile::risk();
        return {};
    }
};

/// May fail when it is walked.
struct risky_range {
    struct iterator {
        using iterator_category = std::forward_iterator_tag;
        using value_type = fragile;
        using difference_type = std::ptrdiff_t;
        using reference = const fragile&;
        using pointer = const fragile*;

        const fragile* at = nullptr;

        reference operator*() const
        {
            fragile::risk();
            return *at;
        }
        iterator& operator++()
        {
            fragile::risk();
            ++at;
            return *this;
        }
        iterator operator++(int)
        {
            iterator old = *this;
            ++*this;
            return old;
        }
        bool operator==(const iterator&) const = default;
    };

    std::vector<fragile> values;

    [[nodiscard]] iterator begin() const { return {values.data()}; }
    [[nodiscard]] iterator end() const { return {values.data() + values.size()}; }
};

/// May fail when it is asked for the key, which is the same for all.
struct risky_key {
    std::uint64_t operator()(const fragile&) const
    {
        fragile::risk();
        return 0;
    }
};

} // namespace

TEST_CASE("a send that fails sends nothing", "[nth_failure]")
{
    const fragile value{0};
    CHECK(fails_while_sending<fragiles>(1, [&](auto& out) { out.send(value); }) == 2);
    CHECK(fails_while_sending<fragiles>(1, [](auto& out) { out.send(0U); }) == 2);
    CHECK(fails_while_sending<fragiles>(1, [](auto& out) { out.emplace(0U); }) == 2);
    CHECK(fails_while_sending<fragiles>(
              1, [&](auto& out) { static_cast<void>(out.try_send(value)); }) == 2);
    CHECK(fails_while_sending<fragiles>(1, [&](auto& out) {
              static_cast<void>(out.send_for(value, std::chrono::seconds{1}));
          }) == 2);
}

TEST_CASE("a batch that fails sends what came before", "[nth_failure]")
{
    // 40: more than are copied at once before they are sent
    const auto vector = made<std::vector<fragile>>(40);
    const auto list = made<std::list<fragile>>(40);
    const auto others = made<numbers>(40);
    const risky_range range{vector};
    const auto send = [](const auto& values) {
        return [&values](auto& out) { out.send_batch(values); };
    };
    CHECK(fails_while_sending<fragiles>(40, send(vector)) == 2 * 40);
    CHECK(fails_while_sending<fragiles>(40, send(list)) == 2 * 40);
    CHECK(fails_while_sending<fragiles>(40, send(others)) == 2 * 40);
    CHECK(fails_while_sending<fragiles>(40, send(range)) == 2 * 40 * 3);
    CHECK(fails_while_sending<fragiles>(
              40, [&](auto& out) { static_cast<void>(out.try_send_batch(vector)); }) == 2 * 40);
}

TEST_CASE("a claim that is not filled is given up, or published as far as it was", "[nth_failure]")
{
    const auto fill = [](auto& claim) {
        for (std::uint64_t i = 0; i != 3; ++i) {
            claim.emplace(i);
        }
    };
    CHECK(fails_while_sending<fragiles>(3,
                                        [&](auto& out) {
                                            auto claim = out.claim(3);
                                            fill(claim);
                                            claim.publish();
                                        },
                                        {.skips = true}) == 2 * 3);
    CHECK(fails_while_sending<fragiles>(3,
                                        [&](auto& out) {
                                            auto claim = out.try_claim(3);
                                            try {
                                                fill(claim);
                                            } catch (const fragile::burnt&) {
                                                claim.publish();
                                                throw;
                                            }
                                            claim.publish();
                                        },
                                        {.skips = true}) == 2 * 3);
}

TEST_CASE("keys, partitioners and clocks that fail send nothing", "[nth_failure]")
{
    const auto values = made<std::vector<fragile>>(3);
    const auto send = [&](auto& out) { out.send(fragile{0}); };
    const auto send_all = [&](auto& out) { out.send_batch(values); };
    using chosen = topic<fragile, gregor::partition_by<risky_choice>>;
    CHECK(fails_while_sending<chosen>(1, send, {.partitions = 2}) == 2 * 2);
    CHECK(fails_while_sending<chosen>(3, send_all, {.partitions = 2}) > 2 * 3);
    using keyed = topic<fragile, gregor::keyed_by<risky_key{}>>;
    CHECK(fails_while_sending<keyed>(1, send, {.partitions = 2}) == 2 * 2);
    CHECK(fails_while_sending<keyed>(3, send_all, {.partitions = 2}) == 2 * 6);
    using timed = topic<fragile, gregor::timestamps, gregor::time_source<risky_clock>>;
    CHECK(fails_while_sending<timed>(1, send) == 2 * 2);
    CHECK(fails_while_sending<timed>(3, send_all) > 2 * 3);
    CHECK(fails_while_sending<timed>(1,
                                     [](auto& out) {
                                         auto claim = out.claim(1);
                                         claim.emplace(0U);
                                         claim.publish();
                                     },
                                     {.skips = true}) == 2 * 2);
}

TEST_CASE("a partitioner that fails when it is told of a claim leaves no claim open",
          "[nth_failure]")
{
    using chosen = topic<fragile, gregor::partition_by<risky_choice>>;
    fail_each(failing::user_code, [](failing_run& run) {
        chosen t{"t", {.capacity_records = 4}};
        producer out{t};
        consumer in{t, "g"};
        run.gets_through([&] {
            auto claim = out.claim(1);
            claim.emplace(0U);
            claim.publish();
        });
        out.send(fragile{1});
        run.expect(read(in, run) == (run.failed() ? numbers{1} : numbers{0, 1}), "all arrive");
    });
}

TEST_CASE("a partitioner that fails when there is no room sends nothing", "[nth_failure]")
{
    using chosen = topic<fragile, gregor::partition_by<risky_choice>>;
    fail_each(failing::user_code, [](failing_run& run) {
        chosen t{"t", {.partitions = 2, .capacity_records = 2}};
        producer out{t};
        consumer in{t, "g"};
        out.send(fragile{0});
        out.send(fragile{1});
        run.gets_through([&] { out.send(fragile{2}); });
        out.send(fragile{3});
        run.expect(read(in, run) == (run.failed() ? numbers{0, 1, 3} : numbers{0, 1, 2, 3}),
                   "all arrive");
    });
}

TEST_CASE("a clock that fails while there is no room, or just after, sends nothing",
          "[nth_failure]")
{
    using timed = topic<fragile, gregor::timestamps, gregor::time_source<risky_clock>>;
    for (const bool shared : {false, true}) {
        const long failures = fail_each(failing::user_code, [shared](failing_run& run) {
            timed t{"t", {.capacity_records = 2}};
            producer out{t};
            std::optional<producer<timed>> second;
            if (shared) {
                second.emplace(t);
            }
            consumer in{t, "g"};
            out.send(fragile{0});
            out.send(fragile{1});
            numbers found;
            risky_clock::meanwhile = [&] { found = read(in, run); };
            run.gets_through([&] { out.send(fragile{2}); });
            risky_clock::meanwhile = nullptr;
            if (found.empty()) {
                found = read(in, run);
            }
            run.expect(found == numbers{0, 1}, "what was there arrives");
            run.expect(out.try_send(fragile{3}).status() == gregor::send_status::ok,
                       "there is room");
            // offsets are looked at from here on anew
            run.expect(read(in, run, true) == (run.failed() ? numbers{3} : numbers{2, 3}),
                       "all arrive");
        });
        CHECK(failures >= 5);
    }
}
