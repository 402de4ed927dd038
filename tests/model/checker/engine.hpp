// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <chrono>
#include <functional>
#include <string>

#include "model/checker/basics.hpp"
#include "model/checker/decisions.hpp"
#include "model/checker/fiber.hpp"
#include "model/checker/memory.hpp"
#include "model/checker/options.hpp"
#include "model/checker/races.hpp"

namespace gregor::model {

class run;

/// A piece of the program under test; lives in the memory of its execution.
struct task {
    task() = default;
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    virtual ~task() = default;
    virtual void go() = 0;
};

/// What the next step of a thread does, as far as other threads may notice.
enum class action : std::uint8_t {
    local, ///< nothing: it runs at once
    load,
    store,
    exchange,
    fence,
    light,
    heavy,
    lock,
    try_lock,
    unlock,
    wait,
    wake,
    timeout,
    resume,
};

struct operation {
    action what = action::local;
    location_id where = nowhere;
    bool sequential = false;
    place from;
};

/// A mutex, as the engine sees it.
struct mutex_state {
    location_id location = nowhere;
    std::uint32_t age = 0;
    thread_id owner = 0; ///< number + 1, or 0
    knowledge handed_over;
};

/// Runs a program again and again, each time with other choices. One step of one thread is a step
/// of the execution; each thread stops before its step, so that what it is about to do is known.
class engine {
public:
    using program = std::function<void(run&)>;

    explicit engine(const options& asked);
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    [[nodiscard]] result explore(const program& what);

    /// The engine whose execution calls; null outside of any.
    [[nodiscard]] static engine* running() { return running_; }

    /// Different for each execution of the process.
    [[nodiscard]] std::uint32_t age() const { return age_; }

    // What the program under test does.

    void add_thread(task* body, bool mortal);
    void add_after(task* body) { afters_.push_back(body); }

    [[nodiscard]] location_id create(std::uint64_t value, bool made_before);
    void destroy(location_id location);
    [[nodiscard]] std::uint64_t load(location_id from, std::memory_order order, place line);
    void store(location_id to, std::uint64_t value, std::memory_order order, place line);
    std::uint64_t exchange(location_id at, std::memory_order order, memory::update next,
                           std::uint64_t operand, place line);
    bool compare_exchange(location_id at, std::uint64_t& expected, std::uint64_t desired,
                          std::memory_order success, std::memory_order failure, bool weak,
                          place line);
    void fence(std::memory_order order, place line);
    void light(place line);
    void heavy(place line);
    void pause(place line);
    [[nodiscard]] bool wait(location_id word, std::uint64_t expected,
                            std::chrono::nanoseconds timeout, place line);
    void wake_all(location_id word, place line);
    void lock(mutex_state& mutex, place line);
    [[nodiscard]] bool try_lock(mutex_state& mutex, place line);
    void unlock(mutex_state& mutex, place line);
    [[nodiscard]] unsigned choose(unsigned count) { return choices_.choose(count); }
    [[nodiscard]] bool chooses_to_throw();
    void may_die();
    void name(location_id location, const char* text);
    void set_outcome(const std::string& text) { outcome_ = text; }
    [[nodiscard]] races& plain_memory() { return races_; }
    [[nodiscard]] thread_id current() const { return current_; }
    [[nodiscard]] bool finished(thread_id thread) const;

    [[noreturn]] void fail_here(const std::string& sentence);

private:
    enum class state : std::uint8_t { ready, paused, asleep, joining, done, dead };

    /// What a thread has touched since it last paused, and which store it met there.
    struct watch_list {
        std::bitset<max_locations> touched;
        std::array<timestamp, max_locations> met;

        void note(location_id location, timestamp at)
        {
            touched.set(location);
            met[location] = at;
        }
        [[nodiscard]] bool same_as(const watch_list& other) const;
    };

    struct thread {
        fiber context;
        task* body = nullptr;
        bool mortal = false;
        state now = state::ready;
        operation pending;
        const mutex_state* wanted_mutex = nullptr;
        location_id word = nowhere; ///< that it sleeps on
        bool timed = false;
        bool timed_out = false;
        bool yielded = false; ///< leaving it now is no interruption
        bool retries = false; ///< failed to exchange since it last paused: may succeed unchanged
        unsigned timeouts_left = 0;
        unsigned free_pauses_left = 0;
        unsigned idle_rounds = 0;
        std::uint64_t idle_since = 0;
        std::int64_t priority = 0;
        watch_list watched;
        watch_list watched_before;
    };

    // engine.cpp: executions
    void execute();
    void run_program();
    void run_thread();
    static void enter_main();
    static void enter_thread();
    [[noreturn]] void leave_execution();
    void learn_from_execution(result& found);
    void replay(const std::string& text, result& found);
    [[nodiscard]] std::string replay_text() const;

    // scheduler.cpp: who goes next
    void step(action what, location_id where, bool sequential, place line);
    void touch(location_id where, bool writes);
    void dispatch();
    [[nodiscard]] thread_id pick();
    [[nodiscard]] bool can_run(thread_id thread) const;
    [[nodiscard]] bool all_ended() const;
    [[nodiscard]] thread_id choose_awake(unsigned enabled);
    [[nodiscard]] thread_id choose_within_bound(unsigned enabled);
    [[nodiscard]] thread_id choose_by_chance(unsigned enabled);
    [[nodiscard]] thread_id start(thread_id thread);
    [[nodiscard]] bool disturbs(const operation& done, thread_id sleeper) const;
    [[nodiscard]] bool break_silence();
    [[nodiscard]] bool changed(const thread& waiter) const;
    void draw_priorities();
    void die();
    [[noreturn]] void deadlock();
    [[nodiscard]] std::string describe(thread_id thread) const;

    void note(const std::string& line);
    [[nodiscard]] std::string label(location_id location) const;
    [[nodiscard]] bool told() const { return told_; }

    static inline engine* running_ = nullptr;
    static inline std::uint32_t age_ = 0;

    options options_;
    decisions choices_;
    memory memory_;
    races races_;
    const program* program_ = nullptr;

    fiber home_;
    std::array<thread, max_threads> threads_;
    unsigned thread_count_ = 1;
    thread_id current_ = 0;
    thread_id last_ = 0; ///< that was chosen; local steps of others in between do not count
    bool parallel_ = false;
    outside_vector<task*> afters_;

    unsigned asleep_ = 0; ///< threads whose next step was explored from here: a bit each
    unsigned preemptions_ = 0;
    unsigned steps_ = 0;
    unsigned longest_ = 0;
    std::uint64_t stores_ = 0;
    unsigned silences_ = 0;
    unsigned deaths_left_ = 0;
    unsigned throws_left_ = 0;
    unsigned spurious_left_ = 0;
    outside_vector<unsigned> change_points_;

    /// Locations that several threads use and one writes: only there does it matter who goes first.
    /// Learned on the way; a search by depth begins again when it learns one.
    std::bitset<max_locations> shared_;
    std::bitset<max_locations> shared_next_;
    std::array<unsigned, max_locations> users_{};
    std::bitset<max_locations> written_;

    bool redundant_ = false;
    bool told_ = false;
    std::string failure_;
    std::string outcome_;
    std::string story_;
    std::array<const char*, max_locations> names_{};
};

} // namespace gregor::model
