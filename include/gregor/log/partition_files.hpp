// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/blob_store.hpp"
#include "gregor/log/checkpoint.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/offsets_file.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/recovery.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/window.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// The files of one partition while a log writes to them: room for offsets is added at one end and
/// taken away at the other, and what was written is made lasting. All that costs a call to the
/// system is here; the records themselves are written to the mapped slots. A slot is prepared
/// (`segment::prepare`) before it is written: those of a new segment, and after an opening those
/// from the end on, for a power loss may have undone that they were.
///
/// Threads   one at a time, with the directory locked; mapped slots, as the log's protocol says
/// Errors    returned. Room that could not be had may be asked for again. Once something could not
///           be made lasting, or taken away for good, the partition has failed: everything says so,
///           and nothing more is called lasting
/// Cost      a segment's length of address space each
/// Lifetime  slots live until their segment is taken away, or this goes; going without `close` is
///           like being killed: nothing is lost while the system stands
template <class Files = os_files>
class partition_files {
public:
    using failure = std::optional<error>;

    /// Recovers what is there. The segment that is to be gone on with is mapped, and those behind
    /// it.
    [[nodiscard]] static result<partition_files> open(directory<Files> in, segment_format format,
                                                      recovery_options options = {});

    [[nodiscard]] const recovery_report& report() const noexcept { return report_; }
    [[nodiscard]] const segment_format& format() const noexcept { return format_; }
    [[nodiscard]] const std::string& path() const noexcept { return in_.path; }

    /// Opens what groups have committed, too; before anything is written.
    [[nodiscard]] failure open_offsets();
    /// Where they were opened.
    [[nodiscard]] offsets_file<Files>& offsets() noexcept { return *offsets_; }

    /// The oldest offset that has a slot.
    [[nodiscard]] offset_t begin() const noexcept
    {
        return segments_.empty() ? report_.end : segments_.front().base();
    }
    /// One past the last offset that has a slot.
    [[nodiscard]] offset_t room_end() const noexcept
    {
        return segments_.empty() ? report_.end : segments_.back().end();
    }
    /// Everything below it outlives the system's end; only grows. Who opens the files of one that
    /// was killed may begin with less than a segment below it.
    [[nodiscard]] offset_t durable() const noexcept { return durable_; }

    /// From now on slots lie in this window: all that are there, and those that are added; and
    /// blobs, where there are any, in the other one.
    [[nodiscard]] failure map_into(window<Files> where, std::optional<window<Files>> of_blobs = {});
    [[nodiscard]] const window<Files>& mapped() const noexcept { return *window_; }

    [[nodiscard]] segment<Files>& segment_of(offset_t offset) noexcept
    {
        GREGOR_DEBUG_ASSERT(offset >= begin() && offset < room_end(), "an offset without a slot");
        return segments_[static_cast<std::size_t>((offset - begin()) / format_.slot_count)];
    }

    /// Where the blobs ended that counted when this was opened.
    [[nodiscard]] std::uint64_t blobs_end() const noexcept { return blobs_end_; }
    [[nodiscard]] std::uint64_t blob_bytes() const noexcept { return blobs_ ? blobs_->bytes() : 0; }
    [[nodiscard]] blob_store<Files>& blobs() noexcept { return *blobs_; }
    [[nodiscard]] const blob_store<Files>& blobs() const noexcept { return *blobs_; }
    /// Adds the chunk that this position lies in, mapped.
    [[nodiscard]] failure add_chunk(std::uint64_t position)
    {
        return failed() ? broken() : blobs_->add(in_, position);
    }

    /// Adds a segment behind the last one, mapped and empty. All its records will have their blobs
    /// from this position on.
    [[nodiscard]] failure add_segment(std::uint64_t blobs_from = 0);

