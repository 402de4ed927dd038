// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "gregor/base/config.hpp"
#include "gregor/ring/counter.hpp"
#include "gregor/ring/stopwatch.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a producer notes on the ways that are rare: when it finds no room.
///
/// Threads   the producer's; others look
template <class Env>
struct sender_figures {
    ring::stopwatch<Env> blocked;
    ring::counter<Env> refused;
    sender_figures* next = nullptr; // a list, under the topic's mutex
};

/// What all producers of a topic noted together, those that are gone too.
///
/// Threads   under the topic's mutex
template <class Env>
class all_senders {
public:
    struct sums {
        std::uint64_t waits = 0;
        std::uint64_t refused = 0;
        std::int64_t blocked = 0; ///< in nanoseconds

        void add(const sender_figures<Env>& one, std::chrono::nanoseconds its) noexcept
        {
            waits += one.blocked.count();
            refused += one.refused.value();
            blocked += its.count();
        }
    };

    void add(sender_figures<Env>& one) noexcept
    {
        one.next = first_;
        first_ = &one;
    }
    void remove(sender_figures<Env>& one) noexcept
    {
        sender_figures<Env>** link = &first_;
        while (*link != &one) {
            link = &(*link)->next;
        }
        *link = one.next;
        gone_.add(one, one.blocked.over());
    }

    template <class Now>
    [[nodiscard]] sums all(Now&& now) const
    {
        sums together = gone_;
        for (const sender_figures<Env>* each = first_; each != nullptr; each = each->next) {
            together.add(*each, each->blocked.total(now));
        }
        return together;
    }

private:
    sender_figures<Env>* first_ = nullptr;
    sums gone_ = {};
};

} // namespace gregor::inline GREGOR_ABI
