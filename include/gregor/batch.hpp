// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/fwd.hpp"
#include "gregor/record.hpp"

namespace gregor::inline GREGOR_ABI {

/// How a poll ended.
enum class poll_status : std::uint8_t {
    records,   ///< there are some
    timed_out, ///< none came in time
    closed,    ///< none will ever come: the topic is closed and read to its end, or the consumer is
    fenced,    ///< the member has lost its partitions
    woken,     ///< somebody called wakeup()
    stopped,   ///< the stop token was triggered
    out_of_range, ///< the position has no record, and auto_offset_reset is none: seek
    corrupt,      ///< the record there is not what was written to the disk: seek beyond it
};

/// What a consumer lends its batches from: the lease of the one in hand. Part of the consumer; kept
/// for the batch's sake when the consumer goes first.
template <class Topic>
struct lender {
    using state_type = typename Topic::state_type;

    typename state_type::place* lease = nullptr; ///< of the batch in hand
    state_type* topic = nullptr;
    void (*drop)(lender&) noexcept = nullptr; ///< called when the last batch outlived the consumer
    bool orphaned = false;

    GREGOR_INLINE void let_go() noexcept
    {
        typename state_type::place& was = *lease;
        lease = nullptr;
        was.set(0, 0);
        // it may be all that held producers back: the cursor has moved on, or is somebody else's
        topic->room_made.notify();
        if (orphaned) [[unlikely]] {
            drop(*this);
        }
    }
};

/// A lease on a run of records of one partition, side by side in the log: nothing is copied,
/// nothing is overwritten until it is let go. Polling while one with records is alive is refused.
///
///     for (const auto& record : in.poll(100ms))
///         use(record.offset(), record.value());
///
/// Threads   one at a time; it may be handed to another thread, which lets go before the next poll
/// Lifetime  may outlive its consumer and its topic. While it lives, producers cannot pass it
/// Cost      random access; iteration is a pointer increment
template <class Topic>
class [[nodiscard]] batch {
public:
    using value_type = record<Topic>;
    using slot_type = typename Topic::slot_type;
    using layout = typename Topic::layout;
    using blobs_type = typename Topic::blobs_type;

    class iterator {
    public:
        using iterator_category = std::random_access_iterator_tag;
        using value_type = record<Topic>;
        using difference_type = std::ptrdiff_t;
        using reference = record<Topic>;
        using pointer = void;

        iterator() = default;
        iterator(slot_type* slot, offset_t offset, partition_id partition,
                 blobs_type blobs) noexcept
            : slot_(slot), offset_(offset), partition_(partition), blobs_(blobs)
        {
        }

        reference operator*() const noexcept
        {
            typename Topic::stored_type& there = *slot_;
            return {&there, offset_, partition_, blobs_};
        }
        reference operator[](difference_type n) const noexcept { return *(*this + n); }

        iterator& operator++() noexcept { return *this += 1; }
        iterator operator++(int) noexcept
        {
            iterator old = *this;
            *this += 1;
            return old;
        }
        iterator& operator--() noexcept { return *this -= 1; }
        iterator operator--(int) noexcept
        {
            iterator old = *this;
            *this -= 1;
            return old;
        }
        iterator& operator+=(difference_type n) noexcept
        {
            slot_ += n;
            offset_ += static_cast<offset_t>(n);
            return *this;
        }
        iterator& operator-=(difference_type n) noexcept { return *this += -n; }
        friend iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
        friend iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
        friend iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
        friend difference_type operator-(const iterator& a, const iterator& b) noexcept
        {
            return a.slot_ - b.slot_;
        }
        friend bool operator==(const iterator& a, const iterator& b) noexcept
        {
            return a.slot_ == b.slot_;
        }
        friend auto operator<=>(const iterator& a, const iterator& b) noexcept
        {
            return a.slot_ <=> b.slot_;
        }

    private:
        slot_type* slot_ = nullptr;
        offset_t offset_ = 0;
        partition_id partition_;
        GREGOR_NO_UNIQUE_ADDRESS blobs_type blobs_;
    };

