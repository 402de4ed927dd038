// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// The readers whose records were returned and not committed: one that stands by itself, for
/// seldom is there another, and a list through the others, so that it takes no memory. A `Reader`
/// has a `mark`, which is the list's.
///
/// Threads   the consumer's
template <class Reader>
class returned_list {
public:
    /// A reader's part of it.
    struct mark {
        Reader* next = nullptr;
        bool is_set = false;
    };

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

    void add(Reader& reader) noexcept
    {
        if (first_ == nullptr) {
            first_ = &reader;
        } else if (first_ != &reader) [[unlikely]] {
            add_another(reader);
        }
    }

    /// This one, and no other.
    [[nodiscard]] bool is_just(const Reader& reader) const noexcept
    {
        return first_ == &reader && others_ == nullptr;
    }

    /// There is one.
    [[nodiscard]] Reader& take() noexcept
    {
        Reader& reader = *first_;
        first_ = nullptr;
        if (others_ != nullptr) {
            move_up();
        }
        return reader;
    }

    /// Where it is the first one, it goes.
    void remove_first(const Reader& reader) noexcept
    {
        if (first_ == &reader) {
            static_cast<void>(take());
        }
    }

    template <class Which>
    void remove_if(const Which& which) noexcept
    {
        returned_list kept;
        while (!empty()) {
            if (Reader& reader = take(); !which(reader)) {
                kept.add(reader);
            }
        }
        *this = kept;
    }

private:
    GREGOR_NOINLINE void add_another(Reader& reader) noexcept
    {
        if (!reader.returned.is_set) {
            reader.returned = {others_, true};
            others_ = &reader;
        }
    }

    GREGOR_NOINLINE void move_up() noexcept
    {
        first_ = others_;
        others_ = others_->returned.next;
        first_->returned.is_set = false;
    }

    Reader* first_ = nullptr;  // not marked
    Reader* others_ = nullptr; // where there is a first one
};

} // namespace gregor::inline GREGOR_ABI
