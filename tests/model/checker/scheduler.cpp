// SPDX-License-Identifier: MIT
#include "model/checker/engine.hpp"

namespace gregor::model {
namespace {

bool writes(action what)
{
    return what == action::store || what == action::exchange || what == action::lock ||
           what == action::try_lock || what == action::unlock || what == action::wake;
}

bool reads(action what)
{
    return what == action::load || what == action::exchange || what == action::wait;
}

bool uses_mutex(action what)
{
    return what == action::lock || what == action::try_lock || what == action::unlock;
}

/// Takes part in the order of sequentially consistent operations as a whole, not for one location.
bool fences(action what)
{
    return what == action::fence || what == action::heavy;
}

constexpr unsigned bit(thread_id thread)
{
    return 1U << thread;
}

/// A loop that waits goes round this often with nobody else moving, before it counts as stuck.
constexpr unsigned most_idle_rounds = 8;
constexpr unsigned most_silences = 1000;

} // namespace

bool engine::watch_list::same_as(const watch_list& other) const
{
    if (touched != other.touched) {
        return false;
    }
    for (std::size_t i = 0; i < max_locations; ++i) {
        if (touched[i] && met[i] != other.met[i]) {
            return false;
        }
    }
    return true;
}

// --- a step
// -----------------------------------------------------------------------------------------

void engine::touch(location_id where, bool may_write)
{
    users_[where] |= bit(current_);
    if (may_write) {
        written_.set(where);
    }
    if (written_[where] && (users_[where] & (users_[where] - 1)) != 0) {
        shared_next_.set(where);
    }
}

/// Before every step that others could notice: whoever is chosen goes on, here or elsewhere.
void engine::step(action what, location_id where, bool sequential, place line)
{
    thread& mine = threads_[current_];
    mine.pending = {what, where, sequential, line};
    if (!parallel_) {
        return;
    }
    if (++steps_ > options_.max_steps) {
        fail_here("more than " + std::to_string(options_.max_steps) +
                  " steps: something waits without pausing, or never ends");
    }
    if (where != nowhere) {
        touch(where, writes(what));
        if (!shared_[where]) {
            return;
        }
    }
    dispatch();
    if (mine.mortal && deaths_left_ > 0 && choices_.choose(2) == 1) {
        die();
    }
}

void engine::dispatch()
{
    const thread_id next = pick();
    if (next != current_) {
        fiber& from = threads_[current_].context;
        current_ = next;
        fiber::go(from, threads_[next].context);
    }
}

void engine::die()
{
    --deaths_left_;
    if (told()) {
        note("dies");
    }
    threads_[current_].now = state::dead;
    dispatch();
    std::abort(); // nobody goes back to the dead
}

// --- who goes next
// ----------------------------------------------------------------------------------

bool engine::can_run(thread_id thread_number) const
{
    const thread& who = threads_[thread_number];
    switch (who.now) {
    case state::ready: return who.wanted_mutex == nullptr || who.wanted_mutex->owner == 0;
    case state::paused: return changed(who);
    case state::asleep: return who.timed && who.timeouts_left > 0;
    case state::joining:
    case state::done:
    case state::dead: break;
    }
    return false;
}

/// Something that this thread has met has been replaced.
bool engine::changed(const thread& waiter) const
{
    for (location_id i = 0; i < memory_.location_count(); ++i) {
        if (waiter.watched.touched[i] && memory_.newest(i) > waiter.watched.met[i]) {
            return true;
        }
    }
    return false;
}

bool engine::all_ended() const
{
    for (thread_id i = 1; i < thread_count_; ++i) {
        if (threads_[i].now != state::done && threads_[i].now != state::dead) {
            return false;
        }
    }
    return true;
}

thread_id engine::pick()
{
    for (;;) {
        unsigned enabled = 0;
        for (thread_id i = 1; i < thread_count_; ++i) {
            if (can_run(i)) {
                if (threads_[i].pending.what == action::local) {
                    return start(i); // nobody can tell when
                }
                enabled |= bit(i);
            }
        }
        if (enabled != 0) {
            const thread_id chosen = options_.mode != search::exhaustive ? choose_by_chance(enabled)
                                     : options_.preemptions == unlimited
                                         ? choose_awake(enabled)
                                         : choose_within_bound(enabled);
            last_ = chosen;
            return start(chosen);
        }
        if (all_ended() || (!break_silence() && options_.may_block)) {
            return 0;
        }
    }
}

/// A sleeper that is chosen was not woken: its time is up.
thread_id engine::start(thread_id number)
{
    thread& chosen = threads_[number];
    if (chosen.now == state::asleep) {
        chosen.now = state::ready;
        chosen.timed_out = true;
        if (chosen.timeouts_left > 0) {
            --chosen.timeouts_left;
        }
    }
    return number;
}

/// Whether a thread that was explored first, and so need not run now, has to be explored again once
/// `done` has run before it.
///
/// Loads and stores choose among the histories that memory allows, so much commutes that would not
/// on a machine: a store that comes later in time can still be read by nobody, or go before another
/// one. What a load could read before a store ran, it can read after. Only a reader that can now
/// read more than before is disturbed; and sequentially consistent operations, whose order is that
/// of time.
bool engine::disturbs(const operation& done, thread_id sleeper) const
{
    const operation& next = threads_[sleeper].pending;
    const bool ordered = fences(done.what) || done.sequential;
    const bool next_ordered = fences(next.what) || next.sequential;
    if (ordered && next_ordered &&
        (fences(done.what) || fences(next.what) || done.where == next.where)) {
        return true;
    }
    if (options_.heavy_everywhere && (done.what == action::heavy || next.what == action::heavy)) {
        return true; // it asks and tells each thread whatever that has just done
    }
    if ((done.what == action::light && next.what == action::heavy) ||
        (done.what == action::heavy && next.what == action::light)) {
        return true;
    }
    if (done.where == nowhere) {
        return false;
    }
    if (next.what == action::resume) {
        return writes(done.what) && threads_[sleeper].watched.touched[done.where];
    }
    if (done.where != next.where) {
        return false;
    }
    if (uses_mutex(done.what) || done.what == action::wake || next.what == action::wake) {
        return true;
    }
    return writes(done.what) && reads(next.what);
}

thread_id engine::choose_awake(unsigned enabled)
{
    const unsigned awake = enabled & ~asleep_;
    if (awake == 0) {
        redundant_ = true;
        leave_execution();
    }
    // writers first: a reader that was explored after them is disturbed by nobody
    std::array<thread_id, max_threads> order{};
    unsigned count = 0;
    for (const bool now_writers : {true, false}) {
        for (thread_id i = 1; i < thread_count_; ++i) {
            if ((awake & bit(i)) != 0 && writes(threads_[i].pending.what) == now_writers) {
                order[count++] = i;
            }
        }
    }
    const unsigned index = choices_.choose(count);
    unsigned sleepers = asleep_;
    for (unsigned i = 0; i < index; ++i) {
        sleepers |= bit(order[i]);
    }
    const operation& chosen = threads_[order[index]].pending;
    asleep_ = 0;
    for (thread_id i = 1; i < thread_count_; ++i) {
        if ((sleepers & bit(i)) != 0 && !disturbs(chosen, i)) {
            asleep_ |= bit(i);
        }
    }
    return order[index];
}

thread_id engine::choose_within_bound(unsigned enabled)
{
    const bool could_go_on = (enabled & bit(last_)) != 0;
    const bool interrupts = could_go_on && !threads_[last_].yielded;
    std::array<thread_id, max_threads> order{};
    unsigned count = 0;
    if (interrupts) {
        order[count++] = last_;
    }
    if (!interrupts || preemptions_ < options_.preemptions) {
        for (thread_id i = 1; i < thread_count_; ++i) {
            if ((enabled & bit(i)) != 0 && i != last_) {
                order[count++] = i;
            }
        }
    }
    if (could_go_on && !interrupts) {
        order[count++] = last_;
    }
    const unsigned index = choices_.choose(count);
    preemptions_ += interrupts && index > 0 ? 1 : 0;
    return order[index];
}

// --- by chance
// --------------------------------------------------------------------------------------

void engine::draw_priorities()
{
    change_points_.clear();
    for (unsigned i = 0; i < options_.priority_changes; ++i) {
        change_points_.push_back(static_cast<unsigned>(choices_.random_number() % (longest_ + 1U)));
    }
    for (thread& each : threads_) {
        each.priority = static_cast<std::int64_t>(choices_.random_number() >> 2U);
    }
}

thread_id engine::choose_by_chance(unsigned enabled)
{
    std::array<thread_id, max_threads> order{};
    unsigned count = 0;
    unsigned wanted = 0;
    for (const unsigned point : change_points_) {
        if (point == steps_) {
            threads_[last_].priority = -static_cast<std::int64_t>(steps_);
        }
    }
    for (thread_id i = 1; i < thread_count_; ++i) {
        if ((enabled & bit(i)) == 0) {
            continue;
        }
        if (threads_[i].yielded) {
            threads_[i].priority = -static_cast<std::int64_t>(steps_);
        }
        if (threads_[i].priority > threads_[order[wanted]].priority) {
            wanted = count;
        }
        order[count++] = i;
    }
    if (options_.mode == search::random && options_.replay.empty()) {
        wanted = static_cast<unsigned>(choices_.random_number() % count);
    }
    return order[choices_.choose(count, wanted)];
}

// --- nobody can go
// ----------------------------------------------------------------------------------

/// A waiting loop gets another round, in case it counts them; then time passes for those who wait
/// for a time. If neither is there, nobody ever goes on: false, or a failure.
bool engine::break_silence()
{
    for (thread_id i = 1; i < thread_count_; ++i) {
        thread& who = threads_[i];
        if (who.idle_since != stores_) {
            who.idle_rounds = 0;
            who.idle_since = stores_;
        }
        if (who.now == state::paused && who.idle_rounds < most_idle_rounds) {
            ++who.idle_rounds;
            who.now = state::ready;
            who.pending.what = action::local;
            return true;
        }
    }
    std::array<thread_id, max_threads> timed{};
    unsigned count = 0;
    for (thread_id i = 1; i < thread_count_; ++i) {
        if (threads_[i].now == state::asleep && threads_[i].timed) {
            timed[count++] = i;
        }
    }
    if (count > 0) {
        if (++silences_ > most_silences) {
            fail_here("nothing goes on but by time-outs, for ever");
        }
        const thread_id chosen = timed[choices_.choose(count)];
        static_cast<void>(start(chosen));
        threads_[chosen].pending.what = action::local;
        return true;
    }
    if (!options_.may_block) {
        deadlock();
    }
    return false;
}

std::string engine::describe(thread_id number) const
{
    const thread& who = threads_[number];
    const std::string name = "thread " + std::to_string(number);
    const std::string line = " (" + to_string(who.pending.from) + ")";
    switch (who.now) {
    case state::ready: return name + " wants a mutex" + line;
    case state::paused: return name + " waits for a change" + line;
    case state::asleep: return name + " sleeps" + line;
    case state::dead: return name + " is dead";
    case state::joining:
    case state::done: break;
    }
    return name + " has ended";
}

void engine::deadlock()
{
    std::string sentence = "deadlock:";
    for (thread_id i = 1; i < thread_count_; ++i) {
        sentence += (i == 1 ? " " : ", ") + describe(i);
    }
    fail_here(sentence);
}

} // namespace gregor::model
