// SPDX-License-Identifier: MIT
#include <gregor/ring/env.hpp>
#include <gregor/ring/sequencer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/random.hpp"

// A ring whose sequences soon wrap, beside a plain model of what it promises, a thousand random
// steps long: producers come and go, claim, hold, settle; readers read and commit; in the end it is
// closed.
//
// 16 bits, not 8: a lane or a sight that rests keeps a copy of a sequence, and the ring compares by
// distance, so a run has to end before half of all sequences have passed.

namespace ring = gregor::ring;
using ring::claiming;
using seq = std::uint16_t;
using sequencer16 = ring::sequencer<seq, ring::std_env, true>;

namespace {

enum class entry : std::uint8_t { pending, record, skipped };

struct open_hold {
    std::uint64_t first;
    std::uint64_t count;
};

struct producer {
    sequencer16::lane_type lane;
    std::optional<open_hold> hold;
};

struct reader {
    sequencer16::place* cursor;
    sequencer16::sight_type sight;
    std::uint64_t position;
    std::uint64_t committed;
};

class world {
public:
    explicit world(std::uint64_t seed)
        : dice_(seed), capacity_(std::uint64_t{1} << (1 + dice_.below(5))),
          start_(65536 - dice_.below(4096)), ring_(narrow(start_), narrow(capacity_))
    {
        for (std::uint64_t i = 0; i <= dice_.below(3); ++i) {
            auto& cursor = ring_.gate().cursor("reader");
            cursor.set(narrow(start_), sequencer16::place::holds);
            readers_.push_back({&cursor, {narrow(start_)}, 0, 0});
        }
    }

    /// What it found wrong; empty when nothing.
    std::string run(int steps)
    {
        for (step_ = 0; step_ != steps && wrong_.empty(); ++step_) {
            one_step();
            look();
        }
        closing();
        return wrong_;
    }

private:
    // The model counts from 0 in 64 bits; the ring counts from start, in 16.
    [[nodiscard]] static seq narrow(std::uint64_t n) { return static_cast<seq>(n); }
    [[nodiscard]] seq ring_of(std::uint64_t n) const { return narrow(start_ + n); }
    [[nodiscard]] std::uint64_t from_ring(seq s, std::uint64_t near) const
    {
        return near + static_cast<seq>(s - ring_of(near));
    }

    void expect(bool so, const std::string& what)
    {
        if (!so && wrong_.empty()) {
            wrong_ = "step " + std::to_string(step_) + ": " + what;
        }
    }

    void one_step()
    {
        switch (dice_.below(12)) {
        case 0: arrive(); break;
        case 1: leave(); break;
        case 2:
        case 3:
        case 4: put(); break;
        case 5: hold(); break;
        case 6:
        case 7: settle(); break;
        case 8:
        case 9: read(); break;
        default: commit(); break;
        }
    }

    producer* any_producer(bool holding)
    {
        if (producers_.empty()) {
            return nullptr;
        }
        producer& p = producers_[dice_.below(producers_.size())];
        return p.hold.has_value() == holding ? &p : nullptr;
    }

    void arrive()
    {
        if (producers_.size() == 3 || !dice_.one_in(3)) {
            return;
        }
        if (!producers_.empty() && !shared_) {
            ring_.share();
            shared_ = true;
            for (const producer& p : producers_) {
                if (p.hold) {
                    log_.resize(p.hold->first + p.hold->count, entry::pending);
                }
            }
        }
        producers_.push_back({ring_.open_lane(), std::nullopt});
    }

    void leave()
    {
        const std::size_t which = producers_.empty() ? 0 : dice_.below(producers_.size());
        if (!producers_.empty() && !producers_[which].hold) {
            producers_.erase(producers_.begin() + static_cast<std::ptrdiff_t>(which));
        }
    }

    [[nodiscard]] std::uint64_t slowest() const
    {
        std::uint64_t lowest = ~std::uint64_t{0};
        for (const reader& r : readers_) {
            lowest = std::min(lowest, r.committed);
        }
        return lowest;
    }

    struct no_retire {
        static constexpr bool needed = true;
        world& w;
        void operator()(seq from, seq to) const
        {
            w.expect(from == w.ring_of(w.retired_), "records are not retired in order");
            w.retired_ = w.from_ring(to, w.retired_);
            w.expect(w.retired_ <= w.slowest() + w.capacity_, "too much is retired");
        }
    };

    /// Claims and compares the answer with the model's.
    bool claim(producer& p, std::uint64_t count, std::uint64_t& first, bool user_code)
    {
        const auto got = user_code ? ring_.hold(p.lane, narrow(count), retire())
                                   : ring_.claim(p.lane, narrow(count), retire());
        const bool fits = log_.size() + count <= slowest() + capacity_;
        expect(got.outcome == (fits ? claiming::granted : claiming::full), "a claim's answer");
        if (got.outcome == claiming::granted) {
            expect(got.first == ring_of(log_.size()), "a claim's place");
            first = log_.size();
            return true;
        }
        return false;
    }

