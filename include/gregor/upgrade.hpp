// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/found_format.hpp"
#include "gregor/log/identity.hpp"
#include "gregor/log/partition_writer.hpp"
#include "gregor/log/replacement.hpp"
#include "gregor/log/topic_files.hpp"
#include "gregor/mmap_log.hpp"
#include "gregor/options.hpp"
#include "gregor/record.hpp"
#include "gregor/record_conversion.hpp"
#include "gregor/ring/sequence.hpp"
#include "gregor/topic.hpp"

// For a program whose records have changed since it wrote its log. Nothing else includes it.

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI {

struct upgrade_options {
    /// The log as it was stays beside the new one, in the folder that the report names. false: it
    /// is removed once the new one has its place.
    bool keep_old = true;
};

/// What an upgrade came to.
struct upgrade_report {
    bool upgraded = false; ///< false: there was nothing to do, and nothing was changed
    /// The `log.directory` by which the log as it was can still be opened; empty where there is
    /// none.
    std::string kept;
    std::uint64_t records = 0; ///< in the new log
    std::uint64_t dropped = 0; ///< that the function made nothing of
    std::uint64_t voids = 0;   ///< offsets that had no record before
};

/// One upgrade, step by step: see `upgrade`.
template <class Old, class New, class Fn>
class upgrading {
    using failure = std::optional<error>;
    using log_type = typename New::state_type::log_type;
    using files = typename log_type::files_type;
    using folder = disk::directory<files>;
    using writer = disk::partition_writer<log_type>;

public:
    upgrading(const std::string& name, const topic_options& options, Fn& fn)
        : name_(name), options_(options),
          records_(disk::identity_of<typename log_type::stored_type, log_type::encoded>(
              New::identity(), New::layout::bits)),
          format_(disk::format_of(records_, options.log)), conversion_(fn)
    {
    }

    [[nodiscard]] result<upgrade_report> run(bool keeps);

private:
    [[nodiscard]] failure refuse() const;
    [[nodiscard]] failure look(const folder& parent);
    [[nodiscard]] bool nothing_to_do() const { return !found_ || found_->is(records_); }
    [[nodiscard]] result<Old> open_old() const;
    [[nodiscard]] failure refuse_begins(const Old& old) const;
    [[nodiscard]] failure replace(disk::replacement<files>& place);
    [[nodiscard]] failure write(const Old& old, disk::replacement<files>& place);
    [[nodiscard]] failure begin(const Old& old, disk::replacement<files>& place) const;
    [[nodiscard]] topic_options options_beside(const Old& old, const std::string& directory) const;
    [[nodiscard]] failure copy_groups(const Old& old, partition_id p, writer& to) const;

    const std::string& name_;
    const topic_options& options_;
    const disk::record_identity records_;
    const disk::segment_format format_;
    std::optional<disk::found_format> found_; ///< of the log that is there
    record_conversion<Old, New, Fn> conversion_;
    upgrade_report report_;
};

/// Makes of a log that was written as topic `Old` one that opens as topic `New`, in its place:
///
///     gregor::upgrade<old_trades, trades>("trades", options, [](const auto& old) {
///         return trade{.id = old.value().id, .price = old.value().price, .venue = unknown};
///     }).value();
///     trades topic{"trades", options};
///
/// The function is called for each record, partition by partition, in the order of their offsets:
/// fn(const record<Old>&), or fn(record, New's attributes&) where it also wants to say what lies
/// beside the value. It returns a value of `New`, or an optional one: none drops the record.
/// `options` are those that `New` is opened by.
///
/// Everything keeps its place. A record keeps its partition and its offset; what is dropped is a
/// gap, as an abandoned claim leaves it; begin and end offsets stay. So what groups have committed
/// is carried over as it is, with their notes, and so do key, timestamp and headers where both
/// topics have them and, for keys, of the same type. A timestamp that is new is the time of the
/// upgrade. Each partition begins a new epoch at its end: `log_position`s remembered elsewhere lead
/// where they did.
///
/// Where the log is one of `New` already, nothing is done, and `upgraded` is false: so a program
/// may call it each time before it opens its topic. The same where nothing was ever written and,
/// with `log_opening::open_or_create`, where there is no log. Types that the files cannot tell
/// apart (`type_name`, length, policies) are the same here.
///
/// The new log is written beside the old one, made lasting, and then takes its place at once:
/// whenever the process or the system ends, the topic's folder is the old log or the new one,
/// whole, and the next upgrade tidies up. The old one is kept in `<topic>~old/<topic>`.
///
/// Threads   any one; other processes may read the old log meanwhile. Calls fn on this thread
/// Progress  blocking: reads and writes the whole log
/// Errors    gregor::error, and nothing has changed: `locked` where somebody has the log open to
///           write, or upgrades it; `corrupt`, with file and offset; `wrong_format` where it is of
///           neither type; `unknown_topic`; `invalid_option`; `log_full`, or what the system
///           refuses (a full disk, a file system that cannot exchange folders). What fn throws
///           passes through, and nothing has changed, too. An error from behind the exchange leaves
///           the new log in place
/// Cost      one pass over the log; room on the disk for both
/// Lifetime  nothing stays open
template <class Old, class New, class Fn>
[[nodiscard]] result<upgrade_report> upgrade(const std::string& name, const topic_options& options,
                                             Fn&& fn, const upgrade_options& how = {})
{
    static_assert(Old::durable && New::durable,
                  "gregor: upgrade leads from one topic with storage::mmap_log to another one");
    static_assert(upgrades<std::remove_reference_t<Fn>, Old, New>(),
                  "gregor: upgrade needs a function that makes of a record of the old topic a "
                  "value of the new one, or an optional one");
    if constexpr (Old::durable && New::durable &&
                  upgrades<std::remove_reference_t<Fn>, Old, New>()) {
        return upgrading<Old, New, std::remove_reference_t<Fn>>{name, options, fn}.run(
            how.keep_old);
    }
}

template <class Old, class New, class Fn>
result<upgrade_report> upgrading<Old, New, Fn>::run(bool keeps)
{
    if (failure refused = refuse()) {
        return *std::move(refused);
    }
    auto parent = folder::open(options_.log.directory);
    if (!parent) {
        return parent.error();
    }
    disk::replacement<files> place{*parent, name_};
    bool something = false;
    failure failed = place.look(something);
    if (!failed) {
        failed = look(*parent);
    }
    if (!failed && found_ && (something || !nothing_to_do())) {
        failed = place.begin();
        if (!failed) {
            failed = look(*parent); // who was at it until now may have changed it
        }
    }
    if (failed) {
        return *std::move(failed);
    }
    if (nothing_to_do()) {
        return report_;
    }
    if (failed = replace(place); failed) {
        return *std::move(failed);
    }
    report_ = {true,
               {},
               conversion_.so_far().records,
               conversion_.so_far().dropped,
               conversion_.so_far().voids};
    if (failed = place.finish(keeps); failed) {
        return *std::move(failed);
    }
    report_.kept = keeps ? place.kept() : std::string{};
    return report_;
}

template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::refuse() const -> failure
{
    if (failure refused = disk::refuse_options(name_, options_.log, format_)) {
        return refused;
    }
    if (options_.log.opening == log_opening::read_only) {
        return error{errc::invalid_option, text({"upgrade of \"", name_, "\""}),
                     "a log.opening that may change something", "log_opening::read_only"};
    }
    return std::nullopt;
}

/// What is there; nothing, where that is fine.
template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::look(const folder& parent) -> failure
{
    found_.reset();
    folder in;
    in.path = parent.of(name_);
    const disk::outcome did =
        files::open_directory_in(parent.get(), name_.c_str(), in.handle.fill());
    if (did.code == ENOENT && options_.log.opening == log_opening::open_or_create) {
        return std::nullopt;
    }
    if (did.code == ENOENT) {
        return error{errc::unknown_topic, text({"log \"", in.path, "\""}), "one, to be upgraded",
                     "none"};
    }
    if (!did.ok()) {
        return did.on(in.path);
    }
    auto found = disk::find_format(in);
    if (!found) {
        return found.error();
    }
    found_.emplace(*std::move(found));
    return std::nullopt;
}

template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::replace(disk::replacement<files>& place) -> failure
{
    auto old = open_old();
    if (!old) {
        return old.error();
    }
    failure failed = refuse_begins(*old);
    if (!failed) {
        failed = write(*old, place);
    }
    return failed ? std::move(failed) : place.exchange();
}

/// By what its header says: its options may have been others.
template <class Old, class New, class Fn>
result<Old> upgrading<Old, New, Fn>::open_old() const
{
    topic_options as;
    as.log.directory = options_.log.directory;
    as.log.opening = log_opening::read_only;
    as.log.most_bytes = options_.log.most_bytes;
    if (found_->format) {
        const disk::segment_format& its = *found_->format;
        as.log.segment_records = static_cast<std::size_t>(its.slot_count);
        if (its.has_blobs()) {
            as.log.blob_chunk_bytes = static_cast<std::size_t>(its.blob_chunk_bytes);
        }
        const std::uint64_t segment_bytes = its.slot_count * its.slot_bytes();
        as.log.most_bytes =
            (std::max)(as.log.most_bytes, 2 * (segment_bytes + its.blob_chunk_bytes));
    }
    return Old::create(name_, as);
}

/// A segment has to begin where the oldest record is.
template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::refuse_begins(const Old& old) const -> failure
{
    for (std::uint32_t p = 0; p != old.partitions(); ++p) {
        const offset_t begin = old.begin_offset(partition_id{p});
        if (begin % format_.slot_count != 0) {
            return error{errc::invalid_option, text({"upgrade of \"", name_, "\""}),
                         text({"log.segment_records that divide ", std::to_string(begin),
                               ", where partition ", std::to_string(p), " begins"}),
                         std::to_string(format_.slot_count)};
        }
    }
    return std::nullopt;
}

template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::write(const Old& old, disk::replacement<files>& place) -> failure
{
    if (failure failed = begin(old, place)) {
        return failed;
    }
    auto made = log_type::open(name_, options_beside(old, place.path()), New::identity(),
                               New::layout::bits);
    if (!made) {
        return made.error();
    }
    failure failed;
    for (std::uint32_t p = 0; p != old.partitions() && !failed; ++p) {
        writer to{made->take(p)};
        failed = conversion_.copy(
            old, partition_id{p},
            text({options_.log.directory, "/", name_, "/", std::to_string(p)}), to);
        if (!failed) {
            failed = copy_groups(old, partition_id{p}, to);
        }
        if (!failed) {
            failed = to.close();
        }
    }
    return failed;
}

/// Its partitions, each with its begin and epochs, empty.
template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::begin(const Old& old, disk::replacement<files>& place) const
    -> failure
{
    auto in = place.make();
    if (!in) {
        return in.error();
    }
    failure failed;
    for (std::uint32_t p = 0; p != old.partitions() && !failed; ++p) {
        auto of_one = in->make(std::to_string(p));
        disk::segment_format format = format_;
        format.partition = p;
        failed = of_one ? disk::begin_partition(*of_one, format, old.recovered(partition_id{p}))
                        : failure{of_one.error()};
    }
    return failed;
}

/// What is there fits in, whatever may be kept later.
template <class Old, class New, class Fn>
topic_options upgrading<Old, New, Fn>::options_beside(const Old& old,
                                                      const std::string& directory) const
{
    topic_options beside;
    beside.partitions = old.partitions();
    beside.log = options_.log;
    beside.log.directory = directory;
    beside.log.opening = log_opening::open_existing;
    beside.log.sync_at_opening = false;
    for (std::uint32_t p = 0; p != old.partitions(); ++p) {
        const partition_id id{p};
        const std::uint64_t segments =
            (old.end_offset(id) - old.begin_offset(id)) / format_.slot_count + 1;
        beside.log.most_bytes =
            (std::max)(beside.log.most_bytes,
                       std::bit_ceil(segments) * format_.slot_count * format_.slot_bytes());
    }
    return beside;
}

// --- groups --------------------------------------------------------------------------------------

/// With what they said of it.
template <class Old, class New, class Fn>
auto upgrading<Old, New, Fn>::copy_groups(const Old& old, partition_id p, writer& to) const
    -> failure
{
    failure failed;
    old.state()->at(p).log.each_group([&](const auto& its, const std::optional<std::string>& note) {
        if (failed) {
            return;
        }
        auto cell = to.offsets().add(its.name(), its.lossy());
        if (!cell) {
            failed = cell.error();
        } else if (const auto word = its.word()) {
            if (note && !note->empty()) {
                (*cell)->write_note(ring::sequence_in<offset_t>(*word), *note);
            }
            (*cell)->set(*word);
        }
    });
    return failed;
}

} // namespace gregor::inline GREGOR_ABI

#endif
