// SPDX-License-Identifier: MIT

// durable_append, durable_append_sync_1, durable_append_sync_100: one thread appends records of its
// own making, one at a time or 100 at a time, to an empty log in a folder of its own; M records a
// second, or thousands where they are synced. Never synced, at every append, or at every hundredth
// record.
//
// Measured: the appends, and the last flush out of the process. Left out: opening, closing,
// removing the files. What is written is read back by no one here; the tests do that.

#include "durable/stores.hpp"
#include "payload.hpp"
#include "registry.hpp"
#include "threads.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace benchmarks {
namespace {

/// When appends are synced: never, or as soon as so many records have come since the last time.
struct syncing {
    const char* suffix;
    std::uint64_t every; ///< 0: never
    std::uint64_t work;  ///< records a round, where a sync takes so long that it is fixed; or 0
};

constexpr syncing never{"", 0, 0};
constexpr syncing each{"_sync_1", 1, 64};
constexpr syncing each_hundred{"_sync_100", 100, 6400};

template <class Store, std::size_t Bytes>
outcome append_round(const std::string& what, std::uint64_t records, std::size_t batch,
                     std::uint64_t sync_every)
{
    using clock = std::chrono::steady_clock;
    records = (records + batch - 1) / batch * batch;
    outcome result;
    const auto append_all = [&] {
        const scratch_folder folder;
        Store store = made_for<Store, Bytes>(folder.path(), records);
        std::vector<payload<Bytes>> made(batch);
        std::uint64_t unsynced = 0;
        const auto began = clock::now();
        for (std::uint64_t id = 0; id != records; id += batch) {
            for (std::size_t i = 0; i != batch; ++i) {
                made[i] = payload<Bytes>::make(0, id + i);
            }
            unsynced += batch;
            const bool synced = sync_every != 0 && unsynced >= sync_every;
            store.append(std::as_bytes(std::span{made}), synced);
            unsynced = synced ? 0 : unsynced;
        }
        store.flush();
        result.seconds = std::chrono::duration<double>(clock::now() - began).count();
    };
    const auto body = [&] {
        try {
            append_all();
        } catch (const std::exception& error) {
            result.failure = error.what();
        }
    };
    run_pinned(what, {{core_list::get().first(), body}});
    const double unit = sync_every == 0 ? 1e6 : 1e3;
    result.value = static_cast<double>(records) / result.seconds / unit;
    return result;
}

template <class Store, std::size_t Bytes>
void add(registry& all, const std::string& subject, std::size_t batch, const syncing& when)
{
    const std::string scenario = std::string{"durable_append"} + when.suffix;
    all.push_back(
        {.scenario = scenario,
         .subject = subject,
         .payload_bytes = Bytes,
         .batch = batch,
         .unit = when.every == 0 ? "M records/s" : "k records/s",
         .round =
             [what = scenario + " " + subject, batch, every = when.every](std::uint64_t records) {
                 return append_round<Store, Bytes>(what, records, batch, every);
             },
         .fixed_work = when.work});
}

template <std::size_t Bytes>
void add_all(registry& all, std::size_t batch, const syncing& when)
{
    each_store<Bytes>([&]<class Store>(const std::string& subject) {
        add<Store, Bytes>(all, subject, batch, when);
    });
    if (when.every == 0) {
#if GREGOR_FILES
        add<mapped_topic<Bytes, room::recycled>, Bytes>(all, "gregor/mmap_log_recycled", batch,
                                                        when);
#endif
        add<dirty_pages, Bytes>(all, "limit/dirty_pages", batch, when);
    }
}

template <std::size_t Bytes>
void add_length(registry& all)
{
    add_all<Bytes>(all, 1, never);
    add_all<Bytes>(all, 100, never);
    if constexpr (Bytes == 256) { // a sync takes as long for any of them
        add_all<Bytes>(all, 1, each);
        add_all<Bytes>(all, 1, each_hundred);
        add_all<Bytes>(all, 100, each_hundred);
    }
}

} // namespace

void add_durable_append(registry& all)
{
    each_length([&]<std::size_t Bytes> { add_length<Bytes>(all); });
}

} // namespace benchmarks
