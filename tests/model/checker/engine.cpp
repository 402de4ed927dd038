// SPDX-License-Identifier: MIT
#include "model/checker/engine.hpp"

#include <cstdio>
#include <exception>
#include <sstream>

#include "model/checker/arena.hpp"
#include "model/checker/explore.hpp"

namespace gregor::model {
namespace {

decisions::source source_for(const options& asked)
{
    if (!asked.replay.empty()) {
        return decisions::source::replay;
    }
    return asked.mode == search::exhaustive ? decisions::source::depth_first
                                            : decisions::source::random;
}

template <std::size_t N>
std::string to_text(const std::bitset<N>& bits)
{
    std::string text;
    for (std::size_t i = 0; i < N; i += 4) {
        const unsigned digit = (bits[i] ? 1U : 0U) | (bits[i + 1] ? 2U : 0U) |
                               (bits[i + 2] ? 4U : 0U) | (bits[i + 3] ? 8U : 0U);
        text += "0123456789abcdef"[digit];
    }
    return text.substr(0, text.find_last_not_of('0') + 1);
}

template <std::size_t N>
bool from_text(const std::string& text, std::bitset<N>& bits)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t digit = std::string("0123456789abcdef").find(text[i]);
        if (digit == std::string::npos || i * 4 >= N) {
            return false;
        }
        for (std::size_t b = 0; b < 4; ++b) {
            bits[i * 4 + b] = ((digit >> b) & 1U) != 0;
        }
    }
    return true;
}

} // namespace

void fail(const std::string& sentence)
{
    if (engine::running() == nullptr) {
        std::fprintf(stderr, "model: %s, outside of an exploration\n", sentence.c_str());
        std::abort();
    }
    engine::running()->fail_here(sentence);
}

std::string result::report() const
{
    std::ostringstream text;
    text << executions << " executions";
    if (redundant != 0) {
        text << " and " << redundant << " redundant ones";
    }
    text << ", " << steps << " steps, "
         << (failure.empty() ? exhausted ? "everything explored" : "not exhausted" : "failed");
    for (const auto& [outcome, times] : outcomes) {
        text << "\n  " << times << " x " << outcome;
    }
    if (!failure.empty()) {
        text << "\n" << failure << "\nreplay: " << replay << "\n" << story;
    }
    return text.str();
}

engine::engine(const options& asked)
    : options_(asked), choices_(source_for(asked), asked.seed), memory_(choices_), races_(memory_)
{
}

// --- explorations
// -----------------------------------------------------------------------------------

result engine::explore(const program& what)
{
    program_ = &what;
    result found;
    const auto began = std::chrono::steady_clock::now();
    if (!options_.replay.empty()) {
        replay(options_.replay, found);
        return found;
    }
    for (;;) {
        choices_.rewind();
        execute();
        learn_from_execution(found);
        if (!failure_.empty()) {
            const std::string failure = failure_;
            found.replay = replay_text();
            options told = options_;
            told.replay = found.replay;
            found.story = engine(told).explore(what).story;
            found.failure = failure;
            break;
        }
        if (shared_next_ != shared_) {
            // what was explored so far took too few steps for noticeable ones
            shared_ = shared_next_;
            choices_.forget();
            found.outcomes.clear();
            continue;
        }
        if (options_.mode == search::exhaustive && !choices_.advance()) {
            found.exhausted = true;
            break;
        }
        if (found.executions + found.redundant >= options_.max_executions) {
            break;
        }
    }
    found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return found;
}

void engine::learn_from_execution(result& found)
{
    longest_ = std::max(longest_, steps_);
    found.steps += steps_;
    if (redundant_) {
        ++found.redundant;
        return;
    }
    ++found.executions;
    if (failure_.empty() && !outcome_.empty()) {
        ++found.outcomes[outcome_];
    }
}

std::string engine::replay_text() const
{
    return to_text(shared_) + "." + choices_.encode();
}

void engine::replay(const std::string& text, result& found)
{
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos || !from_text(text.substr(0, dot), shared_) ||
        !choices_.decode(std::string_view(text).substr(dot + 1))) {
        found.failure = "this is no replay: " + text;
        return;
    }
    shared_next_ = shared_;
    told_ = true;
    execute();
    learn_from_execution(found);
    found.failure = failure_;
    found.replay = text;
    found.story = story_;
}

