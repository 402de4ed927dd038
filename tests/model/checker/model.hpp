// SPDX-License-Identifier: MIT
#pragma once

// A bounded model checker for code written against `Env`.
//
//     const auto found = model::explore({.preemptions = 2}, [](model::run& run) {
//         auto ring = std::make_shared<some_ring<model::env>>();
//         run.thread([=] { ring->send(1); });
//         run.thread([=] { model::check(ring->poll() <= 1, "what is polled was sent"); });
//         run.after([=] { model::outcome(ring->size()); });
//     });
//
// The program runs once for each combination of choices: which thread takes the next step, which
// store a load reads, where in the order of stores to its location a store goes, when a timed wait
// ends, and whatever the program itself chooses (`choose`, `may_throw`, `may_die`,
// `mortal_thread`). Threads are fibers on one thread of the machine; memory that the program
// allocates is gone when it ends. A failure comes with the story of its steps, and with a text that
// replays it (`options::replay`).
//
// What is explored
//   * All executions that RC11 (the memory model of C++20, as repaired by Lahav et al., PLDI 2017)
//     allows, but for those listed below. Without a bound on preemptions, executions that differ
//     only in the order of steps that nobody can tell apart run once.
//   * Weak memory: release and acquire, release sequences, fences, reads of older values, stores
//   that
//     take effect later than others of other threads.
//   * `heavy()` and `light()` as P1202 has them: of a light and a heavy fence one is first, and
//   what
//     came before it is visible to what comes after the other. Two light fences order nothing. A
//     thread that forgets `light()` is not reached by `heavy()`. No asymmetric fence is a
//     happens-before: `cell` reports the data race that it would hide.
//   * Data races on `cell`, reads of values never written or moved away, broken lifetimes.
//   * Deadlocks: everybody waits for a mutex, sleeps on a word, or paused after looking at values
//   that
//     nobody changes any more. So a lost wake-up is a deadlock, unless its sleep is timed.
//
// What is not
//   * Load buffering: a load never reads a store that comes later in time, although C++ allows it
//   for
//     relaxed operations and arm64 does it for independent ones. (No protocol of ours can be hurt
//     by it without an acquire or a dependency that forbids it.)
//   * The order of sequentially consistent operations is the order of time. C++20 also allows
//   orders
//     against a relaxed reads-from: `x.store(1, seq_cst); y.store(1, relaxed)` beside a thread that
//     reads y == 1 relaxed and then x == 0 with seq_cst. Such a reader is not found.
//   * `consume` is acquire. Weak compare-exchanges fail for nothing, and sleepers wake for nothing,
//   only
//     as often as the options say (by default never).
//   * `pause()` and `yield()`: a loop that waits is cut short. A thread that has met the newest
//   value of
//     everything it looked at goes on only when one of them is replaced (or nobody else can go on;
//     or `options::free_pauses`); one that has met older values meets a newer one of them next. A
//     loop that counts its rounds before it does something else needs `free_pauses` to do it early.
//   * More than `max_threads` threads, `max_locations` atomics, 8 bytes an atomic; mixed sizes;
//   volatile. * The operating system: time-outs happen at any time, in any order, but no clock
//   runs.
//
// Use it from one thread. ThreadSanitizer and AddressSanitizer do not know its fibers.

#include "model/checker/atomic.hpp"
#include "model/checker/cell.hpp"
#include "model/checker/env.hpp"
#include "model/checker/explore.hpp"