    explicit batch(poll_status why) noexcept : status_(why) {}
    batch(lender<Topic>& owner, slot_type* run, std::size_t count, offset_t first,
          partition_id partition, std::uint64_t missed, blobs_type blobs) noexcept
        : owner_(&owner), slots_(run), count_(count), first_(first), missed_(missed),
          partition_(partition), status_(poll_status::records), blobs_(blobs)
    {
    }

    batch(const batch&) = delete;
    batch& operator=(const batch&) = delete;
    batch(batch&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), slots_(other.slots_),
          count_(std::exchange(other.count_, 0)), first_(other.first_), missed_(other.missed_),
          partition_(other.partition_), status_(other.status_), blobs_(other.blobs_)
    {
    }
    batch& operator=(batch&& other) noexcept
    {
        if (this != &other) {
            let_go();
            owner_ = std::exchange(other.owner_, nullptr);
            slots_ = other.slots_;
            count_ = std::exchange(other.count_, 0);
            first_ = other.first_;
            missed_ = other.missed_;
            partition_ = other.partition_;
            status_ = other.status_;
            blobs_ = other.blobs_;
        }
        return *this;
    }
    GREGOR_INLINE ~batch() { let_go(); }

    /// Ends the lease before the object goes: the records may be overwritten.
    GREGOR_INLINE void let_go() noexcept
    {
        if (owner_ != nullptr) {
            count_ = 0;
            lender<Topic>& owner = *owner_;
            owner_ = nullptr;
            owner.let_go();
        }
    }

    [[nodiscard]] poll_status status() const noexcept { return status_; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

    [[nodiscard]] iterator begin() const& noexcept { return {slots_, first_, partition_, blobs_}; }
    [[nodiscard]] iterator end() const& noexcept
    {
        return begin() + static_cast<std::ptrdiff_t>(count_);
    }
    iterator begin() const&& = delete;
    iterator end() const&& = delete;

    [[nodiscard]] value_type operator[](std::size_t i) const& noexcept
    {
        GREGOR_DEBUG_ASSERT(i < count_, "batch[i] was asked beyond its end");
        typename Topic::stored_type& there = slots_[i];
        return {&there, first_ + i, partition_, blobs_};
    }
    [[nodiscard]] value_type front() const& noexcept { return (*this)[0]; }
    [[nodiscard]] value_type back() const& noexcept { return (*this)[count_ - 1]; }
    value_type operator[](std::size_t) const&& = delete;
    value_type front() const&& = delete;
    value_type back() const&& = delete;

    /// The values side by side, where a slot is its value and nothing else.
    [[nodiscard]] std::span<const typename Topic::value_type> values() const& noexcept
        requires(Topic::bare)
    {
        return {count_ == 0 ? nullptr : &slots_->value, count_};
    }
    std::span<const typename Topic::value_type> values() const&& = delete;

    /// The topic that they are of, as long as the batch is in hand; empty without records.
    [[nodiscard]] std::string_view topic() const& noexcept
    {
        return owner_ != nullptr ? std::string_view{owner_->topic->name} : std::string_view{};
    }
    std::string_view topic() const&& = delete;
    /// Which partition they are of.
    [[nodiscard]] partition_id partition() const noexcept { return partition_; }
    /// The offset of the first, and the position behind the last.
    [[nodiscard]] offset_t begin_offset() const noexcept { return first_; }
    [[nodiscard]] offset_t next_offset() const noexcept { return first_ + count_; }
    /// How many offsets before this batch were overwritten before they could be read. Each is told
    /// once: by the next reader of the partition, where the last one went before it was told.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

private:
    lender<Topic>* owner_ = nullptr;
    slot_type* slots_ = nullptr;
    std::size_t count_ = 0;
    offset_t first_ = 0;
    std::uint64_t missed_ = 0;
    partition_id partition_;
    poll_status status_;
    GREGOR_NO_UNIQUE_ADDRESS blobs_type blobs_;
};

} // namespace gregor::inline GREGOR_ABI
