// SPDX-License-Identifier: MIT
#include <gregor/log/partition_files.hpp>
#include <gregor/log/repair.hpp>

#if GREGOR_FILES

#    include <gregor/log/confinable.hpp>

#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <optional>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/random.hpp"
#    include "support/simulated_files.hpp"

// Recoveries and repairs of a log whose records lie in blobs, in chunks beside its segments.

namespace disk = gregor::disk;

using files = support::simulated_files;
using gregor::offset_t;

namespace {

constexpr std::size_t chunk = 4096;
constexpr std::size_t slot_bytes = 40;
/// A segment's blobs take a chunk and a half.
constexpr std::size_t blob_bytes = 784;

disk::segment_format format()
{
    return {.type = "text",
            .payload_bytes = 24,
            .payload_alignment = 8,
            .slot_count = 8,
            .blob_chunk_bytes = chunk};
}

std::vector<unsigned char> text_of(offset_t offset)
{
    std::vector<unsigned char> text(blob_bytes);
    for (std::size_t i = 0; i != text.size(); ++i) {
        text[i] = static_cast<unsigned char>(offset * 77 + i);
    }
    return text;
}

/// A disk with a log.
struct log_on_disk {
    explicit log_on_disk(std::uint64_t seed) : memory(seed) { files::disk = &memory; }

    /// Records from the end on, up to this offset; as a process leaves them that is killed.
    void write(offset_t end, bool flushes)
    {
        auto log =
            disk::partition_files<files>::open(*disk::directory<files>::open("disk"), format());
        REQUIRE(log.has_value());
        std::uint64_t taken = log->blobs_end() + 8; // no two lives have theirs in the same places
        for (offset_t at = log->report().end; at != end; ++at) {
            if (at == log->room_end()) {
                REQUIRE_FALSE(log->add_segment(taken));
            }
            const std::uint64_t left = chunk - taken % chunk;
            taken = blob_bytes <= left ? taken : taken + left;
            if (!log->blobs().has(taken)) {
                REQUIRE_FALSE(log->add_chunk(taken));
            }
            const auto text = text_of(at);
            std::memcpy(blob_at(taken), text.data(), text.size());
            std::vector<unsigned char> slot(slot_bytes);
            const disk::blob_ref ref{taken, blob_bytes,
                                     gregor::crc32c::of(text.data(), text.size())};
            std::memcpy(slot.data() + 16, &ref, sizeof ref);
            auto& in = log->segment_of(at);
            disk::finish_slot(disk::salted(in.salt()), at, disk::slot_kind::record, slot.data(),
                              slot.size());
            REQUIRE(in.write(at, 1, slot.data()).ok());
            taken += blob_bytes;
        }
        if (flushes) {
            REQUIRE_FALSE(log->flush(end, {taken, end}));
        }
    }

    support::simulated_disk::bytes& file(const std::string& name)
    {
        return memory.files[static_cast<std::size_t>(memory.names.at(name))].now;
    }
    unsigned char* blob_at(std::uint64_t position)
    {
        return file(disk::chunk_name(position & ~(chunk - 1))).data() + 4096 + position % chunk;
    }
    /// Where the record's blob lies, by its slot in this file.
    disk::blob_ref blob_of(offset_t offset, const std::string& folder = "")
    {
        return disk::blob_of(file(folder + disk::segment_name(offset / 8 * 8)).data() + 4096 +
                                 offset % 8 * slot_bytes,
                             16);
    }
    bool has_text(offset_t offset, const disk::blob_ref& at)
    {
        const auto text = text_of(offset);
        return std::memcmp(blob_at(at.position), text.data(), text.size()) == 0;
    }