    void put()
    {
        producer* const p = any_producer(false);
        if (p == nullptr) {
            return;
        }
        const std::uint64_t count = 1 + dice_.below(capacity_);
        std::uint64_t first = 0;
        if (claim(*p, count, first, false)) {
            log_.resize(first + count, entry::record);
            ring_.publish(p->lane, ring_of(first), narrow(count));
        }
    }

    void hold()
    {
        producer* const p = any_producer(false);
        if (p == nullptr) {
            return;
        }
        const std::uint64_t count = 1 + dice_.below(capacity_);
        std::uint64_t first = 0;
        if (claim(*p, count, first, true)) {
            p->hold = open_hold{first, count};
            if (shared_) {
                log_.resize(first + count, entry::pending);
            }
        }
    }

    void settle()
    {
        producer* const p = any_producer(true);
        if (p != nullptr) {
            settle(*p, dice_.below(p->hold->count + 1));
        }
    }

    void settle(producer& p, std::uint64_t built)
    {
        const auto [first, count] = *p.hold;
        ring_.settle(p.lane, ring_of(first), narrow(count), narrow(built));
        p.hold.reset();
        if (shared_) {
            for (std::uint64_t i = 0; i != count; ++i) {
                log_[first + i] = i < built ? entry::record : entry::skipped;
            }
        } else {
            log_.resize(first + built, entry::record);
        }
    }

    void read()
    {
        reader& r = readers_[dice_.below(readers_.size())];
        const std::uint64_t most = 1 + dice_.below(capacity_);
        const auto run = ring_.available(r.sight, ring_of(r.position), narrow(most));
        const std::uint64_t first = from_ring(run.first, r.position);
        std::uint64_t at = r.position;
        while (at != first && at < log_.size() && log_[at] == entry::skipped) {
            ++at;
        }
        expect(at == first, "something was passed over that was not dropped");
        for (std::uint64_t i = 0; i != run.count; ++i) {
            expect(first + i < log_.size() && log_[first + i] == entry::record,
                   "something was read that is no record");
        }
        const bool there = first < log_.size() && log_[first] == entry::record;
        expect((run.count != 0) == there, "what is there is not found");
        expect(run.count != 0 || first == log_.size() || log_[first] == entry::pending,
               "a reader stops too early");
        expect(run.count <= most, "more was read than asked for");
        r.position = first + run.count;
    }

    void commit()
    {
        reader& r = readers_[dice_.below(readers_.size())];
        r.committed += dice_.below(r.position - r.committed + 1);
        r.cursor->set(ring_of(r.committed), sequencer16::place::holds);
    }

    void look()
    {
        expect(ring_.end() == ring_of(log_.size()), "the end");
        expect(ring_.shared() == shared_, "the regime");
        seq at{};
        const auto pending = std::find(log_.begin() + static_cast<std::ptrdiff_t>(slowest()),
                                       log_.end(), entry::pending);
        const bool held = std::any_of(producers_.begin(), producers_.end(),
                                      [](const producer& p) { return p.hold.has_value(); });
        const bool stuck = ring_.stuck(ring_of(slowest()), at);
        expect(stuck == (shared_ ? pending != log_.end() : held), "who stops the readers");
        if (stuck) {
            expect(at == ring_of(static_cast<std::uint64_t>(pending - log_.begin())),
                   "where the readers are stopped");
        }
    }

    void closing()
    {
        if (!wrong_.empty()) {
            return;
        }
        ring_.close();
        for (producer& p : producers_) {
            if (p.hold) {
                settle(p, dice_.below(p.hold->count + 1));
            }
            expect(ring_.claim(p.lane, 1, retire()).outcome == claiming::closed,
                   "a closed ring grants claims");
        }
        for (reader& r : readers_) {
            for (int i = 0; r.position != log_.size() && i != 1000; ++i) {
                const auto run = ring_.available(r.sight, ring_of(r.position), narrow(capacity_));
                r.position = from_ring(run.first, r.position) + run.count;
            }
            expect(r.position == log_.size(), "a closed ring is not read to its end");
            expect(ring_.finished(ring_of(r.position)), "the end of a closed ring");
        }
    }

    no_retire retire() { return {*this}; }

    support::dice dice_;
    std::uint64_t capacity_;
    std::uint64_t start_;
    sequencer16 ring_;
    std::vector<producer> producers_;
    std::vector<reader> readers_;
    std::vector<entry> log_;
    std::uint64_t retired_ = 0;
    bool shared_ = false;
    int step_ = 0;
    std::string wrong_;
};

} // namespace

TEST_CASE("a ring does what its model says, many laps long and across the wrap",
          "[ring][sequencer][random]")
{
    const support::fresh_seed seed;
    INFO(seed);
    for (std::uint64_t i = 0; i != 200; ++i) {
        INFO("world " << i);
        const std::string wrong = world{seed + i}.run(1500);
        REQUIRE(wrong == "");
    }
}
