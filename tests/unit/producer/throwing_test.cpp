// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "support/counted.hpp"
#include "support/reading.hpp"
#include "support/statuses.hpp"

using gregor::topic;
using support::fragile;

namespace {

/// Sends `make(out, i)` twenty times, of which the n-th construction throws; then looks whether all
/// the others arrived, and nothing else.
template <class Topic, class Make>
void throws_at_every(bool shared, Make make)
{
    support::counts().reset();
    for (long n = 1; n != 25; ++n) {
        Topic t{"t", {.capacity_records = 8}};
        gregor::producer out{t};
        std::optional<gregor::producer<Topic>> second;
        if (shared) {
            second.emplace(t);
        }
        gregor::consumer in{t, "g"};
        std::vector<std::uint64_t> expected;
        std::vector<std::uint64_t> seen;
        const auto read = [&] {
            for (auto batch = in.try_poll(); !batch.empty();) {
                for (const auto& record : batch) {
                    REQUIRE(record.value().intact());
                    seen.push_back(record.value().number());
                }
                batch.let_go();
                batch = in.try_poll();
            }
        };
        fragile::fuse = n;
        for (std::uint64_t i = 0; i != 20; ++i) {
            try {
                make(out, i);
                expected.push_back(i);
            } catch (const fragile::burnt&) {
            }
            read();
        }
        fragile::fuse = 0;
        out.send(fragile{99});
        expected.push_back(99);
        t.close();
        read();
        REQUIRE(seen == expected);
        REQUIRE(support::status_of_poll(in) == gregor::poll_status::closed);
    }
    CHECK(support::counts().alive() == 0);
    CHECK(support::counts().corrupt == 0);
}

using fragiles = topic<fragile>;

/// Refuses to say anything about the second record.
struct angry {
    int calls = 0;

    template <class Request>
    gregor::partition_id operator()(const Request&)
    {
        if (++calls == 2) {
            throw std::runtime_error{"no"};
        }
        return {0};
    }
};

} // namespace

TEST_CASE("a copy, a conversion or a constructor that throws leaves the topic as it was",
          "[producer][throwing]")
{
    for (const bool shared : {false, true}) {
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) {
            const fragile value{i};
            out.send(value);
        });
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) { out.send(i); });
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) { out.emplace(i); });
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) { out.send(fragile{i}); });
    }
}

TEST_CASE("a constructor that throws in a claim leaves the claim as it was", "[producer][throwing]")
{
    for (const bool shared : {false, true}) {
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) {
            auto claim = out.claim(2);
            claim.emplace(i);
            claim.publish();
        });
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) {
            auto claim = out.claim(3);
            try {
                claim.emplace(i);
            } catch (const fragile::burnt&) {
                CHECK(claim.built() == 0);
                claim.emplace(i); // again, and this time it works
            }
            claim.publish();
        });
    }
}

TEST_CASE("what was built before a constructor threw is destroyed when the claim goes",
          "[producer][throwing]")
{
    for (const bool shared : {false, true}) {
        throws_at_every<fragiles>(shared, [](auto& out, std::uint64_t i) {
            auto claim = out.claim(4);
            claim.emplace(i);
            try {
                claim.emplace(1000 + i);
                claim.emplace(2000 + i);
            } catch (const fragile::burnt&) {
                throw;
            }
            // nothing threw: only the first is meant
            {
                auto dropped = std::move(claim);
            }
            out.send(fragile{i});
        });
    }
}

TEST_CASE("a partitioner that throws sends nothing, and the next record goes on",
          "[producer][throwing]")
{
    topic<int, gregor::partition_by<angry>> t{"t", {.partitions = 2}};
    gregor::producer out{t, angry{}};
    gregor::consumer in{t, "g"};
    CHECK(out.send(1));
    CHECK_THROWS_AS(out.send(2), std::runtime_error);
    CHECK(out.send(3));
    gregor::producer another{t, angry{}};
    CHECK(another.send(4));
    CHECK(support::read_values(in) == std::vector<int>{1, 3, 4});
}