    disk::repair_report repair()
    {
        const auto in = *disk::directory<files>::open("disk");
        auto report = disk::repair(in, format());
        if (!report) {
            FAIL(report.error().what());
        }
        return *std::move(report);
    }
    /// And so it is foretold; which makes lasting what it looks at.
    disk::repair_report repair_as_foretold()
    {
        auto told = foretell();
        REQUIRE(told.has_value());
        const auto report = repair();
        CHECK(told->log.end == report.log.end);
        CHECK(told->log.set_aside == report.log.set_aside);
        CHECK(told->log.damaged == report.log.damaged);
        CHECK(told->files == report.files);
        CHECK(told->folder == report.folder);
        CHECK(told->damages.size() == report.damages.size());
        return report;
    }
    static gregor::result<disk::repair_report> foretell()
    {
        using confinable = disk::confinable<files>;
        auto in = *disk::directory<confinable>::open("disk");
        confinable::confine(in.handle.fill());
        return disk::foretell_repair(in, format());
    }

    /// How many records there are, one after the other, all of them whole.
    offset_t read()
    {
        const auto in = *disk::directory<files>::open("disk");
        auto log = disk::recover(in, format(), {.verify_sealed = true});
        if (!log) {
            FAIL(log.error().what());
        }
        for (offset_t at = log->report.begin; at != log->report.end; ++at) {
            REQUIRE(has_text(at, blob_of(at)));
        }
        return log->report.end;
    }

    support::simulated_disk memory;
};

} // namespace

TEST_CASE("what a repair calls lasting has its blobs after a loss of power",
          "[log][repair][encoded]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int round = 0; round != 50; ++round) {
        log_on_disk log{dice.below(~std::uint64_t{0})};
        log.write(22, false); // nothing of it lasts
        log.file(disk::segment_name(16))[4096 + 4 * slot_bytes + 20] ^= 1;
        CHECK(log.repair().log.durable == 20);
        log.memory.lose_power();
        CHECK(log.read() == 20);
    }
}

TEST_CASE("what a recovery calls lasting has its blobs after a loss of power",
          "[log][recovery][encoded]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    for (int round = 0; round != 50; ++round) {
        log_on_disk log{dice.below(~std::uint64_t{0})};
        log.write(22, false);
        ++log.memory.boot; // the system was shut down, and lost nothing
        log.write(22, false);
        log.memory.lose_power();
        CHECK(log.read() == 22);
    }
}

TEST_CASE("no blob is written over where a flush ended at any of its calls",
          "[log][recovery][encoded]")
{
    const offset_t end = GENERATE(8U, 12U, 16U); // the segments are full, or one is not
    bool through = false;
    for (long n = 0; !through; ++n) {
        log_on_disk log{1};
        log.write(end, false);
        {
            auto there =
                disk::partition_files<files>::open(*disk::directory<files>::open("disk"), format());
            REQUIRE(there.has_value());
            log.memory.fails_from = log.memory.calls + n;
            through = !there->close(end, {there->blobs_end(), end}).has_value();
        }
        log.memory.kill();
        log.write(end + 5, false);
        CHECK(log.read() == end + 5);
    }
}

TEST_CASE("a blob that is damaged ends what a repair keeps, and what is set aside has its own",
          "[log][repair][encoded]")
{
    const bool lasts = GENERATE(false, true);
    log_on_disk log{1};
    log.write(30, lasts);
    const auto broken = log.blob_of(11);
    log.blob_at(broken.position)[100] ^= 1;
    const auto report = log.repair_as_foretold();
    REQUIRE(report.damages.size() == 1);
    CHECK(std::string{report.damages[0].what()}.find("at offset 11") != std::string::npos);
    CHECK(report.log.end == 11);
    CHECK(report.log.damaged == 1);
    CHECK(report.log.set_aside == 4);
    CHECK(report.files == 2);
    CHECK(log.read() == 11);

    // of the segment in which it ends, slots with their blobs
    const auto& aside = log.file("repair.0.aside/00000000000000000008.0.aside");
    std::size_t at = 4096 + slot_bytes; // the one that is broken, alone
    for (offset_t offset = 12; offset != 16; ++offset) {
        const auto text = text_of(offset);
        REQUIRE(aside.size() >= at + slot_bytes + blob_bytes);
        CHECK(std::memcmp(aside.data() + at + slot_bytes, text.data(), text.size()) == 0);
        at += slot_bytes + blob_bytes;
    }
    CHECK(aside.size() == at);
    // of the others, the blobs where they were, also when the log is gone on with
    log.write(40, lasts);
    CHECK(log.read() == 40);
    for (offset_t offset = 16; offset != 30; ++offset) {
        CHECK(log.has_text(offset, log.blob_of(offset, "repair.0.aside/")));
    }
}

