// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>

#include "gregor/base/config.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// What stands in a slot: which sequence, and whether it is a record. Beside the slots, not in
/// them, so that no slot grows and a topic with one producer never touches them.
///
/// Threads   publish: the one that owns the sequence; look: any
/// Progress  wait-free
///
/// Edges
///   (1) -> (2)  the record, whole, before its stamp is seen
template <class Seq, class Env>
class stamps {
    using atomic_word = typename Env::template atomic<word_t<Seq>>;

public:
    enum : unsigned { nothing = 0, record = 1, skipped = 2 };

    /// Only where producers share the ring.
    static constexpr bool always = false;

    stamps() = default;
    stamps(const stamps&) = delete;
    stamps& operator=(const stamps&) = delete;
    ~stamps() { delete[] words_; }

    /// Room for `capacity` (a power of two) stamps that say nothing; once. Throws std::bad_alloc.
    void allocate(Seq capacity)
    {
        words_ = new atomic_word[static_cast<std::size_t>(capacity)]{};
        mask_ = static_cast<Seq>(capacity - 1);
    }

    void publish(Seq sequence, unsigned what) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        at(sequence).store(pack(sequence, what), std::memory_order_release);
    }

    /// What the sequence is: `nothing` as long as it is not published, or was overwritten.
    [[nodiscard]] unsigned look(Seq sequence) const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        const auto word = at(sequence).load(std::memory_order_acquire);
        return sequence_in<Seq>(word) == sequence ? flags_in(word) : unsigned{nothing};
    }

private:
    [[nodiscard]] atomic_word& at(Seq sequence) const noexcept
    {
        return words_[static_cast<std::size_t>(sequence & mask_)];
    }

    atomic_word* words_ = nullptr;
    Seq mask_ = 0;
};

} // namespace gregor::inline GREGOR_ABI::ring
