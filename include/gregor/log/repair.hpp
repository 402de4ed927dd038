// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
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
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/recovery.hpp"
#include "gregor/log/recovery_report.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/segment_header.hpp"
#include "gregor/log/segment_tail.hpp"
#include "gregor/log/slot_time.hpp"
#include "gregor/log/survey.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What a repair found, and what it did.
struct repair_report {
    recovery_report log;        ///< what there is now, by the recovery that came last
    std::vector<error> damages; ///< what stood in its way; of the records the first one
    std::string folder;         ///< what was set aside is there; empty where nothing was damaged
    std::uint64_t files = 0;    ///< that were set aside as a whole
};

/// Brings the files of a partition that a recovery refuses as corrupt to a state that can be gone
/// on with: the longest run of whole records from the first one on is kept. Everything else is set
/// aside in a new folder in the directory, `repair.N.aside`, and nothing of it deleted: segments as
/// they are; of the one in which the run ends, the slots behind the end, as a recovery does.
///
/// What is refused as `wrong_format` stays refused, and nothing is changed: its header, with the
/// right checksum, says that it is of another program.
///
/// The epoch moves on, so that who keeps state beside the log learns of the loss.
///
/// It may be killed at any point: until it is through, the log is refused, or opens with records
/// that are whole and, where one is missing, an epoch that is new; begun again, it comes to the
/// same.
///
/// Threads   one, with the directory locked
/// Errors    returned; std::bad_alloc. A file that cannot be read is an error
/// Cost      reads the log once, and its last segments twice
template <class Files>
class repair_work {
public:
    repair_work(const directory<Files>& in, const segment_format& format, recovery_options options)
        : in_(in), format_(format), options_(options), found_(in, format)
    {
    }

    [[nodiscard]] result<repair_report> run();
    /// What `run` would find and do; only in a directory that is confined to be read.
    [[nodiscard]] result<repair_report> foretell();

private:
    using failure = std::optional<error>;
    using segment_type = segment<Files>;

    [[nodiscard]] std::string free_folder() const;
    [[nodiscard]] failure sync_blobs();
    [[nodiscard]] failure open_folder();
    [[nodiscard]] failure fill_holes();
    [[nodiscard]] failure make_lasting();
    [[nodiscard]] failure mend_page(segment_type& in);
    [[nodiscard]] failure note_end();
    [[nodiscard]] failure open_end();
    [[nodiscard]] failure move_aside(const std::string& name);
    [[nodiscard]] failure move_rest();
    [[nodiscard]] failure begin_anew();
    [[nodiscard]] failure count_rest(recovery_report& log) const;

    [[nodiscard]] failure unless(outcome did, std::string_view name) const
    {
        return did.ok() ? failure{} : failure{did.on(in_.of(name))};
    }

    /// Where nobody knows it any more: there have been fewer than seconds since 1970.
    [[nodiscard]] std::uint64_t last_epoch() const
    {
        return found_.checkpoint ? found_.checkpoint->values().epoch : wall_clock() / 1'000'000'000;
    }

    const directory<Files>& in_;
    const segment_format& format_;
    const recovery_options options_;
    survey<Files> found_;
    directory<Files> folder_;
    std::uint64_t files_ = 0;
    std::uint64_t voids_ = 0;
};

template <class Files>
result<repair_report> repair(const directory<Files>& in, const segment_format& format,
                             recovery_options options = {})
{
    if (!format.possible()) {
        return impossible_format(in.path);
    }
    return repair_work<Files>{in, format, options}.run();
}

/// What a repair would find, keep and set aside. Nothing is changed: the directory is confined to
/// be read. Of files that were not finished, nothing is said where something is damaged.
template <class Files>
result<repair_report> foretell_repair(const directory<Files>& in, const segment_format& format,
                                      recovery_options options = {})
{
    if (!format.possible()) {
        return impossible_format(in.path);
    }
    return repair_work<Files>{in, format, options}.foretell();
}

