// SPDX-License-Identifier: MIT
#pragma once

#include "back_off.hpp"
#include "registry.hpp"

#include <gregor/gregor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace benchmarks {

/// How a topic is used, beyond its policies.
struct usage {
    std::size_t producers = 1;
    std::size_t readers = 1;
    /// Batches are written in place by `claim`; else `send_batch` copies them in.
    bool claim = false;
    /// Every writer holds a second, idle producer, so that a topic for many producers cannot treat
    /// the working one as the only one.
    bool shared = false;
    /// Readers call `try_poll` and wait as the readers of all queues do; else they call `poll`, and
    /// the topic's wait policy waits.
    bool try_poll = false;
    /// The readers are members of one group, and share the records; else each has a group.
    bool members = false;
    /// Their rings are together as large as that of one.
    std::uint32_t partitions = 1;
};

/// A topic as a channel, used as its documentation advises: groups declared
/// beforehand, auto-commit as it is by default, records read in place from the batches of `poll`.
template <class T, std::size_t Batch, usage Use, class... Policies>
class gregor_channel {
    using topic_type = gregor::topic<T, Policies...>;

public:
    using value_type = T;
    static constexpr std::size_t batch = Batch;
    static constexpr std::size_t producers = Use.producers;
    static constexpr std::size_t readers = Use.readers;

    class writer_type {
    public:
        writer_type(topic_type& topic, std::uint64_t producer) : out_{topic}, producer_{producer}
        {
            if constexpr (Use.shared)
                idle_.emplace(topic);
        }

        // What became of a send is not looked at: a record that did not arrive fails the check.
        GREGOR_BENCH_INLINE void write(std::uint64_t id)
        {
            if constexpr (Use.claim) {
                auto claim = out_.claim(Batch);
                for (std::size_t i = 0; i < Batch; ++i)
                    claim.emplace(T::make(producer_, id + i));
                static_cast<void>(claim.publish());
            } else if constexpr (Batch == 1) {
                static_cast<void>(out_.send(T::make(producer_, id)));
            } else {
                std::array<T, Batch> records;
                for (std::size_t i = 0; i < Batch; ++i)
                    records[i] = T::make(producer_, id + i);
                static_cast<void>(out_.send_batch(records));
            }
        }

    private:
        gregor::producer<topic_type> out_;
        std::optional<gregor::producer<topic_type>> idle_{};
        std::uint64_t producer_;
    };

    class reader_type {
    public:
        static constexpr bool drains = Use.try_poll;

        reader_type(topic_type& topic, const std::string& group)
            : in_{topic, group, {.max_poll_records = 4096}}
        {
        }

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read(Visit& visit)
        {
            return read_within(visit, std::chrono::milliseconds{100});
        }

        template <class Visit>
        GREGOR_BENCH_INLINE std::uint64_t read_within(Visit& visit,
                                                      std::chrono::nanoseconds timeout)
        {
            const auto received = next_batch(timeout);
            for (const auto& record : received)
                visit(record.value());
            return received.size();
        }

    private:
        GREGOR_BENCH_INLINE auto next_batch(std::chrono::nanoseconds timeout)
        {
            if constexpr (Use.try_poll)
                return in_.try_poll();
            else
                return in_.poll(timeout);
        }

        gregor::consumer<topic_type> in_;
    };

    gregor_channel()
        : topic_{"bench",
                 {.partitions = Use.partitions,
                  .capacity_records = ring_records / Use.partitions,
                  .groups = group_names()}}
    {
    }

    writer_type writer(std::size_t producer) { return {topic_, producer}; }
    reader_type reader(std::size_t index)
    {
        return {topic_, group_names()[Use.members ? 0 : index]};
    }

private:
    static std::vector<std::string> group_names()
    {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < (Use.members ? 1 : readers); ++i)
            names.push_back("group " + std::to_string(i));
        return names;
    }

    topic_type topic_;
};

/// producers::single: at most one producer handle at a time.
template <class T, std::size_t Batch, usage Use = usage{}, class... Policies>
using gregor_single = gregor_channel<T, Batch, Use, gregor::producers::single, Policies...>;

/// A topic as it is without a word said: for many producers, waiting adaptively.
template <class T, std::size_t Batch, usage Use = usage{}, class... Policies>
using gregor_default = gregor_channel<T, Batch, Use, Policies...>;

inline constexpr usage try_polling{.try_poll = true};
inline constexpr usage claiming{.claim = true};
inline constexpr usage sharing{.shared = true};

} // namespace benchmarks
