// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_recovery.hpp"
#include "gregor/log/checkpoint.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/recovered.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/segment_tail.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// Brings the files of a partition to a state that can be gone on with, whatever ended the last
/// writer, and says what it found.
///
/// In the same boot, what was written is there: every stamped record counts; a slot without a stamp
/// before another one with it is a claim that died with its owner, and becomes void. Otherwise
/// (power loss, reboot, a copy) any page may be missing: everything below `durable` must be whole;
/// above it the longest whole run counts. What stands beyond it is set aside in a file, erased, and
/// the erasure made lasting: so nothing stale comes back behind what is appended next.
///
/// What never comes of a crash is reported as `corrupt`, with nothing changed: a hole or a broken
/// slot below `durable`, a broken slot in the same boot, a header or seal that is not whole, a
/// segment that is missing or cut. `repair.hpp` is for these.
///
/// It may be killed at any point: begun again, it comes to the same.
///
/// Threads   one, with the directory locked
/// Errors    returned; std::bad_alloc. Where a call failed, nothing that counted is lost
/// Cost      reads what is not sealed, in pieces of 256 KiB
template <class Files>
class recovery {
public:
    /// What is set aside, is so in `asides`.
    recovery(const directory<Files>& in, const segment_format& format, recovery_options options,
             const directory<Files>& asides)
        : in_(in), format_(format), options_(options), tail_(in, format, asides), blobs_(in, format)
    {
    }

    [[nodiscard]] result<recovered<Files>> run();

private:
    using failure = std::optional<error>;
    using segment_type = segment<Files>;

    [[nodiscard]] failure look_around();
    [[nodiscard]] failure open_checkpoint();
    [[nodiscard]] failure open_segments();
    [[nodiscard]] failure judge();
    [[nodiscard]] failure find_end_of_stamps();
    [[nodiscard]] failure find_end_of_run();
    [[nodiscard]] failure fill_holes();
    [[nodiscard]] failure set_aside();
    [[nodiscard]] failure make_lasting();
    [[nodiscard]] failure finish();

    /// Visits the slots of every segment that is not known to be whole: visit(offset, state, slot)
    /// says whether to go on.
    template <class Visit>
    [[nodiscard]] failure each_open_slot(Visit&& visit)
    {
        failure failed;
        bool going = true;
        for (std::size_t i = first_open_; i != segments_.size() && !failed && going; ++i) {
            failed = tail_.each_slot(segments_[i], segments_[i].base(),
                                     [&](offset_t at, slot_state state, const auto* slot) {
                                         blobs_.knows(state, slot);
                                         if (tail_.is_residue(state, slot)) {
                                             used_end_ = at + 1;
                                         }
                                         return going = visit(at, state, slot);
                                     });
        }
        return failed;
    }

    [[nodiscard]] failure unless(outcome did, offset_t base) const
    {
        return did.ok() ? failure{} : failure{did.on(in_.of(segment_name(base)))};
    }
    [[nodiscard]] error corrupt(offset_t base, std::string expected, std::string found) const
    {
        return error{errc::corrupt, text({"segment \"", in_.of(segment_name(base)), "\""}),
                     std::move(expected), std::move(found)};
    }
    [[nodiscard]] error corrupt_slot(offset_t base, offset_t at, std::string_view why,
                                     slot_state found) const
    {
        return corrupt(base, text({"a whole record at offset ", std::to_string(at), ", ", why}),
                       found == slot_state::empty ? "none" : "a broken one");
    }

    const directory<Files>& in_;
    const segment_format& format_;
    const recovery_options options_;
    segment_tail<Files> tail_;
    blob_recovery<Files> blobs_;
    recovery_report report_;

    std::vector<offset_t> bases_;
    bool has_checkpoint_ = false;
    bool copied_ = false;

    std::optional<checkpoint_file<Files>> checkpoint_;
    checkpoint_values values_;
    std::vector<segment_type> segments_;
    std::size_t first_open_ = 0; ///< the first segment that is not known to be whole
    offset_t used_end_ = 0;      ///< from here on there is nothing that could have to be erased

    struct range {
        offset_t from;
        offset_t to;
    };
    std::vector<range> holes_;
};

template <class Files>
result<recovered<Files>> recover(const directory<Files>& in, const segment_format& format,
                                 recovery_options options = {})
{
    if (!format.possible()) {
        return impossible_format(in.path);
    }
    return recovery<Files>{in, format, options, in}.run();
}

template <class Files>
result<recovered<Files>> recovery<Files>::run()
{
    const auto began = std::chrono::steady_clock::now();
    using step = failure (recovery::*)();
    for (const step next : {&recovery::look_around, &recovery::open_checkpoint,
                            &recovery::open_segments, &recovery::judge, &recovery::finish}) {
        if (failure failed = (this->*next)()) {
            return *std::move(failed);
        }
    }
    report_.took = std::chrono::steady_clock::now() - began;
    return recovered<Files>{report_, *std::move(checkpoint_), std::move(segments_), blobs_.take(),
                            blobs_.end()};
}

