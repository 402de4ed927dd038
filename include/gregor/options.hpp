// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"

namespace gregor::inline GREGOR_ABI {

template <class Partition>
struct basic_assignment_request;
using assignment_request = basic_assignment_request<partition_id>;
struct sharing_out;
class rebalance_listener;

// Options change numbers; policies change code. Every option has a value that is right for most.

/// When what was sent is made lasting: so that it outlives not only the process, which it does
/// anyway, but the system's end too.
enum class flush_policy : std::uint8_t {
    none,          ///< when the system gets to it, and when the log is closed
    interval,      ///< when the last time is `flush_interval` ago; sends and `maintain()` look
    every_records, ///< when `flush_records` are not lasting yet, by who sends the last of them
    /// Before a send returns; senders that wait at once share one sync. What was claimed before it
    /// comes first: who has a claim open does not send by another producer meanwhile.
    each,
};

/// What `topic` does where there is a log of its name already, or none.
enum class log_opening : std::uint8_t {
    open_or_create,
    create,
    open_existing,
    /// To read a log that nobody writes to, by any number of processes at once; meanwhile a writer
    /// is refused as `locked`, as its readers are where there is one. The topic is closed from the
    /// beginning: senders are told so, and readers at the end. Nothing in the folder changes: what
    /// a recovery would mend, and what groups commit, is so in memory only, and is forgotten when
    /// the topic goes.
    read_only,
};

/// Where and how `storage::mmap_log` keeps its records. In memory there is no such thing.
struct log_options {
    /// The folder in which the topic has its own, named as it is. It exists.
    std::string directory = {};

    log_opening opening = log_opening::open_or_create;

    /// How large a segment's file is about: the step in which a log takes room on the disk, and
    /// gives it back.
    std::size_t segment_bytes = std::size_t{64} << 20U;

    /// The same, by records: a power of two, 512 or more; 0: as `segment_bytes` says. Once a log
    /// was made, it stays as it is. A claim is at most of so many records.
    std::size_t segment_records = 0;

    /// How large the files are in which lies what is not of one length: values, keys and headers
    /// that go by `serde<T>`. A record lies in one of them, so this is the most that it can be; a
    /// power of two from 4096 to 2^30. Once a log was made, it stays as it is.
    std::size_t blob_chunk_bytes = std::size_t{16} << 20U;

    flush_policy flush = flush_policy::none;
    std::chrono::nanoseconds flush_interval{1'000'000'000};
    std::uint64_t flush_records = 1000;

    /// The oldest segment of a partition goes, once nobody needs it, when with one more it would
    /// have more than that; 0: nothing ever goes for its size. Where somebody needs it, the topic's
    /// overflow policy says what a sender does. What is not of one length counts, too, and goes
    /// with its segment: the two youngest stay, however much that is.
    std::uint64_t retention_bytes = 0;

    /// Segments whose newest record is older go when `maintain()` finds that nobody needs them; 0:
    /// nothing goes for its age. A record is as old as its timestamp says, by the topic's clock;
    /// where it has none, as its segment, by the system's clock.
    std::chrono::nanoseconds retention_age{0};

    /// The most that a partition can ever hold at once; so much address space it takes, and no
    /// memory. Twice, where there is also what is not of one length.
    std::uint64_t most_bytes = std::uint64_t{1} << (sizeof(void*) > 4 ? 36U : 27U);

    /// How much room is made ahead of the producers by each `maintain()`. Without that, they make
    /// it themselves, in steps of 256 KiB.
    std::size_t prepare_bytes = std::size_t{8} << 20U;

    /// At the opening everything is written and made lasting once more that a failed sync may have
    /// left in memory only.
    bool sync_at_opening = false;
};

inline constexpr std::uint32_t usual_partitions = 1;
inline constexpr std::size_t usual_capacity_records = std::size_t{1} << 14U;

struct topic_options {
    /// How many logs the topic is split into; order holds within each. 1 to 65536.
    std::uint32_t partitions = usual_partitions;

    /// How many records each partition keeps in its ring: a power of two, 2 or more. A larger ring
    /// lets producers and consumers drift further apart (and off each other's cache lines); its
    /// memory is touched only as records first reach it. Not of `storage::mmap_log`: see
    /// `log.segment_bytes`.
    std::size_t capacity_records = usual_capacity_records;

