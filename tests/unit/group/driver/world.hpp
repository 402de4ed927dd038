// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/gregor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/counted.hpp"
#include "support/group_model.hpp"
#include "support/log_model.hpp"
#include "support/random.hpp"

// A real topic by a clock that stands, and what is promised of it, side by side, a few hundred
// random steps long: an episode. Each step is done to both, and then all that can be seen is
// compared.
//
// Who reads what is looked at, not predicted (assignors have tests of their own): what is promised
// is that nobody else reads it, from where on, and that it does not lie about for long.

namespace driver {

using topic_type = gregor::topic<support::counted, gregor::time_source<gregor::manual_clock>,
                                 gregor::partitioner::round_robin>;
using consumer_type = gregor::consumer<topic_type>;
using producer_type = gregor::producer<topic_type>;
using batch_type = gregor::batch<topic_type>;
using claim_type = gregor::claim<topic_type>;

/// A batch in somebody's hands, and what it is to hold.
struct holding {
    batch_type batch;
    std::uint32_t partition;
    std::uint64_t first;
};

struct sender {
    std::optional<producer_type> out;
    std::optional<claim_type> open = std::nullopt;
    std::uint32_t partition = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::vector<std::uint64_t> built = {};
    /// One a partition that it has found: it has noticed that it is not alone there.
    std::vector<bool> knows_others = {};
};

class world;

/// A consumer, and what is known of it.
struct member : gregor::rebalance_listener {
    explicit member(world& of) : all(of) {}

    void on_assigned(std::span<const gregor::partition_id> partitions) override;
    void on_revoked(std::span<const gregor::partition_id> partitions) override;
    void on_lost(std::span<const gregor::partition_id> partitions) override;

    [[nodiscard]] support::reader_model* find(std::uint32_t p)
    {
        for (auto& each : readers) {
            if (each.partition == p) {
                return &each;
            }
        }
        return nullptr;
    }
    [[nodiscard]] bool knows(std::uint32_t p) const
    {
        return std::find(known.begin(), known.end(), p) != known.end();
    }
    [[nodiscard]] bool fenced() const { return seat != nullptr && seat->fenced; }
    [[nodiscard]] support::cursor_model& cursor(std::uint32_t p)
    {
        return group != nullptr ? group->shares[p].cursor : own[p];
    }

