// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/small_disk.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// What a disk has damaged is not taken for a record, also where nobody read it at the opening.

using gregor::partition_id;
using gregor::poll_status;
using gregor::storage::mmap_log;
using support::log_in;
using support::scratch_directory;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};

using log_topic = gregor::topic<trade, mmap_log>;

} // namespace

TEST_CASE("a damaged record is told, where it stands, and nothing else is", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        support::send_trades(topic, 0, 3 * segment);
    }
    const std::uint64_t where = GENERATE(0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 100U, 511U, 512U, 1000U);
    const std::size_t byte = GENERATE(0U, 8U, 12U, 16U, 31U); // stamp, checksum, nothing, value
    const bool lossy = GENERATE(false, true);
    support::damage(folder, where, byte);
    log_topic topic{"trades", log_in(folder)};
    CHECK(topic.recovered(zero).read == 0); // all is sealed
    gregor::consumer in{topic, "readers", {.lossy = lossy, .max_poll_records = 7}};
    std::uint64_t next = 0;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            CHECK(batch.status() == poll_status::corrupt);
            break;
        }
        for (const auto& record : batch) {
            REQUIRE(record.value() == trade::number(next++));
        }
    }
    CHECK(next == where);
    CHECK(in.try_poll().status() == poll_status::corrupt);
    CHECK(in.position(zero) == where);
    CHECK(in.seek(zero, where + 1));
    const auto rest = support::read_values(in);
    REQUIRE(rest.size() == 3 * segment - where - 1);
    CHECK(rest.front() == trade::number(where + 1));
    // what this life sends is found, as ever
    CHECK(gregor::producer{topic}.send(trade::number(3 * segment)));
    CHECK(support::read_values(in) == std::vector{trade::number(3 * segment)});
}

TEST_CASE("a record that became a void by damage is no void", "[durable]")
{
    const scratch_directory folder;
    {
        log_topic topic{"trades", log_in(folder)};
        support::send_trades(topic, 0, segment);
    }
    const std::string file = small_disk::segment_file(folder / "trades/0", 0);
    std::string bytes = support::bytes_of(file);
    char& stamp = bytes.at(4096 + 20 * 32);
    stamp = static_cast<char>(stamp ^ 3); // kind 1 to kind 2
    support::put_bytes(file, bytes);
    log_topic topic{"trades", log_in(folder)};
    gregor::consumer in{topic, "readers"};
    CHECK(support::read_values(in).size() == 20);
    CHECK(in.try_poll().status() == poll_status::corrupt);
    CHECK(in.position(zero) == 20);
}

#endif