TEST_CASE("a repair that ends at any of its calls comes to the same when it is begun again",
          "[log][repair][encoded]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    std::string wrong;
    for (int round = 0; round != 300 && wrong.empty(); ++round) {
        log_on_disk log{dice.below(~std::uint64_t{0})};
        log.write(22, true);
        log.memory.lose_power(); // all of it lasts
        const offset_t hit = dice.below(22);
        const std::uint64_t position = log.blob_of(hit).position;
        log.blob_at(position)[dice.below(blob_bytes)] ^= 1;
        auto& chunks = log.memory.files[static_cast<std::size_t>(
            log.memory.names.at(disk::chunk_name(position & ~(chunk - 1))))];
        chunks.lasting = chunks.now;
        for (std::uint64_t lives = dice.below(4); lives != 0; --lives) {
            log.memory.fails_from = log.memory.calls + static_cast<long>(dice.below(150));
            static_cast<void>(
                disk::repair(*disk::directory<files>::open("disk"), format()).has_value());
            if (dice.one_in(3)) {
                log.memory.kill();
            } else {
                log.memory.lose_power();
            }
        }
        const auto report = log.repair();
        if (report.log.end != hit || log.read() != hit) {
            wrong =
                "it ends at " + std::to_string(report.log.end) + ", not at " + std::to_string(hit);
        }
        log.write(30, true); // over nothing that is set aside
        for (const auto& [name, number] : log.memory.names) {
            const std::size_t folder = name.find('/');
            const auto base =
                folder == std::string::npos ? std::nullopt : disk::base_in(name.substr(folder + 1));
            for (offset_t at = base.value_or(22); at != 22 && at != base.value_or(22) + 8; ++at) {
                const auto& bytes = log.memory.files[static_cast<std::size_t>(number)].now;
                const auto ref = disk::blob_of(bytes.data() + 4096 + at % 8 * slot_bytes, 16);
                if (!log.has_text(at, ref) && at != hit) {
                    wrong = "the blob of offset " + std::to_string(at) + " is gone";
                }
            }
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
}

TEST_CASE("a chunk that is missing ends what a repair keeps", "[log][repair][encoded]")
{
    log_on_disk log{1};
    log.write(30, true);
    const bool is_last = GENERATE(false, true);
    const std::uint64_t position = log.blob_of(is_last ? 29 : 13).position;
    offset_t first = 0; // that is in it
    while (log.blob_of(first).position / chunk != position / chunk) {
        ++first;
    }
    log.memory.names.erase(disk::chunk_name(position & ~(chunk - 1)));
    CHECK(log.repair_as_foretold().log.end == first);
    CHECK(log.read() == first);
    log.write(40, true);
    CHECK(log.read() == 40);
}

TEST_CASE("where a repair keeps nothing, the blobs of what is set aside are not written over",
          "[log][repair][encoded]")
{
    log_on_disk log{1};
    log.write(20, true);
    log.file(disk::segment_name(0))[100] ^= 1;
    CHECK(log.repair_as_foretold().log.end == 0);
    CHECK(log.read() == 0);
    for (offset_t end = 1; end < 8; ++end) {
        log.write(end, false);
        CHECK(log.read() == end);
    }
    for (offset_t offset = 0; offset != 20; ++offset) {
        CHECK(log.has_text(offset, log.blob_of(offset, "repair.0.aside/")));
    }
}

TEST_CASE("a chunk of another log, or out of place, is refused, and nothing is changed",
          "[log][repair][encoded]")
{
    log_on_disk log{1};
    log.write(20, true);
    const bool is_out_of_place = GENERATE(false, true);
    auto other = format();
    other.partition = 1;
    const std::uint64_t at = is_out_of_place ? chunk + 8 : 0;
    if (is_out_of_place) {
        log.memory.names[disk::chunk_name(at)] = log.memory.names.at(disk::chunk_name(0));
    } else {
        const auto header = disk::make_chunk_header(other, at);
        std::memcpy(log.file(disk::chunk_name(0)).data(), &header, sizeof header);
    }
    log.file(disk::segment_name(16))[4096 + 20] ^= 1;
    const auto names = log.memory.names;
    const auto in = *disk::directory<files>::open("disk");
    const auto refused = disk::repair(in, format());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == gregor::errc::wrong_format);
    const auto told = log_on_disk::foretell();
    REQUIRE_FALSE(told.has_value());
    CHECK(std::string{told.error().what()} == refused.error().what());
    CHECK(log.memory.names == names);
    log.file(disk::segment_name(16))[4096 + 20] ^= 1;
    const auto opened = disk::recover(in, format());
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code() == gregor::errc::wrong_format);
}

