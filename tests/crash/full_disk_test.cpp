// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <string>

#    include <sched.h>
#    include <sys/mount.h>
#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"

// A real disk that fills up: a file system in memory of 1 to 64 pages, where the system lets a
// process have one of its own. A send says so, no signal comes, and what was sent is there.

using gregor::offset_t;
using gregor::partition_id;
using support::trade;

namespace {

constexpr partition_id zero{0};

enum : int { fine = 0, not_allowed = 77 };

/// A view of the file systems that only this process has, in which it may mount.
bool mounts_for_itself()
{
    return (::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// Sends such values until it is refused; says at which step something was not as it should be.
template <class Value>
int fill(const support::scratch_directory& folder, int pages)
{
    const std::string bytes = "size=" + std::to_string(pages * 4096);
    if (!mounts_for_itself() ||
        ::mount("none", folder.path().c_str(), "tmpfs", 0, bytes.c_str()) != 0) {
        return not_allowed;
    }
    using log_topic = gregor::topic<Value, gregor::storage::mmap_log>;
    offset_t end = 0;
    for (int life = 0; life != 3; ++life) {
        auto topic = log_topic::create("trades", support::log_in(folder));
        if (!topic) {
            if (topic.error().code() != std::errc::no_space_on_device || end != 0) {
                return 1;
            }
            continue;
        }
        if (topic->end_offset(zero) != end) {
            return 2;
        }
        gregor::producer out{*topic};
        for (int tries = 0; tries != 3; ++tries) {
            auto sent = out.send(support::numbered<Value>(end));
            for (; sent; sent = out.send(support::numbered<Value>(end))) {
                ++end;
            }
            const auto why = topic->failure(zero);
            if (sent.status() != gregor::send_status::failed || !why ||
                why->code() != std::errc::no_space_on_device) {
                return 3;
            }
        }
        if (topic->flush()) {
            return 4;
        }
    }
    if (end != 0 && !support::look_through<Value>(folder, end).empty()) {
        return 5;
    }
    return pages < 20 || end != 0 ? fine : 6;
}

template <class Value>
void fill_disks()
{
    const support::scratch_directory folder;
    int disks = 0;
    for (int pages = 1; pages <= 64; ++pages) {
        INFO(pages << " pages");
        const pid_t child = ::fork();
        if (child == 0) {
            ::_exit(fill<Value>(folder, pages));
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        if (WEXITSTATUS(status) == not_allowed) {
            break;
        }
        CHECK(WEXITSTATUS(status) == fine);
        ++disks;
    }
    std::printf("crash: %d disks were full\n", disks);
}

} // namespace

TEST_CASE("a disk that fills up is an error, and nothing is lost", "[crash]")
{
    fill_disks<trade>();
}

TEST_CASE("a disk that fills up with texts is an error, and nothing is lost", "[crash]")
{
    fill_disks<std::string>();
}

#endif
