// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/short_list.hpp"
#include "gregor/base/types.hpp"
#include "gregor/group/rotation.hpp"

namespace gregor::inline GREGOR_ABI {

/// The readers of a consumer, one a partition, which it owns; and whose turn it is among them.
///
/// Threads   the consumer's; readers come and go under the topic's mutex, as their places do
/// Cost      find: one look where all partitions are there, else one at each
template <class Reader>
class reader_list {
public:
    reader_list() = default;
    reader_list(const reader_list&) = delete;
    reader_list& operator=(const reader_list&) = delete;
    ~reader_list()
    {
        for (Reader* const each : readers_) {
            delete each;
        }
    }

    /// In the order of their partitions, or in that of the assignment.
    [[nodiscard]] const short_list<Reader*>& all() const noexcept { return readers_; }

    [[nodiscard]] Reader* find(partition_id p) const noexcept
    {
        Reader* const* const all = readers_.begin();
        const std::size_t count = readers_.size();
        if (p.value < count && all[p.value]->id().value == p.value) {
            return all[p.value]; // all partitions are assigned
        }
        for (std::size_t i = 0; i != count; ++i) {
            if (all[i]->id().value == p.value) {
                return all[i];
            }
        }
        return nullptr;
    }

    /// So many more can be added after that, without memory.
    void reserve(std::size_t more) { readers_.reserve(readers_.size() + more); }
    void append(Reader* made) noexcept
    {
        readers_.push_back(made);
        rotation_.enter(*made);
    }
    /// In the order of partitions.
    void insert(Reader* made) noexcept
    {
        append(made);
        Reader** const all = readers_.begin();
        for (std::size_t i = readers_.size() - 1;
             i != 0 && made->id().value < all[i - 1]->id().value; --i) {
            all[i] = all[i - 1];
            all[i - 1] = made;
        }
    }

    template <class Which>
    void remove_if(const Which& which) noexcept
    {
        rotation_.restart();
        Reader** const all = readers_.begin();
        const std::size_t count = readers_.size();
        readers_.clear();
        for (std::size_t i = 0; i != count; ++i) {
            if (which(*all[i])) {
                delete all[i];
            } else {
                append(all[i]); // there is room
            }
        }
    }

    void swap(reader_list& other) noexcept
    {
        readers_.swap(other.readers_);
        std::swap(rotation_, other.rotation_);
    }

    /// Whose turn it is, among `all`.
    [[nodiscard]] rotation<Reader>& turns() noexcept { return rotation_; }
    void pause(Reader& r) noexcept { rotation_.pause(r); }
    void resume(Reader& r) noexcept { rotation_.resume(r); }

private:
    short_list<Reader*> readers_;
    rotation<Reader> rotation_;
};

} // namespace gregor::inline GREGOR_ABI
