// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

// Small topics that are closed, or go, a hundred thousand of them, each while three threads are
// anywhere in their calls: nobody hangs, and what was taken is read once.

namespace {

/// How many: GREGOR_CLOSINGS, or a hundred thousand.
std::uint64_t closings()
{
    const char* const given = std::getenv("GREGOR_CLOSINGS");
    return given == nullptr ? 100'000 : std::strtoull(given, nullptr, 10);
}

/// Threads that are there for one race after the other.
class crew {
public:
    static constexpr std::size_t size = 3;
    using jobs = std::array<std::function<void()>, size>;

    crew()
    {
        for (std::size_t i = 0; i != size; ++i) {
            threads_.emplace_back([this, i] {
                for (;;) {
                    line_.arrive_and_wait();
                    if (over_) {
                        return;
                    }
                    (*jobs_)[i]();
                    line_.arrive_and_wait();
                }
            });
        }
    }
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;
    ~crew()
    {
        over_ = true;
        line_.arrive_and_wait();
        for (std::thread& each : threads_) {
            each.join();
        }
    }

    /// All of them at once, and `here` meanwhile.
    template <class Here>
    void run(const jobs& what, Here&& here)
    {
        jobs_ = &what;
        line_.arrive_and_wait();
        here();
        line_.arrive_and_wait();
    }

private:
    std::barrier<> line_{size + 1};
    const jobs* jobs_ = nullptr;
    bool over_ = false;
    std::vector<std::thread> threads_;
};

/// A moment of work, not of sleep.
void linger(std::uint64_t rounds)
{
    std::atomic<std::uint64_t> at{0};
    while (at.fetch_add(1, std::memory_order_relaxed) < rounds) {}
}

/// One topic and who is at it.
template <class... Policies>
struct scene {
    using topic_type = gregor::topic<std::uint64_t, Policies...>;
    using member = gregor::consumer<topic_type>;

    explicit scene(support::dice& dice)
        : partitions(static_cast<std::uint32_t>(1 + dice.below(2))),
          topic(std::make_unique<topic_type>(
              "t", gregor::topic_options{.partitions = partitions,
                                         .capacity_records = std::size_t{2} << dice.below(3),
                                         .groups = {"g"}}))
    {
    }

    /// Sends until it is told that the topic is closed.
    void send(gregor::producer<topic_type>& out, support::findings& wrong)
    {
        for (std::uint32_t n = 0;; ++n) {
            const auto sent = out.send(n, {.partition = gregor::partition_id{n % partitions}});
            if (!sent) {
                wrong.expect(sent.status() == gregor::send_status::closed, "refused, not closed");
                return;
            }
            ++taken;
        }
    }

    /// Reads until it is told the end, or so many polls long.
    void read(member& in, std::uint64_t polls, support::findings& wrong)
    {
        while (polls-- != 0) {
            const auto batch = in.poll(std::chrono::seconds{60});
            if (batch.status() == gregor::poll_status::closed) {
                return;
            }
            if (!wrong.expect(batch.status() == gregor::poll_status::records, "a reader hangs")) {
                return;
            }
            seen += batch.size();
        }
    }

    std::uint32_t partitions;
    std::unique_ptr<topic_type> topic;
    std::atomic<std::uint64_t> taken{0};
    std::atomic<std::uint64_t> seen{0};
};

constexpr std::uint64_t for_ever = ~std::uint64_t{0};

template <class... Policies>
void race(crew& threads, support::dice& dice, support::findings& wrong)
{
    using set = scene<Policies...>;
    set here{dice};
    const bool waits = dice.one_in(2); // somebody waits until all is drained
    std::optional<gregor::producer<typename set::topic_type>> out{*here.topic};
    std::optional<gregor::producer<typename set::topic_type>> second;
    typename set::member in{*here.topic, "g"};
    std::optional<typename set::member> other;
    crew::jobs jobs{[&] { here.send(*out, wrong); }, [&] { here.read(in, for_ever, wrong); }, {}};
    const std::uint64_t polls = dice.below(4);
    switch (waits ? 0 : 1 + dice.below(3)) {
    case 0:
        jobs[2] = [&] {
            while (!here.topic->closed()) {
                std::this_thread::yield();
            }
            wrong.expect(here.topic->wait_drained(std::chrono::seconds{60}), "never drained");
        };
        break;
    case 1:
        second.emplace(*here.topic);
        jobs[2] = [&] { here.send(*second, wrong); };
        break;
    case 2:
        other.emplace(*here.topic, "g");
        jobs[2] = [&] { here.read(*other, for_ever, wrong); };
        break;
    default:
        other.emplace(*here.topic, "g");
        jobs[2] = [&] {
            here.read(*other, polls, wrong);
            other.reset(); // it leaves, and the other one takes over
        };
        break;
    }
    const std::uint64_t moment = dice.below(4000);
    threads.run(jobs, [&] {
        linger(moment);
        if (waits || moment % 2 == 0) {
            here.topic->close();
        }
        if (!waits) {
            here.topic.reset();
        }
    });
    wrong.expect(here.seen == here.taken, "what was taken was not read, or read twice");
}

} // namespace

TEST_CASE("a hundred thousand topics close or go while others send, read, leave and wait",
          "[stress]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::findings wrong;
    support::dice dice{seed};
    const std::uint64_t wanted = closings();
    std::uint64_t round = 0;
    {
        crew threads;
        while (round < wanted && wrong.none()) {
            race<>(threads, dice, wrong);
            race<gregor::wait::sleep>(threads, dice, wrong);
            race<gregor::wait::yield>(threads, dice, wrong);
            round += 3;
        }
    }
    stress::tell_checked(round, "closings");
    INFO(wrong.text());
    CHECK(wrong.none());
}
