// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/options.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/log_model.hpp"

// What a group promises, in plain words: how far it has committed, who sits in it, where a reader
// is and what it is to find next. One thread; who reads what is observed, not computed.

namespace support {

/// A committed offset, and whether producers wait for it.
struct cursor_model {
    std::uint64_t at = 0;
    bool holds = false;
    bool committed = false;

    bool operator==(const cursor_model&) const = default;
};

/// A place in a group. It may outlive its consumer, and its consumer may lose it.
struct seat_model {
    std::string instance_id = {};
    std::chrono::nanoseconds max_poll_interval{};
    std::chrono::nanoseconds seen_at{};
    bool touched = true; ///< it was in one of its calls since somebody looked
    bool fenced = false;
    bool away = false;
};

struct reader_model;

struct share_model {
    cursor_model cursor = {};
    /// What the last reader missed before this offset, and was not told.
    std::uint64_t untold_before = 0;
    std::uint64_t untold = 0;
    /// Where a lossy reader was that has never committed.
    std::optional<std::uint64_t> resume = std::nullopt;
    std::shared_ptr<seat_model> owner = nullptr;

    void keep_untold(const reader_model& of);
};

struct group_model {
    std::string name;
    bool lossy = false;
    bool declared = false;
    std::vector<share_model> shares = {};
    std::vector<std::shared_ptr<seat_model>> seats = {};
    std::uint64_t generation = 0;

    /// A new seat; who sat under the same instance id is fenced.
    std::shared_ptr<seat_model> enroll(const gregor::consumer_options& options,
                                       std::chrono::nanoseconds now)
    {
        auto seat = std::make_shared<seat_model>();
        seat->instance_id = options.instance_id;
        seat->max_poll_interval = options.max_poll_interval;
        seat->seen_at = now;
        for (auto& each : seats) {
            if (!seat->instance_id.empty() && each->instance_id == seat->instance_id) {
                each->fenced = true;
                for (share_model& share : shares) {
                    share.owner = share.owner == each ? nullptr : share.owner;
                }
                each = seat;
                return seat;
            }
        }
        // in Kafka's order: by name, then those without one
        const auto comes_after = [&](const auto& each) {
            return !seat->instance_id.empty() &&
                   (each->instance_id.empty() || each->instance_id > seat->instance_id);
        };
        seats.insert(std::find_if(seats.begin(), seats.end(), comes_after), seat);
        return seat;
    }

    /// Who was in none of its calls for too long is out. True when there was anybody.
    bool fence_absent(std::chrono::nanoseconds now)
    {
        const std::size_t before = seats.size();
        for (std::size_t i = 0; i != seats.size();) {
            const auto seat = seats[i];
            if (seat->touched) {
                seat->touched = false;
                seat->seen_at = now;
            } else if (now - seat->seen_at >= seat->max_poll_interval) {
                seat->fenced = true;
                remove(seat);
                if (seat->away) {
                    rest(); // it did leave
                }
                continue;
            }
            ++i;
        }
        return seats.size() != before;
    }

    /// Partitions are added: who reads the others reads them from the beginning on.
    void grow(std::size_t more)
    {
        const bool holds =
            !lossy && (declared || !seats.empty() ||
                       std::any_of(shares.begin(), shares.end(),
                                   [](const auto& each) { return each.cursor.holds; }));
        share_model fresh;
        fresh.cursor.holds = holds;
        if (!holds && !seats.empty()) {
            fresh.resume = 0;
        }
        shares.resize(shares.size() + more, fresh);
    }

    /// The consumer goes; a static seat is kept.
    void leave(const std::shared_ptr<seat_model>& seat)
    {
        if (seat->fenced) {
            return;
        }
        if (!seat->instance_id.empty()) {
            seat->away = true;
            return;
        }
        remove(seat);
        rest();
    }

private:
    void remove(const std::shared_ptr<seat_model>& seat)
    {
        for (share_model& share : shares) {
            share.owner = share.owner == seat ? nullptr : share.owner;
        }
        std::erase(seats, seat);
    }

    /// Without members, an undeclared group holds nobody back, and remembers what was committed.
    void rest()
    {
        if (declared || !seats.empty()) {
            return;
        }
        for (share_model& share : shares) {
            share.cursor.holds = false;
            share.resume = std::nullopt;
        }
    }
};

/// One partition, as one consumer reads it.
struct reader_model {
    std::uint32_t partition = 0;
    std::uint64_t position = 0;
    std::uint64_t held_from = 0; ///< all before it was committed, or is nobody's; see `commit`
    std::uint64_t missed = 0;    ///< not yet told
    bool placed = true;          ///< it has a position
    bool sought = false;
    bool dirty = false; ///< something was returned that is not committed
    bool paused = false;
};

inline void share_model::keep_untold(const reader_model& of)
{
    untold_before = of.position;
    untold = of.missed;
}

/// How one consumer's readers move.
struct reading_model {
    bool lossy;
    gregor::auto_offset_reset reset;
    std::size_t most;

