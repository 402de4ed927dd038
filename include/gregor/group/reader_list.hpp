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
        if (p.value < readers_.size() && readers_[p.value]->id() == p) {
            return readers_[p.value]; // all partitions are assigned
        }
        for (Reader* const each : readers_) {
            if (each->id() == p) {
                return each;
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
        for (std::size_t i = readers_.size() - 1;
             i != 0 && made->id().value < readers_[i - 1]->id().value; --i) {
            readers_[i] = readers_[i - 1];
            readers_[i - 1] = made;
        }
    }

    template <class Which>
    void remove_if(const Which& which) noexcept
    {
        std::size_t kept = 0;
        for (std::size_t i = 0; i != readers_.size(); ++i) {
            if (which(*readers_[i])) {
                delete readers_[i];
            } else {
                readers_[kept++] = readers_[i];
            }
        }
        while (readers_.size() != kept) {
            readers_.pop_back();
        }
        rotation_.restart(readers_);
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