    world& all;
    std::uint64_t id = 0;
    support::group_model* group = nullptr; ///< none: it reads by itself
    gregor::consumer_options options;
    support::reading_model reading{};
    std::shared_ptr<support::seat_model> seat;
    std::optional<consumer_type> in;
    std::vector<support::reader_model> readers; ///< what it owns
    std::vector<std::uint32_t> known;           ///< what it has not noticed to have lost, too
    std::vector<std::uint32_t> told;            ///< what its listener knows of
    std::vector<support::cursor_model> own;
    std::optional<holding> hand;
    bool woken = false;
    bool closed = false;
    bool commits = true; ///< while it closes: what was returned
};

class world {
public:
    world(std::uint64_t seed, bool tells)
        : dice_(seed), tells_(tells), calm_(dice_.one_in(4)),
          capacity_(std::uint64_t{1} << (1 + dice_.below(6)))
    {
        const auto partitions = static_cast<std::uint32_t>(1 + dice_.below(8));
        logs_.assign(partitions, support::log_model{capacity_});
        sole_ends_.resize(partitions);
        const auto group = [&](const char* name, bool lossy, bool declared) {
            groups_.push_back(std::make_unique<support::group_model>());
            groups_.back()->name = name;
            groups_.back()->lossy = lossy;
            groups_.back()->declared = declared;
            groups_.back()->shares.resize(partitions);
            for (support::share_model& each : groups_.back()->shares) {
                each.cursor.holds = declared;
            }
        };
        group("declared", false, true);
        group("lossless", false, false);
        group("lossy", true, false);
        topic_.emplace("t",
                       gregor::topic_options{.partitions = partitions,
                                             .capacity_records = capacity_,
                                             .groups = {"declared"}},
                       clock_);
        high_water_.assign(groups_.size(), std::vector<std::uint64_t>(partitions, 0));
        note("partitions ", partitions, ", capacity ", capacity_, calm_ ? ", calm" : "");
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world()
    {
        over_ = true;
        for (const auto& each : members_) {
            each->in.reset();
        }
    }

    /// So many steps, and then the end: what was found wrong, or nothing. `run` is how many it
    /// were.
    std::string run(std::uint64_t steps);

    [[nodiscard]] std::uint64_t steps_done() const { return step_; }
    [[nodiscard]] const std::string& story() const { return story_; }

    // --- what listeners do, from within a poll or a close
    void assigned(member& m, std::span<const gregor::partition_id> partitions);
    void revoked(member& m, std::span<const gregor::partition_id> partitions);
    void lost(member& m, std::span<const gregor::partition_id> partitions);

private:
    struct burnt {}; // what listeners throw

    struct kind {
        unsigned weight;
        void (world::*step)();
    };
    static const std::vector<kind>& kinds();

    template <class... Parts>
    void note(const Parts&... parts)
    {
        if (tells_) {
            std::ostringstream line;
            line << step_ << ": ";
            (line << ... << parts);
            story_ += line.str() + '\n';
        }
    }
    void expect(bool so, const char* what)
    {
        if (!so && wrong_.empty()) {
            wrong_ = "step " + std::to_string(step_) + ": " + what;
        }
    }

    // --- producers (sending.cpp)
    void arrive();
    void depart();
    void send_one();
    void send_some();
    void open_claim();
    void build();
    void publish();
    void give_up_claim();
    sender* idle_sender();
    sender* claiming_sender();
    void settle(sender& s, bool published);
    void share();
    [[nodiscard]] std::uint64_t protection(std::uint32_t p) const;
    bool claim(sender& s, std::uint32_t p, std::uint64_t count);
    [[nodiscard]] bool shared(std::uint32_t p) const { return sole_ends_[p].has_value(); }
    void find_partition(sender& s, std::uint32_t p);
    void find_new_partitions(sender& s);
    void grow();

    // --- members (reading.cpp)
    void join();
    void read_alone();
    void assign_anew();
    void assign_anew(member& m);
    void close_one();
    void destroy_one();
    void unwind_one();
    void poll_one();
    void let_go_one();
    void commit_all();
    void commit_by_offset();
    void commit_a_record();
    void seek();
    void pause();
    void wake();
    void pass_time();
    void look_around();
    void fence_absent();
    void explain();
    void all_poll();

    member* any_member();
    member* any_owner(std::uint32_t& p);
    void let_go(member& m);
    void let_go(std::size_t orphan);
    void leave(member& m, bool commits, bool destroys, bool unwinds);
    void left(member& m, bool commits);
    void subscribe_anew();
    void erase(member& m);
    void commit_returned(member& m);
    void commit_given(member& m);
    [[nodiscard]] bool has_namesakes(const support::group_model& group) const;
    void commit(member& m, std::uint32_t p, std::uint64_t next);
    void seek(member& m, std::uint32_t p, std::uint64_t to);
    gregor::poll_status poll(member& m);
    void judge(member& m, gregor::poll_status status, batch_type& batch);
    void judge_records(member& m, const batch_type& batch);
    void apply_looks(member& m, const batch_type& batch);
    void enter(const member& m, const batch_type& batch);
    [[nodiscard]] bool finished(member& m);
    [[nodiscard]] std::uint64_t any_offset(std::uint32_t p);
    void drop_fenced();

    // --- what can be seen (looking.cpp)
    void observe();
    void observe(support::group_model& group);
    void moved(support::group_model& group, std::uint32_t p, member* to);
    void compare();
    void compare(member& m);
    void compare(support::group_model& group);
    void compare(const holding& held);
    void the_end();
    bool finish(member& m);

    [[nodiscard]] std::uint32_t any_partition()
    {
        return static_cast<std::uint32_t>(dice_.below(logs_.size()));
    }
    [[nodiscard]] std::chrono::nanoseconds now() const { return clock_.steady_now(); }

    support::dice dice_;
    bool tells_;
    bool calm_; ///< nobody seeks, dies or forgets to commit: each record is read once
    std::uint64_t capacity_;
    gregor::manual_clock clock_;
    std::optional<topic_type> topic_;
    std::vector<support::log_model> logs_;
    std::vector<std::unique_ptr<support::group_model>> groups_;
    std::vector<std::unique_ptr<sender>> senders_;
    /// One a partition: where it ended when a second producer came, if one did.
    std::vector<std::optional<std::uint64_t>> sole_ends_;
    std::vector<std::unique_ptr<member>> members_;
    std::vector<holding> orphans_; ///< batches that outlived their consumers
    std::vector<std::vector<std::uint64_t>> high_water_;
    member* acting_ = nullptr; ///< whose call it is
    bool closed_ = false;
    bool over_ = false; ///< listeners are told nothing that counts any more
    std::uint64_t next_value_ = 0;
    std::uint64_t members_ever_ = 0;
    std::uint64_t step_ = 0;
    std::string wrong_;
    std::string story_;
};

} // namespace driver