    [[nodiscard]] std::optional<std::uint64_t> reset_offset(const log_model& log) const
    {
        switch (reset) {
        case gregor::auto_offset_reset::earliest: return log.begin();
        case gregor::auto_offset_reset::latest: return log.end();
        default: return std::nullopt;
        }
    }

    /// From the cursor on; where it is not held, from what was committed, or from where the last
    /// one was, or where the options say.
    reader_model start(std::uint32_t p, const log_model& log, share_model& share) const
    {
        cursor_model& cursor = share.cursor;
        const auto resume = std::exchange(share.resume, std::nullopt);
        const std::uint64_t untold = std::exchange(share.untold, 0);
        reader_model r{.partition = p};
        if (cursor.holds) {
            r.position = r.held_from = cursor.at;
            r.missed = cursor.at == share.untold_before ? untold : 0;
            return r;
        }
        std::optional<std::uint64_t> at = cursor.committed ? cursor.at : resume;
        r.missed = at == share.untold_before ? untold : 0;
        if (!at || (cursor.committed && *at < log.begin())) {
            at = reset_offset(log);
        }
        if (!at) {
            r.missed = 0;
            r.placed = false;
            r.held_from = lossy ? cursor.at : 0;
            return r;
        }
        r.position = r.held_from = *at;
        if (cursor.committed) {
            r.missed += *at - cursor.at;
        }
        if (!lossy) {
            // an offset that was kept for a lossy reader does not exist here
            r.position = r.held_from = std::max(*at, log.begin());
            cursor.at = r.position;
            cursor.holds = true;
        } else if (!cursor.committed) {
            cursor.at = r.position; // nothing is to be committed before it
        }
        r.held_from = cursor.at;
        return r;
    }

    void commit(reader_model& r, const log_model& log, cursor_model& cursor,
                std::uint64_t next) const
    {
        cursor.committed = true;
        cursor.at = next;
        if (!lossy) {
            cursor.holds = true;
            if (!r.placed || next < r.held_from) {
                cursor.at = std::max(next, log.begin()); // back, as far as it goes
            }
        }
        r.held_from = cursor.at;
    }

    void commit_returned(reader_model& r, const log_model& log, cursor_model& cursor) const
    {
        if (r.dirty) {
            r.dirty = false;
            if (!r.sought || (r.position >= log.begin() && r.position <= log.end())) {
                commit(r, log, cursor, r.position);
            }
        }
    }

    void seek(reader_model& r, const log_model& log, cursor_model& cursor, std::uint64_t to) const
    {
        if (!r.placed && !lossy) {
            cursor = {std::max(to, log.begin()), true, false};
            r.held_from = cursor.at;
        }
        r.position = to;
        r.placed = r.sought = true;
        r.dirty = r.dirty || to > r.held_from;
        r.missed = 0;
    }

    struct found {
        enum { nothing, run, out_of_range } what;
        std::uint64_t first = 0;
        std::uint64_t count = 0; ///< at most
    };

    /// What a poll finds in this partition, and where it leaves the reader. What it returns is
    /// another step: `returned`.
    found look(reader_model& r, const log_model& log, cursor_model& cursor) const
    {
        for (;;) {
            if (!r.placed) {
                return {found::out_of_range};
            }
            const bool kept = !lossy && r.position >= r.held_from;
            if ((!kept && r.position < log.begin()) || r.position > log.end()) {
                const auto to = reset_offset(log);
                if (!to) {
                    return {found::out_of_range};
                }
                r.missed += *to > r.position ? *to - r.position : 0;
                r.position = *to;
                r.dirty = r.dirty || *to > r.held_from;
                continue;
            }
            std::uint64_t first = r.position;
            while (log.holds_skipped(first)) {
                ++first;
            }
            if (!log.holds_record(first)) {
                if (r.held_from == r.position) {
                    r.held_from = cursor.at = first; // given up: nobody waits for it
                }
                r.position = first;
                return {found::nothing};
            }
            return {found::run, first, run_from(r.position, first, log)};
        }
    }

    static void returned(reader_model& r, std::uint64_t next)
    {
        r.position = next;
        r.sought = false;
        r.missed = 0;
        r.dirty = true;
    }

private:
    /// As many as lie side by side, up to the most that is asked for.
    [[nodiscard]] std::uint64_t run_from(std::uint64_t position, std::uint64_t first,
                                         const log_model& log) const
    {
        const auto side_by_side = [&](std::uint64_t at) {
            return log.capacity() - at % log.capacity();
        };
        const std::uint64_t all =
            std::min({std::uint64_t{most}, side_by_side(position), side_by_side(first)});
        std::uint64_t count = 0;
        while (count != all && log.holds_record(first + count)) {
            ++count;
        }
        return count;
    }
};

} // namespace support
