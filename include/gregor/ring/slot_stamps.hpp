// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>

#include "gregor/base/config.hpp"
#include "gregor/ring/sequence.hpp"

namespace gregor::inline GREGOR_ABI::ring {

/// Stamps that lie in the slots, at the beginning of each, and are stored for every sequence,
/// whoever publishes it: what they say outlives the process where the slots do. A stamp is of the
/// sequence after its own, so that memory of zeros says nothing of any.
///
/// Threads   publish: the one that owns the sequence; look: any
/// Progress  wait-free
///
/// Edges
///   (1) -> (2)  the record, whole, before its stamp is seen; by another process, too, that looks
///               when this one is dead
template <class Seq, class Env>
class slot_stamps {
    using atomic_word = typename Env::template atomic<word_t<Seq>>;

public:
    enum : unsigned { nothing = 0, record = 1, skipped = 2 };

    /// Each sequence is stamped; from first to last, so that of a batch a beginning outlives who
    /// is killed over it.
    static constexpr bool always = true;

    /// Where the slots lie: `capacity` (a power of two) of them, so many bytes apart.
    slot_stamps(void* first, std::size_t stride, Seq capacity) noexcept
        : first_(static_cast<std::byte*>(first)), stride_(stride),
          mask_(static_cast<Seq>(capacity - 1))
    {
    }

    void publish(Seq sequence, unsigned what) noexcept
    {
        // (1) release-store, synchronizes-with the acquire-load (2)
        at(sequence).store(pack(plus(sequence, 1), what), std::memory_order_release);
    }

    /// What the sequence is: `nothing` as long as it is not published, or where something else lies
    /// in its place.
    [[nodiscard]] unsigned look(Seq sequence) const noexcept
    {
        // (2) acquire-load, synchronizes-with the release-store (1)
        const auto word = at(sequence).load(std::memory_order_acquire);
        return sequence_in<Seq>(word) == plus(sequence, 1) ? flags_in(word) : unsigned{nothing};
    }

private:
    [[nodiscard]] atomic_word& at(Seq sequence) const noexcept
    {
        return *reinterpret_cast<atomic_word*>(first_ + static_cast<std::size_t>(sequence & mask_) *
                                                            stride_);
    }

    std::byte* first_;
    std::size_t stride_;
    Seq mask_;
};

} // namespace gregor::inline GREGOR_ABI::ring