template <class Files>
result<repair_report> repair_work<Files>::run()
{
    failure failed = found_.look();
    const bool is_damaged = !found_.damages.empty();
    // In this order. Holes are voids, and what is kept lasts, before the checkpoint says that
    // everything below the end is whole. From then on the log is one of another boot, in which
    // nothing counts behind a hole, and of a new epoch; and no seal hides where it ends. Last goes
    // what is not kept.
    using work = repair_work;
    for (const auto next :
         {&work::sync_blobs, &work::open_folder, &work::fill_holes, &work::make_lasting,
          &work::note_end, &work::open_end, &work::move_rest, &work::begin_anew}) {
        if (is_damaged && !failed) {
            failed = (this->*next)();
        }
    }
    if (failed) {
        return *std::move(failed);
    }
    found_.segments.clear();
    found_.checkpoint.reset();
    auto log = recovery<Files>{in_, format_, options_, is_damaged ? folder_ : in_}.run();
    if (!log) {
        return log.error();
    }
    log->report.voids += voids_;
    return repair_report{log->report, std::move(found_.damages), folder_.path, files_};
}

template <class Files>
result<repair_report> repair_work<Files>::foretell()
{
    GREGOR_ASSERT(Files::confined(in_.get()), "what is not confined would be repaired");
    if (failure failed = found_.look()) {
        return *std::move(failed);
    }
    if (found_.damages.empty()) {
        auto log = recovery<Files>{in_, format_, options_, in_}.run();
        return log ? result<repair_report>{{log->report, {}, {}, 0}} : log.error();
    }
    if (failure failed = sync_blobs()) { // what refuses a repair
        return *std::move(failed);
    }
    repair_report told;
    told.log.begin = found_.begin;
    told.log.end = told.log.durable = found_.end;
    told.log.epoch = last_epoch() + 1;
    for (const auto& hole : found_.holes) {
        told.log.voids += hole.to - hole.from;
    }
    if (failure failed = count_rest(told.log)) {
        return *std::move(failed);
    }
    told.folder = in_.of(free_folder());
    told.files = found_.bases.size() - found_.segments.size();
    told.files += found_.has_checkpoint && !found_.checkpoint ? 1U : 0U;
    told.damages = std::move(found_.damages);
    return told;
}

/// What of the segments that are kept is not: as a recovery counts that erases it.
template <class Files>
auto repair_work<Files>::count_rest(recovery_report& log) const -> failure
{
    segment_tail<Files> tail{in_, format_};
    failure failed;
    for (std::size_t i = 0; i != found_.segments.size() && !failed; ++i) {
        const segment_type& each = found_.segments[i];
        const offset_t first = (std::max)(each.base(), found_.end);
        failed = tail.each_slot(each, first, [&](offset_t, slot_state state, const auto* slot) {
            log.damaged += state == slot_state::damaged ? 1U : 0U;
            log.set_aside += state == slot_state::record || state == slot_state::skipped ? 1U : 0U;
            log.erased_bytes += tail.is_residue(state, slot) ? format_.slot_bytes() : 0U;
            return true;
        });
    }
    return failed;
}

template <class Files>
std::string repair_work<Files>::free_folder() const
{
    std::string name;
    std::size_t number = 0;
    do {
        name = text({"repair.", std::to_string(number++), aside_ending});
    } while (std::find(found_.asides.begin(), found_.asides.end(), name) != found_.asides.end());
    return name;
}

/// All of them: none is changed, so it may come first, and what refuses it has changed nothing.
template <class Files>
auto repair_work<Files>::sync_blobs() -> failure
{
    if (!format_.has_blobs()) {
        return {};
    }
    if (failure refused = blob_store<Files>::refuse(in_, format_)) {
        return refused;
    }
    auto blobs = blob_store<Files>::open(in_, format_, 0);
    return blobs ? unless(blobs->sync(0, found_.blobs_end), blobs_ending) : failure{blobs.error()};
}

template <class Files>
auto repair_work<Files>::open_folder() -> failure
{
    auto made = in_.make(free_folder());
    if (!made) {
        return made.error();
    }
    folder_ = *std::move(made);
    return {};
}

template <class Files>
auto repair_work<Files>::fill_holes() -> failure
{
    segment_tail<Files> tail{in_, format_};
    for (const auto& hole : found_.holes) {
        for (offset_t at = hole.from; at != hole.to; ++at) {
            segment_type& in =
                found_.segments[static_cast<std::size_t>((at - found_.begin) / format_.slot_count)];
            if (failure failed = tail.make_void(in, at)) {
                return failed;
            }
            ++voids_;
        }
    }
    return {};
}

