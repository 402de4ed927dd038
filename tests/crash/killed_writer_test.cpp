// SPDX-License-Identifier: MIT
#include <gregor/log/partition_files.hpp>

#if GREGOR_FILES

#    include <chrono>
#    include <cstdint>
#    include <cstdio>
#    include <cstring>
#    include <map>
#    include <mutex>
#    include <optional>
#    include <string>
#    include <thread>
#    include <utility>
#    include <vector>

#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/failing_files.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/small_disk.hpp"
#    include "support/telling_child.hpp"

// A process with two producers is killed at any moment, again and again, over one log: whatever it
// had acknowledged is there when the log is opened next, and nothing else than what it wrote.

namespace disk = gregor::disk;

using files = support::hasty_files; // the system stays up: nothing need be made lasting
using gregor::offset_t;

namespace {

const disk::segment_format format{
    .type = "number", .payload_bytes = 24, .payload_alignment = 8, .slot_count = 64};

/// What is told once the record stands: by one write, which is whole or not there.
struct acknowledgement {
    offset_t offset;
    std::uint64_t payload;
};

/// The child: never returns.
class writer {
public:
    writer(const std::string& path, int tell, std::uint64_t seed) : tell_(tell), dice_(seed)
    {
        auto in = disk::directory<files>::open(path);
        auto opened = in ? disk::partition_files<files>::open(*std::move(in), format)
                         : gregor::result<disk::partition_files<files>>{in.error()};
        if (!opened) {
            const acknowledgement refused{~offset_t{0}, 0};
            static_cast<void>(support::tell(tell_, refused));
            ::_exit(1);
        }
        log_.emplace(*std::move(opened));
        next_ = log_->report().end;
        for (offset_t at = next_; at != log_->room_end(); ++at) {
            log_->segment_of(at).prepare(at, 1);
        }
    }

    [[noreturn]] void run()
    {
        std::thread other{[&] { produce(1); }};
        produce(2);
    }

private:
    /// Where the next record goes; room and lasting are looked after, as in a log.
    struct place {
        offset_t offset;
        unsigned char* slot;
        std::uint64_t salt;
    };
    place claim()
    {
        const std::lock_guard lock{mutex_};
        if (next_ == log_->room_end()) {
            const bool uses_again = log_->removable() > 2;
            if ((uses_again ? log_->add_segment_of_oldest() : log_->add_segment()).has_value()) {
                ::_exit(2);
            }
            log_->segment_of(next_).prepare(next_, format.slot_count);
        }
        const place mine{next_, log_->segment_of(next_).slot(next_),
                         log_->segment_of(next_).salt()};
        ++next_;
        ++open_;
        return mine;
    }
    void done()
    {
        const std::lock_guard lock{mutex_};
        if (--open_ == 0 && dice_.one_in(20) && log_->flush(next_).has_value()) {
            ::_exit(3);
        }
    }

    [[noreturn]] void produce(std::uint64_t who)
    {
        for (std::uint64_t count = 1;; ++count) {
            const place mine = claim();
            const std::uint64_t payload =
                (static_cast<std::uint64_t>(::getpid()) << 32U) | (who << 28U) | count;
            std::vector<unsigned char> slot(static_cast<std::size_t>(format.slot_bytes()));
            for (std::size_t at = 16; at != slot.size(); at += 8) {
                std::memcpy(slot.data() + at, &payload, 8);
            }
            disk::finish_slot(disk::salted(mine.salt), mine.offset, disk::slot_kind::record,
                              slot.data(), slot.size());
            std::uint64_t stamp = 0;
            std::memcpy(&stamp, slot.data(), sizeof stamp);
            std::memcpy(mine.slot + 8, slot.data() + 8, slot.size() - 8);
            if (count % 8 == 0) {
                // often enough, death finds a claim open while the other producer is beyond it
                std::this_thread::sleep_for(std::chrono::microseconds{20});
            }
            __atomic_store_n(reinterpret_cast<std::uint64_t*>(mine.slot), stamp, __ATOMIC_RELEASE);
            const acknowledgement told{mine.offset, payload};
            if (!support::tell(tell_, told)) {
                ::_exit(4);
            }
            done();
        }
    }

    int tell_;
    support::dice dice_;
    std::optional<disk::partition_files<files>> log_;
    std::mutex mutex_;
    offset_t next_ = 0;
    std::uint64_t open_ = 0;
};

} // namespace

TEST_CASE("whoever is killed loses nothing that he had acknowledged", "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    const support::scratch_directory scratch;
    std::map<offset_t, std::uint64_t> acknowledged;
    std::uint64_t voids = 0;
    offset_t begin = 0;
    std::string wrong;
    const int kills = support::kills(200);
    for (int round = 0; round != kills && wrong.empty(); ++round) {
        const std::uint64_t child_seed = dice.below(1U << 30U);
        support::telling_child<acknowledgement> child{
            [&](int tell) { writer{scratch.path(), tell, child_seed}.run(); }};
        // at once, in its recovery, or after some hundred records
        std::uint64_t left = dice.one_in(4) ? 0 : 1 + dice.below(600);
        if (left == 0) {
            child.kill_within(std::chrono::microseconds{3000}, dice);
        }
        for (acknowledgement told{}; wrong.empty() && child.hear(told, left);) {
            if (told.offset == ~offset_t{0}) {
                wrong = "the log was refused";
            }
            acknowledged[told.offset] = told.payload;
        }
        wrong = wrong.empty() ? child.end() : wrong;
        if (!dice.one_in(3)) {
            continue; // the next child goes on, and finds what this one left
        }

        const auto in = small_disk::open<files>(scratch.path());
        auto log = disk::recover(in, format, {.verify_sealed = dice.one_in(2)});
        if (!log) {
            wrong = log.error().what();
            break;
        }
        voids += log->report.voids;
        begin = log->report.begin;
        std::map<offset_t, std::uint64_t> there;
        for (offset_t at = begin; at != log->report.end; ++at) {
            auto& from = log->segments[static_cast<std::size_t>((at - begin) / format.slot_count)];
            std::vector<unsigned char> slot(40);
            REQUIRE(from.read(at, 1, slot.data()).ok());
            const auto state = disk::look_at_slot(disk::salted(from.salt()), at, from.recycled(),
                                                  slot.data(), slot.size());
            if (state == disk::slot_state::record) {
                std::memcpy(&there[at], slot.data() + 16, 8);
            } else if (state != disk::slot_state::skipped) {
                wrong = "offset " + std::to_string(at) + " is not whole";
            }
        }
        for (const auto& [offset, payload] : acknowledged) {
            const auto found = there.find(offset);
            if (offset >= begin && (found == there.end() || found->second != payload)) {
                wrong = "offset " + std::to_string(offset) + " was acknowledged, and is not there";
            }
        }
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(begin > 0);
    CHECK(acknowledged.size() > 1000);
    std::printf("crash: files, %zu records acknowledged, %llu dead claims: %d kills\n",
                acknowledged.size(), static_cast<unsigned long long>(voids), kills);
}

#endif
