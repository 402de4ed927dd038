// SPDX-License-Identifier: MIT
#include <gregor/log/file_handle.hpp>
#include <gregor/log/segment.hpp>

#if GREGOR_FILES

#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <filesystem>
#    include <string>
#    include <utility>

#    include <sys/stat.h>
#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

namespace disk = gregor::disk;

using segment = disk::segment<>;
using small_disk::format;

namespace {

bool is_itself(const segment& which)
{
    bool itself = false;
    REQUIRE(which.look_whether_itself(itself).ok());
    return itself;
}

/// What opening says: nothing where it is opened, else code and sentence.
struct verdict {
    std::error_code code;
    std::string what;
};

verdict opening(const disk::directory<disk::os_files>& in, const disk::segment_format& as,
                gregor::offset_t base = 8)
{
    const auto opened = segment::open(in, as, base);
    return opened ? verdict{} : verdict{opened.error().code(), opened.error().what()};
}

segment make(const disk::directory<disk::os_files>& in, gregor::offset_t base = 8)
{
    auto made = segment::create(in, format(), base, 77, 1234);
    REQUIRE(made.has_value());
    return *std::move(made);
}

/// Notes what is given back to a window.
struct noting_files : disk::os_files {
    static inline int given_back = 0;
    static void forget(void* place, std::size_t bytes) noexcept
    {
        given_back += place != nullptr ? 1 : 0;
        disk::os_files::forget(place, bytes);
    }
};

} // namespace

TEST_CASE("a segment that has moved gives its place in a window back once", "[log][segment]")
{
    using noted = disk::segment<noting_files>;
    const support::scratch_directory scratch;
    auto in = disk::directory<noting_files>::open(scratch.path());
    REQUIRE(in.has_value());
    void* place = nullptr;
    constexpr std::size_t room = std::size_t{1} << 20U;
    REQUIRE(disk::os_files::reserve(room, place).ok());
    {
        auto made = noted::create(*in, format(), 8, 77, 1234);
        REQUIRE(made.has_value());
        noted first = *std::move(made);
        REQUIRE(first.map_into(static_cast<unsigned char*>(place)).ok());
        noting_files::given_back = 0;
        const noted second = std::move(first);
        CHECK(second.slot(8) == place);
        first.unmap();
        CHECK(noting_files::given_back == 0);
    }
    CHECK(noting_files::given_back == 1);
    disk::os_files::unmap(place, room);
}

TEST_CASE("a segment's name is its base in 20 digits, and no other name is one", "[log][segment]")
{
    CHECK(disk::segment_name(65536) == "00000000000000065536.log");
    CHECK(disk::base_in("00000000000000065536.log") == 65536U);
    CHECK(disk::base_in("00000000000000000000.log") == 0U);
    CHECK(disk::base_in("02305843009213693951.log") == (gregor::offset_t{1} << 61U) - 1);
    for (const char* name :
         {"", "0.log", "00000000000000065536.lo", "00000000000000065536.log.new",
          "02305843009213693952.log", "02305843009213693959.log", "04611686018427387904.log",
          "0000000000000006553x.log", "-0000000000000065536.log", "99999999999999999999.log",
          "../../00000000000000.log", "000000000000000065536.log", "00000000000000065536.aside"}) {
        INFO(name);
        CHECK_FALSE(disk::base_in(name).has_value());
    }
}

TEST_CASE("a segment is created whole, opened, and holds what was written", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    std::uint64_t salt = 0;
    {
        segment made = make(in);
        CHECK(made.base() == 8);
        CHECK(made.end() == 16);
        CHECK_FALSE(made.sealed());
        CHECK_FALSE(made.recycled());
        CHECK(is_itself(made));
        salt = made.salt();
        small_disk::put(made, 9);
    }
    struct stat facts = {};
    REQUIRE(::stat(small_disk::segment_file(scratch.path(), 8).c_str(), &facts) == 0);
    CHECK(facts.st_size == 8192);
    CHECK(facts.st_blocks * 512 >= 8192); // all of it has its place on the disk
    CHECK((facts.st_mode & 0777U) == 0600);
    CHECK_FALSE(std::filesystem::exists(scratch / "00000000000000000008.log.new"));

    auto opened = segment::open(in, format(), 8);
    REQUIRE(opened.has_value());
    CHECK(opened->salt() == salt);
    CHECK(opened->previous_salt() == 77);
    CHECK(is_itself(*opened));
    std::vector<unsigned char> slot(32);
    REQUIRE(opened->read(9, 1, slot.data()).ok());
    CHECK(slot == small_disk::slot_of(format(), salt, 9));
    REQUIRE(opened->read(8, 1, slot.data()).ok());
    CHECK(slot == std::vector<unsigned char>(32));
}

TEST_CASE("what is mapped is what is in the file", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    segment made = make(in);
    REQUIRE(made.map().ok());
    made.prepare(8, 8);
    const auto slot = small_disk::slot_of(format(), made.salt(), 15);
    std::memcpy(made.slot(15), slot.data(), slot.size());
    std::vector<unsigned char> read(32);
    REQUIRE(made.read(15, 1, read.data()).ok());
    CHECK(read == slot);
    segment moved = std::move(made);
    CHECK(std::memcmp(moved.slot(15), slot.data(), slot.size()) == 0);
}

TEST_CASE("a sealed segment says so", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    REQUIRE(make(in).seal(99, 55).ok());
    auto opened = segment::open(in, format(), 8);
    REQUIRE(opened.has_value());
    CHECK(opened->sealed());
    CHECK(std::uint64_t{opened->header().seal.sealed} == 99);
}

TEST_CASE("what differs from what the program wants is refused, both sides named", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    make(in);
    CHECK_FALSE(opening(in, format()).code);

    const auto refused = [&](auto&& change, const char* expected, const char* found) {
        disk::segment_format other = format();
        change(other);
        const verdict said = opening(in, other);
        INFO(said.what);
        CHECK(said.code == gregor::errc::wrong_format);
        CHECK(said.what.find(std::string{"expected "} + expected) != std::string::npos);
        CHECK(said.what.find(std::string{"found "} + found) != std::string::npos);
    };
    refused([](auto& f) { f.type = "text"; }, "records of type text", "number");
    refused([](auto& f) { f.payload_bytes = 12; }, "bytes a record 12", "16");
    refused([](auto& f) { f.payload_alignment = 4; }, "alignment of a record 4", "8");
    refused([](auto& f) { f.layout = 5; }, "policies of the layout 5", "0");
    refused([](auto& f) { f.partition = 3; }, "partition 3", "0");
    const auto timed = [](auto& f) { f.timestamp_at = 24, f.timestamp_tick = 1; };
    {
        disk::segment_format other = format();
        timed(other);
        CHECK_FALSE(opening(in, other).code); // a log that is older than headers that tell it
        REQUIRE(segment::create(in, other, 8, 77, 1234));
        CHECK_FALSE(opening(in, other).code);
    }
    refused([](auto&) {}, "place of the time in a slot 0", "24");
    refused([&](auto& f) { timed(f), f.timestamp_at = 16; }, "place of the time in a slot 16",
            "24");
    refused([&](auto& f) { timed(f), f.timestamp_tick = 1000; }, "ns a tick of that time 1000",
            "1");
    make(in);
    refused([](auto& f) { f.slot_count = 4; }, "records a segment 4", "8");

    std::filesystem::rename(small_disk::segment_file(scratch.path(), 8),
                            small_disk::segment_file(scratch.path(), 16));
    const verdict said = opening(in, format(), 16);
    CHECK(said.code == gregor::errc::wrong_format);
    CHECK(said.what.find("expected base offset, as its name says, 16, found 8") !=
          std::string::npos);
}

TEST_CASE("what another program, version or machine wrote is refused", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    const std::uint64_t salt = make(in).salt();
    const std::string file = small_disk::segment_file(scratch.path(), 8);
    const std::string whole = support::bytes_of(file);
    const auto with = [&](auto&& change) {
        disk::header_page page{};
        std::memcpy(&page, whole.data(), sizeof page);
        change(page.header);
        disk::finish_block(page.header, disk::header_magic, salt);
        std::string bytes = whole;
        std::memcpy(bytes.data(), &page, sizeof page);
        support::put_bytes(file, bytes);
        return opening(in, format());
    };
    const verdict version = with([](auto& header) { header.version = 2; });
    CHECK(version.code == gregor::errc::wrong_format);
    CHECK(version.what.find("expected version 1, found 2") != std::string::npos);
    const verdict order =
        with([](auto& header) { header.byte_order = 3 - std::uint32_t{header.byte_order}; });
    CHECK(order.code == gregor::errc::wrong_format);
    CHECK(order.what.find("little-endian") != std::string::npos);
    CHECK(order.what.find("big-endian") != std::string::npos);
    CHECK(with([](auto& header) { header.recycled = 2; }).code == gregor::errc::corrupt);
    CHECK(with([](auto& header) { header.type_bytes = 0xffffffffU; }).code ==
          gregor::errc::wrong_format);
    CHECK(with([](auto& header) { header.type[200] = 1; }).code == gregor::errc::corrupt);
    CHECK(with([](auto& header) { header.zero[0] = 1; }).code == gregor::errc::corrupt);
    CHECK(with([](auto& header) { header.header_bytes = 512; }).code == gregor::errc::corrupt);

    std::string elf = whole;
    elf.replace(0, 8,
                "\x7f"
                "ELF\2\1\1\0",
                8);
    support::put_bytes(file, elf);
    CHECK(opening(in, format()).code == gregor::errc::wrong_format);
}

