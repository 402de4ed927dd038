// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <cerrno>
#    include <cstdint>
#    include <optional>
#    include <string>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/failing_storage.hpp"
#    include "support/nth_failure.hpp"
#    include "support/statuses.hpp"

// Partitions are added to a topic on disk, where the system or the memory do not do what they
// should: all of them are there then, or none.

using gregor::partition_id;
using support::failing_files;
using support::log_in;
using support::scratch_directory;
using support::trade;

namespace {

using failing_topic = gregor::topic<trade, support::failing_storage>;

/// Empty, or what is wrong with a topic of this log: a record in each of three partitions.
std::string look_at_all(const scratch_directory& folder)
{
    auto topic = gregor::topic<trade, gregor::storage::mmap_log>::create("trades", log_in(folder));
    if (!topic) {
        return topic.error().what();
    }
    for (std::uint32_t p = 0; p != 3; ++p) {
        if (topic->partitions() != 3 || topic->end_offset(partition_id{p}) != 1) {
            return "not all is there";
        }
    }
    return {};
}

bool send_to_all(failing_topic& topic)
{
    gregor::producer out{topic};
    bool fine = true;
    for (std::uint32_t p = 0; p != topic.partitions(); ++p) {
        fine = out.send(trade::number(p), {.partition = partition_id{p}}) && fine;
    }
    return fine;
}

} // namespace

TEST_CASE("whichever call fails, partitions are added to a topic on disk, or none", "[durable]")
{
    const bool reopens = GENERATE(false, true);
    long n = 0;
    for (bool failed = true; failed; ++n) {
        INFO("call " << n << " fails");
        const scratch_directory folder;
        failing_files::fail_nothing();
        {
            failing_topic topic{"trades", log_in(folder)};
            failing_files::fail_call(n, ENOSPC);
            const auto added = topic.add_partitions(2);
            failed = failing_files::failed();
            failing_files::fail_nothing();
            if (!added) {
                CHECK(added.error().code() == std::errc::no_space_on_device);
                CHECK(topic.partitions() == 1);
                if (reopens) {
                    topic = failing_topic{"other", log_in(folder)};
                    topic = failing_topic{"trades", log_in(folder)};
                    CHECK(topic.partitions() == 1); // nothing is left of what was not added
                }
                CHECK(topic.add_partitions(2).has_value());
            }
            CHECK(topic.partitions() == 3);
            CHECK(send_to_all(topic));
        }
        CHECK(look_at_all(folder) == "");
    }
    CHECK(n > 10);
}

TEST_CASE("whichever call fails, a topic on disk is made with all its partitions, or none",
          "[durable]")
{
    const bool for_good = GENERATE(false, true);
    long n = 0;
    for (bool failed = true; failed; ++n) {
        INFO("call " << n << " fails, " << (for_good ? "and all after it" : "and no other"));
        const scratch_directory folder;
        auto options = log_in(folder);
        options.partitions = 3;
        failing_files::fail_call(n, ENOSPC, for_good);
        const bool made = failing_topic::create("trades", options).has_value();
        failed = failing_files::failed();
        failing_files::fail_nothing();
        CHECK((made || failed)); // what closes it may fail, too
        options.partitions = 1;
        {
            failing_topic topic{"trades", options};
            // who can do nothing any more cannot clear away either
            CHECK((topic.partitions() == (made ? 3 : 1) || (for_good && topic.partitions() < 4)));
        }
        options.partitions = 3;
        failing_topic topic{"trades", options};
        CHECK(topic.partitions() == 3);
        CHECK(send_to_all(topic));
    }
    CHECK(n > 10);
}

TEST_CASE("without memory, partitions are added to a topic on disk, or none",
          "[durable][nth_failure]")
{
    failing_files::fail_nothing();
    const long attempts = support::fail_each(support::failing::allocation, [](auto& run) {
        const scratch_directory folder;
        std::optional<failing_topic> topic;
        topic.emplace("trades", log_in(folder));
        if (!run.gets_through([&] { return topic->add_partitions(2).has_value(); })) {
            run.expect(topic->partitions() == 1, "none was added");
            topic.reset();
            topic.emplace("trades", log_in(folder));
            run.expect(topic->partitions() == 1, "nothing is left of what was not added");
            run.expect(topic->add_partitions(2).has_value(), "they are, once there is memory");
        }
        run.expect(send_to_all(*topic), "records are taken by all of them");
        topic.reset();
        run.expect(look_at_all(folder).empty(), "all of them are there in the next life");
    });
    CHECK(attempts > 10);
}

#endif
