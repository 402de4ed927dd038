// SPDX-License-Identifier: MIT
// gregor_instructions WORK TIMES: does one kind of work so many times, and nothing else that grows
// with the number. Run under an instruction counter with two numbers, the difference is what one
// takes, whatever the machine is busy with. `./benchmarks/run --instructions` does that.

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "gregor/gregor.hpp"

#include "work.hpp"

namespace {

struct record {
    std::array<std::uint64_t, 8> words;
};

using single = gregor::topic<record, gregor::producers::single>;
using multi = gregor::topic<record>;
using keyed = gregor::topic<record, gregor::key<std::uint64_t>>;

constexpr std::size_t batch = 16;

/// Reads what there is; how many records that were.
template <class Consumer>
std::size_t drain(Consumer& in)
{
    for (std::size_t all = 0;;) {
        const auto records = in.try_poll();
        if (records.empty()) {
            return all;
        }
        all += records.size();
    }
}

/// As often as it is asked for, with room for all between two looks.
template <class Topic, class Work>
std::size_t with_reader(long times, Work&& work)
{
    Topic topic{"counted", {.groups = {"readers"}}};
    gregor::producer out{topic};
    gregor::consumer in{topic, "readers", {.max_poll_records = topic.capacity_records()}};
    std::size_t read = 0;
    for (long done = 0; done != times; ++done) {
        work(out, in, read);
        if (done % 512 == 511) {
            read += drain(in);
        }
    }
    return read + drain(in);
}

template <class Topic>
bool one_by_one(long times)
{
    const record value{};
    return with_reader<Topic>(times, [&](auto& out, auto&, std::size_t&) {
               (void)out.send(value);
           }) == static_cast<std::size_t>(times);
}

template <class Topic>
bool by_key(long times)
{
    const record value{};
    Topic topic{"counted", {.partitions = 4, .groups = {"readers"}}};
    gregor::producer out{topic};
    gregor::consumer in{topic, "readers", {.max_poll_records = topic.capacity_records()}};
    std::size_t read = 0;
    for (long done = 0; done != times; ++done) {
        (void)out.send(value, {.key = static_cast<std::uint64_t>(done)});
        if (done % 512 == 511) {
            read += drain(in);
        }
    }
    return read + drain(in) == static_cast<std::size_t>(times);
}

template <class Topic>
bool by_batch(long times)
{
    const std::vector<record> values(batch);
    return with_reader<Topic>(times, [&](auto& out, auto&, std::size_t&) {
               (void)out.send_batch(values);
           }) == batch * static_cast<std::size_t>(times);
}

template <class Topic>
bool by_claim(long times)
{
    return with_reader<Topic>(times, [&](auto& out, auto&, std::size_t&) {
               auto claim = out.claim(batch);
               for (std::size_t i = 0; i != batch; ++i) {
                   claim.emplace();
               }
               claim.publish();
           }) == batch * static_cast<std::size_t>(times);
}

template <class Topic>
bool send_and_poll(long times)
{
    const record value{};
    return with_reader<Topic>(times, [&](auto& out, auto& in, std::size_t& read) {
               (void)out.send(value);
               read += in.try_poll().size();
           }) == static_cast<std::size_t>(times);
}

/// Of a partition that has had a record.
template <class Topic>
bool poll_in_vain(long times)
{
    bool begun = false;
    return with_reader<Topic>(times, [&](auto& out, auto& in, std::size_t& read) {
               if (!begun) {
                   begun = true;
                   (void)out.send(record{});
               }
               read += in.try_poll().size();
           }) == 1;
}

constexpr work all[] = {
    {"send", one_by_one<single>},
    {"send,default", one_by_one<multi>},
    {"send,keyed", by_key<keyed>},
    {"send_batch", by_batch<single>},
    {"claim", by_claim<single>},
    {"send+poll", send_and_poll<single>},
    {"send+poll,default", send_and_poll<multi>},
    {"poll,empty", poll_in_vain<multi>},
};

} // namespace

int main(int count, char** arguments)
{
    const bool lists = count == 2 && std::string_view{arguments[1]} == "--list";
    for (const std::span<const work> some :
         {std::span<const work>{all}, compared_work(), on_disk_work()}) {
        for (const work& each : some) {
            if (lists) {
                std::printf("%.*s\n", static_cast<int>(each.name.size()), each.name.data());
            } else if (count == 3 && each.name == arguments[1]) {
                return each.run(std::atol(arguments[2])) ? EXIT_SUCCESS : EXIT_FAILURE;
            }
        }
    }
    if (lists) {
        return EXIT_SUCCESS;
    }
    std::fputs("gregor_instructions WORK TIMES, or --list\n", stderr);
    return 2;
}
