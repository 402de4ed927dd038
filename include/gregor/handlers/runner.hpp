// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/handlers/options.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a runner does, whatever the topic and the handler are.
class runner_core {
public:
    runner_core() = default;
    runner_core(const runner_core&) = delete;
    runner_core& operator=(const runner_core&) = delete;
    virtual ~runner_core() = default;

    virtual void set_members(std::size_t n) = 0;
    virtual void request_stop() noexcept = 0;
    virtual void stop() noexcept = 0;
    virtual bool wait(std::chrono::nanoseconds timeout) = 0;
    [[nodiscard]] virtual std::size_t members() const = 0;
    [[nodiscard]] virtual run_counts counts() const = 0;
    [[nodiscard]] virtual std::exception_ptr error() const = 0;
    [[nodiscard]] virtual std::exception_ptr last_failure() const = 0;
};

/// Threads that call a handler for what comes: what `run` and `run_keyed` return.
///
///     auto work = gregor::run(trades, "risk", [](const auto& record) { use(record.value()); },
///                             {.members = 2, .retry = {.attempts = 3}});
///     work.set_members(4);
///     work.wait();                                   // until the topic is closed, and all is done
///
/// Threads   any, but for moving it and its end; a handler may call what does not wait
/// Progress  stop, wait and the destructor wait for handlers that are being called
/// Errors    what stopped it comes out of `wait`; a thread or a member that cannot be had is a
///           gregor::error, and leaves things as they were
/// Lifetime  the destructor stops it. The topic stays where it is as long as members are added
class runner {
public:
    explicit runner(std::unique_ptr<runner_core> core) noexcept : core_(core.release()) {}

    runner(runner&&) noexcept = default;
    /// Stops what it was before.
    runner& operator=(runner&&) noexcept = default;
    /// As `stop`. Not in a handler.
    ~runner() = default;

    // --- while it runs ---------------------------------------------------------------------------

    /// So many threads from now on, 1 to 1024. New ones have joined when it returns; those that are
    /// too many finish the record they are at (a `run_keyed` member: all that it has begun), and
    /// leave. After a stop it does nothing.
    void set_members(std::size_t n) { core_->set_members(n); }

    // --- the end ---------------------------------------------------------------------------------

    /// Tells it to stop, and waits until it has: each thread finishes the record it is at, or, with
    /// `run_options::drain`, all that was sent until now as far as the time suffices. What is
    /// handled is committed, all else is delivered to whoever reads for the group next.
    void stop() noexcept { core_->stop(); }
    /// Tells it to stop, and returns at once.
    void request_stop() noexcept { core_->request_stop(); }

    /// Waits until the topic is closed and everything handled, or the runner was stopped. Throws
    /// what it was stopped by, if it was an error.
    void wait()
    {
        core_->wait(no_timeout);
        rethrow();
    }
    /// As `wait`, so long at most by the topic's clock; false when the time was up first.
    bool wait_for(std::chrono::nanoseconds timeout)
    {
        const bool over = core_->wait(timeout);
        if (over) {
            rethrow();
        }
        return over;
    }

    // --- observers: snapshots --------------------------------------------------------------------

    /// Threads that have not ended, and were not told to.
    [[nodiscard]] std::size_t members() const { return core_->members(); }
    [[nodiscard]] run_counts counts() const { return core_->counts(); }
    /// What stopped it; null where that was no error.
    [[nodiscard]] std::exception_ptr error() const { return core_->error(); }
    /// What went wrong last, whatever came of it: as a rule what a handler threw.
    [[nodiscard]] std::exception_ptr last_failure() const { return core_->last_failure(); }

private:
    struct end {
        void operator()(runner_core* core) const noexcept
        {
            core->stop();
            delete core;
        }
    };

    void rethrow() const
    {
        if (const std::exception_ptr why = core_->error()) {
            std::rethrow_exception(why);
        }
    }

    std::unique_ptr<runner_core, end> core_;
};

} // namespace gregor::inline GREGOR_ABI
