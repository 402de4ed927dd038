// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <atomic>
#    include <cstddef>
#    include <memory>
#    include <optional>
#    include <thread>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/scratch_directory.hpp"

// Topics of a broker that have a log on disk, whose folder one process opens once.

using gregor::errc;
using support::scratch_directory;

namespace {

using trades = gregor::topic<support::trade, gregor::storage::mmap_log>;
using answer = std::optional<gregor::result<std::shared_ptr<trades>>>;

/// What so many are told who ask at once.
template <class Ask>
std::vector<answer> ask_at_once(std::size_t count, const Ask& ask)
{
    std::vector<answer> told(count);
    std::vector<std::thread> threads;
    std::atomic<std::size_t> there{0};
    for (answer& each : told) {
        threads.emplace_back([&] {
            ++there;
            while (there.load() != count) {
                std::this_thread::yield();
            }
            each.emplace(ask());
        });
    }
    for (std::thread& each : threads) {
        each.join();
    }
    return told;
}

} // namespace

TEST_CASE("of many that open a log by a broker, or create it, all have the one that is made",
          "[broker][durable]")
{
    for (int round = 0; round != 30; ++round) {
        const scratch_directory folder;
        gregor::broker b;
        auto told = ask_at_once(
            4, [&] { return b.try_open_or_create<trades>("trades", support::log_in(folder)); });
        for (answer& each : told) {
            INFO((each->has_value() ? "" : each->error().what()));
            REQUIRE(each->has_value());
            REQUIRE(each->value() == told.front()->value());
        }
    }
}

TEST_CASE("of many that create a log by a broker one does, and the others hear that it is there",
          "[broker][durable]")
{
    for (int round = 0; round != 30; ++round) {
        const scratch_directory folder;
        gregor::broker b;
        auto told =
            ask_at_once(4, [&] { return b.try_create<trades>("trades", support::log_in(folder)); });
        int made = 0;
        for (answer& each : told) {
            made += each->has_value() ? 1 : 0;
            REQUIRE((each->has_value() || each->error().code() == errc::topic_exists));
        }
        REQUIRE(made == 1);
    }
}

#endif
