// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <system_error>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/failing_files.hpp"

// Topics on disk where calls to the system fail.

namespace support {

/// Sends the values that belong to the offsets up to `end`, so many at once at the most; gives up
/// when it has failed three times. True where it never did.
template <class Topic, class Expect>
bool send_until(Topic& topic, gregor::offset_t end, std::size_t most, Expect&& expect)
{
    using value = typename Topic::value_type;
    constexpr gregor::partition_id zero{0};
    gregor::producer out{topic};
    int attempts = 0;
    while (topic.end_offset(zero) < end && attempts != 3) {
        const gregor::offset_t next = topic.end_offset(zero);
        std::vector<value> some;
        for (gregor::offset_t n = next; n != end && some.size() != most; ++n) {
            some.push_back(numbered<value>(n));
        }
        const auto sent = out.send_batch(some);
        expect(next + sent.count == topic.end_offset(zero), "what was taken counts");
        if (!sent) {
            expect(sent.status == gregor::send_status::failed, "nobody holds it back");
            expect(topic.failure(zero).has_value(), "a failure says why");
            ++attempts;
        }
    }
    return attempts == 0;
}

/// One topic after the other, by options_of(folder), is opened with some records and goes on, while
/// one of its calls to the system fails with this code: the first, the second, and so on to the
/// last. How many failed.
template <class Topic, class OptionsOf>
[[nodiscard]] int fail_each_call(int code, OptionsOf&& options_of)
{
    constexpr gregor::partition_id zero{0};
    int failures = 0;
    for (long n = 0;; ++n) {
        INFO("call " << n << " fails");
        const scratch_directory folder;
        failing_files::fail_nothing();
        const gregor::topic_options options = options_of(folder);
        std::string wrong;
        const auto expect = [&](bool so, const char* sentence) {
            wrong += so || !wrong.empty() ? "" : sentence;
        };
        gregor::offset_t end = 600;
        {
            Topic topic{"trades", options};
            send_until(topic, end, 64, expect);
        }
        failing_files::fail_call(n, code);
        if (auto topic = Topic::create("trades", options)) {
            bool broken = false;
            for (gregor::offset_t to = 1000; to <= 2200; to += 400) {
                send_until(*topic, to, 64, expect);
                topic->maintain();
                const bool flushed = !topic->flush().has_value();
                expect(!broken || !flushed, "what could not be made lasting once never is");
                broken = broken || !flushed;
                expect(broken || topic->durable_offset(zero) == topic->end_offset(zero),
                       "what was flushed lasts");
            }
            expect(broken || topic->end_offset(zero) == 2200, "what failed once is done later");
            end = topic->end_offset(zero);
        } else {
            expect(topic.error().code() == std::error_code(code, std::generic_category()),
                   "the error says what the system said");
        }
        const bool cut_short = failing_files::failed();
        failing_files::fail_nothing();
        CHECK(wrong == "");
        CHECK(look_through<typename Topic::value_type>(folder, end) == "");
        if (!cut_short) {
            return failures;
        }
        ++failures;
        REQUIRE(n < 4000);
    }
}

} // namespace support

#endif
