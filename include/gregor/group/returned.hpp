// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// The readers whose records were returned and not committed: a list through the readers, so that
/// it takes no memory. A `Reader` has a `mark`, which is the list's.
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
        if (!reader.returned.is_set) {
            reader.returned = {std::exchange(first_, &reader), true};
        }
    }

    /// There is one.
    [[nodiscard]] Reader& take() noexcept
    {
        Reader& reader = *std::exchange(first_, first_->returned.next);
        reader.returned.is_set = false;
        return reader;
    }

    template <class Which>
    void remove_if(Which&& which) noexcept
    {
        for (Reader** link = &first_; *link != nullptr;) {
            if (which(**link)) {
                (*link)->returned.is_set = false;
                *link = (*link)->returned.next;
            } else {
                link = &(*link)->returned.next;
            }
        }
    }

private:
    Reader* first_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI
