// SPDX-License-Identifier: MIT
#include <gregor/log/offsets_file.hpp>

#if GREGOR_FILES

#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <map>
#    include <optional>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/simulated_files.hpp"

// A small offsets file, and every way in which one bit of it can flip, it can be cut, or sectors of
// it can be lost: no group is ever further than it was, and no damage goes unsaid.

namespace disk = gregor::disk;

using files = support::simulated_files;
using gregor::offset_t;
using offsets_file = disk::offsets_file<files>;

namespace {

disk::offsets_owner owner()
{
    return {.log = 77, .partition = 3, .epoch = 5, .starts = {600}, .begin = 0, .end = 1000};
}

struct group {
    std::optional<offset_t> offset;
    std::optional<std::string> note;

    friend bool operator==(const group&, const group&) = default;
};

/// A file in memory with three groups, and all that each of them has said.
class small_file {
public:
    small_file()
    {
        files::disk = &disk_;
        auto opened = offsets_file::open(*disk::directory<files>::open("disk"), owner());
        REQUIRE(opened.has_value());
        for (const char* name : {"risk", "screen", "idle"}) {
            REQUIRE(opened->add(name, name == std::string{"screen"}).has_value());
            said_[name].push_back({});
        }
        say(*opened, "risk", 5, "five");
        say(*opened, "risk", 7, "seven");
        say(*opened, "screen", 400, {});
        say(*opened, "screen", 300, "back");
        say(*opened, "screen", 500, {});
        whole_ = disk_.files[0].now;
    }

    [[nodiscard]] const support::simulated_disk::bytes& whole() const { return whole_; }
    [[nodiscard]] support::simulated_disk::bytes now() const { return disk_.files[0].now; }

    /// Opens a file of these bytes; none where that is refused as damaged.
    std::optional<disk::offsets_report> open(const support::simulated_disk::bytes& bytes)
    {
        put(bytes);
        auto opened = offsets_file::open(*disk::directory<files>::open("disk"), owner());
        found.clear();
        if (!opened) {
            const std::error_code code = opened.error().code();
            wrong = code == gregor::errc::corrupt || code == gregor::errc::wrong_format
                        ? ""
                        : "another error";
            return std::nullopt;
        }
        opened->each([&](const disk::offset_cell& cell) {
            const auto word = cell.word();
            found[std::string{cell.name()}] = {
                word ? std::optional<offset_t>{*word >> 2U} : std::nullopt, opened->note(cell)};
        });
        wrong = judge();
        return opened->report();
    }

    /// All is as it was said last.
    [[nodiscard]] bool all_there() const
    {
        bool all = found.size() == said_.size();
        for (const auto& [name, said] : said_) {
            const auto at = found.find(name);
            all = all && at != found.end() && at->second == said.back();
        }
        return all;
    }

    std::map<std::string, group> found; ///< by the last opening
    std::string wrong;

private:
    void put(const support::simulated_disk::bytes& bytes)
    {
        disk_.files.resize(1);
        disk_.files[0].now.reserve(support::simulated_disk::longest);
        disk_.files[0].now.assign(bytes.begin(), bytes.end());
        disk_.files[0].lasting.clear();
        disk_.names = {{offsets_file::name, 0}};
        disk_.changes.clear();
    }

    void say(offsets_file& in, const std::string& name, offset_t offset,
             std::optional<std::string> note)
    {
        disk::offset_cell& cell = *in.find(name);
        if (note) {
            cell.write_note(offset, *note);
        }
        cell.set(offset << 2U | 2U);
        said_[name].push_back({offset, std::move(note)});
    }

    /// Nothing is there that was not said.
    [[nodiscard]] std::string judge() const
    {
        for (const auto& [name, now] : found) {
            const auto said = said_.find(name);
            if (said == said_.end()) {
                return "a group that there never was";
            }
            bool any = false;
            for (const group& each : said->second) {
                any = any || (now.offset == each.offset && (!now.note || now.note == each.note));
            }
            if (!any) {
                return name + " says what it never said";
            }
        }
        return {};
    }

    support::simulated_disk disk_{1};
    support::simulated_disk::bytes whole_;
    std::map<std::string, std::vector<group>> said_;
};

} // namespace

TEST_CASE("each flipped bit of an offsets file is reported, or does no harm", "[crash]")
{
    small_file file;
    REQUIRE(file.open(file.whole()).has_value());
    REQUIRE(file.all_there());
    std::string wrong;
    std::size_t refused = 0;
    std::size_t torn = 0;
    std::size_t unseen = 0;
    support::simulated_disk::bytes bytes = file.whole();
    for (std::size_t bit = 0; bit != bytes.size() * 8; ++bit) {
        // of the zeros, one bit a byte
        if (bytes[bit / 8] == 0 && bit % 8 != bit / 8 % 8) {
            continue;
        }
        const auto flip = static_cast<unsigned char>(1U << bit % 8);
        bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ flip);
        const auto report = file.open(bytes);
        bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ flip);
        bool right = file.wrong.empty();
        if (!report) {
            right = right && bit / 8 < disk::block_bytes; // in the header
            ++refused;
        } else {
            right = right && report->lost_groups + report->lost_offsets == 0 &&
                    file.found.size() == 3 && (file.all_there() || report->torn == 1);
            torn += report->torn;
            unseen += report->torn == 0 ? 1U : 0U;
        }
        if (!right && wrong.size() < 1000) {
            wrong += "bit " + std::to_string(bit) + " " + file.wrong + "; ";
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(refused >= disk::block_bytes);
    CHECK(torn > 4000);
    CHECK(unseen > 4000); // where nothing lies
}

TEST_CASE("an offsets file that was cut, at whatever byte, is refused", "[crash]")
{
    small_file file;
    std::string wrong;
    for (std::size_t left = 0; left != file.whole().size(); ++left) {
        const auto end = file.whole().begin() + static_cast<std::ptrdiff_t>(left);
        if (file.open({file.whole().begin(), end}).has_value() || !file.wrong.empty()) {
            wrong += std::to_string(left) + " bytes; ";
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
}

TEST_CASE("whichever two sectors of an offsets file are lost, no group is further than it was",
          "[crash]")
{
    small_file file;
    constexpr std::size_t sector = support::simulated_disk::sector;
    const std::size_t sectors = 3 * disk::page_bytes / sector; // the header and two groups
    const unsigned char with = GENERATE(as<unsigned char>{}, 0, 0xa5);
    std::string wrong;
    std::size_t lost = 0;
    for (std::size_t first = 0; first != sectors; ++first) {
        for (std::size_t second = 0; second <= first; ++second) {
            auto bytes = file.whole();
            for (const std::size_t each : {first, second}) {
                std::memset(bytes.data() + each * sector, with, sector);
            }
            const auto report = file.open(bytes);
            const bool told = !report || report->torn != 0 || with == 0;
            if (!file.wrong.empty() || (!told && !file.all_there())) {
                wrong += std::to_string(first) + " and " + std::to_string(second) + " " +
                         file.wrong + "; ";
            }
            lost += report ? report->lost_groups + report->lost_offsets : 0;
            // what was put right stays so
            if (report && (!file.open(file.now()).has_value() || !file.wrong.empty())) {
                wrong += std::to_string(first) + " and " + std::to_string(second) + " again; ";
            }
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK((lost != 0) == (with != 0));
}

#endif