/// What is in the directory; what was not finished goes.
template <class Files>
auto recovery<Files>::look_around() -> failure
{
    std::vector<std::string> unfinished;
    outcome did = Files::list(in_.get(), [&](std::string_view name) {
        if (const auto base = base_in(name)) {
            bases_.push_back(*base);
        } else if (name.ends_with(unfinished_ending)) {
            unfinished.emplace_back(name);
        } else if (name.ends_with(aside_ending)) {
            tail_.knows_aside(std::string{name});
        } else if (name == checkpoint_file<Files>::name) {
            has_checkpoint_ = true;
        }
    });
    for (std::size_t i = 0; i != unfinished.size() && did.ok(); ++i) {
        did = Files::remove(in_.get(), unfinished[i].c_str());
    }
    if (did.ok()) {
        // always: who was killed behind a rename has left a name that is not lasting yet
        did = Files::sync_directory(in_.get());
    }
    report_.unfinished = unfinished.size();
    std::sort(bases_.begin(), bases_.end());
    return did.ok() ? failure{} : failure{did.on(in_.path)};
}

template <class Files>
auto recovery<Files>::open_checkpoint() -> failure
{
    std::array<unsigned char, 16> boot{};
    if (const outcome did = Files::boot_id(boot); !did.ok()) {
        return did.on("this system");
    }
    values_.boot_id = boot;
    if (!has_checkpoint_ && !bases_.empty()) {
        return error{errc::corrupt, text({"log \"", in_.path, "\""}),
                     "a checkpoint beside its segments", "none"};
    }
    if (!has_checkpoint_) {
        if (const outcome did = Files::random(values_.log); !did.ok()) {
            return did.on("this system");
        }
    }
    auto opened = has_checkpoint_ ? checkpoint_file<Files>::open(in_)
                                  : checkpoint_file<Files>::create(in_, values_);
    if (!opened) {
        return opened.error();
    }
    checkpoint_.emplace(*std::move(opened));
    values_ = checkpoint_->values();
    blobs_.knows(values_.blobs_end);
    report_.same_boot = values_.boot_id == boot;
    report_.checkpoint_torn = checkpoint_->torn();
    values_.boot_id = boot;
    return {};
}

template <class Files>
auto recovery<Files>::open_segments() -> failure
{
    segments_.reserve(bases_.size());
    for (const offset_t base : bases_) {
        if (base % format_.slot_count != 0) {
            return error{errc::wrong_format, text({"segment \"", in_.of(segment_name(base)), "\""}),
                         text({"records a segment ", std::to_string(format_.slot_count)}),
                         "a base that is no multiple of it"};
        }
        auto opened = segment_type::open(in_, format_, base);
        if (!opened) {
            return opened.error();
        }
        if (!segments_.empty()) {
            const segment_type& last = segments_.back();
            if (last.end() != base) {
                return corrupt(base, text({"a segment ", std::to_string(last.end()), " before it"}),
                               "none");
            }
            if (opened->previous_salt() != last.salt()) {
                return corrupt(base, "the segment before it to be the one it followed", "another");
            }
            if (opened->sealed() && !last.sealed()) {
                return corrupt(last.base(), "a seal, as the segment after it has one", "none");
            }
        }
        bool itself = false;
        if (failure failed = unless(opened->look_whether_itself(itself), base)) {
            return failed;
        }
        copied_ = copied_ || !itself;
        report_.same_boot = report_.same_boot && itself;
        blobs_.knows(*opened);
        first_open_ += opened->sealed() ? 1U : 0U;
        segments_.push_back(*std::move(opened));
    }
    return blobs_.refuse();
}

/// What counts.
template <class Files>
auto recovery<Files>::judge() -> failure
{
    report_.begin = segments_.empty() ? 0 : segments_.front().base();
    const offset_t room_end = segments_.empty() ? 0 : segments_.back().end();
    const offset_t sealed_end = first_open_ == 0 ? report_.begin : segments_[first_open_ - 1].end();
    if (values_.durable > room_end) {
        return error{errc::corrupt, text({"log \"", in_.path, "\""}),
                     text({"records to offset ", std::to_string(values_.durable)}),
                     text({"segments to ", std::to_string(room_end)})};
    }
    // What is sealed is lasting, even where the checkpoint that says so is not; but the last seal
    // itself may not be: who wrote it was killed. Then the next one could outlive it.
    if (first_open_ != 0) {
        segment_type& last = segments_[first_open_ - 1];
        if (failure failed = unless(last.sync(), last.base())) {
            return failed;
        }
    }
    values_.durable = (std::max)(values_.durable, sealed_end);
    report_.end = sealed_end;
    if (options_.verify_sealed) {
        first_open_ = 0;
    }
    return report_.same_boot ? find_end_of_stamps() : find_end_of_run();
}

