// SPDX-License-Identifier: MIT
#include <gregor/log/partition_files.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <cstring>
#    include <map>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/random.hpp"
#    include "support/simulated_files.hpp"
#    include "support/small_disk.hpp"

// A log on a disk that forgets what it may. A process writes, and is killed at any call to the
// system, or the power goes; the next one goes on. Whatever was said to be durable is there; in the
// same boot, whatever was stamped; and never another record than the one that was last written.
// Records lie in their slots, or in blobs beside them, in chunks that come and go.

namespace disk = gregor::disk;

using files = support::simulated_files;
using gregor::offset_t;

namespace {

/// Slots of 40 bytes: they lie across sectors.
const disk::segment_format format{
    .type = "number", .payload_bytes = 24, .payload_alignment = 8, .slot_count = 16};
/// A segment of these is seven pages, of which a sync is of some.
const disk::segment_format long_ones{
    .type = "long", .payload_bytes = 1600, .payload_alignment = 8, .slot_count = 16};
/// Slots of 40 bytes with blobs: a segment's take one chunk, or two.
const disk::segment_format encoded{.type = "text",
                                   .payload_bytes = 24,
                                   .payload_alignment = 8,
                                   .slot_count = 16,
                                   .blob_chunk_bytes = 4096};

class history {
public:
    history(std::uint64_t seed, const disk::segment_format& of)
        : disk_(seed), dice_(seed), format_(of)
    {
        files::disk = &disk_;
    }

    /// One life of a process and its end. False where something was wrong.
    bool live()
    {
        ++life_;
        disk_.calls = 0;
        disk_.fails_from = dice_.one_in(3) ? -1 : static_cast<long>(dice_.below(120));
        if (!open_and_work()) {
            return false;
        }
        if (dice_.one_in(4)) {
            disk_.kill();
        } else {
            disk_.lose_power();
            power_lost_ = true;
        }
        return true;
    }

    std::string wrong;
    std::uint64_t lost = 0;
    std::uint64_t aside = 0;
    std::uint64_t voids = 0;
    std::uint64_t chunks = 0; ///< that were taken away

private:
    bool dead() const { return disk_.fails_from >= 0 && disk_.calls > disk_.fails_from; }

    bool is_wrong(std::string what)
    {
        wrong = "life " + std::to_string(life_) + ": " + std::move(what);
        return false;
    }

    bool open_and_work()
    {
        auto in = disk::directory<files>::open("disk");
        auto log = disk::partition_files<files>::open(*std::move(in), format_,
                                                      {.sync_all = dice_.one_in(4)});
        if (!log) {
            return dead() ? true : is_wrong(log.error().what());
        }
        if (!check(*log)) {
            return false;
        }
        for (offset_t at = next_; at < log->room_end(); ++at) {
            log->segment_of(at).prepare(at, 1);
        }
        for (std::uint64_t left = dice_.below(60); left != 0 && !dead(); --left) {
            const std::uint64_t before = log->blob_bytes();
            step(*log);
            chunks += log->blob_bytes() < before ? 1 : 0;
            durable_ = log->durable();
            if (log->failed() && !dead()) {
                return is_wrong("failed of itself");
            }
        }
        return true;
    }