    /// Groups that hold producers back before their first member has joined: nothing sent from the
    /// start of the topic on is lost to them. Where a log on disk has let go of what one of them
    /// has not read, it goes on from what is left, whatever its reset policy, and is told.
    std::vector<std::string> groups = {};

    /// For `storage::mmap_log`.
    log_options log = {};
};

/// Where a consumer goes that has no committed offset, or whose position was overwritten.
enum class auto_offset_reset : std::uint8_t {
    earliest, ///< to the oldest record there is
    latest,   ///< to the end: only what is sent from now on
    none,     ///< nowhere: poll says `out_of_range` until the consumer seeks
    /// To the first record that is not older than `reset_duration`, by the topic's wall clock; to
    /// the end where all are. For topics with `timestamps`; as `offset_for_time` finds it.
    by_duration,
};

/// An offset of a log on disk, and the epoch (`topic.recovered(p).epoch`) in which it meant what it
/// does to who remembers it outside of the log: after a power loss offsets may be given anew.
struct log_position {
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
};

/// Which records of a log on disk a consumer is given.
enum class isolation : std::uint8_t {
    published, ///< all that were sent
    durable,   ///< those that outlive the system's end: what is below `durable_offset()`
};

/// When a send to a log on disk returns.
enum class acknowledged : std::uint8_t {
    published, ///< when the record is there for readers, and outlives the process
    durable,   ///< when it outlives the system's end, as by `flush_policy::each`
};

/// Says who of a group reads which partition: for each partition the index of its member. A pure
/// function of what it is told; `assignors` has Kafka's. (A template, so that what an assignor is
/// told and returns is compiled by who names one.)
template <class Request>
class basic_assignor {
public:
    using function = std::vector<std::size_t> (*)(const Request&);

    // NOLINTBEGIN(google-explicit-constructor): it is that function, or none
    constexpr basic_assignor(std::nullptr_t /*none*/ = nullptr) noexcept {}
    constexpr basic_assignor(function ask) noexcept
        : ask_(ask), deal_(ask != nullptr ? &deal_as_asked : nullptr)
    {
    }
    template <class F>
        requires std::is_convertible_v<F, function>
    constexpr basic_assignor(F ask) noexcept : basic_assignor(static_cast<function>(ask))
    {
    }
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return ask_ != nullptr; }
    [[nodiscard]] auto operator()(const Request& request) const { return ask_(request); }

    /// For the group. Only where there is one.
    void deal(const sharing_out& what) const { deal_(ask_, what); }

private:
    static void deal_as_asked(function ask, const sharing_out& what);

    function ask_ = nullptr;
    void (*deal_)(function, const sharing_out&) = nullptr;
};

using assignor = basic_assignor<assignment_request>;

/// Not of `std::chrono::minutes`: every program with a consumer would compile the conversion.
inline constexpr std::chrono::nanoseconds five_minutes{300'000'000'000};

struct consumer_options {
    /// false: producers wait for this reader (or are refused, by the topic's overflow policy)
    /// rather than overwrite what it has not read. true: they never do, except for the batch in its
    /// hands; it learns from `batch.missed()` exactly how many offsets it lost. All members of a
    /// group say the same.
    bool lossy = false;

    auto_offset_reset reset = auto_offset_reset::earliest;

    /// For `auto_offset_reset::by_duration`; 0 or more.
    std::chrono::nanoseconds reset_duration{0};

    /// true: each poll commits what the poll before it returned, and so does close().
    bool auto_commit = true;

    /// For topics with `storage::mmap_log`; others have nothing that is durable.
    gregor::isolation isolation = isolation::published;

    /// How many records one poll returns at most; 1 or more.
    std::size_t max_poll_records = 500;

    /// How long a member may stay away between two polls before the others take its partitions.
    /// `no_timeout`: for ever, and it looks after nobody either while it sleeps.
    std::chrono::nanoseconds max_poll_interval = five_minutes;

    /// A member of this name that goes and comes back within its `max_poll_interval` finds its
    /// partitions as it left them; nobody takes them meanwhile. Empty: who goes is gone.
    std::string instance_id = {};

    /// How the group shares out its partitions; `assignors::sticky` unless another one is named.
    /// The first member's counts.
    assignor assign = {};

    /// Told of the partitions that come and go. It outlives the consumer.
    rebalance_listener* listener = nullptr;
};

} // namespace gregor::inline GREGOR_ABI