// --- one execution
// ----------------------------------------------------------------------------------

void engine::execute()
{
    arena::reset();
    ++age_;
    memory_.reset();
    races_.reset();
    for (unsigned i = 0; i < thread_count_; ++i) {
        threads_[i].body = nullptr;
    }
    thread_count_ = 1;
    current_ = last_ = 0;
    parallel_ = redundant_ = false;
    afters_.clear();
    asleep_ = preemptions_ = steps_ = silences_ = 0;
    stores_ = 0;
    deaths_left_ = options_.deaths;
    throws_left_ = options_.throws;
    spurious_left_ = options_.spurious_failures;
    users_.fill(0);
    written_.reset();
    names_.fill(nullptr);
    failure_.clear();
    outcome_.clear();
    if (options_.mode == search::pct && options_.replay.empty()) {
        draw_priorities();
    }

    engine* const before = running_;
    running_ = this;
    arena::use(true);
    threads_[0].now = state::ready;
    threads_[0].context.begin(&enter_main);
    fiber::go(home_, threads_[0].context);
    running_ = before;
}

void engine::leave_execution()
{
    arena::use(false);
    fiber::go(threads_[current_].context, home_);
    std::abort(); // nobody goes back into an execution that has ended
}

void engine::fail_here(const std::string& sentence)
{
    arena::use(false);
    failure_ = sentence;
    note(sentence);
    leave_execution();
}

void engine::enter_main()
{
    running_->run_program();
    running_->leave_execution();
}

void engine::enter_thread()
{
    running_->run_thread();
    std::abort(); // the last thing a thread does is to choose another one
}

void engine::run_program()
{
    try {
        run here{*this};
        (*program_)(here);
        for (thread_id i = 1; i < thread_count_; ++i) {
            memory_.spawn(0, i);
        }
        parallel_ = true;
        threads_[0].now = state::joining;
        dispatch();
        parallel_ = false;
        threads_[0].now = state::ready;
        for (thread_id i = 1; i < thread_count_; ++i) {
            memory_.join(0, i);
        }
        for (task* each : afters_) {
            each->go();
        }
        for (task* each : afters_) {
            delete each;
        }
        bool all_done = true;
        for (thread_id i = 1; i < thread_count_; ++i) {
            if (threads_[i].now == state::done) {
                delete threads_[i].body;
            } else {
                all_done = false; // its stack still holds what its body holds
            }
        }
        if (options_.nothing_stays && all_done && races_.alive() > 0) {
            fail_here(std::to_string(races_.alive()) + " objects are never destroyed");
        }
    } catch (const std::exception& error) {
        fail_here(std::string("the main thread ended by an exception: ") + error.what());
    } catch (...) {
        fail_here("the main thread ended by an exception");
    }
}

void engine::run_thread()
{
    thread& mine = threads_[current_];
    try {
        mine.body->go();
    } catch (const std::exception& error) {
        fail_here("thread " + std::to_string(current_) + " ended by an exception: " + error.what());
    } catch (...) {
        fail_here("thread " + std::to_string(current_) + " ended by an exception");
    }
    mine.now = state::done;
    dispatch();
}

void engine::add_thread(task* body, bool mortal)
{
    if (thread_count_ == max_threads) {
        fail_here("the program has too many threads");
    }
    if (parallel_) {
        fail_here("only the main thread starts threads");
    }
    thread& made = threads_[thread_count_++];
    made.body = body;
    made.mortal = mortal;
    made.now = state::ready;
    made.pending = {};
    made.wanted_mutex = nullptr;
    made.yielded = made.retries = false;
    made.timeouts_left = options_.timeouts;
    made.free_pauses_left = options_.free_pauses;
    made.idle_rounds = 0;
    made.watched.touched.reset();
    made.watched_before.touched.reset();
    made.context.begin(&enter_thread);
}

bool engine::finished(thread_id number) const
{
    return threads_[number].now == state::done;
}

// --- the story
// --------------------------------------------------------------------------------------

void engine::note(const std::string& line)
{
    if (told_) {
        const arena::outside here;
        story_ += "  thread " + std::to_string(current_) + "  " + line + "\n";
    }
}

std::string engine::label(location_id location) const
{
    return names_[location] != nullptr ? names_[location] : "#" + std::to_string(location);
}

} // namespace gregor::model