    bool check(disk::partition_files<files>& log)
    {
        const auto& report = log.report();
        if (report.end < durable_ || (!power_lost_ && report.end < stamped_end_)) {
            return is_wrong("ends at " + std::to_string(report.end) + ", durable was " +
                            std::to_string(durable_) + ", stamped " + std::to_string(stamped_end_));
        }
        if (log.begin() < begin_ || (report.end != 0 && log.begin() > most_begin_)) {
            return is_wrong("begins at " + std::to_string(log.begin()));
        }
        disk::blob_reader<files> blobs{in_, format_.blob_chunk_bytes};
        for (offset_t at = log.begin(); at != report.end; ++at) {
            auto& segment = log.segment_of(at);
            std::vector<unsigned char> slot(static_cast<std::size_t>(format_.slot_bytes()));
            if (!segment.read(at, 1, slot.data()).ok()) {
                return dead();
            }
            const auto state = disk::look_at_slot(disk::salted(segment.salt()), at,
                                                  segment.recycled(), slot.data(), slot.size());
            const auto written = written_.find(at);
            const bool right = written == written_.end() ? state == disk::slot_state::skipped
                                                         : state == disk::slot_state::record &&
                                                               holds(blobs, slot, written->second);
            if (!right) {
                if (dead()) {
                    return true;
                }
                return is_wrong("another record at offset " + std::to_string(at));
            }
        }
        lost += report.end < next_ ? next_ - report.end : 0;
        aside += report.set_aside;
        voids += report.voids;
        written_.erase(written_.lower_bound(report.end), written_.end());
        // what was durable before may be found to be more
        durable_ = log.durable();
        begin_ = log.begin();
        most_begin_ = (std::max)(most_begin_, begin_);
        next_ = stamped_end_ = report.end;
        hole_ = false;
        power_lost_ = false;
        taken_ = log.blobs_end();
        return true;
    }

    /// A slot, or its blob, is what was written.
    bool holds(disk::blob_reader<files>& blobs, const std::vector<unsigned char>& slot,
               std::uint64_t payload) const
    {
        if (!format_.has_blobs()) {
            return std::memcmp(slot.data() + 16, &payload, 8) == 0 &&
                   std::memcmp(slot.data() + 32, &payload, 8) == 0;
        }
        const disk::blob_ref ref = disk::blob_of(slot.data(), 16);
        const std::vector<unsigned char> text = blob(payload);
        bool whole = false;
        return blobs.read(ref, whole).ok() && whole && ref.bytes == text.size() &&
               (text.empty() || std::memcmp(blobs.bytes(), text.data(), text.size()) == 0);
    }
    /// Of up to two sectors.
    static std::vector<unsigned char> blob(std::uint64_t payload)
    {
        std::vector<unsigned char> text(payload % 7 == 0 ? 0 : payload * 37 % 900);
        for (std::size_t i = 0; i != text.size(); ++i) {
            text[i] = static_cast<unsigned char>(payload * 131 + i);
        }
        return text;
    }

    void step(disk::partition_files<files>& log)
    {
        if (dice_.one_in(8)) {
            const offset_t to = hole_ ? hole_at_ : next_;
            static_cast<void>(
                log.flush(durable_ + dice_.below(to + 1 - durable_), {taken_, next_}));
            return;
        }
        if (dice_.one_in(30) && full_segments(log) != 0) {
            most_begin_ = log.begin() + format_.slot_count;
            if (!log.remove_oldest()) {
                begin_ = log.begin();
            }
            return;
        }
        if (dice_.one_in(60) && !hole_) {
            static_cast<void>(log.close(next_, {taken_, next_}));
            return;
        }
        if (next_ == log.room_end()) {
            const bool uses_again = full_segments(log) > 1;
            most_begin_ = uses_again ? log.begin() + format_.slot_count : most_begin_;
            const bool failed =
                (uses_again ? log.add_segment_of_oldest(taken_) : log.add_segment(taken_))
                    .has_value();
            if (failed) {
                return;
            }
            begin_ = log.begin();
            log.segment_of(next_).prepare(next_, format_.slot_count);
        }
        write(log);
    }

    /// How many of the oldest may go: they are full, lasting or not, and one stands behind them.
    std::uint64_t full_segments(const disk::partition_files<files>& log) const
    {
        const offset_t settled = hole_ ? hole_at_ : next_;
        const std::uint64_t full =
            settled < log.begin() ? 0 : (settled - log.begin()) / format_.slot_count;
        const std::uint64_t all = (log.room_end() - log.begin()) / format_.slot_count;
        return full < all ? full : all - (all != 0 ? 1 : 0);
    }

