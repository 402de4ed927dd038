// SPDX-License-Identifier: MIT
#include <gregor/log/recovery.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"

// A small log, and every way in which one bit of it can flip or one of its files can be cut: what
// recovery returns never holds a wrong record, and no damage goes unsaid.

namespace disk = gregor::disk;

using files = support::hasty_files;
using gregor::offset_t;
using small_disk::format;

namespace {

constexpr offset_t end = 13; ///< two segments, the first one sealed
constexpr offset_t durable = 10;

struct found {
    bool opened = false;
    std::error_code code;
    disk::recovery_report report;
    std::map<offset_t, std::uint64_t> records;
};

found recover(const disk::directory<files>& in)
{
    auto log = disk::recover(in, format(), {.verify_sealed = true});
    if (!log) {
        return {false, log.error().code(), {}, {}};
    }
    return {true, {}, log->report, small_disk::read(*log)};
}

/// The offset whose slot this byte of a segment is in; `end` where in none that was written.
offset_t offset_at(offset_t base, std::size_t byte)
{
    const std::size_t index = (byte - disk::page_bytes) / 32;
    return byte < disk::page_bytes || index >= 8 ? end : std::min<offset_t>(base + index, end);
}

/// One small log, whole, of this boot or another one.
struct whole_log {
    explicit whole_log(bool same_boot)
    {
        small_disk::write(scratch.path(), end);
        if (same_boot) {
            const auto in = small_disk::open(scratch.path());
            auto checkpoint = disk::checkpoint_file<>::open(in);
            auto values = checkpoint->values();
            values.durable = durable;
            REQUIRE(checkpoint->write(values).ok());
            REQUIRE(checkpoint->write(values).ok());
        } else {
            small_disk::forget_boot(scratch.path(), durable);
        }
        image.emplace(scratch.path());
    }

    support::scratch_directory scratch;
    std::optional<small_disk::snapshot> image;
};

} // namespace

TEST_CASE("each flipped bit of a log is reported, or cuts it there, or does no harm", "[crash]")
{
    const bool same_boot = GENERATE(true, false);
    const whole_log log{same_boot};
    const auto in = small_disk::open<files>(log.scratch.path());
    std::size_t cut = 0;
    std::size_t refused = 0;
    std::string wrong;
    for (const auto& [name, bytes] : log.image->files()) {
        const auto base = disk::base_in(name);
        for (std::size_t bit = 0; bit != bytes.size() * 8; ++bit) {
            // of the zeros, one bit a byte
            if (bytes[bit / 8] == 0 && bit % 8 != bit / 8 % 8) {
                continue;
            }
            std::string flipped = bytes;
            flipped[bit / 8] =
                static_cast<char>(flipped[bit / 8] ^ static_cast<char>(1U << bit % 8));
            support::put_bytes(log.scratch / name, flipped);
            const found now = recover(in);
            const offset_t hit = base ? offset_at(*base, bit / 8) : end;
            const bool may_be_cut = hit >= durable && !same_boot;
            bool right = small_disk::all_right(now.records);
            if (now.opened) {
                right = right && now.records.size() == now.report.end;
                if (hit == end) {
                    right = right && now.report.end == end;
                } else {
                    // what is behind it was kept
                    right = right && may_be_cut && now.report.end == hit &&
                            now.report.damaged == 1 && now.report.set_aside == end - hit - 1;
                    ++cut;
                }
            } else {
                const bool of_header = base && bit / 8 < disk::page_bytes;
                right = right && (of_header || (hit != end && !may_be_cut) ||
                                  (same_boot && bit / 8 >= disk::page_bytes));
                right = right && (now.code == gregor::errc::corrupt ||
                                  now.code == gregor::errc::wrong_format);
                ++refused;
            }
            if (!right && wrong.size() < 1000) {
                wrong += name + ", bit " + std::to_string(bit) + "; ";
            }
            log.image->restore();
        }
    }
    CHECK(wrong.empty());
    INFO(wrong);
    CHECK(refused > 1000);
    CHECK((cut != 0) == !same_boot);
}

TEST_CASE("a log of which a file was cut, at whatever byte, is refused, or whole", "[crash]")
{
    const bool same_boot = GENERATE(true, false);
    const whole_log log{same_boot};
    const auto in = small_disk::open<files>(log.scratch.path());
    std::string wrong;
    for (const auto& [name, bytes] : log.image->files()) {
        const bool is_segment = disk::base_in(name).has_value();
        for (std::size_t left = 0; left != bytes.size(); ++left) {
            support::put_bytes(log.scratch / name, bytes.substr(0, left));
            const found now = recover(in);
            const bool expected = is_segment || left < disk::block_bytes
                                      ? now.code == gregor::errc::corrupt
                                      : now.opened && now.report.end == end &&
                                            small_disk::all_right(now.records) &&
                                            now.report.checkpoint_torn ==
                                                (left < disk::page_bytes + disk::block_bytes);
            if (!expected && wrong.size() < 1000) {
                wrong += name + ", " + std::to_string(left) + " bytes; ";
            }
            log.image->restore();
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
}

#endif
