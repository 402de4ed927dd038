// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <cerrno>
#    include <chrono>
#    include <optional>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/failing_storage.hpp"
#    include "support/failing_topic.hpp"
#    include "support/nth_failure.hpp"
#    include "support/statuses.hpp"

// What a topic on disk does where the system, or the memory, does not do what it should.

using gregor::flush_policy;
using gregor::offset_t;
using gregor::partition_id;
using gregor::send_status;
using support::failing_files;
using support::look_through;
using support::scratch_directory;
using support::segment;
using support::send_until;
using support::trade;

namespace {

constexpr partition_id zero{0};

using failing_topic = gregor::topic<trade, support::failing_storage, gregor::overflow::reject>;

gregor::topic_options options_of(const scratch_directory& folder, flush_policy flush)
{
    using namespace std::chrono_literals;
    auto options = support::log_in(folder);
    options.log.flush = flush;
    options.log.flush_records = 100;
    options.log.flush_interval = 1ms;
    options.log.retention_bytes = 3 * segment * 32;
    options.log.prepare_bytes = 1000;
    return options;
}

} // namespace

TEST_CASE("whichever call to the system fails, a topic says so, goes on where it can, and loses "
          "nothing",
          "[durable]")
{
    const int code = GENERATE(EIO, ENOSPC, ENOMEM);
    const auto flush = GENERATE(flush_policy::none, flush_policy::interval,
                                flush_policy::every_records, flush_policy::each);
    CHECK(support::fail_each_call<failing_topic>(
              code, [&](const auto& folder) { return options_of(folder, flush); }) > 30);
}

TEST_CASE("after a sync that failed every send that is to last says so, for good", "[durable]")
{
    using namespace std::chrono_literals;
    using timed_topic =
        gregor::topic<trade, support::failing_storage, gregor::time_source<gregor::manual_clock>>;
    const auto flush =
        GENERATE(flush_policy::interval, flush_policy::every_records, flush_policy::each);
    const scratch_directory folder;
    failing_files::fail_nothing();
    auto options = options_of(folder, flush);
    options.log.flush_interval = 1h;
    options.log.flush_records = 1;
    {
        gregor::manual_clock clock;
        timed_topic topic{"trades", options, clock};
        gregor::producer out{topic};
        clock.advance(2h);
        REQUIRE(out.send(trade::number(0)));
        clock.advance(1h);
        failing_files::fail_call(0);
        CHECK(out.send(trade::number(1)).status() == send_status::failed);
        failing_files::fail_nothing();
        for (offset_t n = 2; n != 5; ++n) {
            CHECK(out.send(trade::number(n)).status() == send_status::failed);
            REQUIRE(topic.failure(zero).has_value());
            CHECK(topic.failure(zero)->code() == std::errc::io_error);
        }
        CHECK(topic.flush().has_value());
        CHECK(topic.durable_offset(zero) == 1);
    }
    CHECK(look_through(folder, 5) == ""); // to this system, they are there
}

TEST_CASE("a reader that holds producers back keeps no failure from them", "[durable]")
{
    const scratch_directory folder;
    failing_files::fail_nothing();
    failing_topic topic{"trades", options_of(folder, flush_policy::none)};
    gregor::consumer<failing_topic> in{topic, "readers"};
    gregor::producer out{topic};
    send_status last = send_status::ok;
    while (last == send_status::ok) {
        last = out.try_send(trade::number(topic.end_offset(zero))).status();
    }
    CHECK(last == send_status::full);
    CHECK(topic.end_offset(zero) == 3 * segment);
    CHECK_FALSE(topic.failure(zero).has_value());
    failing_files::fail_call(0);
    CHECK(topic.flush().has_value());
    failing_files::fail_nothing();
    CHECK(out.try_send(trade::number(0)).status() == send_status::failed);
    CHECK(topic.failure(zero).has_value());
}

TEST_CASE("why there was no room is known until there is some", "[durable]")
{
    const scratch_directory folder;
    failing_files::fail_nothing();
    auto options = options_of(folder, flush_policy::none);
    options.log.prepare_bytes = 0;
    failing_topic topic{"trades", options};
    gregor::producer out{topic};
    failing_files::fail_call(0, ENOSPC, true);
    CHECK(out.send(trade::number(0)).status() == send_status::failed);
    failing_files::fail_nothing();
    CHECK_FALSE(topic.flush().has_value());
    topic.maintain();
    REQUIRE(topic.failure(zero).has_value());
    CHECK(topic.failure(zero)->code() == std::errc::no_space_on_device);
    CHECK(out.send(trade::number(0)));
    CHECK_FALSE(topic.failure(zero).has_value());
}

TEST_CASE("a topic on disk goes on after memory was short", "[durable][nth_failure]")
{
    failing_files::fail_nothing();
    const long attempts = support::fail_each(support::failing::allocation, [](auto& run) {
        const scratch_directory folder;
        std::optional<failing_topic> topic;
        topic.emplace("trades", options_of(folder, flush_policy::every_records));
        const auto expect = [&](bool so, const char* sentence) { run.expect(so, sentence); };
        send_until(*topic, 1500, 64, expect);
        run.gets_through([&] {
            const bool sent = send_until(*topic, 2600, 500, expect);
            topic->maintain();
            return sent && !topic->flush().has_value();
        });
        run.expect(send_until(*topic, 4600, 500, expect), "once there is memory, nothing fails");
        run.expect(topic->end_offset(zero) == 4600, "there is room once there is memory");
        run.expect(!topic->flush().has_value(), "what is there can be made lasting");
        topic.reset();
        run.expect(look_through(folder, 4600) == "", "everything is there");
    });
    CHECK(attempts > 5);
}

#endif