TEST_CASE("each flipped bit of a header page is refused, or does no harm", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    const bool sealed = GENERATE(false, true);
    {
        segment made = make(in);
        if (sealed) {
            REQUIRE(made.seal(5, 0).ok());
        }
    }
    const std::string file = small_disk::segment_file(scratch.path(), 8);
    const std::string whole = support::bytes_of(file);
    disk::file_handle<disk::os_files> raw;
    REQUIRE(disk::os_files::open(in.get(), "00000000000000000008.log", disk::open_mode::write,
                                 raw.fill())
                .ok());
    std::size_t harmless = 0;
    for (std::size_t bit = 0; bit != disk::page_bytes * 8; ++bit) {
        const auto byte = static_cast<char>(whole[bit / 8] ^ static_cast<char>(1U << bit % 8));
        REQUIRE(disk::os_files::write(raw.get(), &byte, 1, bit / 8).ok());
        auto opened = segment::open(in, format(), 8);
        const bool of_identity = bit / 8 >= 512 && bit / 8 < 1024;
        if (opened) {
            ++harmless;
            // then it counts as a copy, of which less is believed
            if (!of_identity || is_itself(*opened)) {
                FAIL_CHECK("bit " << bit << " goes unseen");
            }
        } else if (of_identity) {
            FAIL_CHECK("bit " << bit << " is refused");
        }
        REQUIRE(disk::os_files::write(raw.get(), &whole[bit / 8], 1, bit / 8).ok());
    }
    CHECK(harmless == 512 * 8);
    CHECK(segment::open(in, format(), 8).has_value());
}

TEST_CASE("what is no segment's file is refused, without waiting or reading it", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    const std::string file = small_disk::segment_file(scratch.path(), 8);
    CHECK(opening(in, format()).code == std::errc::no_such_file_or_directory);

    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    CHECK(opening(in, format()).code == std::errc::invalid_argument);
    std::filesystem::remove(file);

    std::filesystem::create_directory(file);
    CHECK(opening(in, format()).code);
    std::filesystem::remove(file);

    {
        segment made = make(in);
        std::filesystem::rename(file, scratch / "elsewhere");
        std::filesystem::create_symlink("elsewhere", file);
        CHECK(opening(in, format()).code == std::errc::too_many_symbolic_link_levels);
        std::filesystem::remove(file);
        std::filesystem::rename(scratch / "elsewhere", file);
    }
    for (const std::uintmax_t bytes :
         {std::uintmax_t{0}, std::uintmax_t{1}, std::uintmax_t{4095}, std::uintmax_t{4096},
          std::uintmax_t{8191}, std::uintmax_t{8193}, std::uintmax_t{1} << 40U}) {
        std::filesystem::resize_file(file, bytes); // the last one, a sparse giant
        const verdict said = opening(in, format());
        INFO(bytes << ": " << said.what);
        CHECK(said.code == gregor::errc::corrupt);
        CHECK(said.what.find("found " + std::to_string(bytes) + " bytes") != std::string::npos);
        std::filesystem::remove(file);
        make(in);
    }
}

