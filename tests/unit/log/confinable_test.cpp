// SPDX-License-Identifier: MIT
#include <gregor/log/confinable.hpp>

#if GREGOR_FILES

#    include <gregor/log/directory.hpp>
#    include <gregor/log/file_handle.hpp>

#    include <cerrno>
#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <string>

#    include "support/catch.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/seen_folder.hpp"

namespace disk = gregor::disk;

using disk::open_mode;
using support::scratch_directory;
using support::seen_folder;

namespace {

using files = disk::confinable<disk::os_files>;
using handle = disk::file_handle<files>;

constexpr std::size_t page = 4096;

/// A folder in which are a file of a page, "here", and a folder, "below".
struct furnished {
    scratch_directory scratch;
    disk::directory<files> in;

    explicit furnished(bool confined)
    {
        std::filesystem::create_directory(scratch / "below");
        support::put_bytes(scratch / "here", std::string(page, 'a'));
        in = *disk::directory<files>::open(scratch.path());
        if (confined) {
            files::confine(in.handle.fill());
        }
    }
};

/// Does all that changes something; whether each is said to be done.
bool change_everything(const disk::directory<files>& in)
{
    handle here;
    handle fresh;
    handle below;
    bool fine = files::open(in.get(), "here", open_mode::write, here.fill()).ok();
    fine = fine && files::write(here.get(), "b", 1, 0).ok();
    fine = fine && files::write_through(here.get(), "b", 1, 1).ok();
    fine = fine && files::write_zeros(here.get(), 10, 10).ok();
    fine = fine && files::allocate(here.get(), 3 * page).ok();
    fine = fine && files::cut(here.get(), 2 * page).ok();
    fine = fine && files::sync(here.get()).ok();
    void* at = nullptr;
    fine = fine && files::map(here.get(), page, true, at).ok();
    if (fine) {
        static_cast<char*>(at)[20] = 'c';
        files::unmap(at, page);
    }
    fine = fine && files::open(in.get(), "new", open_mode::create, fresh.fill()).ok();
    fine = fine && files::write(fresh.get(), "new", 3, 0).ok();
    fine = fine && files::sync(fresh.get()).ok();
    fine = fine && files::make_directory(in.get(), "another").ok();
    fine = fine && files::rename(in.get(), "new", "newer").ok();
    fine = fine && files::open_directory_in(in.get(), "below", below.fill()).ok();
    fine = fine && files::move(in.get(), below.get(), "newer").ok();
    fine = fine && files::remove(below.get(), "newer").ok();
    return fine && files::sync_directory(in.get()).ok();
}

} // namespace

TEST_CASE("in a directory that is confined to be read nothing changes, whatever is called",
          "[log][files]")
{
    const furnished confined{true};
    const seen_folder before{confined.scratch};
    CHECK(change_everything(confined.in));
    CHECK(before == seen_folder{confined.scratch});

    const furnished free{false};
    const seen_folder as_it_was{free.scratch};
    CHECK(change_everything(free.in));
    CHECK_FALSE(as_it_was == seen_folder{free.scratch});
    CHECK(std::filesystem::exists(free.scratch / "another"));
    CHECK(std::filesystem::file_size(free.scratch / "here") == 2 * page);
}

TEST_CASE("what is there is found in a confined directory, and what is not, is not", "[log][files]")
{
    const furnished it{true};
    handle here;
    CHECK(files::open(it.in.get(), "here", open_mode::make, here.fill()).ok());
    disk::file_facts facts;
    CHECK(files::look(here.get(), facts).ok());
    CHECK(facts.bytes == page);
    char byte = 0;
    CHECK(files::read(here.get(), &byte, 1, 100).ok());
    CHECK(byte == 'a');
    handle none;
    CHECK(files::open(it.in.get(), "nowhere", open_mode::make, none.fill()).code == ENOENT);
    CHECK(none.get() == -1);
    CHECK(files::open_directory_in(it.in.get(), "nowhere", none.fill()).code == ENOENT);
    handle fresh;
    CHECK(files::open(it.in.get(), "fresh", open_mode::create, fresh.fill()).ok());
    CHECK(files::look(fresh.get(), facts).ok());
    CHECK(facts.bytes == 0);
    CHECK(files::read(fresh.get(), &byte, 1, 0).code == EIO);
}

TEST_CASE("what is mapped to be written in a confined directory is a copy, as long as it is wanted",
          "[log][files]")
{
    const furnished it{true};
    handle here;
    REQUIRE(files::open(it.in.get(), "here", open_mode::write, here.fill()).ok());
    const std::size_t pages = GENERATE(1U, 2U);
    void* at = nullptr;
    REQUIRE(files::map(here.get(), pages * page, true, at).ok());
    auto* const bytes = static_cast<char*>(at);
    CHECK(std::string(bytes, page) == std::string(page, 'a'));
    CHECK(std::string(bytes + page, (pages - 1) * page) == std::string((pages - 1) * page, '\0'));
    std::memset(bytes, 'b', pages * page);
    files::unmap(at, pages * page);
    CHECK(support::bytes_of(it.scratch / "here") == std::string(page, 'a'));
}

TEST_CASE("into a place only what is there of a confined file is mapped", "[log][files]")
{
    const furnished it{true};
    handle here;
    REQUIRE(files::open(it.in.get(), "here", open_mode::write, here.fill()).ok());
    void* place = nullptr;
    REQUIRE(files::reserve(2 * page, place).ok());
    auto* const bytes = static_cast<char*>(place);
    REQUIRE(files::map_into(here.get(), page, page, place).ok());
    CHECK(bytes[7] == '\0');
    REQUIRE(files::map_into(here.get(), 0, GENERATE(1U, 2U) * page, place).ok());
    CHECK(bytes[7] == 'a');
    CHECK(bytes[page + 7] == '\0');
    REQUIRE(files::allow_writes(place, page, true).ok());
    bytes[7] = 'b';
    REQUIRE(files::allow_writes(place, page, false).ok());
    CHECK(bytes[7] == 'b');
    CHECK(support::bytes_of(it.scratch / "here") == std::string(page, 'a'));
    files::unmap(place, 2 * page);
}

#endif