    /// Adds a segment, too, and makes it of the oldest one, which nobody needs any more; its pages
    /// are in memory already. Where that fails the oldest one is gone all the same. Blobs of it
    /// that could not be taken away are so the next time.
    [[nodiscard]] failure add_segment_of_oldest(std::uint64_t blobs_from = 0);

    /// Takes the oldest segment away, which nobody needs any more. Not the last one. Whether it is
    /// lasting makes no difference: it is full, and gone for good.
    [[nodiscard]] failure remove_oldest();

    /// How many of the oldest segments, but for the last one, are sealed.
    [[nodiscard]] std::size_t removable() const noexcept
    {
        std::size_t count = 0;
        while (count + 1 < segments_.size() && segments_[count].sealed()) {
            ++count;
        }
        return count;
    }

    /// One past the sealed segments from that of `from` on of which each says that all its records
    /// are older than that, in ns since 1970; or `from`.
    [[nodiscard]] offset_t past_older(offset_t from, std::int64_t time) noexcept;

    /// Makes everything below `end` lasting: records that were all published. Segments that are
    /// full by then are sealed. The checkpoint says so when one was sealed, and not each time: that
    /// would be a sync more, and who recovers finds the records that are lasting without it.
    /// `of_blobs` says how far blobs go.
    [[nodiscard]] failure flush(offset_t end, blobs_taken of_blobs = {});

    /// Makes lasting what groups have committed.
    [[nodiscard]] failure flush_offsets();

    /// The last flush, behind which nothing is written: who opens it next, misses nothing.
    [[nodiscard]] failure close(offset_t end, blobs_taken of_blobs = {});

    [[nodiscard]] bool failed() const noexcept { return !broke_.ok(); }
    /// Why it has failed for good; none where it has not.
    [[nodiscard]] failure why_failed() const { return failed() ? broken() : failure{}; }

private:
    partition_files(directory<Files> in, segment_format format, recovered<Files>&& found) noexcept
        : in_(std::move(in)), format_(std::move(format)), report_(found.report),
          checkpoint_(std::move(found.checkpoint)), segments_(std::move(found.segments)),
          blobs_(std::move(found.blobs)), blobs_end_(found.blobs_end), durable_(report_.durable)
    {
    }

    /// The partition has failed, for good: even where there is no memory to say so.
    void breaks(outcome did, offset_t base) noexcept
    {
        broke_ = did;
        broke_at_ = base;
    }
    failure fail(outcome did, offset_t base)
    {
        breaks(did, base);
        return broken();
    }
    [[nodiscard]] failure broken() const
    {
        return broke_.on(in_.of(broke_at_ == at_checkpoint ? checkpoint_file<Files>::name
                                : broke_at_ == at_offsets  ? offsets_file<Files>::name
                                : broke_at_ == at_blobs    ? blobs_ending
                                                           : segment_name(broke_at_)));
    }
    /// What is left of a segment whose file has this name, and that is not counted any more.
    void drop(const std::string& name, offset_t base) noexcept;
    [[nodiscard]] outcome map(segment<Files>& which) noexcept
    {
        return window_ ? which.map_into(window_->place(which.base())) : which.map();
    }
    [[nodiscard]] failure take_in(result<segment<Files>> made);
    /// What is gone for good cannot be lost any more, and its blobs are not needed.
    [[nodiscard]] failure oldest_is_gone()
    {
        durable_ = (std::max)(durable_, begin());
        return blobs_ ? blobs_->remove_below(in_, segments_.front().blobs_from()) : failure{};
    }
    [[nodiscard]] failure flush_blobs(offset_t end, blobs_taken taken);
    /// Writes down what is durable.
    [[nodiscard]] failure save(bool clean);

    directory<Files> in_;
    segment_format format_;
    recovery_report report_;
    checkpoint_file<Files> checkpoint_;
    std::optional<window<Files>> window_; // before what lies in it
    std::vector<segment<Files>> segments_;
    std::optional<blob_store<Files>> blobs_;
    std::uint64_t blobs_end_;
    std::optional<offsets_file<Files>> offsets_;
    offset_t durable_;

