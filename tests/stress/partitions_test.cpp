// SPDX-License-Identifier: MIT
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stress/traffic.hpp"
#include "support/catch.hpp"

namespace {

/// Each producer's numbers come up once, and in order within each partition.
class spread_ledger {
public:
    template <class Record>
    void enter(const Record& record, support::findings& wrong)
    {
        using value = std::remove_cvref_t<decltype(record.value())>;
        const support::origin from = support::payload<value>::read(record.value());
        wrong.expect(from.intact, "a torn record");
        std::uint64_t& next = next_[{record.partition().value, from.producer}];
        wrong.expect(from.number >= next, "a producer's records out of order in a partition");
        next = from.number + 1;
        ++count_;
        sum_ += from.number;
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

private:
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> next_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
};

template <class Topic>
void read_all(gregor::consumer<Topic>& in, std::uint64_t seed, spread_ledger& seen,
              support::findings& wrong)
{
    support::dice dice{seed};
    for (;;) {
        stress::stumble(dice);
        const auto batch = in.poll(std::chrono::seconds{60});
        if (batch.status() != gregor::poll_status::records) {
            wrong.expect(batch.status() == gregor::poll_status::closed, "a reader hangs");
            return;
        }
        for (const auto& record : batch) {
            seen.enter(record, wrong);
        }
        if (dice.one_in(2)) {
            in.commit();
        }
    }
}

/// Two producers, and beside a group that reads everything two consumers of two partitions each.
template <class T, class... Policies>
void run()
{
    using topic_type = gregor::topic<T, Policies...>;
    const support::fresh_seed seed;
    INFO(seed);
    topic_type topic{"t", {.partitions = 4, .capacity_records = 16, .groups = {"g"}}};
    support::findings wrong;
    std::array<spread_ledger, 3> seen;
    std::array<std::uint64_t, 2> sent{};
    std::array<std::uint64_t, 2> sum{};
    std::vector<gregor::consumer<topic_type>> consumers;
    for (std::uint32_t i = 0; i != 2; ++i) {
        consumers.emplace_back(topic);
        consumers.back().assign({gregor::partition_id{i}, gregor::partition_id{i + 2}});
    }
    consumers.emplace_back(topic, "g");
    std::vector<std::thread> readers;
    for (std::size_t i = 0; i != consumers.size(); ++i) {
        readers.emplace_back([&, i] { read_all(consumers[i], seed + i, seen[i], wrong); });
    }
    const stress::stopwatch watch;
    std::vector<std::thread> senders;
    for (std::uint32_t p = 0; p != 2; ++p) {
        senders.emplace_back([&, p] {
            support::dice dice{seed + 10 + p};
            gregor::producer out{topic};
            while (!watch.over()) {
                stress::stumble(dice);
                auto value = support::payload<T>::make(p, sent[p]);
                gregor::sent done = out.send(std::move(value));
                while (done.status() == gregor::send_status::full) {
                    std::this_thread::yield();
                    wrong.expect(support::payload<T>::read(value).intact,
                                 "a refused value was touched");
                    done = out.send(std::move(value));
                }
                wrong.expect(done.status() == gregor::send_status::ok, "a record was refused");
                sum[p] += sent[p]++;
            }
        });
    }
    for (auto& each : senders) {
        each.join();
    }
    topic.close();
    for (auto& each : readers) {
        each.join();
    }
    CHECK(seen[2].count() == sent[0] + sent[1]);
    CHECK(seen[2].sum() == sum[0] + sum[1]);
    CHECK(seen[0].count() + seen[1].count() == sent[0] + sent[1]);
    CHECK(seen[0].sum() + seen[1].sum() == sum[0] + sum[1]);
    stress::tell_checked(seen[0].count() + seen[1].count() + seen[2].count());
    INFO(wrong.text());
    CHECK(wrong.none());
}

} // namespace

TEST_CASE("records find their partitions under load, and come in order in each", "[stress]")
{
    run<support::plain>();
    run<support::plain, gregor::keyed_by<&support::plain::number>>();
    run<std::string, gregor::partitioner::round_robin, gregor::overflow::reject>();
    run<std::string, gregor::wait::sleep>();
}
