// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_reader.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/new_file.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/whole_slots.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What a recovery does with the slots of a segment, through the file: reads them all, keeps some
/// in another file, erases some, writes some again.
///
/// Threads   one
/// Errors    returned; std::bad_alloc
/// Cost      a buffer of 256 KiB, or of one slot
template <class Files>
class segment_tail {
public:
    using failure = std::optional<error>;

    /// What is set aside, is so in `asides`.
    segment_tail(const directory<Files>& in, const segment_format& format,
                 const directory<Files>& asides)
        : in_(in), asides_in_(asides), blobs_(in, format.blob_chunk_bytes),
          has_blobs_(format.has_blobs()),
          payload_at_(static_cast<std::size_t>(format.payload_at())),
          slot_bytes_(static_cast<std::size_t>(format.slot_bytes())),
          piece_((std::max)(std::size_t{1}, (std::size_t{1} << 18U) / slot_bytes_)),
          buffer_(piece_ * slot_bytes_), zero_(slot_bytes_)
    {
    }
    segment_tail(const directory<Files>& in, const segment_format& format)
        : segment_tail(in, format, in)
    {
    }

    /// There is a file of this name, which stays as it is.
    void knows_aside(std::string name) { asides_.push_back(std::move(name)); }

    /// Visits the slots from `first` on: visit(offset, state, slot) says whether to go on. A record
    /// whose blob is not whole is damaged.
    template <class Visit>
    [[nodiscard]] failure each_slot(const segment<Files>& in, offset_t first, Visit&& visit);

    /// The blob of the record that is visited, where it has one.
    [[nodiscard]] const unsigned char* blob() const noexcept { return blobs_.bytes(); }

    /// Keeps the slots that are about to be erased in a file of their own: the segment's header
    /// page, and then slot after slot, each with its blob. There, and lasting, when this returns.
    [[nodiscard]] failure set_aside(const segment<Files>& from, offset_t first);

    /// Whether this has to go where it stands beyond the end. A payload without a stamp has to: it
    /// would count if, of a later record there, only the stamp reached the disk. What a recycled
    /// file held before has the checksum of another salt, and may stay.
    [[nodiscard]] bool is_residue(slot_state state, const unsigned char* slot) const noexcept
    {
        return state != slot_state::empty ||
               (std::memcmp(slot, zero_.data(), sizeof(slot_head::stamp)) == 0 &&
                std::memcmp(slot, zero_.data(), zero_.size()) != 0);
    }

    /// Zeroes what has to go of the slots from `first` up to `end`; the caller makes that lasting.
    [[nodiscard]] failure erase(segment<Files>& in, offset_t first, offset_t end,
                                std::uint64_t& erased);

    /// Makes a void of a slot that a dead claim has left.
    [[nodiscard]] failure make_void(segment<Files>& in, offset_t at);

    /// Writes what is there once more.
    [[nodiscard]] failure write_again(segment<Files>& in, offset_t first, offset_t end);

private:
    [[nodiscard]] failure unless(outcome did, const segment<Files>& in) const
    {
        return did.ok() ? failure{} : failure{did.on(in_.of(segment_name(in.base())))};
    }
    [[nodiscard]] std::string free_name(offset_t base) const;
    /// A whole slot is that of a whole record only with its blob, where one of its segment may lie.
    [[nodiscard]] failure look_at_blob(const segment<Files>& in, const unsigned char* slot,
                                       slot_state& state)
    {
        const blob_ref ref = blob_of(slot, payload_at_);
        bool whole = ref.bytes == 0 || ref.position >= in.blobs_from();
        const outcome did = whole ? blobs_.read(ref, whole) : outcome{};
        state = whole ? state : slot_state::damaged;
        return did.ok() ? failure{} : failure{did.on(blobs_.path())};
    }
    /// How much of a file of what was set aside the blob of a slot takes; 0 without.
    [[nodiscard]] std::size_t aside_bytes(slot_state state, const unsigned char* slot) const
    {
        return has_blobs_ && state == slot_state::record
                   ? (blob_of(slot, payload_at_).bytes + blob_alignment - 1) / blob_alignment *
                         blob_alignment
                   : 0;
    }

    const directory<Files>& in_;
    const directory<Files>& asides_in_;
    blob_reader<Files> blobs_;
    const bool has_blobs_;
    const std::size_t payload_at_;
    const std::size_t slot_bytes_;
    const std::size_t piece_; ///< how many slots are read at once
    std::vector<unsigned char> buffer_;
    const std::vector<unsigned char> zero_; ///< an empty slot
    std::vector<std::string> asides_;
};

