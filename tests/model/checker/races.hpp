// SPDX-License-Identifier: MIT
#pragma once

#include "model/checker/basics.hpp"
#include "model/checker/memory.hpp"

namespace gregor::model {

/// Watches over memory that is not atomic, by address: accesses of which none happens before the
/// other, at least one of them writing, are a data race. It asks clocks alone, so it finds a race
/// in whatever order the two run, and no fence without a release and an acquire hides one.
class races {
public:
    explicit races(const memory& all) : memory_(all) {}

    void reset();

    /// An object begins, with a value or without one; is read; written; its value is moved away;
    /// ends.
    void begin(thread_id by, const void* object, bool with_value, place from);
    void read(thread_id by, const void* object, place from);
    void write(thread_id by, const void* object, place from);
    void move_from(thread_id by, const void* object, place from);
    void end(thread_id by, const void* object, place from);

    /// Objects that have begun and not ended.
    [[nodiscard]] unsigned alive() const { return alive_; }

private:
    enum class state { absent, empty, full, moved };

    struct shadow {
        const void* object = nullptr;
        std::uint32_t age = 0; ///< the execution that it belongs to
        state now = state::absent;
        thread_id writer = 0;
        std::uint32_t written = 0; ///< on its writer's clock
        place write_place;
        std::array<std::uint32_t, max_threads> reads{};
        std::array<place, max_threads> read_places{};
    };

    [[nodiscard]] shadow& of(const void* object);
    [[nodiscard]] shadow& existing(const void* object, const char* verb, place from);
    void check_after_write(thread_id by, const shadow& known, const char* verb, place from) const;
    void note_write(thread_id by, shadow& known, const char* verb, place from);
    void grow();

    const memory& memory_;
    outside_vector<shadow> table_;
    std::uint32_t age_ = 0;
    std::size_t used_ = 0;
    unsigned alive_ = 0;
};

} // namespace gregor::model
