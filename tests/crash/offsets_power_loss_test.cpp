// SPDX-License-Identifier: MIT
#include <gregor/log/offsets_file.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <cstdio>
#    include <map>
#    include <optional>
#    include <set>
#    include <string>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/random.hpp"
#    include "support/simulated_files.hpp"

// Offsets on a disk that forgets what it may, and offsets beside another state of their log than
// the one that they were of.

namespace disk = gregor::disk;

using files = support::simulated_files;
using gregor::offset_t;
using offsets_file = disk::offsets_file<files>;

namespace {

struct said {
    std::optional<offset_t> offset;
    std::optional<std::string> note;

    friend bool operator==(const said&, const said&) = default;
};

said said_by(const offsets_file& offsets, const disk::offset_cell& cell)
{
    const auto word = cell.word();
    return {word ? std::optional<offset_t>{*word >> 2U} : std::nullopt, offsets.note(cell)};
}

/// Processes that commit, and are killed or lose their power, one after the other.
class history {
public:
    explicit history(std::uint64_t seed) : disk_(seed), dice_(seed) { files::disk = &disk_; }

    /// One life and its end; false where something was wrong.
    bool live()
    {
        ++life_;
        disk_.calls = 0;
        disk_.fails_from = dice_.one_in(3) ? -1 : static_cast<long>(dice_.below(50));
        static_cast<void>(files::sync_directory(0)); // as a recovery does before
        const disk::offsets_owner log{
            .log = 1, .epoch = epoch_, .starts = {epoch_start_}, .end = end_};
        auto offsets = offsets_file::open(*disk::directory<files>::open("disk"), log);
        if (!offsets) {
            if (!dead()) {
                wrong = offsets.error().what();
            }
        } else if (check(*offsets)) {
            moved += offsets->report().moved_back;
            for (std::uint64_t left = dice_.below(40); left != 0 && !dead(); --left) {
                step(*offsets);
            }
        }
        if (!wrong.empty()) {
            wrong = "life " + std::to_string(life_) + ": " + wrong;
            return false;
        }
        end_life();
        return true;
    }

    std::string wrong;
    std::uint64_t older = 0; ///< groups that were not as they had been last
    std::uint64_t moved = 0;

private:
    /// A group since the last sync: what it may be found to say.
    struct group {
        std::vector<said> may; ///< the last one is what it says now
        std::vector<said> ever;
        bool is_there = false;
        bool may_be_gone = true;
    };

    bool dead() const { return disk_.fails_from >= 0 && disk_.calls > disk_.fails_from; }

    void end_life()
    {
        if (dice_.one_in(3)) {
            disk_.kill();
            return;
        }
        power_lost_ = true; // until somebody has opened them
        disk_.lose_power();
        ++epoch_;
        end_ -= dice_.one_in(2) ? 0 : dice_.below(end_ - durable_ + 1);
        epoch_start_ = end_;
        durable_ = end_;
    }

    bool check(offsets_file& offsets)
    {
        std::map<std::string, said> found;
        offsets.each([&](const disk::offset_cell& cell) {
            found[std::string{cell.name()}] = said_by(offsets, cell);
        });
        for (const auto& [name, now] : found) {
            const auto known = groups_.find(name);
            if (known == groups_.end() || !may_say(known->second, now)) {
                wrong = name + " says " +
                        (now.offset ? std::to_string(*now.offset) : std::string{"nothing"}) + " " +
                        now.note.value_or("");
                return false;
            }
            older += now == known->second.may.back() ? 0U : 1U;
        }
        for (const auto& [name, known] : groups_) {
            if (found.count(name) == 0 && (power_lost_ ? !known.may_be_gone : known.is_there)) {
                wrong = name + " is gone";
                return false;
            }
        }
        for (auto& [name, known] : groups_) {
            known.is_there = found.count(name) != 0;
        }
        if (power_lost_) {
            for (const auto& [name, now] : found) {
                groups_[name].may = {now};
                groups_[name].ever.push_back(now);
            }
            is_synced(); // for the log has begun another epoch
        }
        power_lost_ = false;
        known_epoch_ = epoch_;
        return true;
    }