TEST_CASE("a recycled segment is empty, though old records lie in it", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    segment old = make(in);
    for (gregor::offset_t offset = 8; offset != 16; ++offset) {
        small_disk::put(old, offset);
    }
    REQUIRE(old.seal(1, 1).ok());
    const std::uint64_t old_salt = old.salt();
    auto made = segment::recycle(std::move(old), in, 24, 5, 99);
    REQUIRE(made.has_value());
    CHECK_FALSE(std::filesystem::exists(small_disk::segment_file(scratch.path(), 8)));
    auto opened = segment::open(in, format(), 24);
    REQUIRE(opened.has_value());
    CHECK(opened->recycled());
    CHECK_FALSE(opened->sealed());
    CHECK(is_itself(*opened));
    CHECK(opened->salt() != old_salt);
    std::vector<unsigned char> slot(32);
    for (gregor::offset_t offset = 24; offset != 32; ++offset) {
        REQUIRE(opened->read(offset, 1, slot.data()).ok());
        CHECK(slot == small_disk::slot_of(format(), old_salt, offset - 16));
        CHECK(disk::look_at_slot(disk::salted(opened->salt()), offset, true, slot.data(), 32) ==
              disk::slot_state::empty);
    }
    // prepared, they hold no stamp at all; and no slot but those
    REQUIRE(opened->map().ok());
    opened->prepare(26, 2);
    for (gregor::offset_t offset = 24; offset != 32; ++offset) {
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, opened->slot(offset), sizeof stamp);
        CHECK((stamp == 0) == (offset == 26 || offset == 27));
    }
}

TEST_CASE("a segment that was removed is gone", "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    segment made = make(in);
    REQUIRE(made.map().ok());
    CHECK(made.remove(in).ok());
    CHECK(std::filesystem::is_empty(scratch.path()));
    CHECK(made.remove(in).code == ENOENT);
}

TEST_CASE("a segment is created, recycled and sealed, or not, whichever call fails",
          "[log][segment]")
{
    using files = support::failing_files;
    using fragile = disk::segment<files>;
    const int code = GENERATE(EIO, ENOSPC, EMFILE);
    const support::scratch_directory scratch;
    const auto in = small_disk::open<files>(scratch.path());
    const auto plain = small_disk::open(scratch.path());

    long n = 0;
    for (bool done = false; !done; ++n) {
        files::fail_call(n, code);
        auto made = fragile::create(in, format(), 8, 0, 1);
        done = !files::failed();
        files::fail_nothing();
        // the first call only clears away
        REQUIRE(made.has_value() == (done || n == 0));
        if (!made) {
            CHECK(made.error().code() == std::error_code(code, std::generic_category()));
        }
        // there and whole, or not there
        const auto there = segment::open(plain, format(), 8);
        CHECK((there || there.error().code() == std::errc::no_such_file_or_directory));
    }
    CHECK(n > 8);

    n = 0;
    for (bool done = false; !done; ++n) {
        auto made = fragile::create(in, format(), 8, 0, 1); // over what the last attempt left
        REQUIRE(made.has_value());
        files::fail_call(n, code);
        auto recycled = fragile::recycle(*std::move(made), in, 16, 0, 1);
        done = !files::failed();
        files::fail_nothing();
        REQUIRE(recycled.has_value() == done);
        const auto there = segment::open(plain, format(), 16);
        CHECK((there || there.error().code() == std::errc::no_such_file_or_directory));
        std::filesystem::remove(small_disk::segment_file(scratch.path(), 16));
    }

    n = 0;
    for (bool done = false; !done; ++n) {
        auto made = fragile::create(in, format(), 8, 0, 1);
        REQUIRE(made.has_value());
        files::fail_call(n, code);
        const bool sealed = made->seal(1, 1).ok();
        done = !files::failed();
        files::fail_nothing();
        CHECK(sealed == done);
        CHECK(made->sealed() == done);
        CHECK(segment::open(plain, format(), 8).has_value());
    }
}

TEST_CASE("who reads a mapped segment first finds the first slot that is not whole",
          "[log][segment]")
{
    const support::scratch_directory scratch;
    const auto in = small_disk::open(scratch.path());
    segment made = make(in);
    for (gregor::offset_t offset = 8; offset != 16; ++offset) {
        small_disk::put(made, offset);
    }
    REQUIRE(made.map().ok());
    CHECK(made.first_not_whole(8, 16) == 16);
    for (gregor::offset_t broken = 8; broken != 16; ++broken) {
        made.slot(broken)[20] ^= 1;
        CHECK(made.first_not_whole(8, 16) == broken);
        CHECK(made.first_not_whole(broken, 16) == broken);
        CHECK(made.first_not_whole(8, broken) == broken);
        CHECK(made.first_not_whole(broken + 1, 16) == 16);
        made.slot(broken)[20] ^= 1;
    }
    std::memset(made.slot(12), 0, 32);
    CHECK(made.first_not_whole(8, 16) == 12);
}

#endif
