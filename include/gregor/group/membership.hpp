// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/consumer_group.hpp"
#include "gregor/log/group_state.hpp"
#include "gregor/options.hpp"

namespace gregor::inline GREGOR_ABI {

enum class commit_status : std::uint8_t {
    ok,
    fenced,            ///< the member was away for too long, and has lost its partitions
    not_assigned,      ///< the consumer does not own the partition (any more)
    out_of_range,      ///< beyond the end of the log
    metadata_too_long, ///< a log on disk has room for 1000 bytes; nothing is committed
};

/// A consumer's part in its group: whether there is something to act upon, and what. A consumer
/// without a group has an empty one.
///
/// Threads   the consumer's; where it says so, under the topic's mutex
/// Cost      inside, has_news: two plain stores and a load a call
template <class Topic>
class membership {
public:
    using state_type = typename Topic::state_type;
    using group_type = typename state_type::group_type;
    using member_type = typename group_type::member;
    using share_type = typename group_type::share;

    membership() = default;
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;
    ~membership() { forget(); }

    /// Joins. Under the mutex; nothing is read yet.
    void join(state_type& state, group_type& group, const consumer_terms& options)
    {
        self_ = join_group(group, options, state.time.steady_now());
        group_ = &group;
        ++group.users;
        seen_ = 0;
        state.fence_absent = &fence_absent;
    }

    [[nodiscard]] explicit operator bool() const noexcept { return self_ != nullptr; }
    [[nodiscard]] group_type& group() const noexcept { return *group_; }
    /// It has left: there may be no group any more.
    [[nodiscard]] bool has_left() const noexcept { return self_ != nullptr && group_ == nullptr; }

    /// Marks the consumer as being in one of its calls: nothing is taken from it meanwhile. It is
    /// in one already where its listener calls it.
    class inside {
    public:
        GREGOR_INLINE explicit inside(membership& m, bool already = false) noexcept
            : of_(m), already_(already)
        {
            if (member_type* const self = of_.self_; !already_ && self != nullptr) [[likely]] {
                self->enter();
                news_ = self->orders() != of_.seen_;
            }
        }
        inside(const inside&) = delete;
        inside& operator=(const inside&) = delete;
        GREGOR_INLINE ~inside()
        {
            if (!already_ && of_.self_ != nullptr) [[likely]] {
                of_.self_->leave();
            }
        }

        /// There was something to act upon on the way in.
        [[nodiscard]] bool found_news() const noexcept { return news_; }

    private:
        membership& of_;
        const bool already_;
        bool news_ = false;
    };

    /// There is something that `acknowledge` has not seen yet. While inside.
    [[nodiscard]] bool has_news() const noexcept
    {
        return self_ != nullptr && self_->orders() != seen_;
    }

    /// Whether the member is still one, and its partition still its own, if one is named. While
    /// inside, so that it stays so.
    template <class Mutex>
    [[nodiscard]] commit_status standing(Mutex& mutex, const partition_id* p = nullptr) const
    {
        if (!has_news()) [[likely]] {
            return commit_status::ok;
        }
        const std::lock_guard lock{mutex};
        if (self_->fenced) {
            return commit_status::fenced;
        }
        return p == nullptr || owns(*p) ? commit_status::ok : commit_status::not_assigned;
    }

    // --- under the mutex, while inside -----------------------------------------------------------

    /// What is looked at from here on is what was ordered so far.
    void acknowledge() noexcept { seen_ = self_->orders(); }

    [[nodiscard]] bool fenced() const noexcept { return self_->fenced; }
    [[nodiscard]] share_type& share(partition_id p) const { return group_->shares[p.value]; }
    [[nodiscard]] bool owns(partition_id p) const { return share(p).owner == self_; }
    [[nodiscard]] bool keeps(partition_id p) const { return share(p).target == self_; }

    /// Says who is to read what, where that is not said yet.
    void settle()
    {
        if (group_->stale) {
            rebalance(*group_);
        }
    }

    /// The partition is to be this member's, and can be.
    [[nodiscard]] bool may_take(const share_type& its) const
    {
        return its.target == self_ && its.owner != self_ && lies_idle(*group_, its);
    }
    /// Where to go on, if the cursor does not say.
    [[nodiscard]] offset_t left_at(const share_type& its) const
    {
        const bool idle = its.owner != nullptr; // who owns it, from whom it is taken
        return idle && group_->lossy ? *its.position : its.resume;
    }
    template <class Reader>
    void take(share_type& its, const Reader& reader) noexcept
    {
        its.owner = self_;
        its.lease = &reader.lease();
        its.position = reader.position_place();
        its.missed = reader.missed_place();
        its.resume = no_such_offset;
        its.untold = {};
    }

    /// What a fenced member still held in the call that it was in when it was fenced is free now.
    void give_back_all() noexcept { take_from_fenced(*group_, self_); }

    /// Tells who waits for it that a partition is free. No news to this member itself.
    void tell_targets() noexcept
    {
        const bool knew_all = !has_news();
        order_all(*group_);
        if (knew_all) {
            acknowledge();
        }
    }

    /// A fenced member takes part again, as a new one.
    void rejoin(state_type& state, const consumer_terms& options)
    {
        member_type* const again = join_group(*group_, options, state.time.steady_now());
        self_->leave();
        self_->let_go();
        self_ = again;
        self_->enter();
        seen_ = 0;
    }

    /// After it has left: it was a member of nothing.
    void forget() noexcept
    {
        if (self_ != nullptr) {
            self_->let_go();
            self_ = nullptr;
        }
    }

    /// The group may be removed from here on.
    void leave() noexcept
    {
        leave_group(*group_, *self_);
        --group_->users;
        group_ = nullptr;
    }

private:
    friend class inside;

    static bool fence_absent(state_type& state, std::chrono::nanoseconds now) noexcept
    {
        bool any = false;
        for (auto* each = state.groups.first(); each != nullptr; each = each->next) {
            any |= gregor::fence_absent(*each, now);
        }
        return any;
    }

    group_type* group_ = nullptr;
    member_type* self_ = nullptr; // which it holds
    std::uint64_t seen_ = 0;
};

} // namespace gregor::inline GREGOR_ABI
