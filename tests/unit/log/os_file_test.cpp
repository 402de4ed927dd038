// SPDX-License-Identifier: MIT
#include <gregor/log/file_handle.hpp>
#include <gregor/log/file_lock.hpp>
#include <gregor/log/os_file.hpp>

#if GREGOR_FILES

#    include <csignal>
#    include <cstdint>
#    include <cstring>
#    include <set>
#    include <string>

#    include <sys/resource.h>
#    include <sys/stat.h>
#    include <sys/wait.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/scratch_directory.hpp"

using gregor::disk::open_mode;
using gregor::disk::os_files;
using handle = gregor::disk::file_handle<os_files>;

namespace {

handle opened(const support::scratch_directory& in)
{
    handle directory;
    REQUIRE(os_files::open_directory(in.path().c_str(), directory.fill()).ok());
    return directory;
}

} // namespace

TEST_CASE("a file is read as it was written, at its place", "[log][files]")
{
    const support::scratch_directory scratch;
    const handle directory = opened(scratch);
    handle file;
    REQUIRE(os_files::open(directory.get(), "a", open_mode::create, file.fill()).ok());
    REQUIRE(os_files::allocate(file.get(), 8192).ok());
    REQUIRE(os_files::write(file.get(), "hello", 5, 4094).ok());
    REQUIRE(os_files::sync(file.get()).ok());
    REQUIRE(os_files::sync_directory(directory.get()).ok());

    char read[8] = {};
    REQUIRE(os_files::read(file.get(), read, 5, 4094).ok());
    CHECK(std::string{read} == "hello");
    CHECK(os_files::read(file.get(), read, 5, 8190).code == EIO);
    CHECK(os_files::read(file.get(), read, 5, ~std::uint64_t{0} - 9).code == EFBIG);

    gregor::disk::file_facts facts;
    REQUIRE(os_files::look(file.get(), facts).ok());
    CHECK(facts.bytes == 8192);
    struct stat found = {};
    REQUIRE(::stat((scratch / "a").c_str(), &found) == 0);
    CHECK(facts.inode == found.st_ino);
    CHECK((found.st_mode & 0777U) == 0600);

    void* at = nullptr;
    REQUIRE(os_files::map(file.get(), 8192, true, at).ok());
    CHECK(std::memcmp(static_cast<char*>(at) + 4094, "hello", 5) == 0);
    static_cast<char*>(at)[4094] = 'j';
    REQUIRE(os_files::read(file.get(), read, 5, 4094).ok());
    CHECK(std::string{read} == "jello");
    os_files::unmap(at, 8192);
}

TEST_CASE("what is no regular file of that name is not opened", "[log][files]")
{
    const support::scratch_directory scratch;
    const handle directory = opened(scratch);
    support::put_bytes(scratch / "real", "x");
    REQUIRE(::mkfifo((scratch / "pipe").c_str(), 0600) == 0);
    REQUIRE(::symlink("real", (scratch / "link").c_str()) == 0);
    REQUIRE(::symlink(".", (scratch / "here").c_str()) == 0);
    REQUIRE(os_files::make_directory(directory.get(), "folder").ok());

    for (const open_mode how : {open_mode::read, open_mode::write, open_mode::make}) {
        const auto refused = [&](const char* name) {
            handle file;
            const auto did = os_files::open(directory.get(), name, how, file.fill());
            CHECK(file.get() < 0);
            return did.code;
        };
        CHECK(refused("pipe") == EINVAL); // and does not wait for who writes to it
        CHECK(refused("link") == ELOOP);
        CHECK(refused("folder") != 0);
        handle file;
        CHECK(os_files::open(directory.get(), "real", how, file.fill()).ok());
    }
    handle file;
    CHECK(os_files::open(directory.get(), "real", open_mode::create, file.fill()).code == EEXIST);
    CHECK(os_files::open(directory.get(), "none", open_mode::read, file.fill()).code == ENOENT);
    CHECK(os_files::open_directory_in(directory.get(), "here", file.fill()).code == ENOTDIR);
    CHECK(os_files::open_directory_in(directory.get(), "real", file.fill()).code == ENOTDIR);
    CHECK(os_files::make_directory(directory.get(), "folder").ok());
}

