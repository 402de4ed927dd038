// SPDX-License-Identifier: MIT
// The log is what happened, and the state follows from it: balances of accounts are rebuilt by
// reading every transfer again. A snapshot says up to which offset it knows; only the rest is read.

#include <array>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <string_view>

#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if !GREGOR_FILES
#    include "support/no_files.hpp"
#else
#    include "support/scratch_folder.hpp"

struct transfer {
    std::uint32_t from, to;
    std::int64_t cents;
};
template <>
inline constexpr std::string_view gregor::type_name<transfer> = "transfer";

using transfer_log = gregor::topic<transfer, gregor::storage::mmap_log>;
constexpr gregor::partition_id only{0};

/// What follows from all transfers below an offset.
struct balances {
    gregor::offset_t next = 0;
    std::array<std::int64_t, 10> cents{};

    /// Goes on from what is known; returns how many transfers were read for it.
    std::uint64_t catch_up(transfer_log& transfers)
    {
        const gregor::offset_t known = next;
        gregor::consumer in{transfers};
        in.assign({only});
        in.seek(only, known);
        while (next != transfers.end_offset(only)) {
            for (const auto& record : in.poll()) {
                cents[record.value().from] -= record.value().cents;
                cents[record.value().to] += record.value().cents;
                next = record.offset() + 1;
            }
        }
        return next - known;
    }
};

/// A day of the program: it does business, and brings up to date what it knows; returns how many
/// transfers were read for that.
std::uint64_t live_for_a_day(const gregor::topic_options& options, std::uint32_t count,
                             balances& known)
{
    transfer_log transfers{"transfers", options};
    gregor::producer out{transfers};
    for (std::uint32_t i = 0; i != count; ++i) {
        out.send({i % 10, (i * 7 + 3) % 10, 1 + i % 100});
    }
    return known.catch_up(transfers);
}

int main()
{
    const scratch_folder folder;
    const gregor::topic_options options{
        .log = {.directory = folder.path(), .segment_records = 4096}};
    balances snapshot; // kept beside the log, say as a file
    live_for_a_day(options, 10'000, snapshot);
    balances forgotten;
    const auto all = live_for_a_day(options, 500, forgotten);
    const auto rest = live_for_a_day(options, 0, snapshot);

    std::cout << "from the beginning: " << all << " transfers; from the snapshot: " << rest << '\n';
    const auto sum = std::accumulate(snapshot.cents.begin(), snapshot.cents.end(), std::int64_t{0});
    return all == 10'500 && rest == 500 && forgotten.cents == snapshot.cents && sum == 0 ? 0 : 1;
}
#endif
