// SPDX-License-Identifier: MIT
// Blobs are made lasting, by the real keeper of real files on a disk in memory, while producers
// still write to their chunks: nothing is called durable that is not on the disk.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "model/exploring.hpp"

// A broken precondition is a finding like any other.
#define GREGOR_ASSERT_HANDLER(sentence) ::gregor::model::fail(sentence)

#include "support/simulated_files.hpp"

#include "gregor/log/keeper.hpp"
#include "gregor/ring/byte_room.hpp"
#include "gregor/ring/in_segments.hpp"
#include "gregor/ring/sequencer.hpp"

#if GREGOR_FILES

namespace {

namespace disk = gregor::disk;
namespace model = gregor::model;
namespace ring = gregor::ring;
using gregor::offset_t;
using model::check;
using model::env;
using model::explored;

constexpr std::size_t half = disk::page_bytes; // what is made lasting are pages
constexpr std::uint64_t chunk = 2 * half;

/// What blobs lie in: of half a chunk, one number stands for all bytes. They are written as bytes
/// are, in no order with anything.
struct blob_bytes {
    std::array<model::atomic<int>, 8> written = {};
    std::array<model::atomic<int>, 8> lasting = {};

    static inline blob_bytes* all = nullptr;

    /// Whole pages.
    void sync(std::uint64_t from, std::uint64_t to)
    {
        for (std::size_t i = from / half; i != (to + half - 1) / half; ++i) {
            lasting[i].store(written[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
        }
    }
};

/// A disk in memory, on which windows are memory, too; of chunks it has what there was to see when
/// they were made lasting.
struct small_files : support::simulated_files {
    static outcome reserve(std::size_t bytes, void*& at)
    {
        at = ::operator new(bytes);
        return {};
    }
    static outcome map_into(int, std::uint64_t, std::size_t, void*) noexcept { return {}; }
    static outcome sync_part(int file, std::uint64_t from, std::size_t count, void*)
    {
        for (const auto& [name, its] : disk->names) {
            const auto base = its == file ? disk::chunk_in(name) : std::nullopt;
            if (base) { // a header comes before
                const std::uint64_t first = *base + from - disk::page_bytes;
                blob_bytes::all->sync(first, first + count);
            }
        }
        return {};
    }
};

/// What a log does with its keeper, from the real headers, but that its stamps lie elsewhere.
struct scene {
    using sequencer = ring::sequencer<offset_t, env, true, ring::in_segments>;
    using lane = sequencer::lane_type;
    using claiming = ring::claiming;

    struct slot {
        model::atomic<ring::word_t<offset_t>> stamp{0};
    };
    struct blob {
        model::cell<std::size_t> at; ///< which halves
        model::cell<std::size_t> count;
    };

    static constexpr offset_t segment = 4;
    static constexpr std::size_t segments = 2;
    static constexpr offset_t capacity = segments * segment;

    explicit scene(bool shared)
        : log(0, 0, 0, {slots.data(), sizeof(slot), capacity}, capacity), bytes(0, chunk),
          keeper(files(), {}, log, bytes)
    {
        check(keeper.make_room(segment) == ring::extension::granted, "a segment");
        check(keeper.make_blob_room(chunk, false) == ring::extension::granted, "a chunk");
        if (shared) {
            log.share();
        }
        first = second = log.open_lane();
    }

    disk::partition_files<small_files> files()
    {
        small_files::disk = &disk_;
        blob_bytes::all = &blobs_;
        const disk::segment_format format{.type = "text",
                                          .payload_bytes = 24,
                                          .payload_alignment = 8,
                                          .slot_count = segment,
                                          .blob_chunk_bytes = chunk};
        auto opened = disk::partition_files<small_files>::open(
            *disk::directory<small_files>::open("disk"), format);
        check(!opened->map_into(*disk::window<small_files>::reserve(format, segments, "disk"),
                                disk::window<small_files>::reserve(chunk, 1, 4, "disk").value()),
              "the disk does everything");
        return *std::move(opened);
    }

    /// Claims so many, of which the first get blobs of so many bytes and are published, the rest is
    /// given up.
    void send(lane& mine, std::size_t count, std::size_t built, std::size_t blob_bytes = half)
    {
        const auto got =
            log.hold(mine, count, [this](offset_t end) { return keeper.make_room(end); });
        if (got.outcome == claiming::closed) {
            return;
        }
        check(got.outcome == claiming::granted, "there is room");
        for (std::size_t i = 0; i != built; ++i) {
            write(got.first + i, blob_bytes);
        }
        log.settle(mine, got.first, count, built);
    }

    void write(offset_t offset, std::size_t count)
    {
        std::uint64_t at = bytes.take(count);
        while (at == bytes.none) {
            check(keeper.make_blob_room(bytes.needed(count), true) == ring::extension::granted,
                  "there is a chunk more");
            at = bytes.take(count);
        }
        for (std::uint64_t i = at; i != at + count; i += half) {
            // relaxed: bytes
            blobs_.written[i / half].store(number_of(offset), std::memory_order_relaxed);
        }
        blob& its = of[offset];
        its.at.set(at / half);
        its.count.set(count / half);
    }
    static int number_of(offset_t offset) { return static_cast<int>(offset) + 1; }

    void flush()
    {
        check(!keeper.flush(), "the disk does everything");
        look();
    }

    /// What is called durable is on the disk.
    void look()
    {
        const offset_t end = keeper.durable();
        for (offset_t offset = 0; offset != end; ++offset) {
            if (!log.is_record(offset)) {
                continue;
            }
            const blob& its = of[offset];
            for (std::size_t i = its.at.get(); i != its.at.get() + its.count.get(); ++i) {
                // relaxed: who sees what is durable sees what was done for it
                check(blobs_.lasting[i].load(std::memory_order_relaxed) == number_of(offset),
                      "a blob is on the disk when its record is called durable");
            }
        }
    }

    /// When nobody writes any more.
    void flush_all()
    {
        flush();
        check(keeper.durable() == log.end(), "nothing is left to be made lasting");
    }

    /// The second producer comes.
    lane join()
    {
        const std::lock_guard lock{owner};
        log.share();
        return log.open_lane();
    }

private:
    support::simulated_disk disk_{1};
    blob_bytes blobs_;
    std::array<slot, capacity> slots;

public:
    std::array<blob, capacity> of;
    sequencer log;
    ring::byte_room<env> bytes;
    disk::keeper<sequencer, env, small_files> keeper;
    model::mutex owner;
    lane first;
    lane second;
};

/// What one producer does, with a lane of his own.
using sending = std::function<void(scene&, scene::lane&)>;

void alone(const std::string& name, const sending& what, const model::options& how = {})
{
    explored("lasting blobs: " + name, how, [=](model::run& run) {
        auto here = std::make_shared<scene>(false);
        run.thread([=] { what(*here, here->first); });
        run.thread([=] {
            here->flush();
            here->flush();
        });
        run.after([=] { here->flush_all(); });
    });
}

void two(const std::string& name, bool shared, const sending& one, const sending& other,
         const model::options& how)
{
    explored("lasting blobs: " + name, how, [=](model::run& run) {
        auto here = std::make_shared<scene>(shared);
        run.thread([=] { one(*here, here->first); });
        run.thread([=] {
            if (!shared) {
                here->second = here->join();
            }
            other(*here, here->second);
        });
        run.thread([=] {
            here->flush();
            here->flush();
        });
        run.after([=] { here->flush_all(); });
    });
}

void send_one(scene& here, scene::lane& mine)
{
    here.send(mine, 1, 1);
}

} // namespace

TEST_CASE("a lone producer writes to chunks that are made lasting", "[model]")
{
    alone("two that fill a chunk", [](scene& here, scene::lane& mine) {
        send_one(here, mine);
        send_one(here, mine);
    });
    alone("two at once", [](scene& here, scene::lane& mine) { here.send(mine, 2, 2); });
    alone("a chunk given up in part, and one more", [](scene& here, scene::lane& mine) {
        here.send(mine, 2, 1);
        here.send(mine, 1, 1);
    });
    alone("the next one needs a chunk of its own", [](scene& here, scene::lane& mine) {
        here.send(mine, 1, 1);
        here.send(mine, 1, 1, chunk);
    });
    alone("three, in chunks added meanwhile", [](scene& here, scene::lane& mine) {
        here.send(mine, 1, 1);
        here.send(mine, 2, 2);
    });
    alone("a segment is full, too", [](scene& here, scene::lane& mine) {
        here.send(mine, 3, 3);
        here.send(mine, 2, 2);
    });
}

TEST_CASE("somebody else sees what of blobs is lasting", "[model]")
{
    explored("lasting blobs: looked at", {}, [](model::run& run) {
        auto here = std::make_shared<scene>(false);
        run.thread([=] { send_one(*here, here->first); });
        run.thread([=] { here->flush(); });
        run.thread([=] { here->look(); });
    });
}

TEST_CASE("a log closes while a lone producer fills a chunk that is made lasting", "[model]")
{
    explored("lasting blobs: closed", model::by_chance(10'000), [](model::run& run) {
        auto here = std::make_shared<scene>(false);
        run.thread([=] {
            send_one(*here, here->first);
            send_one(*here, here->first);
        });
        run.thread([=] {
            const std::lock_guard lock{here->owner};
            here->log.close();
        });
        run.thread([=] {
            here->flush();
            here->flush();
        });
        run.after([=] { here->flush_all(); });
    });
}

TEST_CASE("several producers write to chunks that are made lasting", "[model]")
{
    two("two producers", true, send_one, send_one, model::by_chance(10'000));
    two(
        "two producers, and one gives up", true,
        [](scene& here, scene::lane& mine) { here.send(mine, 2, 1); }, send_one,
        model::by_chance(10'000));
    two("a second producer comes", false, send_one, send_one, model::by_chance(10'000));
    two(
        "a second producer comes while the first one fills a chunk", false,
        [](scene& here, scene::lane& mine) { here.send(mine, 2, 2); }, send_one,
        model::by_chance(10'000));
}

#endif
