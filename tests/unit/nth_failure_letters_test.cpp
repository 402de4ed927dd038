// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/nth_failure.hpp"

// Values, keys and headers that allocate where they are copied: each allocation fails in turn.

using gregor::consumer;
using gregor::producer;
using gregor::topic;
using support::fail_each;
using support::failing;
using support::failing_run;

namespace {

using numbers = std::vector<std::uint64_t>;
using letters = topic<std::string, gregor::key<std::string>, gregor::headers, gregor::timestamps>;

const std::string recipient = "a key that is too long to be kept in place";
const gregor::header_list stamps{
    {"a name too long to be kept in place", "a value as long as that"}};

std::string letter(std::uint64_t i)
{
    return "a text that is too long to be kept in place, and a number: " + std::to_string(i);
}

std::vector<std::string> letters_to(std::uint64_t count)
{
    std::vector<std::string> all;
    for (std::uint64_t i = 0; i != count; ++i) {
        all.push_back(letter(i));
    }
    return all;
}

/// As `fails_while_sending`, of letters, and of what their sending allocates.
template <class Send>
long fails_while_writing(std::uint64_t most, Send send)
{
    long failures = 0;
    for (const bool shared : {false, true}) {
        failures += fail_each(failing::allocation, [&](failing_run& run) {
            letters t{"t", {.capacity_records = 64}};
            producer out{t};
            std::optional<producer<letters>> second;
            if (shared) {
                second.emplace(t);
            }
            consumer in{t, "g"};
            const letters::attributes given{.key = recipient, .headers = stamps};
            out.send(letter(1000), given);
            std::vector<std::string> mine = letters_to(most);
            run.gets_through([&] { send(out, mine, given); });
            out.send(letter(2000), given);
            numbers found;
            for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
                for (const auto& record : batch) {
                    const std::string& text = record.value();
                    found.push_back(std::stoull(text.substr(text.rfind(' '))));
                    run.expect(text == letter(found.back()), "a letter is whole");
                    run.expect(record.key() == recipient, "a key is whole");
                    run.expect(record.headers() == stamps, "headers are whole");
                }
                batch.let_go();
            }
            support::expect_a_prefix(run, found, most);
            for (std::uint64_t i = found.size() - 2; i < most; ++i) {
                run.expect(mine[i] == letter(i), "what was not sent is untouched");
            }
        });
    }
    return failures;
}

} // namespace

TEST_CASE("a letter whose copy fails is not sent, nor is its key, nor are its headers",
          "[nth_failure]")
{
    const auto alone = [](auto& out, const auto& mine, const auto& given) {
        out.send(mine[0], given);
    };
    CHECK(fails_while_writing(1, alone) >= 2 * 5);
    const auto converted = [](auto& out, const auto& mine, const auto& given) {
        out.send(mine[0].c_str(), given);
    };
    CHECK(fails_while_writing(1, converted) >= 2 * 5);
    const auto copied = [](auto& out, const auto& mine, const auto& given) {
        out.send_batch(mine, given);
    };
    CHECK(fails_while_writing(20, copied) >= 2 * 20 * 5);
    const auto moved = [](auto& out, auto& mine, const auto& given) {
        out.send_batch(std::move(mine), given);
    };
    CHECK(fails_while_writing(20, moved) >= 2 * 20 * 4);
    const auto claimed = [](auto& out, const auto& mine, const auto& given) {
        auto claim = out.claim(2, given);
        claim.emplace(mine[0]);
        claim.emplace(mine[1]);
        claim.publish();
    };
    CHECK(fails_while_writing(2, claimed) >= 2 * 2 * 5);
}

TEST_CASE("a worker that fails leaves to the next what it has not taken", "[nth_failure]")
{
    using jobs = topic<std::string, gregor::groups::one>;
    const long failures = fail_each(failing::allocation, [](failing_run& run) {
        jobs t{"t", {.capacity_records = 8}};
        producer out{t};
        out.send_batch(letters_to(6));
        std::vector<std::string> done;
        run.gets_through([&] {
            consumer in{t, "workers", {.max_poll_records = 2}};
            for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
                for (const auto& record : batch) {
                    const std::string copy = record.value();
                    done.reserve(done.size() + 1);
                    done.push_back(record.take());
                    run.expect(done.back() == copy, "what is taken is whole");
                }
                batch.let_go();
            }
        });
        consumer next{t, "workers"};
        for (auto batch = next.try_poll(); !batch.empty(); batch = next.try_poll()) {
            for (const auto& record : batch) {
                done.push_back(record.take());
            }
            batch.let_go();
        }
        run.expect(done == letters_to(6), "each job is done, once, in order");
    });
    CHECK(failures >= 12);
}
