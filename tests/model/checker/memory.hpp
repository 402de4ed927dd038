// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "model/checker/basics.hpp"
#include "model/checker/decisions.hpp"

namespace gregor::model {

/// Ends the execution with this sentence; the caller never goes on. By the engine.
[[noreturn]] void fail(const std::string& sentence);

[[nodiscard]] constexpr bool acquires(std::memory_order order)
{
    return order != std::memory_order_relaxed && order != std::memory_order_release;
}
[[nodiscard]] constexpr bool releases(std::memory_order order)
{
    return order == std::memory_order_release || order >= std::memory_order_acq_rel;
}

/// The memory that C++ gives a program: for each location a history of stores in modification
/// order, and for each thread what it knows of them. A load takes any store that its thread may
/// still read; a store goes to any place in the history that is later than what its thread knows.
///
/// The order of sequentially consistent operations is the order in which they run; see `model.hpp`
/// for what this leaves out.
class memory {
public:
    /// The new value for an old one and an operand.
    using update = std::uint64_t (*)(std::uint64_t old, std::uint64_t operand);

    explicit memory(decisions& choices) : choices_(choices) {}

    void reset();
    void spawn(thread_id parent, thread_id child);
    void join(thread_id waiter, thread_id ended);

    /// One that was made before the execution began is known to all.
    [[nodiscard]] location_id create(thread_id by, std::uint64_t value, bool made_before);
    void destroy(thread_id by, location_id location);

    [[nodiscard]] std::uint64_t load(thread_id by, location_id from, std::memory_order order);
    void store(thread_id by, location_id to, std::uint64_t value, std::memory_order order);
    std::uint64_t exchange(thread_id by, location_id at, std::memory_order order, update next,
                           std::uint64_t operand);
    bool compare_exchange(thread_id by, location_id at, std::uint64_t& expected,
                          std::uint64_t desired, std::memory_order success,
                          std::memory_order failure, bool for_nothing);

    void fence(thread_id by, std::memory_order order);
    void light(thread_id by);
    void begin_heavy(thread_id by);
    void end_heavy(thread_id by, unsigned threads, bool everywhere);

    /// A load that sees at least what whoever woke the location last has seen, as the kernel's lock
    /// guarantees; and that waking.
    [[nodiscard]] std::uint64_t look_before_sleep(thread_id by, location_id word);
    void wake(thread_id by, location_id word);

    /// What a mutex hands over.
    void release_to(thread_id by, knowledge& mutex);
    void acquire_from(thread_id by, const knowledge& mutex);

    [[nodiscard]] timestamp newest(location_id location) const
    {
        return locations_[location].stores.back().at;
    }
    /// What this thread read or wrote last.
    [[nodiscard]] timestamp touched() const { return touched_; }
    /// The next load of this location by this thread reads something newer.
    void want_newer(thread_id by, location_id where, timestamp than)
    {
        threads_[by].wanted = {where, than + 1};
    }

    [[nodiscard]] const knowledge& known_to(thread_id thread) const { return threads_[thread].now; }
    [[nodiscard]] unsigned location_count() const { return location_count_; }

private:
    struct store_record {
        std::uint64_t value;
        timestamp at;
        std::uint32_t message; ///< what it releases: index + 1, or 0 for nothing
        bool extended;         ///< a read-modify-write follows: nothing comes between
    };

    struct history {
        outside_vector<store_record> stores; ///< in modification order
        thread_id creator = 0;
        std::uint32_t creation = 0; ///< on its creator's clock
        timestamp wake_floor = 0;
        bool alive = false;

        /// The first store that is no older than this.
        [[nodiscard]] std::size_t index_of(timestamp floor) const
        {
            std::size_t first = stores.size() - 1;
            while (first > 0 && stores[first - 1].at >= floor) {
                --first;
            }
            return first;
        }
    };

    struct wish {
        location_id location = nowhere;
        timestamp at = 0;
    };

    struct observer {
        knowledge now;
        knowledge acquirable; ///< of relaxed loads: an acquire fence takes it
        knowledge released;   ///< at the last release fence: relaxed stores carry it
        knowledge at_light;   ///< at the last light side of an asymmetric fence
        knowledge at_heavy;   ///< when its heavy fence began
        bool has_released = false;
        wish wanted;
    };

    [[nodiscard]] history& open(thread_id by, location_id id);
    [[nodiscard]] std::size_t oldest(thread_id by, location_id id, std::memory_order order) const;
    [[nodiscard]] std::size_t oldest_to_load(thread_id by, location_id id,
                                             std::memory_order order) const;
    [[nodiscard]] std::size_t choose_to_extend(const history& where, std::size_t first);
    void see(thread_id by, location_id id, const store_record& what, std::memory_order order);
    [[nodiscard]] timestamp place_after(const history& where, std::size_t index) const;
    [[nodiscard]] std::uint32_t message_of(thread_id by, location_id id, timestamp at,
                                           std::memory_order order, std::uint32_t continued);
    void put(thread_id by, location_id id, std::size_t index, std::uint64_t value,
             std::memory_order order, std::uint32_t continued);
    void exchange_sequence(knowledge& mine);
    void order_everything_seen(thread_id by);

    decisions& choices_;
    std::array<history, max_locations> locations_;
    unsigned location_count_ = 0;
    std::array<observer, max_threads> threads_;
    outside_vector<knowledge> messages_;
    std::uint32_t message_count_ = 0;
    knowledge sequence_; ///< what sequentially consistent operations have told each other
    knowledge heavy_begun_;
    knowledge heavy_done_;
    unsigned heavy_open_ = 0;
    timestamp touched_ = 0;
    outside_vector<std::size_t> candidates_;
};

} // namespace gregor::model