    bool may_say(const group& known, const said& now) const
    {
        if (!power_lost_) {
            return known.is_there && same(known, known.may.back(), now);
        }
        return std::any_of(known.may.begin(), known.may.end(),
                           [&](const said& each) { return same(known, each, now); });
    }
    /// A note may be lost, with its sectors, and come back with its offset; it never belongs to
    /// another one.
    static bool has_note(const group& known, const said& before, const said& now)
    {
        return now.note ? std::find(known.ever.begin(), known.ever.end(), now) != known.ever.end()
                        : !before.note;
    }
    bool same(const group& known, const said& before, const said& now) const
    {
        const bool has = has_note(known, before, now) || (power_lost_ && !now.note);
        // who opened them last died of it, and nobody knows what the log lost before
        if (epoch_ > known_epoch_ + 1 && before.offset && now.offset == 0 && has) {
            return true;
        }
        if (before.offset && *before.offset > end_) {
            return now.offset == end_ && has;
        }
        return before.offset == now.offset && has;
    }

    void step(offsets_file& offsets)
    {
        const std::string name = "group " + std::to_string(dice_.below(9));
        group& known = groups_[name];
        disk::offset_cell* const cell = offsets.find(name);
        if (dice_.one_in(10)) {
            sync(offsets);
        } else if (cell == nullptr) {
            known.may.push_back({});
            known.may_be_gone = true;
            known.is_there = offsets.add(name, dice_.one_in(2)).has_value();
        } else if (dice_.one_in(12)) {
            offsets.remove(*cell);
            // It may come back, with any of what lay there, or without: others may have the cell.
            known.may = known.ever;
            known.may.push_back({});
            known.is_there = false;
            known.may_be_gone = true;
        } else {
            end_ += dice_.below(4);
            durable_ += dice_.below(end_ - durable_ + 1);
            said next{dice_.below(end_ + 1), std::nullopt};
            if (dice_.one_in(2)) {
                next.note = std::to_string(++notes_);
                cell->write_note(*next.offset, *next.note);
                if (next.offset != known.may.back().offset && dice_.one_in(8)) {
                    known.ever.push_back(next);
                    disk_.fails_from = 0; // killed before the offset is there: it has none
                    return;
                }
            } else if (next.offset == known.may.back().offset) {
                return; // without a note, the one before would still be its own
            }
            cell->set(*next.offset << 2U | 2U);
            known.may.push_back(next);
            known.ever.push_back(next);
        }
    }

    void sync(offsets_file& offsets)
    {
        if (offsets.sync().ok()) {
            is_synced();
        }
    }

    void is_synced()
    {
        for (auto& [name, known] : groups_) {
            known.may_be_gone = !known.is_there;
            known.may = known.is_there ? std::vector{known.may.back()} : std::vector<said>{};
        }
        std::erase_if(groups_, [](const auto& each) { return !each.second.is_there; });
    }

    support::simulated_disk disk_;
    support::dice dice_;
    int life_ = 0;
    bool power_lost_ = false;
    std::uint64_t notes_ = 0;
    std::map<std::string, group> groups_;

    // the log
    std::uint64_t epoch_ = 0;
    std::uint64_t known_epoch_ = 0; ///< to who opened the offsets last
    offset_t epoch_start_ = 0;
    offset_t durable_ = 0;
    offset_t end_ = 0;
};

} // namespace

TEST_CASE("after each power loss a group says what it said at the last sync, or since", "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    std::uint64_t images = 0;
    std::uint64_t older = 0;
    std::uint64_t moved = 0;
    for (int round = 0; round != 6000; ++round) {
        history one{dice.below(~std::uint64_t{0})};
        for (int lives = 0; lives != 10 && one.live(); ++lives) {
            ++images;
        }
        if (!one.wrong.empty()) {
            FAIL("round " << round << ", " << one.wrong);
        }
        older += one.older;
        moved += one.moved;
    }
    CHECK(older > 0);
    CHECK(moved > 0);
    std::printf("crash: %llu images, %llu groups older than they had been, %llu moved back\n",
                static_cast<unsigned long long>(images), static_cast<unsigned long long>(older),
                static_cast<unsigned long long>(moved));
}