    static constexpr offset_t at_checkpoint = ~offset_t{0};
    static constexpr offset_t at_offsets = at_checkpoint - 1;
    static constexpr offset_t at_blobs = at_checkpoint - 2;
    outcome broke_; ///< what made it fail for good
    offset_t broke_at_ = at_checkpoint;
};

template <class Files>
result<partition_files<Files>>
partition_files<Files>::open(directory<Files> in, segment_format format, recovery_options options)
{
    auto found = recover(in, format, options);
    if (!found) {
        return found.error();
    }
    partition_files opened{std::move(in), std::move(format), *std::move(found)};
    for (segment<Files>& each : opened.segments_) {
        if (each.end() > opened.report_.end) {
            if (const outcome did = each.map(); !did.ok()) {
                return did.on(opened.in_.of(segment_name(each.base())));
            }
        }
    }
    return opened;
}

template <class Files>
auto partition_files<Files>::map_into(window<Files> where, std::optional<window<Files>> of_blobs)
    -> failure
{
    GREGOR_ASSERT(segments_.size() <= where.segments(), "a window is too small for what is there");
    window_ = std::move(where);
    for (segment<Files>& each : segments_) {
        if (const outcome did = map(each); !did.ok()) {
            return did.on(in_.of(segment_name(each.base())));
        }
    }
    return blobs_ ? blobs_->map_into(*std::move(of_blobs)) : failure{};
}

template <class Files>
auto partition_files<Files>::take_in(result<segment<Files>> made) -> failure
{
    if (!made) {
        return made.error();
    }
    if (const outcome did = map(*made); !did.ok()) {
        // it stays on the disk, empty; the next attempt writes over it
        return did.on(in_.of(segment_name(made->base())));
    }
    segments_.push_back(*std::move(made));
    return {};
}

template <class Files>
auto partition_files<Files>::add_segment(std::uint64_t blobs_from) -> failure
{
    if (failed()) {
        return broken();
    }
    segments_.reserve(segments_.size() + 1);
    const std::uint64_t salt = segments_.empty() ? 0 : segments_.back().salt();
    return take_in(
        segment<Files>::create(in_, format_, room_end(), salt, wall_clock(), blobs_from));
}

template <class Files>
auto partition_files<Files>::add_segment_of_oldest(std::uint64_t blobs_from) -> failure
{
    GREGOR_ASSERT(segments_.size() > 1, "the only segment cannot be used again");
    if (failed()) {
        return broken();
    }
    const offset_t base = begin();
    const offset_t next = room_end();
    const std::string oldest = segment_name(base);
    segment<Files> mine = std::move(segments_.front());
    segments_.erase(segments_.begin());
    struct leaving {
        partition_files& from;
        const std::string& name;
        offset_t base;
        bool serves = false;

        ~leaving()
        {
            if (!serves) {
                from.drop(name, base);
            }
        }
    };
    failure why;
    {
        leaving it{*this, oldest, base};
        why = take_in(segment<Files>::recycle(std::move(mine), in_, next, segments_.back().salt(),
                                              wall_clock(), blobs_from));
        it.serves = !why;
    }
    if (failed()) {
        return broken();
    }
    static_cast<void>(oldest_is_gone()); // the new one is there, whatever else is
    return why;
}

template <class Files>
void partition_files<Files>::drop(const std::string& name, offset_t base) noexcept
{
    // Gone, or as it was: then it goes now. A younger one that went before it would leave a gap
    // behind.
    outcome did = Files::remove(in_.get(), name.c_str());
    if (did.ok() || did.code == ENOENT) {
        did = Files::sync_directory(in_.get());
    }
    if (!did.ok()) {
        breaks(did, base);
    }
}

