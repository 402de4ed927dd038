// SPDX-License-Identifier: MIT
#pragma once

namespace gregor::model::arena {

// While the program under test runs, `operator new` takes from here, and all of it is let go at the
// end of the execution. A thread that dies or waits for ever cannot free what it holds.

/// From here on `operator new` takes from the arena, or from the heap again. Says what it did
/// before.
bool use(bool on) noexcept;

/// Everything in it is gone.
void reset() noexcept;

/// For what has to live longer than the execution, in the program under test.
class outside {
public:
    outside() noexcept : before_(use(false)) {}
    ~outside() { use(before_); }
    outside(const outside&) = delete;
    outside& operator=(const outside&) = delete;

private:
    bool before_;
};

} // namespace gregor::model::arena