namespace {

/// A log, whose records have numbers that no two of them share, and a group that reads it.
struct crossed_log {
    struct state {
        std::vector<int> records;
        std::uint64_t epoch = 0;
        disk::epoch_starts starts = {};
        std::set<int> seen; ///< by the group, at any time
        support::simulated_disk::bytes offsets;
    };

    static disk::offsets_owner owner(const state& log)
    {
        return {.log = 1, .epoch = log.epoch, .starts = log.starts, .end = log.records.size()};
    }

    /// Opens these offsets beside a log; where the group is then.
    static offset_t committed(const support::simulated_disk::bytes& offsets, const state& log)
    {
        support::simulated_disk memory{1};
        memory.files.push_back({offsets, offsets});
        memory.names = {{offsets_file::name, 0}};
        files::disk = &memory;
        auto opened = offsets_file::open(*disk::directory<files>::open("disk"), owner(log));
        REQUIRE(opened.has_value());
        const auto word = opened->find("group")->word();
        return word ? *word >> 2U : 0;
    }

    /// States of one log, from its beginning on.
    static std::vector<state> live(support::dice& dice)
    {
        support::simulated_disk memory{1};
        files::disk = &memory;
        std::vector<state> all;
        state now;
        int next = 0;
        while (all.size() < 60) {
            auto opened = offsets_file::open(*disk::directory<files>::open("disk"), owner(now));
            REQUIRE(opened.has_value());
            if (opened->find("group") == nullptr) {
                REQUIRE(opened->add("group", false).has_value());
            }
            disk::offset_cell& cell = *opened->find("group");
            const auto word = cell.word();
            offset_t at = word ? *word >> 2U : 0;
            for (std::uint64_t left = dice.below(8); left != 0; --left) {
                for (std::uint64_t more = dice.below(4); more != 0; --more) {
                    now.records.push_back(next++);
                }
                const offset_t to = at + dice.below(now.records.size() - at + 1);
                for (; at != to; ++at) {
                    now.seen.insert(now.records[at]);
                }
                cell.set(at << 2U | 2U);
                now.offsets = memory.files[0].now;
                all.push_back(now);
            }
            if (dice.one_in(2)) {
                now.records.resize(now.records.size() - dice.below(now.records.size() / 2 + 1));
                ++now.epoch;
                std::copy_backward(now.starts.begin(), now.starts.end() - 1, now.starts.end());
                now.starts[0] = now.records.size();
            }
        }
        return all;
    }
};

} // namespace

TEST_CASE("offsets beside an older or a newer log than theirs never pass over a record", "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    std::uint64_t images = 0;
    std::uint64_t ahead = 0;
    std::string wrong;
    for (int round = 0; round != 8; ++round) {
        const auto all = crossed_log::live(dice);
        for (std::size_t i = 0; i != all.size(); ++i) {
            for (std::size_t j = 0; j != all.size(); ++j) {
                ++images;
                const offset_t at = crossed_log::committed(all[i].offsets, all[j]);
                bool right = at <= all[j].records.size();
                for (offset_t each = 0; each != at && right; ++each) {
                    right = all[i].seen.count(all[j].records[each]) != 0;
                }
                if (!right && wrong.size() < 1000) {
                    wrong += "round " + std::to_string(round) + ", offsets " + std::to_string(i) +
                             " beside log " + std::to_string(j) + "; ";
                }
                ahead += at != 0 ? 1U : 0U;
            }
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(images >= 10000);
    CHECK(ahead > images / 10);
    std::printf("crash: %llu logs beside other offsets than theirs, %llu not read from the start\n",
                static_cast<unsigned long long>(images), static_cast<unsigned long long>(ahead));
}

#endif
