// SPDX-License-Identifier: MIT
#include <gregor/log/recovery.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <iterator>
#    include <map>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/crashed_log.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/simulated_files.hpp"
#    include "support/stepped_process.hpp"
#    include "support/watched_folder.hpp"

// A process that recovers a log is stopped before each of its instructions; from any point on,
// another one comes to the same. And so it is again, where the other one is stopped, too.

namespace disk = gregor::disk;

using gregor::offset_t;
using small_disk::recovered_log;
using small_disk::snapshot;
using support::simulated_files;

namespace {

struct kind {
    const char* name;
    bool texts;
    bool same_boot;
};

template <class Files>
recovered_log recover(const disk::directory<Files>& in, const kind& how)
{
    return small_disk::read_all(disk::recover(in, small_disk::format_of(how.texts)), in, how.texts);
}

using kept = std::map<offset_t, int>;

/// What has come of it, and has to come of it again.
struct outcome {
    recovered_log log;
    kept aside;
};

/// Empty, or in what the one is not the other. A record may be set aside more than once.
std::string compare(const outcome& expected, const recovered_log& log, const kept& aside)
{
    if (!log.opened) {
        return "it is refused";
    }
    if (log.report.end != expected.log.report.end) {
        return "it ends at " + std::to_string(log.report.end);
    }
    if (log.records != expected.log.records) {
        return "other records";
    }
    if (log.report.durable != expected.log.report.durable ||
        log.report.epoch < expected.log.report.epoch) {
        return "durable to " + std::to_string(log.report.durable) + ", epoch " +
               std::to_string(log.report.epoch);
    }
    for (const auto& [offset, times] : expected.aside) {
        if (aside.count(offset) == 0) {
            return "not set aside: " + std::to_string(offset);
        }
    }
    return {};
}

/// What comes of a recovery of what a power loss has left. Where the process that was killed was
/// in the boot of the records, they need not be lasting: then a run of them is there.
std::string look_in_another_boot(support::simulated_disk& on, const kind& how,
                                 const outcome& expected)
{
    simulated_files::disk = &on;
    const auto in = *disk::directory<simulated_files>::open("disk");
    const recovered_log log = recover(in, how);
    std::map<std::string, support::simulated_disk::bytes> files;
    for (const auto& [name, file] : on.names) {
        files[name] = on.files[static_cast<std::size_t>(file)].now;
    }
    if (!how.same_boot) {
        return compare(expected, log, small_disk::kept_in(files));
    }
    const offset_t end = log.report.end;
    auto records = expected.log.records;
    records.erase(records.lower_bound(end), records.end());
    // what was there before the first hole, was there as it began
    return log.opened && end >= 10 && end <= expected.log.report.end && log.records == records
               ? ""
               : "after a power loss, it ends at " + std::to_string(end);
}

/// Steps a recovery of the folder; what comes of what it leaves at each point is looked at. Some
/// image of them is what is begun with `next`.
class stepped_recovery {
public:
    stepped_recovery(const support::scratch_directory& folder, const kind& how,
                     const outcome& expected, support::dice& dice)
        : folder_(folder), how_(how), expected_(expected), dice_(dice)
    {
    }

    /// False where it cannot be stepped.
    bool run()
    {
        const support::shared_with_child<support::told_calls> told;
        support::stepped_process child{[&](support::stepped_process::wish& wish) {
            support::telling_files::to = &*told;
            support::telling_files::steps = &wish;
            const auto in = small_disk::open<support::telling_files>(folder_.path());
            if (!disk::recover(in, small_disk::format_of(how_.texts))) {
                ::_exit(1);
            }
        }};
        if (!child.possible()) {
            return false;
        }
        support::watched_folder watch{folder_.path(), *told};
        std::uint64_t mine = 0;
        do {
            if (watch.changed() || mine == 0) {
                ++mine;
                look(watch, mine);
            }
        } while (wrong.empty() && child.next());
        points += child.points();
        images += mine;
        if (wrong.empty()) {
            wrong = child.trouble();
        }
        return true;
    }

    /// What the last one left at one of its points.
    [[nodiscard]] const snapshot& some_image() const { return some_.back(); }

    std::string wrong;
    std::uint64_t points = 0;
    std::uint64_t images = 0;

private:
    void look(const support::watched_folder& watch, std::uint64_t number)
    {
        watch.copy_to(copy_.path());
        if (number > 1 && dice_.one_in(number)) {
            some_ = {snapshot{copy_.path()}};
        }
        const auto in = small_disk::open<support::copied_files>(copy_.path());
        const recovered_log log = recover(in, how_);
        wrong = compare(expected_, log, small_disk::kept_in(snapshot{copy_.path()}.files()));
        for (int losses = 0; losses != 3 && wrong.empty(); ++losses) {
            auto disk = watch.disk(dice_.below(~std::uint64_t{0}), losses == 0);
            disk.lose_power();
            wrong = look_in_another_boot(disk, how_, expected_);
        }
    }

    const support::scratch_directory& folder_;
    const kind& how_;
    const outcome& expected_;
    support::dice& dice_;
    const support::scratch_directory copy_;
    std::vector<snapshot> some_;
};

/// `nested`: what it leaves at one of its points is recovered, and stepped, too.
void step(const kind& how, bool nested, support::dice& dice)
{
    INFO(how.name);
    const support::scratch_directory folder;
    const snapshot image = small_disk::crashed_log(folder.path(), how.same_boot, how.texts);
    outcome expected;
    {
        const auto in = small_disk::open<support::hasty_files>(folder.path());
        expected.log = recover(in, how);
        expected.aside = small_disk::kept_in(snapshot{folder.path()}.files());
    }
    REQUIRE(expected.log.opened);
    REQUIRE(small_disk::all_right(expected.log.records));
    REQUIRE(expected.log.report.end == (how.same_boot ? 18U : 10U));
    REQUIRE(expected.aside.size() == (how.same_boot ? 0U : 3U));

    stepped_recovery its{folder, how, expected, dice};
    const bool twice = nested || support::wanted_points() != 0;
    do {
        image.restore();
        if (!its.run()) {
            return;
        }
        if (twice && its.wrong.empty()) {
            its.some_image().restore_to(folder.path());
            static_cast<void>(its.run());
        }
    } while (its.wrong.empty() && its.points < support::wanted_points());
    INFO(its.wrong);
    REQUIRE(its.wrong.empty());
    std::printf("crash: a recovery%s, %s, %llu images: %llu points\n",
                twice ? ", and one of what it left" : "", how.name,
                static_cast<unsigned long long>(its.images),
                static_cast<unsigned long long>(its.points));
}

} // namespace

TEST_CASE("a recovery that is killed at whatever instruction, and the next one, too, loses nothing",
          "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    const kind kinds[] = {{"in the same boot", false, true},
                          {"in another boot", false, false},
                          {"of texts, in the same boot", true, true},
                          {"of texts, in another boot", true, false}};
    const std::uint64_t nested = dice.below(std::size(kinds));
    for (std::size_t i = 0; i != std::size(kinds); ++i) {
        step(kinds[i], i == nested, dice);
    }
}

#endif
