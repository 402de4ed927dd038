// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/group/assignment.hpp"
#include "gregor/group/joining.hpp"
#include "gregor/log/consumer_terms.hpp"
#include "gregor/partition_reader.hpp"
#include "gregor/refusal.hpp"
#include "gregor/ring/signal.hpp"

namespace gregor::inline GREGOR_ABI {

/// What a consumer reads, in a group or by assignment, and how far: all of it but the polls. It
/// lends its batches what they hold.
///
/// Threads   the consumer's
template <class Topic>
class subscription : public lender<Topic> {
public:
    using state_type = typename Topic::state_type;
    using reader = partition_reader<Topic>;
    using env = typename reader::env;

    // NOLINTNEXTLINE(modernize-pass-by-value): a copy each, and no move to compile beside it
    subscription(const ring::shared<state_type>& state, consumer_terms&& options)
        : lender<Topic>{.topic = state.get()}, state_(state),
          options_(static_cast<consumer_terms&&>(options)), assigned_(*state_, options_)
    {
    }

    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;

    [[nodiscard]] assignment<Topic>& assigned() noexcept { return assigned_; }
    [[nodiscard]] state_type& state() const noexcept { return *state_; }

    // --- what it reads ---------------------------------------------------------------------------

    /// Joins the group, or says why that cannot be.
    [[nodiscard]] objection subscribe(std::string_view group)
    {
        return unless_out_of_memory(state_->name, [&] { return join(group); });
    }
    /// The same; throws std::bad_alloc.
    [[nodiscard]] objection join(std::string_view group)
    {
        const guard alone{*this};
        GREGOR_ASSERT(!closed_, "subscribe was called after close");
        GREGOR_ASSERT(!assigned_.has_group(),
                      "subscribe was called by a member: unsubscribe first");
        GREGOR_ASSERT(assigned_.readers().all().empty(),
                      "subscribe was called while partitions are assigned: unsubscribe first");
        GREGOR_ASSERT(this->lease == nullptr, "subscribe was called while a batch is alive");
        if (group.empty()) {
            return refusal::unnamed_group(state_->name);
        }
        return join_by_name(*state_, assigned_, group, options_);
    }

    void assign(const needed_by<std::vector<partition_id>, Topic>& wanted)
    {
        const guard alone{*this};
        GREGOR_ASSERT(!closed_, "assign was called after close");
        GREGOR_ASSERT(!assigned_.has_group(),
                      "assign is for consumers without a group: unsubscribe first");
        GREGOR_ASSERT(this->lease == nullptr, "assign was called while a batch is alive");
        for (auto one = wanted.begin(); one != wanted.end(); ++one) {
            GREGOR_ASSERT(std::find(wanted.begin(), one, *one) == one,
                          "a partition is assigned once");
        }
        assigned_.read(wanted);
    }

    /// As `close`, but for polls: there can be others.
    void unsubscribe()
    {
        const guard alone{*this};
        if (closed_) {
            return;
        }
        GREGOR_ASSERT(!told_, "unsubscribe was called by the consumer's own listener");
        told_ = true;
        struct leaving {
            subscription& self;
            ~leaving()
            {
                self.told_ = false;
                self.assigned_.forget(self.lease);
            }
        } const whatever_the_listener_does{*this};
        assigned_.leave(options_.auto_commit);
    }

    void close(bool commit_last)
    {
        if (closed_) {
            return;
        }
        GREGOR_ASSERT(!told_, "close was called by the consumer's own listener");
        told_ = true;
        struct closing {
            subscription& self;
            ~closing()
            {
                self.told_ = false;
                self.closed_ = true;
            }
        } const whatever_the_listener_does{*this};
        assigned_.leave(options_.auto_commit && commit_last);
    }

    // --- offsets ---------------------------------------------------------------------------------

    /// With a note, where there is one.
    commit_status commit(partition_id p, offset_t next, offset_note* note = nullptr)
    {
        const guard alone{*this};
        const inside now{assigned_.member(), told_};
        reader* const r = closed_ ? nullptr : assigned_.readers().find(p);
        if (r == nullptr) {
            return commit_status::not_assigned;
        }
        if (const commit_status mine = assigned_.standing(p); mine != commit_status::ok) {
            return mine;
        }
        if (next > r->log().end_offset()) {
            return commit_status::out_of_range;
        }
        if (note != nullptr) {
            if (std::string_view{note->text}.size() > reader::log_type::kept_offset::longest_note) {
                return commit_status::metadata_too_long;
            }
            assigned_.write_note(*r, *note);
        }
        assigned_.commit(*r, next);
        return commit_status::ok;
    }

    [[nodiscard]] std::string note(reader& r)
    {
        const guard alone{*this};
        return assigned_.note(r);
    }

    commit_status commit()
    {
        const guard alone{*this};
        const inside now{assigned_.member(), told_};
        if (closed_) {
            return commit_status::not_assigned;
        }
        if (assigned_.standing() == commit_status::fenced) {
            return commit_status::fenced;
        }
        if (assigned_.has_news()) [[unlikely]] {
            assigned_.leave_out_what_was_taken();
        }
        assigned_.commit_returned();
        return commit_status::ok;
    }

    /// False when the partition is not the consumer's (any more).
    bool seek(partition_id p, offset_t to)
    {
        const guard alone{*this};
        const inside now{assigned_.member(), told_};
        reader* const r = own(p);
        if (r == nullptr) {
            return false;
        }
        r->seek(to);
        if (r->take(reader::passed_over)) {
            assigned_.touch(*r);
        }
        if (r->take(reader::freed)) {
            state_->room_made.notify();
        }
        return true;
    }

    /// As `seek`.
    bool pause(partition_id p, bool paused)
    {
        const guard alone{*this};
        const inside now{assigned_.member(), told_};
        reader* const r = own(p);
        if (r != nullptr && paused) {
            assigned_.readers().pause(*r);
        } else if (r != nullptr) {
            assigned_.readers().resume(*r);
        }
        return r != nullptr;
    }

protected:
    using inside = typename assignment<Topic>::inside;

    ~subscription() = default;

    struct guard : ring::used_alone<env> {
        explicit guard(subscription& self) noexcept
            : ring::used_alone<env>(self.told_ ? nullptr : &self.user_,
                                    "one consumer is used by two threads at once")
        {
        }
    };

    /// As close; what a listener throws is lost, and nothing is committed while an exception
    /// passes.
    void close_quietly() noexcept
    {
        const bool commit_last = std::uncaught_exceptions() == exceptions_;
#if GREGOR_EXCEPTIONS
        try {
            close(commit_last);
        } catch (...) {
            return; // everything is done
        }
#else
        close(commit_last);
#endif
    }

    /// Its reader of the partition, where that is its own. While inside, so that it stays so.
    [[nodiscard]] reader* own(partition_id p) const
    {
        reader* const r = closed_ ? nullptr : assigned_.readers().find(p);
        return r != nullptr && assigned_.standing(p) == commit_status::ok ? r : nullptr;
    }

    ring::shared<state_type> state_;
    const consumer_terms options_;
    assignment<Topic> assigned_;
    bool told_ = false; // its listener is being told: what it calls changes no assignment
    bool closed_ = false;

private:
    const int exceptions_ = std::uncaught_exceptions();
    ring::sole_user<env> user_; // written in checked builds only
};

} // namespace gregor::inline GREGOR_ABI
