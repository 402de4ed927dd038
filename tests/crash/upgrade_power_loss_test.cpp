// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <filesystem>
#    include <memory>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/forgetful_tree.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/storage_by.hpp"
#    include "support/upgrade_scene.hpp"

// The power goes at any call to the system of an upgrade, and the disk forgets what it may. There
// is the old log or the new one, whole; where the upgrade has said that it is done, the new one;
// and the next upgrade comes to the same as one that nothing has happened to, unless it ends like
// the first.

using gregor::offset_t;
using support::forgetful_files;
using support::forgetful_tree;
using support::names_in;
using support::scratch_directory;
using upgrade_scene::end;

namespace {

using storage = support::storage_by<forgetful_files>;

/// Of a log that was not closed: the old one may lose what is behind it.
constexpr offset_t lasting = 2 * support::segment + 30;

/// What is done while it lives, this tree hears of; or none does.
class hearing {
public:
    explicit hearing(forgetful_tree* tree) : before_(forgetful_files::tree)
    {
        forgetful_files::tree = tree;
    }
    hearing(const hearing&) = delete;
    hearing& operator=(const hearing&) = delete;
    ~hearing() { forgetful_files::tree = before_; }

private:
    forgetful_tree* before_;
};

/// Upgrades of one log on such a disk.
template <class Old, class New>
class scene {
public:
    scene(std::uint64_t seed, bool keeps, bool closed)
        : keeps_(keeps), least_(closed ? end : lasting), dice_(seed)
    {
        forgetful_files::boot = 1;
        begin_disk();
        const hearing it{tree_.get()};
        auto topic = upgrade_scene::make_log<Old, storage>(disk_, closed ? 0 : lasting);
        if (!closed) {
            tree_->kill_at_call(0);
        }
        topic.reset();
        tree_->kill_never();
    }

    /// Loses the power before each call of an upgrade, so many times, and behind the last one.
    void lose_power_at_each_call(int times)
    {
        const auto lose_and_check = [&](bool is_done) {
            const hearing none{nullptr};
            for (int i = 0; i != times && wrong.empty(); ++i) {
                const std::string image = lose_power();
                check(image, is_done, end);
                forgetful_files::boot = 1;
                std::filesystem::remove_all(image);
            }
        };
        tree_->kill_at_call(-1);
        tree_->before_call = [&] { lose_and_check(false); };
        const bool done = upgrade();
        tree_->before_call = {};
        calls = tree_->calls();
        REQUIRE(done);
        lose_and_check(true);
    }

    /// One that is killed at this call; how many it did, where it was not.
    long upgrade_until(long call)
    {
        tree_->kill_at_call(call);
        static_cast<void>(upgrade());
        const long did = tree_->calls();
        tree_->kill_never();
        return did;
    }

    /// Upgrades it again and again; each time it is killed at some call, or the power goes there.
    void go_on_and_on(int lives)
    {
        bool done = false;
        for (int life = 0; life != lives; ++life) {
            // as one that has nothing to make anew, or at its end, or anywhere
            tree_->kill_at_call(static_cast<long>(dice_.one_in(3)   ? dice_.below(30)
                                                  : dice_.one_in(3) ? dice_.below(200)
                                                                    : 180 + dice_.below(50)));
            done = upgrade() || done;
            tree_->kill_never();
            if (!dice_.one_in(3)) {
                disk_ = lose_power();
                tree_ = std::make_unique<forgetful_tree>(disk_);
            }
        }
        tree_.reset();
        check(disk_, done, least_);
    }

    std::string wrong;
    long calls = 0;
    long images = 0;
    long old_ones = 0; ///< images with the old log
    long shorter = 0;  ///< in which some of its records were gone

private:
    void begin_disk()
    {
        disk_ = folder_ / std::to_string(++disks_);
        std::filesystem::create_directory(disk_);
        tree_ = std::make_unique<forgetful_tree>(disk_);
    }
    bool upgrade()
    {
        const hearing it{tree_.get()};
        return upgrade_scene::upgrade<Old, New, storage>(disk_, keeps_).has_value();
    }
    std::string lose_power()
    {
        std::string image = folder_ / std::to_string(++disks_);
        tree_->lose_power(dice_, image);
        ++forgetful_files::boot;
        ++images;
        return image;
    }

    void check(const std::string& image, bool must_be_new, offset_t least_of_new)
    {
        wrong = what_is_wrong(image, must_be_new, least_of_new);
        for (const std::string& name :
             wrong.empty() ? std::vector<std::string>{} : names_in(image)) {
            wrong += "; " + name;
        }
    }
    std::string what_is_wrong(const std::string& image, bool must_be_new, offset_t least_of_new);

