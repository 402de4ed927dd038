// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/random.hpp"
#include "support/seen_folder.hpp"
#include "support/small_disk.hpp"

#if GREGOR_FILES

// Who only reads a log finds in it what who goes on with it finds, whatever ended its last writer
// and whatever has become of its files since; and leaves it as it is.

using gregor::log_opening;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using support::dice;
using support::scratch_directory;
using support::seen_folder;
using support::segment;
using support::trade;

namespace {

constexpr partition_id zero{0};

using log_topic = gregor::topic<trade, gregor::storage::mmap_log, gregor::overflow::reject>;

gregor::topic_options options_of(const scratch_directory& folder, log_opening opening)
{
    auto options = support::log_in(folder);
    options.log.opening = opening;
    options.log.retention_bytes = 4 * segment * 32;
    return options;
}

/// A life of the topic, that ends anyhow.
void live(const scratch_directory& folder, std::uint64_t seed)
{
    dice random{seed};
    auto* const topic = new log_topic{"trades", options_of(folder, log_opening::open_or_create)};
    std::deque<gregor::producer<log_topic>> producers;
    std::deque<gregor::claim<log_topic>> claims;
    for (std::uint64_t i = 0; i != 4; ++i) {
        producers.emplace_back(*topic);
    }
    gregor::consumer in{*topic, "readers", {.max_poll_records = 100}};
    std::uint64_t n = topic->end_offset(zero);
    const std::uint64_t steps = random.below(60);
    for (std::uint64_t step = 0; step != steps; ++step) {
        if (random.one_in(20) && producers.size() > 1) {
            claims.push_back(producers.back().try_claim(1 + random.below(5)));
            static_cast<void>(new gregor::producer<log_topic>{std::move(producers.back())});
            producers.pop_back();
        } else if (random.one_in(10)) {
            static_cast<void>(topic->flush());
        } else if (random.one_in(3)) {
            static_cast<void>(in.try_poll());
        } else {
            auto& out = producers[random.below(producers.size())];
            for (std::uint64_t count = random.below(100); count != 0; --count) {
                static_cast<void>(out.try_send(trade::number(n++)));
            }
        }
    }
    if (random.one_in(4) && claims.empty()) {
        in.close();
        producers.clear();
        delete topic;
    }
    ::_exit(0);
}

/// What has become of the files.
void harm(const scratch_directory& folder, dice& random)
{
    if (random.one_in(2)) {
        small_disk::forget_boot(folder / "trades/0");
    }
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator{folder / "trades/0"}) {
        if (gregor::disk::base_in(entry.path().filename().string())) {
            files.push_back(entry.path().string());
        }
    }
    std::sort(files.begin(), files.end());
    for (std::uint64_t times = random.below(3); times != 0 && !files.empty(); --times) {
        const std::string& file = files[files.size() - 1 - random.below(files.size()) / 2];
        const std::size_t slot = 4096 + random.below(segment) * 32;
        std::string bytes = support::bytes_of(file);
        if (random.one_in(2)) {
            bytes.replace(slot, 32, std::string(32, '\0'));
        } else {
            bytes[slot + 20] = static_cast<char>(bytes[slot + 20] ^ 1);
        }
        support::put_bytes(file, bytes);
    }
}

/// All that can be found out about a log by who opens it.
struct findings {
    std::string refused;
    std::vector<std::uint64_t> numbers;
    std::vector<std::pair<offset_t, std::uint64_t>> records;
    std::vector<std::pair<offset_t, std::uint64_t>> of_group;

    friend bool operator==(const findings&, const findings&) = default;
};

auto read_all(gregor::consumer<log_topic>& in)
{
    std::vector<std::pair<offset_t, std::uint64_t>> records;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != poll_status::records) {
            records.emplace_back(0, static_cast<std::uint64_t>(batch.status()));
            return records;
        }
        for (const auto& record : batch) {
            records.emplace_back(record.offset(),
                                 record.value().is_whole() ? record.value().id : 0);
        }
    }
}

findings look(const scratch_directory& folder, log_opening opening)
{
    findings found;
    auto topic = log_topic::create("trades", options_of(folder, opening));
    if (!topic) {
        found.refused = topic.error().what();
        return found;
    }
    topic->close();
    const auto& report = topic->recovered(zero);
    found.numbers = {report.begin,
                     report.end,
                     report.durable,
                     std::uint64_t{report.same_boot},
                     report.epoch,
                     report.read,
                     report.voids,
                     report.set_aside,
                     report.damaged,
                     report.erased_bytes,
                     report.offsets_moved_back,
                     topic->begin_offset(zero),
                     topic->end_offset(zero),
                     topic->durable_offset(zero)};
    gregor::consumer<log_topic> all{*topic};
    all.assign({zero});
    found.records = read_all(all);
    gregor::consumer group{*topic, "readers"};
    found.of_group = read_all(group);
    return found;
}

} // namespace

TEST_CASE("who only reads a log finds what who goes on with it finds, and changes nothing",
          "[durable]")
{
    const support::fresh_seed seed;
    INFO(seed);
    dice random{seed};
    int refused = 0;
    int with_voids = 0;
    for (int round = 0; round != 40; ++round) {
        INFO("round " << round);
        const scratch_directory folder;
        for (std::uint64_t lives = 1 + random.below(3); lives != 0; --lives) {
            const std::uint64_t its_seed = random.below(~std::uint64_t{0});
            support::killed_after([&] { live(folder, its_seed); });
        }
        harm(folder, random);
        const seen_folder before{folder};
        const findings read = look(folder, log_opening::read_only);
        CHECK(before == seen_folder{folder});
        CHECK(read == look(folder, log_opening::read_only));
        CHECK(before == seen_folder{folder});
        CHECK(read == look(folder, log_opening::open_existing));
        refused += read.refused.empty() ? 0 : 1;
        with_voids += !read.numbers.empty() && read.numbers[6] != 0 ? 1 : 0;
    }
    std::printf("read only: %d logs were refused, %d had claims that died\n", refused, with_voids);
}

#endif
