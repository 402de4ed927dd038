// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/upgrade.hpp>

#if GREGOR_FILES

#    include <cerrno>
#    include <cstdio>
#    include <string>
#    include <utility>
#    include <vector>

#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/failing_storage.hpp"
#    include "support/upgrade_scene.hpp"

// A process ends before each of its calls to the system in turn, or one of them fails, while it
// upgrades a log on disk: there is the old log or the new one, whole, and the next upgrade comes to
// the same as one that nothing has happened to.

using gregor::storage::mmap_log;
using support::failing_files;
using support::failing_storage;
using support::names_in;
using support::quote;
using support::scratch_directory;
using support::trade;
using upgrade_scene::numbers;

namespace {

template <class Old>
void make_log(const scratch_directory& folder)
{
    static_cast<void>(upgrade_scene::make_log<Old, mmap_log>(folder.path()));
}

/// Upgrades it by a system that may fail. What came of it.
template <class Old, class New>
gregor::result<gregor::upgrade_report> upgrade(const scratch_directory& folder, bool keeps)
{
    return upgrade_scene::upgrade<Old, New, failing_storage>(folder.path(), keeps);
}

template <class Old>
std::string look_through_old(const std::string& directory)
{
    return upgrade_scene::look_through_old<Old, mmap_log>(directory);
}
template <class Old, class New>
std::string look_through_new(const std::string& directory)
{
    return upgrade_scene::look_through_new<Old, New, mmap_log>(directory);
}

/// The old log is there, or the new one; and after one upgrade more there is what there always is.
template <class Old, class New>
void check_what_is_left(const scratch_directory& folder, bool keeps)
{
    failing_files::fail_nothing();
    const auto [as_old, as_new] =
        std::pair{look_through_old<Old>(folder.path()), look_through_new<Old, New>(folder.path())};
    INFO("as the old one: " << as_old << "; as the new one: " << as_new);
    CHECK((as_old.empty() || as_new.empty()));
    const auto done = upgrade<Old, New>(folder, keeps);
    INFO((done ? "" : done.error().what()));
    REQUIRE(done.has_value());
    CHECK(look_through_new<Old, New>(folder.path()) == "");
    CHECK(names_in(folder / "trades") == std::vector<std::string>{"0", "1", "lock"});
    if (keeps || names_in(folder.path()).size() == 2) {
        // of who was killed it is not known that he did not want to keep it
        CHECK(names_in(folder.path()) == std::vector<std::string>{"trades", "trades~old"});
        CHECK(look_through_old<Old>(folder / "trades~old") == "");
    } else {
        CHECK(names_in(folder.path()) == std::vector<std::string>{"trades"});
    }
}

/// How a child ended that lives until its n-th call: 0 there, 1 after the last one.
template <class Old, class New>
int killed_at(long n, const scratch_directory& folder, bool keeps)
{
    const pid_t child = ::fork();
    if (child == 0) {
        failing_files::die_at_call(n);
        ::_exit(upgrade<Old, New>(folder, keeps) ? 1 : 2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

template <class Old, class New>
void kill_at_every_call()
{
    const bool keeps = GENERATE(true, false);
    long n = 0;
    for (int ended = 0; ended == 0; ++n) {
        INFO("killed before call " << n);
        const scratch_directory folder;
        make_log<Old>(folder);
        if (n % 2 == 1) {
            // of an upgrade whose folder somebody has taken away
            support::put_bytes(folder / "trades/upgrade.new", "");
        }
        ended = killed_at<Old, New>(n, folder, keeps);
        REQUIRE(ended != 2);
        if (n % 2 == 0) {
            // and who tidies up, too
            REQUIRE(killed_at<Old, New>(n / 2, folder, keeps) != 2);
        }
        check_what_is_left<Old, New>(folder, keeps);
    }
    CHECK(n > 50);
    std::printf("crash: an upgrade killed before each of %ld calls to the system\n", n - 1);
}

template <class Old, class New>
void fail_each_call()
{
    const bool keeps = GENERATE(true, false);
    long failed = 0;
    long left_old = 0;
    long with_lock = 0;
    for (long n = 0, through = 0; through == 0; ++n) {
        INFO("call " << n << " fails");
        const scratch_directory folder;
        make_log<Old>(folder);
        failing_files::fail_call(n, n % 2 == 0 ? EIO : ENOSPC);
        const auto done = upgrade<Old, New>(folder, keeps);
        through = failing_files::failed() ? 0 : 1;
        failed += done ? 0 : 1;
        CHECK((done || done.error().code() == std::errc::io_error ||
               done.error().code() == std::errc::no_space_on_device));
        if (!done && look_through_old<Old>(folder.path()).empty()) {
            // but for a lock that could be made, and not taken
            const bool has_lock = names_in(folder.path()).size() == 2;
            CHECK(
                (!has_lock || names_in(folder / "trades~new") == std::vector<std::string>{"lock"}));
            with_lock += has_lock ? 1 : 0;
            ++left_old;
        }
        check_what_is_left<Old, New>(folder, keeps);
    }
    // behind the exchange: its two syncs, and to tidy up
    CHECK(left_old > 50);
    CHECK(with_lock < 10);
    CHECK(failed - left_old < (keeps ? 10 : 45));
}

} // namespace

TEST_CASE("who is killed before any call of an upgrade leaves the old log or the new one",
          "[crash][upgrade]")
{
    kill_at_every_call<trade, quote>();
}

TEST_CASE("who is killed before any call of an upgrade of texts leaves the old or the new ones",
          "[crash][upgrade]")
{
    kill_at_every_call<std::string, numbers>();
}

TEST_CASE("an upgrade of which any call fails says so, and the next one comes to its end",
          "[crash][upgrade]")
{
    fail_each_call<trade, quote>();
}

TEST_CASE("an upgrade of texts of which any call fails says so, and the next one comes to its end",
          "[crash][upgrade]")
{
    fail_each_call<std::string, numbers>();
}

#endif