    scratch_directory folder_;
    int disks_ = 0;
    bool keeps_;
    offset_t least_;
    support::dice dice_;
    std::string disk_;
    std::unique_ptr<forgetful_tree> tree_;
};

/// The old log is there, or the new one; and after one upgrade more there is what there always is.
template <class Old, class New>
std::string scene<Old, New>::what_is_wrong(const std::string& image, bool must_be_new,
                                           offset_t least_of_new)
{
    using upgrade_scene::look_through_new;
    using upgrade_scene::look_through_old;
    offset_t ends = 0;
    const std::string as_new = look_through_new<Old, New, storage>(image, least_of_new, ends);
    if (!as_new.empty() && must_be_new) {
        return "done, and there is no new one: " + as_new;
    }
    offset_t least = least_;
    if (!as_new.empty() && dice_.one_in(2)) { // who opens it mends it
        const std::string as_old = look_through_old<Old, storage>(image, least_, least);
        if (!as_old.empty()) {
            return "as the old one: " + as_old + "; as the new one: " + as_new;
        }
    }
    auto done = upgrade_scene::upgrade<Old, New, storage>(image, keeps_);
    if (!done || done->upgraded == as_new.empty()) {
        return done ? "upgraded twice, or not at all" : done.error().what();
    }
    const std::string is = look_through_new<Old, New, storage>(image, least, ends);
    if (!is.empty()) {
        return "not the new one at last: " + is;
    }
    old_ones += as_new.empty() ? 0 : 1;
    shorter += ends < end ? 1 : 0;
    if (names_in(image + "/trades") != std::vector<std::string>{"0", "1", "lock"}) {
        return "there is something in the log";
    }
    if (!keeps_ && names_in(image) == std::vector<std::string>{"trades"}) {
        return "";
    }
    // of who came to his end it is not known that he did not want to keep it
    if (names_in(image) != std::vector<std::string>{"trades", "trades~old"}) {
        return "there is something beside the log";
    }
    const std::string kept = look_through_old<Old, storage>(image + "/trades~old", least_, ends);
    return kept.empty() ? "" : "the one that was kept: " + kept;
}

template <class Old, class New>
void lose_power_at_each_call(int times)
{
    const support::fresh_seed seed;
    INFO(seed);
    const bool keeps = GENERATE(true, false);
    const bool closed = GENERATE(true, false);
    INFO((keeps ? "keeps the old one" : "removes the old one")
         << (closed ? "" : ", which was not closed"));
    scene<Old, New> it{seed, keeps, closed};
    it.lose_power_at_each_call(times);
    CHECK(it.wrong == "");
    CHECK(it.old_ones > it.images / 4);
    CHECK(it.old_ones < it.images);
    CHECK((it.shorter > 0) == !closed);
    std::printf("crash: %ld images of an upgrade of %ld calls, %ld of them the old log\n",
                it.images, it.calls, it.old_ones);
}

} // namespace

TEST_CASE("the power goes at any call of an upgrade: there is the old log or the new one",
          "[crash][upgrade]")
{
    lose_power_at_each_call<support::trade, support::quote>(3);
}

TEST_CASE("the power goes at any call of an upgrade of texts: there are the old or the new ones",
          "[crash][upgrade]")
{
    lose_power_at_each_call<std::string, upgrade_scene::numbers>(2);
}

TEST_CASE("the power goes at any call of an upgrade that tidies up after one that was killed",
          "[crash][upgrade]")
{
    const support::fresh_seed seed;
    INFO(seed);
    const bool keeps = GENERATE(true, false);
    using trades = scene<support::trade, support::quote>;
    const long calls = trades{seed, keeps, true}.upgrade_until(-1);
    for (long n = calls - (keeps ? 14 : 40); n != calls; ++n) {
        trades it{seed, keeps, true};
        static_cast<void>(it.upgrade_until(n));
        it.lose_power_at_each_call(keeps ? 3 : 2);
        INFO("killed before call " << n << " of " << calls);
        REQUIRE(it.wrong == "");
    }
}

TEST_CASE("upgrades that end again and again, killed or with the power gone, come to their end",
          "[crash][upgrade]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    long images = 0;
    for (int round = 0; round != 400; ++round) {
        scene<support::trade, support::quote> it{dice.below(~std::uint64_t{0}), dice.one_in(2),
                                                 dice.one_in(2)};
        it.go_on_and_on(4);
        images += it.images;
        INFO("round " << round);
        REQUIRE(it.wrong == "");
    }
    std::printf("crash: %ld images of upgrades that end again and again\n", images);
}

#endif