/// Of a header page that is not written as it should be, a copy is set aside.
template <class Files>
auto repair_work<Files>::mend_page(segment_type& in) -> failure
{
    header_page page;
    const std::string name = segment_name(in.base());
    outcome did = found_.read_page(in.base(), page);
    if (!did.ok() || std::memcmp(&page, &in.header(), sizeof page) == 0) {
        return unless(did, name);
    }
    const std::string copy = text({twenty_digits(in.base()), ".header"});
    file_handle<Files> file;
    did = Files::open(folder_.get(), copy.c_str(), open_mode::create, file.fill());
    if (did.ok()) {
        did = Files::allocate(file.get(), sizeof page);
    }
    if (did.ok()) {
        did = Files::write(file.get(), &page, sizeof page, 0);
    }
    if (did.ok()) {
        did = Files::sync(file.get());
    }
    if (did.ok()) {
        did = Files::sync_directory(folder_.get());
    }
    if (!did.ok()) {
        return did.on(folder_.of(copy));
    }
    return unless(in.write_header_page(), name);
}

/// What is kept, with the seals that it had.
template <class Files>
auto repair_work<Files>::make_lasting() -> failure
{
    for (std::size_t i = 0; i != found_.segments.size(); ++i) {
        segment_type& each = found_.segments[i];
        failure failed = mend_page(each);
        if (!failed) {
            const bool seals = i < found_.full && !each.sealed() && each.end() <= found_.end;
            failed = unless(seals ? each.seal(wall_clock(), each.newest(), found_.blobs_end)
                                  : each.sync(),
                            segment_name(each.base()));
        }
        if (failed) {
            return failed;
        }
    }
    return {};
}

/// Writes down that the log ends there. The recovery at the end begins a new epoch, since the boot
/// is another one.
template <class Files>
auto repair_work<Files>::note_end() -> failure
{
    constexpr const char* name = checkpoint_file<Files>::name;
    const checkpoint_values values{.durable = found_.end,
                                   .epoch = last_epoch(),
                                   .epoch_start = found_.end,
                                   .clean = false,
                                   .boot_id = {},
                                   .blobs_end = found_.blobs_end};
    if (found_.checkpoint) {
        for (int block = 0; block != 2; ++block) {
            if (failure failed = unless(found_.checkpoint->write(values), name)) {
                return failed;
            }
        }
        return {};
    }
    if (found_.has_checkpoint) {
        if (failure failed = move_aside(name)) {
            return failed;
        }
    }
    auto made = checkpoint_file<Files>::create(in_, values);
    return made ? failure{} : failure{made.error()};
}

/// The segment in which it ends is not full any more.
template <class Files>
auto repair_work<Files>::open_end() -> failure
{
    if (found_.segments.empty()) {
        return {};
    }
    segment_type& last = found_.segments.back();
    return last.sealed() && found_.end < last.end()
               ? unless(last.unseal(), segment_name(last.base()))
               : failure{};
}

template <class Files>
auto repair_work<Files>::move_aside(const std::string& name) -> failure
{
    outcome did = Files::move(in_.get(), folder_.get(), name.c_str());
    if (did.ok()) {
        did = Files::sync_directory(folder_.get());
    }
    if (did.ok()) {
        did = Files::sync_directory(in_.get());
    }
    files_ += did.ok() ? 1U : 0U;
    return unless(did, name);
}

/// From the last one on: so there is no gap at any time.
template <class Files>
auto repair_work<Files>::move_rest() -> failure
{
    while (found_.bases.size() > found_.segments.size()) {
        if (failure failed = move_aside(segment_name(found_.bases.back()))) {
            return failed;
        }
        found_.bases.pop_back();
    }
    return {};
}

/// Where nothing was kept: offsets go on, all the same, where the log began. As long as this
/// segment is there, so are the blobs of what was set aside.
template <class Files>
auto repair_work<Files>::begin_anew() -> failure
{
    if (!found_.segments.empty() || (found_.begin == 0 && !format_.has_blobs())) {
        return {};
    }
    auto made = segment_type::create(in_, format_, found_.begin, 0, wall_clock());
    return made ? failure{} : failure{made.error()};
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
