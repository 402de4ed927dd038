// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_places.hpp"
#include "gregor/log/checkpoint.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/offsets_file.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/partition_files.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/slot_time.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// Makes the files of a partition that is to have the offsets of another one, from its begin on, in
/// an empty folder. Its epochs go on from those of the other one, with a new one that begins where
/// that ends.
template <class Files>
[[nodiscard]] std::optional<error> begin_partition(const directory<Files>& in,
                                                   const segment_format& format,
                                                   const recovery_report& other)
{
    checkpoint_values values{
        .durable = other.begin, .epoch = other.epoch + 1, .epoch_start = other.end};
    std::copy(other.starts.begin(), other.starts.end() - 1, values.earlier_starts.begin());
    outcome did = Files::boot_id(values.boot_id);
    if (did.ok()) {
        did = Files::random(values.log);
    }
    if (!did.ok()) {
        return did.on("this system");
    }
    if (auto made = checkpoint_file<Files>::create(in, values); !made) {
        return made.error();
    }
    if (other.end == 0) {
        return std::nullopt; // nothing was ever written: there is no segment
    }
    auto first = segment<Files>::create(in, format, other.begin, 0, wall_clock());
    return first ? std::nullopt : std::optional<error>{first.error()};
}

/// Writes the records of one partition of a log (`Log`, a `mapped_log`), each to the next offset,
/// while nobody else has the log: what producers do, without their protocol.
///
/// Threads   one
/// Errors    returned; then what was written so far counts for nothing
/// Cost      as of a send; a sync of each segment that is full
/// Lifetime  going without `close` makes nothing lasting
template <class Log>
class partition_writer {
public:
    using files_type = partition_files<typename Log::files_type>;
    using failure = std::optional<error>;
    using stored_type = typename Log::stored_type;

    /// Of recovered files, which are mapped.
    explicit partition_writer(files_type files)
        : files_(std::move(files)), next_(files_.report().end), ready_(next_)
    {
        if constexpr (Log::encoded) {
            blobs_next_ = next_blob(files_, stored_type::granule);
        }
        if (next_ != files_.room_end()) {
            salted_ = salted(files_.segment_of(next_).salt());
        }
    }

    /// The offset of what is put next.
    [[nodiscard]] offset_t next() const noexcept { return next_; }
    /// What its groups have committed.
    [[nodiscard]] offsets_file<typename Log::files_type>& offsets() noexcept
    {
        return files_.offsets();
    }

    template <class Value, class Attributes, class Timestamp>
    [[nodiscard]] failure put(Value&& value, Attributes&& given, Timestamp time);
    /// Nothing is at the next offset: a void, as a claim leaves that was given up.
    [[nodiscard]] failure skip();
    /// Makes all of it lasting, with what groups have committed.
    [[nodiscard]] failure close() { return files_.close(next_, taken()); }

private:
    using slot_type = typename Log::slot_type;

    [[nodiscard]] blobs_taken taken() const noexcept { return {blobs_next_, next_}; }
    [[nodiscard]] failure make_room();
    [[nodiscard]] failure make_blob_room(std::size_t bytes);
    [[nodiscard]] slot_type* here() noexcept
    {
        return reinterpret_cast<slot_type*>(files_.segment_of(next_).slot(next_));
    }
    void finish(slot_type* slot, slot_kind kind) noexcept
    {
        slot->finish(salted_, next_, kind);
        const std::uint64_t stamp = stamp_of(next_, kind);
        // nobody reads it before it is closed
        std::memcpy(reinterpret_cast<unsigned char*>(slot), &stamp, sizeof stamp);
        ++next_;
    }
    [[nodiscard]] error full(std::uint64_t most) const
    {
        return error{errc::log_full, text({"partition \"", files_.path(), "\""}),
                     text({"log.most_bytes, ", std::to_string(most), ", to be enough"}), "more"};
    }

    static constexpr std::uint64_t step_bytes = std::uint64_t{1} << 18U;