    /// A claim: which is stamped, or dies before that.
    void write(disk::partition_files<files>& log)
    {
        auto& segment = log.segment_of(next_);
        const std::uint64_t payload = life_ * 1000000 + next_ + 1;
        std::vector<unsigned char> slot(static_cast<std::size_t>(format_.slot_bytes()));
        std::memcpy(slot.data() + 16, &payload, 8);
        std::memcpy(slot.data() + 32, &payload, 8);
        if (format_.has_blobs() && !put_blob(log, payload, slot.data() + 16)) {
            return;
        }
        disk::finish_slot(disk::salted(segment.salt()), next_, disk::slot_kind::record, slot.data(),
                          slot.size());
        unsigned char* const at = segment.slot(next_);
        std::memcpy(at + 8, slot.data() + 8, slot.size() - 8);
        if (dice_.one_in(40)) {
            hole_at_ = hole_ ? hole_at_ : next_;
            hole_ = true;
        } else {
            std::memcpy(at, slot.data(), 8);
            written_[next_] = payload;
            stamped_end_ = next_ + 1;
        }
        ++next_;
    }

    /// The record's blob, and where it lies; false where there is no room.
    bool put_blob(disk::partition_files<files>& log, std::uint64_t payload, unsigned char* ref)
    {
        const std::vector<unsigned char> text = blob(payload);
        const std::uint64_t left = format_.blob_chunk_bytes - taken_ % format_.blob_chunk_bytes;
        const std::uint64_t at = text.size() <= left ? taken_ : taken_ + left;
        if (!log.blobs().has(at) && log.add_chunk(at)) {
            return false;
        }
        const disk::blob_ref made{text.empty() ? 0 : at, static_cast<std::uint32_t>(text.size()),
                                  gregor::crc32c::of(text.data(), text.size())};
        std::memcpy(ref, &made, sizeof made);
        if (!text.empty()) {
            const int file = disk_.names.at(disk::chunk_name(at & ~(format_.blob_chunk_bytes - 1)));
            std::memcpy(disk_.files[static_cast<std::size_t>(file)].now.data() + 4096 +
                            at % format_.blob_chunk_bytes,
                        text.data(), text.size());
        }
        taken_ = at + (text.size() + 7) / 8 * 8;
        return true;
    }

    support::simulated_disk disk_;
    support::dice dice_;
    const disk::segment_format& format_;
    const disk::directory<files> in_ = *disk::directory<files>::open("disk");
    std::uint64_t taken_ = 0;
    std::uint64_t life_ = 0;
    std::map<offset_t, std::uint64_t> written_;
    offset_t next_ = 0;
    offset_t stamped_end_ = 0;
    offset_t durable_ = 0;
    offset_t begin_ = 0;      ///< everything below it was taken away for good
    offset_t most_begin_ = 0; ///< and below this one perhaps
    bool hole_ = false;
    offset_t hole_at_ = 0;
    bool power_lost_ = false;
};

void end_again_and_again(const disk::segment_format& of, int rounds)
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    std::uint64_t images = 0;
    std::uint64_t lost = 0;
    std::uint64_t aside = 0;
    std::uint64_t voids = 0;
    std::uint64_t chunks = 0;
    for (int round = 0; round != rounds; ++round) {
        history one{dice.below(~std::uint64_t{0}), of};
        for (int lives = 0; lives != 10 && one.live(); ++lives) {
            ++images;
        }
        if (!one.wrong.empty()) {
            FAIL("round " << round << ", " << one.wrong);
        }
        lost += one.lost;
        aside += one.aside;
        voids += one.voids;
        chunks += one.chunks;
    }
    CHECK(lost > 0);
    CHECK(aside > 0);
    CHECK(voids > 0);
    CHECK((chunks > 0) == of.has_blobs());
    std::printf("crash: %llu images, %llu records lost that were not durable, %llu set aside, "
                "%llu dead claims\n",
                static_cast<unsigned long long>(images), static_cast<unsigned long long>(lost),
                static_cast<unsigned long long>(aside), static_cast<unsigned long long>(voids));
}

} // namespace

TEST_CASE("the power goes, or the process, at any call: what is durable is there", "[crash]")
{
    end_again_and_again(format, 8000);
}

TEST_CASE("the power goes, or the process, at any call: what is durable is so in all its pages",
          "[crash]")
{
    end_again_and_again(long_ones, 1000);
}

TEST_CASE("the power goes, or the process, at any call: what is durable has its blobs", "[crash]")
{
    end_again_and_again(encoded, 4000);
}

#endif