/// In the same boot: one past the last stamp, and the holes before it.
template <class Files>
auto recovery<Files>::find_end_of_stamps() -> failure
{
    failure found;
    offset_t end = report_.end;
    offset_t next = first_open_ == segments_.size() ? end : segments_[first_open_].base();
    failure failed = each_open_slot([&](offset_t at, slot_state state, const unsigned char*) {
        ++report_.read;
        const offset_t base = at - at % format_.slot_count;
        if (state == slot_state::damaged || (state == slot_state::empty && at < values_.durable)) {
            found = corrupt_slot(base, at,
                                 at < values_.durable ? "below what is durable"
                                                      : "or none, in the same boot",
                                 state);
            return false;
        }
        if (state != slot_state::empty) {
            if (next != at) {
                holes_.push_back({next, at});
            }
            next = at + 1;
            end = (std::max)(end, next);
        }
        return true;
    });
    if (failed || found) {
        return failed ? std::move(failed) : std::move(found);
    }
    report_.end = end;
    return fill_holes();
}

template <class Files>
auto recovery<Files>::fill_holes() -> failure
{
    for (const range& hole : holes_) {
        for (offset_t at = hole.from; at != hole.to; ++at) {
            const auto which = (at - segments_.front().base()) / format_.slot_count;
            segment_type& in = segments_[static_cast<std::size_t>(which)];
            if (failure failed = tail_.make_void(in, at)) {
                return failed;
            }
            ++report_.voids;
        }
    }
    return {};
}

/// Otherwise: the first offset that has no whole record; what stands behind it is set aside.
template <class Files>
auto recovery<Files>::find_end_of_run() -> failure
{
    failure found;
    std::optional<offset_t> end;
    failure failed = each_open_slot([&](offset_t at, slot_state state, const unsigned char*) {
        ++report_.read;
        if (state == slot_state::record || state == slot_state::skipped) {
            if (end) {
                ++report_.set_aside;
            }
            return true;
        }
        if (at < values_.durable) {
            found = corrupt_slot(at - at % format_.slot_count, at, "below what is durable", state);
            return false;
        }
        report_.damaged += state == slot_state::damaged ? 1U : 0U;
        end = end ? end : at;
        return true;
    });
    if (failed || found) {
        return failed ? std::move(failed) : std::move(found);
    }
    report_.end = end ? *end : segments_.empty() ? 0 : segments_.back().end();
    return report_.set_aside + report_.damaged == 0 ? failure{} : set_aside();
}

template <class Files>
auto recovery<Files>::set_aside() -> failure
{
    failure failed;
    for (std::size_t i = first_open_; i != segments_.size() && !failed; ++i) {
        if (report_.end < segments_[i].end()) {
            failed = tail_.set_aside(segments_[i], (std::max)(report_.end, segments_[i].base()));
        }
    }
    return failed;
}

/// Nothing stands beyond the end any more; and, where it has to be so, everything before it lasts.
template <class Files>
auto recovery<Files>::make_lasting() -> failure
{
    const bool lasts = !report_.same_boot || options_.sync_all;
    failure failed = blobs_.open(segments_);
    if (!failed && lasts) {
        failed = blobs_.make_lasting(segments_, values_.durable, options_.sync_all);
    }
    for (std::size_t i = 0; i != segments_.size() && !failed; ++i) {
        segment_type& each = segments_[i];
        std::uint64_t erased = 0;
        const offset_t begin = (std::max)(report_.end, each.base());
        if (begin < (std::min)(used_end_, each.end())) {
            failed = tail_.erase(each, begin, used_end_, erased);
            report_.erased_bytes += erased;
        }
        const offset_t first = (std::max)(each.base(), values_.durable);
        if (!failed && options_.sync_all && first < (std::min)(report_.end, each.end())) {
            failed = tail_.write_again(each, first, (std::min)(report_.end, each.end()));
        }
        const bool unsynced = erased != 0 || (lasts && values_.durable < each.end());
        if (!failed && unsynced) {
            failed = unless(each.sync(), each.base());
        }
    }
    values_.durable = lasts ? report_.end : values_.durable;
    return failed;
}

/// Makes the state that counts the one that lasts.
template <class Files>
auto recovery<Files>::finish() -> failure
{
    const bool nothing_lost = values_.clean && values_.durable == report_.end;
    if (!report_.same_boot && !nothing_lost) {
        ++values_.epoch;
        auto& earlier = values_.earlier_starts;
        std::copy_backward(earlier.begin(), earlier.end() - 1, earlier.end());
        earlier[0] = values_.epoch_start;
        values_.epoch_start = report_.end;
    }
    if (failure failed = make_lasting()) {
        return failed;
    }
    values_.clean = false;
    values_.blobs_end = blobs_.end();
    // both blocks: neither is left to say what no longer holds
    for (int block = 0; block != 2; ++block) {
        if (const outcome did = checkpoint_->write(values_); !did.ok()) {
            return did.on(in_.of(checkpoint_file<Files>::name));
        }
    }
    // last: until then, a copy is known for one
    for (std::size_t i = 0; i != segments_.size() && copied_; ++i) {
        if (failure failed = unless(segments_[i].identify(), segments_[i].base())) {
            return failed;
        }
    }
    report_.durable = values_.durable;
    report_.epoch = values_.epoch;
    report_.starts[0] = values_.epoch_start;
    std::copy(values_.earlier_starts.begin(), values_.earlier_starts.end(),
              report_.starts.begin() + 1);
    return {};
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