TEST_CASE("a file beyond the process's limit is an error, not a signal", "[log][files]")
{
    const support::scratch_directory scratch;
    const handle directory = opened(scratch);
    handle file;
    REQUIRE(os_files::open(directory.get(), "a", open_mode::create, file.fill()).ok());
    rlimit before = {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit less = before;
    less.rlim_cur = 4096;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &less) == 0);
    const auto fits = os_files::allocate(file.get(), 4096);
    const auto exceeds = os_files::allocate(file.get(), 4097);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(fits.ok());
    CHECK(exceeds.code == EFBIG);
    CHECK(os_files::allocate(file.get(), ~std::uint64_t{0}).code == EFBIG);
}

TEST_CASE("an error says what was called, on what, and why", "[log][files]")
{
    const support::scratch_directory scratch;
    handle directory;
    const auto did = os_files::open_directory((scratch / "none").c_str(), directory.fill());
    const gregor::error error = did.on("/some/where");
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK(error.operation() == "open directory \"/some/where\"");
    CHECK(std::string{error.what()} == "open directory \"/some/where\": " + error.found());
}

TEST_CASE("a directory lists, renames and removes", "[log][files]")
{
    const support::scratch_directory scratch;
    const handle directory = opened(scratch);
    support::put_bytes(scratch / "a", "x");
    support::put_bytes(scratch / "b", "y");
    REQUIRE(os_files::rename(directory.get(), "a", "c").ok());
    REQUIRE(os_files::remove(directory.get(), "b").ok());
    CHECK(os_files::remove(directory.get(), "b").code == ENOENT);
    for (int twice = 0; twice != 2; ++twice) {
        std::set<std::string> names;
        REQUIRE(os_files::list(directory.get(), [&](std::string_view name) {
                    names.emplace(name);
                }).ok());
        CHECK(names == std::set<std::string>{".", "..", "c"});
    }
}

TEST_CASE("the machine has an identity of its start, and random numbers", "[log][files]")
{
    std::array<unsigned char, 16> first{};
    std::array<unsigned char, 16> second{};
    REQUIRE(os_files::boot_id(first).ok());
    REQUIRE(os_files::boot_id(second).ok());
    CHECK(first == second);
    CHECK(first != std::array<unsigned char, 16>{});
    std::uint64_t one = 0;
    std::uint64_t other = 0;
    REQUIRE(os_files::random(one).ok());
    REQUIRE(os_files::random(other).ok());
    CHECK(one != other);
}

TEST_CASE("a directory is locked once, by whose number is said, until he is gone", "[log][files]")
{
    using lock = gregor::disk::file_lock<>;
    const support::scratch_directory scratch;
    const handle directory = opened(scratch);
    {
        const auto mine = lock::take(directory.get(), scratch.path());
        REQUIRE(mine.has_value());
        const auto again = lock::take(directory.get(), scratch.path());
        REQUIRE_FALSE(again.has_value());
        CHECK(again.error().code() == gregor::errc::locked);
        CHECK(again.error().found() == "process " + std::to_string(::getpid()));
    }
    CHECK(lock::take(directory.get(), scratch.path()).has_value());

    int ready[2] = {};
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto taken = lock::take(directory.get(), scratch.path());
        [[maybe_unused]] const auto said = ::write(ready[1], taken.has_value() ? "y" : "n", 1);
        for (;;) {
            ::pause();
        }
    }
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    {
        const auto refused = lock::take(directory.get(), scratch.path());
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().found() == "process " + std::to_string(child));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK(lock::take(directory.get(), scratch.path()).has_value());
}

#endif
