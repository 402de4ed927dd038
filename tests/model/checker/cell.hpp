// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "model/checker/engine.hpp"

namespace gregor::model {

/// A value in memory that is not atomic. Reports data races, reads of what was never written or was
/// moved away, and objects that are destroyed twice or built over live ones.
template <class T>
class cell {
public:
    cell(place from = place::here()) noexcept : value_() { begin(false, from); }
    cell(T value, place from = place::here()) noexcept : value_(std::move(value))
    {
        begin(true, from);
    }
    cell(const cell& other, place from = place::here()) noexcept : value_(other.get(from))
    {
        begin(true, from);
    }
    cell(cell&& other, place from = place::here()) noexcept : value_(other.take(from))
    {
        begin(true, from);
    }
    cell& operator=(const cell& other) noexcept
    {
        set(other.get());
        return *this;
    }
    cell& operator=(cell&& other) noexcept
    {
        set(other.take());
        return *this;
    }
    ~cell()
    {
        if (engine* const now = engine::running()) {
            now->plain_memory().end(now->current(), this, place{"~cell", 0});
        }
    }

    [[nodiscard]] const T& get(place from = place::here()) const noexcept
    {
        if (engine* const now = engine::running()) {
            now->plain_memory().read(now->current(), this, from);
        }
        return value_;
    }

    void set(T value, place from = place::here()) noexcept
    {
        if (engine* const now = engine::running()) {
            now->plain_memory().write(now->current(), this, from);
        }
        value_ = std::move(value);
    }

    /// Moves the value away.
    [[nodiscard]] T take(place from = place::here()) noexcept
    {
        if (engine* const now = engine::running()) {
            now->plain_memory().move_from(now->current(), this, from);
        }
        return std::move(value_);
    }

private:
    void begin(bool with_value, place from) noexcept
    {
        if (engine* const now = engine::running()) {
            now->plain_memory().begin(now->current(), this, with_value, from);
        }
    }

    T value_;
};

} // namespace gregor::model
