// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "model/checker/arena.hpp"
#include "model/checker/engine.hpp"
#include "model/checker/options.hpp"

namespace gregor::model {

/// What a program is given to say what its threads are.
class run {
public:
    explicit run(engine& here) : engine_(here) {}

    /// Runs beside the others once the program has said them all; numbered from 1.
    template <class Body>
    void thread(Body body)
    {
        engine_.add_thread(new task_of<Body>{std::move(body)}, false);
    }

    /// One that may die before any of its steps: it then never does anything again, and destroys
    /// nothing.
    template <class Body>
    void mortal_thread(Body body)
    {
        engine_.add_thread(new task_of<Body>{std::move(body)}, true);
    }

    /// Runs alone when all threads have ended, and knows all that they did.
    template <class Body>
    void after(Body body)
    {
        engine_.add_after(new task_of<Body>{std::move(body)});
    }

private:
    template <class Body>
    struct task_of final : task {
        explicit task_of(Body&& what) : body(std::move(what)) {}
        void go() override { body(); }
        Body body;
    };

    engine& engine_;
};

/// Runs the program in every way that the options allow; it must do the same each time that the
/// same choices are made, and reach the outside world only by the functions below.
[[nodiscard]] inline result explore(const options& asked, const engine::program& what)
{
    return engine(asked).explore(what);
}

/// What must hold, as a sentence that says so.
inline void check(bool condition, const char* sentence, place from = place::here())
{
    if (!condition) {
        fail("not so: " + std::string(sentence) + " (" + to_string(from) + ")");
    }
}

/// What came out of this execution; the result counts them.
template <class... Values>
void outcome(const Values&... values)
{
    const arena::outside here;
    std::string text;
    ((text += (text.empty() ? "" : " ") + std::to_string(values)), ...);
    engine::running()->set_outcome(text);
}

/// 0 to count - 1, all of them explored.
[[nodiscard]] inline unsigned choose(unsigned count)
{
    return engine::running()->choose(count);
}

/// What `may_throw` throws.
struct injected : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "injected"; }
};

/// Where the code under test may throw; explored both ways.
inline void may_throw()
{
    if (engine::running() != nullptr && engine::running()->chooses_to_throw()) {
        throw injected{};
    }
}

/// Where the thread may die; explored both ways.
inline void may_die()
{
    engine::running()->may_die();
}

/// In `run::after`: the thread came to its end.
[[nodiscard]] inline bool finished(thread_id thread)
{
    return engine::running()->finished(thread);
}

} // namespace gregor::model