TEST_CASE("positions that nobody comes to are refused, and no chunk goes for them",
          "[log][recovery][encoded]")
{
    log_on_disk log{1};
    log.write(12, true);
    auto* const page = log.file(disk::segment_name(0)).data();
    SECTION("in a header")
    {
        disk::header_block header;
        std::memcpy(&header, page, sizeof header);
        header.blobs_from = std::uint64_t{1} << 63U;
        disk::finish_block(header, disk::header_magic, header.salt);
        std::memcpy(page, &header, sizeof header);
    }
    SECTION("in a seal")
    {
        const std::uint64_t salt = disk::little64{page[496], page[497], page[498], page[499],
                                                  page[500], page[501], page[502], page[503]};
        disk::seal_block seal;
        std::memcpy(&seal, page + offsetof(disk::header_page, seal), sizeof seal);
        REQUIRE(seal.blobs_end > chunk);
        seal.blobs_end = ~std::uint64_t{0};
        disk::finish_block(seal, disk::seal_magic, salt);
        std::memcpy(page + offsetof(disk::header_page, seal), &seal, sizeof seal);
    }
    SECTION("in a checkpoint")
    {
        auto& bytes = log.file("checkpoint");
        for (std::size_t at = 0; at != bytes.size(); at += 4096) {
            disk::checkpoint_block block;
            std::memcpy(&block, bytes.data() + at, sizeof block);
            block.blobs_end = ~std::uint64_t{0};
            disk::finish_block(block, disk::checkpoint_magic, 0);
            std::memcpy(bytes.data() + at, &block, sizeof block);
        }
    }
    const auto names = log.memory.names;
    const auto in = *disk::directory<files>::open("disk");
    const auto refused = disk::recover(in, format());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == gregor::errc::corrupt);
    CHECK(log.memory.names == names);
}

TEST_CASE("a record whose blob lies before those of its segment is damaged, and no chunk goes",
          "[log][recovery][encoded]")
{
    log_on_disk log{1};
    log.write(6, false);
    auto* const page = log.file(disk::segment_name(0)).data();
    disk::header_block header;
    std::memcpy(&header, page, sizeof header);
    header.blobs_from = chunk;
    disk::finish_block(header, disk::header_magic, header.salt);
    std::memcpy(page, &header, sizeof header);
    const auto names = log.memory.names;
    const auto in = *disk::directory<files>::open("disk");
    const auto refused = disk::recover(in, format());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == gregor::errc::corrupt);
    CHECK(log.memory.names == names);
}

#endif
