// SPDX-License-Identifier: MIT
#include "model/checker/arena.hpp"
#include "model/checker/engine.hpp"

// What the program under test does, one function each: a step, what it does to memory, what the
// thread will watch if it pauses, and a line in the story.

namespace gregor::model {
namespace {

const char* name_of(std::memory_order order)
{
    switch (order) {
    case std::memory_order_relaxed: return "relaxed";
    case std::memory_order_consume:
    case std::memory_order_acquire: return "acquire";
    case std::memory_order_release: return "release";
    case std::memory_order_acq_rel: return "acq_rel";
    case std::memory_order_seq_cst: return "seq_cst";
    }
    return "?";
}

bool sequential(std::memory_order order)
{
    return order == std::memory_order_seq_cst;
}

std::string at(place line)
{
    return "   " + to_string(line);
}

} // namespace

location_id engine::create(std::uint64_t value, bool made_before)
{
    return memory_.create(current_, value, made_before);
}

void engine::destroy(location_id location)
{
    memory_.destroy(current_, location);
}

void engine::name(location_id location, const char* text)
{
    names_[location] = text;
}

std::uint64_t engine::load(location_id from, std::memory_order order, place line)
{
    step(action::load, from, sequential(order), line);
    const std::uint64_t value = memory_.load(current_, from, order);
    threads_[current_].watched.note(from, memory_.touched());
    if (told()) {
        const arena::outside here;
        note(label(from) + " load " + name_of(order) + " -> " + std::to_string(value) +
             (memory_.touched() < memory_.newest(from) ? " (older)" : "") + at(line));
    }
    return value;
}

void engine::store(location_id to, std::uint64_t value, std::memory_order order, place line)
{
    step(action::store, to, sequential(order), line);
    memory_.store(current_, to, value, order);
    threads_[current_].watched.note(to, memory_.touched());
    ++stores_;
    if (told()) {
        const arena::outside here;
        note(label(to) + " store " + name_of(order) + " = " + std::to_string(value) +
             (memory_.touched() < memory_.newest(to) ? " (behind)" : "") + at(line));
    }
}

std::uint64_t engine::exchange(location_id where, std::memory_order order, memory::update next,
                               std::uint64_t operand, place line)
{
    step(action::exchange, where, sequential(order), line);
    const std::uint64_t old = memory_.exchange(current_, where, order, next, operand);
    threads_[current_].watched.note(where, memory_.touched());
    ++stores_;
    if (told()) {
        const arena::outside here;
        note(label(where) + " modify " + name_of(order) + " " + std::to_string(old) + " -> " +
             std::to_string(next(old, operand)) + at(line));
    }
    return old;
}

bool engine::compare_exchange(location_id where, std::uint64_t& expected, std::uint64_t desired,
                              std::memory_order success, std::memory_order failure, bool weak,
                              place line)
{
    step(action::exchange, where, sequential(success), line);
    bool for_nothing = false;
    if (weak && parallel_ && spurious_left_ > 0 && choices_.choose(2) == 1) {
        for_nothing = true;
        --spurious_left_;
    }
    const bool done =
        memory_.compare_exchange(current_, where, expected, desired, success, failure, for_nothing);
    threads_[current_].watched.note(where, memory_.touched());
    stores_ += done ? 1 : 0;
    threads_[current_].retries |= !done;
    if (told()) {
        const arena::outside here;
        note(
            label(where) + " compare-exchange " + name_of(done ? success : failure) +
            (done ? " = " + std::to_string(desired) : " fails, finds " + std::to_string(expected)) +
            at(line));
    }
    return done;
}

void engine::fence(std::memory_order order, place line)
{
    if (sequential(order)) {
        step(action::fence, nowhere, true, line);
    }
    memory_.fence(current_, order);
    if (told()) {
        const arena::outside here;
        note(std::string("fence ") + name_of(order) + at(line));
    }
}

void engine::light(place line)
{
    step(action::light, nowhere, false, line);
    memory_.light(current_);
    if (told()) {
        const arena::outside here;
        note("light fence" + at(line));
    }
}

void engine::heavy(place line)
{
    step(action::heavy, nowhere, true, line);
    memory_.begin_heavy(current_);
    if (options_.split_heavy) {
        if (told()) {
            const arena::outside here;
            note("heavy fence begins" + at(line));
        }
        step(action::heavy, nowhere, true, line);
    }
    memory_.end_heavy(current_, thread_count_, options_.heavy_everywhere);
    if (told()) {
        const arena::outside here;
        note("heavy fence" + at(line));
    }
}

/// In a loop that waits. A thread that has met only the newest of everything waits here until one
/// of those is replaced; one that has met something older goes on, and meets something newer next
/// time, as stores become visible in finite time. Which one, if there are several, is a choice.
void engine::pause(place line)
{
    if (!parallel_) {
        fail_here("the main thread waits while nobody else runs (" + to_string(line) + ")");
    }
    thread& mine = threads_[current_];
    mine.pending = {action::resume, nowhere, false, line};
    if (++steps_ > options_.max_steps) {
        fail_here("a loop waits for ever (" + to_string(line) + ")");
    }
    const bool may_succeed = mine.retries && !mine.watched.same_as(mine.watched_before);
    bool waits = mine.watched.touched.any() && !changed(mine) && !may_succeed;
    if (waits && mine.free_pauses_left > 0 && choices_.choose(2) == 1) {
        --mine.free_pauses_left;
        waits = false;
    }
    if (waits) {
        mine.now = state::paused;
        dispatch();
        mine.now = state::ready;
    } else if (options_.mode != search::exhaustive || options_.preemptions != unlimited) {
        mine.yielded = true;
        dispatch();
        mine.yielded = false;
    }
    std::array<location_id, max_locations> older{};
    unsigned count = 0;
    for (location_id i = 0; i < memory_.location_count(); ++i) {
        if (mine.watched.touched[i] && memory_.newest(i) > mine.watched.met[i]) {
            older[count++] = i;
        }
    }
    if (count > 0) {
        const location_id chosen = older[choices_.choose(count)];
        memory_.want_newer(current_, chosen, mine.watched.met[chosen]);
    }
    mine.watched_before = mine.watched;
    mine.watched.touched.reset();
    mine.retries = false;
    if (told()) {
        const arena::outside here;
        note("paused" + at(line));
    }
}

bool engine::wait(location_id word, std::uint64_t expected, std::chrono::nanoseconds timeout,
                  place line)
{
    step(action::wait, word, false, line);
    const std::uint64_t value = memory_.look_before_sleep(current_, word);
    thread& mine = threads_[current_];
    mine.watched.note(word, memory_.touched());
    const bool sleeps = value == expected && timeout > std::chrono::nanoseconds::zero();
    if (told()) {
        const arena::outside here;
        note(label(word) + (sleeps ? " sleeps on " : " does not sleep, finds ") +
             std::to_string(value) + at(line));
    }
    if (!sleeps) {
        return value != expected;
    }
    if (!parallel_) {
        fail_here("the main thread sleeps while nobody else runs");
    }
    mine.now = state::asleep;
    mine.word = word;
    mine.timed = timeout != std::chrono::nanoseconds::max();
    mine.timed_out = false;
    mine.pending = {action::timeout, word, false, line};
    dispatch();
    if (told()) {
        note(mine.timed_out ? "time is up" : "is woken");
    }
    return !mine.timed_out;
}

void engine::wake_all(location_id word, place line)
{
    step(action::wake, word, false, line);
    memory_.wake(current_, word);
    unsigned woken = 0;
    for (thread_id i = 1; i < thread_count_; ++i) {
        if (threads_[i].now == state::asleep && threads_[i].word == word) {
            threads_[i].now = state::ready;
            threads_[i].pending.what = action::local;
            ++woken;
        }
    }
    if (told()) {
        const arena::outside here;
        note(label(word) + " wakes " + std::to_string(woken) + at(line));
    }
}

// --- mutexes
// ----------------------------------------------------------------------------------------

namespace {

void need_location(mutex_state& mutex, engine& here)
{
    if (mutex.age != here.age()) {
        mutex.age = static_cast<std::uint32_t>(here.age());
        mutex.location = here.create(0, true);
        mutex.owner = 0;
        mutex.handed_over.clear();
    }
}

} // namespace

void engine::lock(mutex_state& mutex, place line)
{
    need_location(mutex, *this);
    thread& mine = threads_[current_];
    if (mutex.owner == current_ + 1) {
        fail_here("a mutex is locked twice by one thread (" + to_string(line) + ")");
    }
    mine.wanted_mutex = &mutex;
    step(action::lock, mutex.location, false, line);
    while (mutex.owner != 0) {
        // taken in a step that nobody could notice yet: who else uses it is being learned
        if (!parallel_) {
            fail_here("the main thread wants a mutex that is held for ever");
        }
        mine.pending.what = action::lock;
        dispatch();
    }
    mine.wanted_mutex = nullptr;
    mutex.owner = current_ + 1;
    memory_.acquire_from(current_, mutex.handed_over);
    memory_.store(current_, mutex.location, current_ + 1, std::memory_order_relaxed);
    mine.watched.note(mutex.location, memory_.touched());
    ++stores_;
    if (told()) {
        const arena::outside here;
        note("locks " + label(mutex.location) + at(line));
    }
}

bool engine::try_lock(mutex_state& mutex, place line)
{
    need_location(mutex, *this);
    step(action::try_lock, mutex.location, false, line);
    if (mutex.owner != 0) {
        threads_[current_].watched.note(mutex.location, memory_.newest(mutex.location));
        return false;
    }
    mutex.owner = current_ + 1;
    memory_.acquire_from(current_, mutex.handed_over);
    memory_.store(current_, mutex.location, current_ + 1, std::memory_order_relaxed);
    threads_[current_].watched.note(mutex.location, memory_.touched());
    ++stores_;
    return true;
}

void engine::unlock(mutex_state& mutex, place line)
{
    step(action::unlock, mutex.location, false, line);
    if (mutex.owner != current_ + 1) {
        fail_here("a mutex is unlocked by a thread that does not hold it");
    }
    mutex.owner = 0;
    memory_.store(current_, mutex.location, 0, std::memory_order_relaxed);
    memory_.release_to(current_, mutex.handed_over);
    threads_[current_].watched.note(mutex.location, memory_.touched());
    ++stores_;
    if (told()) {
        const arena::outside here;
        note("unlocks " + label(mutex.location) + at(line));
    }
}

// --- choices
// ----------------------------------------------------------------------------------------

bool engine::chooses_to_throw()
{
    if (throws_left_ == 0 || choices_.choose(2) == 0) {
        return false;
    }
    --throws_left_;
    if (told()) {
        note("throws");
    }
    return true;
}

void engine::may_die()
{
    if (parallel_ && deaths_left_ > 0 && choices_.choose(2) == 1) {
        die();
    }
}

} // namespace gregor::model