template <class Files>
auto partition_files<Files>::remove_oldest() -> failure
{
    GREGOR_ASSERT(segments_.size() > 1, "the only segment cannot be taken away");
    if (failed()) {
        return broken();
    }
    const offset_t base = begin();
    const std::string name = segment_name(base);
    if (const outcome did = Files::remove(in_.get(), name.c_str()); !did.ok()) {
        return did.on(in_.of(name)); // it stays
    }
    segments_.erase(segments_.begin());
    if (const outcome did = Files::sync_directory(in_.get()); !did.ok()) {
        return fail(did, base);
    }
    return oldest_is_gone();
}

template <class Files>
auto partition_files<Files>::flush_blobs(offset_t end, blobs_taken taken) -> failure
{
    blobs_end_ = (std::max)(blobs_end_, taken.end);
    const outcome did = blobs_ ? blobs_->sync_of(segments_, end, taken) : outcome{};
    return did.ok() ? failure{} : fail(did, at_blobs);
}

template <class Files>
auto partition_files<Files>::flush(offset_t end, blobs_taken of_blobs) -> failure
{
    GREGOR_ASSERT(end <= room_end(), "more is to be made lasting than there is room for");
    if (failed()) {
        return broken();
    }
    if (end <= durable()) {
        return {};
    }
    if (failure failed = flush_blobs(end, of_blobs)) {
        return failed;
    }
    bool sealed = false;
    for (segment<Files>& each : segments_) {
        if (each.sealed() || each.base() >= end) {
            continue;
        }
        // in this order, for what is sealed must not stand behind what is not
        const bool full = each.end() <= end;
        const outcome did = full ? each.seal(wall_clock(), each.newest(), blobs_end_)
                                 : each.sync((std::max)(durable_, each.base()), end);
        if (!did.ok()) {
            return fail(did, each.base());
        }
        sealed = sealed || full;
    }
    durable_ = end;
    return sealed ? save(false) : failure{};
}

template <class Files>
offset_t partition_files<Files>::past_older(offset_t from, std::int64_t time) noexcept
{
    while (from < room_end()) {
        const segment<Files>& each = segment_of(from);
        const std::uint64_t newest = each.header().seal.newest; // 0 in one that is not sealed
        if (newest == 0 || time <= 0 || newest >= static_cast<std::uint64_t>(time)) {
            break;
        }
        from = each.end();
    }
    return from;
}

template <class Files>
auto partition_files<Files>::open_offsets() -> failure
{
    const checkpoint_values& values = checkpoint_.values();
    auto opened = offsets_file<Files>::open(in_, {.log = values.log,
                                                  .partition = format_.partition,
                                                  .epoch = report_.epoch,
                                                  .starts = report_.starts,
                                                  .begin = report_.begin,
                                                  .end = report_.end});
    if (!opened) {
        return opened.error();
    }
    offsets_.emplace(*std::move(opened));
    const offsets_report& found = offsets_->report();
    report_.offsets_moved_back = found.moved_back;
    report_.offsets_lost = found.lost_offsets + found.lost_groups;
    return {};
}

template <class Files>
auto partition_files<Files>::flush_offsets() -> failure
{
    if (failed()) {
        return broken();
    }
    if (offsets_ && offsets_->used()) {
        if (const outcome did = offsets_->sync(); !did.ok()) {
            return fail(did, at_offsets);
        }
    }
    return {};
}

template <class Files>
auto partition_files<Files>::close(offset_t end, blobs_taken of_blobs) -> failure
{
    if (failure failed = flush(end, of_blobs)) {
        return failed;
    }
    if (failure failed = flush_offsets()) {
        return failed;
    }
    return save(durable_ == end);
}

template <class Files>
auto partition_files<Files>::save(bool clean) -> failure
{
    checkpoint_values values = checkpoint_.values();
    values.durable = durable_;
    values.clean = clean;
    values.blobs_end = blobs_end_;
    if (const outcome did = checkpoint_.write(values); !did.ok()) {
        return fail(did, at_checkpoint);
    }
    return {};
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