    files_type files_;
    offset_t next_;
    offset_t ready_; ///< slots below it were prepared
    std::uint32_t salted_ = 0;
    std::uint64_t blobs_next_ = 0;
    std::uint64_t blobs_ready_ = 0;
};

template <class Log>
auto partition_writer<Log>::make_room() -> failure
{
    const segment_format& format = files_.format();
    if (next_ == files_.room_end()) {
        if (failure failed = files_.flush(next_, taken())) { // seals what is full
            return failed;
        }
        const std::uint64_t places = files_.mapped().segments();
        if ((next_ - files_.begin()) / format.slot_count == places) {
            return full(places * format.slot_count * format.slot_bytes());
        }
        if (failure failed = files_.add_segment(blobs_next_)) {
            return failed;
        }
        salted_ = salted(files_.segment_of(next_).salt());
    }
    if (next_ == ready_) {
        auto& in = files_.segment_of(next_);
        const std::uint64_t step = (std::max)(std::uint64_t{1}, step_bytes / format.slot_bytes());
        ready_ = (std::min)(in.end(), next_ + step);
        in.prepare(next_, static_cast<std::size_t>(ready_ - next_));
    }
    return std::nullopt;
}

/// From `blobs_next_` on, in one chunk.
template <class Log>
auto partition_writer<Log>::make_blob_room(std::size_t bytes) -> failure
{
    const std::uint64_t chunk_bytes = files_.format().blob_chunk_bytes;
    if (bytes > chunk_bytes) {
        return error{
            errc::invalid_option,
            text({"record at offset ", std::to_string(next_), " of \"", files_.path(), "\""}),
            text({"log.blob_chunk_bytes of ", std::to_string(bytes), " or more"}),
            std::to_string(chunk_bytes)};
    }
    const std::uint64_t in_chunk = blobs_next_ & (chunk_bytes - 1);
    if (in_chunk + bytes > chunk_bytes) {
        blobs_next_ += chunk_bytes - in_chunk;
    }
    auto& there = files_.blobs();
    if (!there.has(blobs_next_)) {
        const std::uint64_t places = there.mapped().segments();
        if (there.span_to(blobs_next_) > places) {
            return full(places * chunk_bytes);
        }
        if (failure failed = files_.add_chunk(blobs_next_)) {
            return failed;
        }
    }
    if (blobs_next_ + bytes > blobs_ready_) {
        const std::uint64_t from = (std::max)(blobs_next_, blobs_ready_);
        const std::uint64_t chunk_end = (blobs_next_ | (chunk_bytes - 1)) + 1;
        blobs_ready_ = (std::min)(chunk_end, (std::max)(blobs_next_ + bytes, from + step_bytes));
        there.prepare(from, static_cast<std::size_t>(blobs_ready_ - from));
    }
    return std::nullopt;
}

template <class Log>
template <class Value, class Attributes, class Timestamp>
auto partition_writer<Log>::put(Value&& value, Attributes&& given, Timestamp time) -> failure
{
    failure failed = make_room();
    if constexpr (Log::encoded) {
        const std::size_t bytes = stored_type::size(value, given);
        if (!failed && bytes != 0) {
            failed = make_blob_room(bytes);
        }
        if (failed) {
            return failed;
        }
        const std::uint64_t at = bytes == 0 ? 0 : blobs_next_;
        slot_type* const slot = here();
        slot->put(value, given, time, at, bytes, places_of_blobs(files_).at(at));
        blobs_next_ += bytes;
        finish(slot, slot_kind::record);
    } else {
        if (failed) {
            return failed;
        }
        slot_type* const slot = here();
        ::new (static_cast<void*>(static_cast<stored_type*>(slot)))
            stored_type(std::move(given.key), time, std::move(given.headers), std::in_place,
                        std::forward<Value>(value));
        finish(slot, slot_kind::record);
    }
    return std::nullopt;
}

template <class Log>
auto partition_writer<Log>::skip() -> failure
{
    failure failed = make_room();
    if (!failed) {
        finish(here(), slot_kind::skipped);
    }
    return failed;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