template <class Files>
template <class Visit>
auto segment_tail<Files>::each_slot(const segment<Files>& in, offset_t first, Visit&& visit)
    -> failure
{
    const std::uint32_t begun = salted(in.salt());
    while (first < in.end()) {
        const auto count = static_cast<std::size_t>(
            (std::min)(static_cast<std::uint64_t>(piece_), in.end() - first));
        if (const outcome did = in.read(first, count, buffer_.data()); !did.ok()) {
            return did.on(in_.of(segment_name(in.base())));
        }
        const auto slot = [&](std::size_t i) { return buffer_.data() + i * slot_bytes_; };
        for (std::size_t i = 0, whole = 0; i != count; ++i) {
            if (i >= whole) {
                whole = i + count_whole_slots(begun, first + i, slot(i), slot_bytes_, count - i);
            }
            slot_state state =
                i < whole ? state_of_whole_slot(slot(i))
                          : look_at_slot(begun, first + i, in.recycled(), slot(i), slot_bytes_);
            if (has_blobs_ && state == slot_state::record) {
                if (failure failed = look_at_blob(in, slot(i), state)) {
                    return failed;
                }
            }
            if (!visit(first + i, state, slot(i))) {
                return {};
            }
        }
        first += count;
    }
    return {};
}

template <class Files>
std::string segment_tail<Files>::free_name(offset_t base) const
{
    for (std::size_t number = 0;; ++number) {
        std::string name = text({twenty_digits(base), ".", std::to_string(number), aside_ending});
        if (std::find(asides_.begin(), asides_.end(), name) == asides_.end()) {
            return name; // the others are of recoveries before this one
        }
    }
}

template <class Files>
auto segment_tail<Files>::set_aside(const segment<Files>& from, offset_t first) -> failure
{
    std::uint64_t bytes = 0;
    failure failed = each_slot(from, first, [&](offset_t, slot_state state, const auto* slot) {
        bytes += state != slot_state::empty ? slot_bytes_ + aside_bytes(state, slot) : 0;
        return true;
    });
    if (failed || bytes == 0) {
        return failed;
    }
    const std::string name = free_name(from.base());
    new_file<Files> fresh{asides_in_, name};
    file_handle<Files> file;
    outcome did = fresh.open(file);
    if (did.ok()) {
        did = Files::allocate(file.get(), page_bytes + bytes);
    }
    if (did.ok()) {
        did = Files::write(file.get(), &from.header(), page_bytes, 0);
    }
    std::uint64_t at = page_bytes;
    if (did.ok()) {
        failed = each_slot(from, first, [&](offset_t, slot_state state, const auto* slot) {
            if (state != slot_state::empty) {
                did = Files::write(file.get(), slot, slot_bytes_, at);
                at += slot_bytes_;
                // the room was zero: what is behind the blob stays so
                const std::size_t behind = aside_bytes(state, slot);
                if (did.ok() && behind != 0) {
                    did = Files::write(file.get(), blobs_.bytes(), blob_of(slot, payload_at_).bytes,
                                       at);
                    at += behind;
                }
            }
            return did.ok();
        });
    }
    if (failed) {
        return failed;
    }
    if (did.ok()) {
        did = Files::sync(file.get());
    }
    did = fresh.finish(did);
    return did.ok() ? failure{} : failure{did.on(asides_in_.of(name))};
}

template <class Files>
auto segment_tail<Files>::erase(segment<Files>& in, offset_t first, offset_t end,
                                std::uint64_t& erased) -> failure
{
    outcome did;
    failure failed = each_slot(in, first, [&](offset_t at, slot_state state, const auto* slot) {
        if (at < end && is_residue(state, slot)) {
            did = in.write(at, 1, zero_.data());
            erased += zero_.size();
        }
        return at < end && did.ok();
    });
    return failed ? std::move(failed) : unless(did, in);
}

template <class Files>
auto segment_tail<Files>::make_void(segment<Files>& in, offset_t at) -> failure
{
    std::vector<unsigned char> slot(slot_bytes_);
    finish_slot(salted(in.salt()), at, slot_kind::skipped, slot.data(), slot.size());
    return unless(in.write(at, 1, slot.data()), in);
}

template <class Files>
auto segment_tail<Files>::write_again(segment<Files>& in, offset_t first, offset_t end) -> failure
{
    outcome did;
    while (first < end && did.ok()) {
        const auto count =
            static_cast<std::size_t>((std::min)(static_cast<std::uint64_t>(piece_), end - first));
        did = in.read(first, count, buffer_.data());
        if (did.ok()) {
            did = in.write(first, count, buffer_.data());
        }
        first += count;
    }
    return unless(did, in);
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
