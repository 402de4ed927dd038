// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
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
#include "gregor/base/topic_name.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_lock.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/partition_files.hpp"
#include "gregor/log/segment_copy.hpp"
#include "gregor/log/window.hpp"
#include "gregor/options.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What the records of a topic are, to who reads them again.
struct record_identity {
    std::string type; ///< the name of the value's type, and of the key's where one is stored
    std::uint32_t bytes = 0;
    std::uint32_t alignment = 1;
    std::uint32_t layout = 0;         ///< what lies beside the value, by policies
    std::uint32_t timestamp_at = 0;   ///< where in a slot; 0: nowhere
    std::uint32_t timestamp_tick = 0; ///< in ns
    bool has_blobs = false;           ///< not all of it lies in the slots
};

/// The folder of a topic, locked: its partitions, each in a folder that is called by its number.
///
/// Threads   one at a time
/// Errors    returned: impossible options, a log of something else, a broken one, what the system
///           refuses. What was there is left as it was, but for what a recovery mends; where it is
///           opened to be read only, that too
/// Lifetime  the lock is held as long as this lives
template <class Files = os_files>
class topic_files {
public:
    using failure = std::optional<error>;

    /// Opens the topic's folder, or makes it, and recovers each partition that is there. There are
    /// `least` of them at least.
    [[nodiscard]] static result<topic_files> open(std::string_view topic,
                                                  const log_options& options,
                                                  record_identity records, std::size_t least);

    /// How many there are.
    [[nodiscard]] std::size_t partitions() const noexcept { return partitions_; }

    /// Those of one partition, mapped. Once for each.
    [[nodiscard]] partition_files<Files> take(std::size_t partition)
    {
        return *std::exchange(opened_[partition - taken_from_], std::nullopt);
    }

    /// Makes so many partitions more, to be taken; the first one has this number. Where one cannot
    /// be had, there is none.
    [[nodiscard]] failure add(std::size_t first, std::size_t more)
    {
        return open_all(first, more, first);
    }
    /// Those of this number and above are no partitions after all. Nobody has them open.
    void withdraw(std::size_t first) noexcept;

    [[nodiscard]] const log_options& options() const noexcept { return options_; }

private:
    topic_files(directory<Files> in, file_lock<Files> lock, log_options options,
                segment_format format) noexcept
        : in_(std::move(in)), lock_(std::move(lock)), options_(std::move(options)),
          format_(std::move(format))
    {
    }

    [[nodiscard]] static result<directory<Files>>
    folder(const directory<Files>& parent, const std::string& name, log_opening opening);
    /// Those that are there; each number up to the highest.
    [[nodiscard]] result<std::size_t> count() const;
    /// The folder of one that is to be made: not called by its number before all of them are whole,
    /// and empty, whatever an attempt that failed has left in it.
    [[nodiscard]] result<directory<Files>> unfinished(std::size_t partition) const;
    [[nodiscard]] result<partition_files<Files>> open_one(std::size_t partition, bool is_new) const;
    /// Those below `there` are.
    [[nodiscard]] failure open_all(std::size_t first, std::size_t count, std::size_t there);
    [[nodiscard]] failure finish(std::size_t first, std::size_t end);
    [[nodiscard]] static std::string unfinished_name(std::size_t partition)
    {
        return std::to_string(partition).append(unfinished_ending);
    }

    directory<Files> in_;
    file_lock<Files> lock_;
    log_options options_;
    segment_format format_;
    std::size_t partitions_ = 0;
    std::size_t taken_from_ = 0; ///< the first of those that are opened
    std::vector<std::optional<partition_files<Files>>> opened_;
};

/// How many records a segment holds, by these options.
[[nodiscard]] inline std::uint64_t
records_a_segment(const log_options& options, std::uint64_t slot_bytes, bool has_blobs) noexcept
{
    constexpr std::uint64_t least = 512; // of any length, they fill whole pages
    // nobody knows how long blobs will be; the longer, the more is kept for one segment's sake
    const std::uint64_t with_its_blob = slot_bytes + (has_blobs ? 1024 : 0);
    return options.segment_records != 0
               ? options.segment_records
               : (std::max)(least, std::bit_floor(options.segment_bytes / with_its_blob));
}

/// How such records lie in files, by these options.
[[nodiscard]] inline segment_format format_of(record_identity records, const log_options& options)
{
    segment_format format{.type = std::move(records.type),
                          .payload_bytes = records.bytes,
                          .payload_alignment = records.alignment,
                          .layout = records.layout,
                          .timestamp_at = records.timestamp_at,
                          .timestamp_tick = records.timestamp_tick};
    format.slot_count = records_a_segment(options, format.slot_bytes(), records.has_blobs);
    format.blob_chunk_bytes = records.has_blobs ? options.blob_chunk_bytes : 0;
    return format;
}

/// Why a log cannot be made by these options.
[[nodiscard]] inline std::optional<error>
refuse_options(std::string_view topic, const log_options& options, const segment_format& format)
{
    const auto refused = [&](std::string wanted, std::string found) {
        return error{errc::invalid_option, text({"topic \"", topic, "\""}), std::move(wanted),
                     std::move(found)};
    };
    if (!is_topic_name(topic)) {
        return error{errc::invalid_name, "topic with a log on disk", std::string{topic_name_rule},
                     text({"\"", topic.substr(0, 64), "\""})};
    }
    if (options.directory.empty()) {
        return refused("a log.directory, by storage::mmap_log", "none");
    }
    if (options.segment_records != 0 &&
        (options.segment_records < 512 || !std::has_single_bit(options.segment_records))) {
        return refused("log.segment_records to be a power of two, 512 or more",
                       std::to_string(options.segment_records));
    }
    if (!format.possible()) {
        return refused("records of up to 1 GiB, aligned to up to 4096, of a type with a name of up "
                       "to 255 bytes, and up to 2^31 of them a segment",
                       text({std::to_string(format.payload_bytes), " bytes, aligned to ",
                             std::to_string(format.payload_alignment), ", a name of ",
                             std::to_string(format.type.size()), ", ",
                             std::to_string(format.slot_count), " a segment"}));
    }
    if (format.has_blobs() &&
        (!std::has_single_bit(options.blob_chunk_bytes) || options.blob_chunk_bytes < page_bytes ||
         options.blob_chunk_bytes > std::size_t{1} << 30U)) {
        return refused("log.blob_chunk_bytes to be a power of two from 4096 to 2^30",
                       std::to_string(options.blob_chunk_bytes));
    }
    const std::uint64_t two_segments =
        2 * (format.slot_count * format.slot_bytes() + format.blob_chunk_bytes);
    if (options.most_bytes < two_segments) {
        return refused(text({"log.most_bytes of two segments or more, with blobs, ",
                             std::to_string(two_segments)}),
                       std::to_string(options.most_bytes));
    }
    if (options.retention_bytes != 0 && options.retention_bytes < two_segments) {
        return refused(text({"log.retention_bytes of two segments or more, with blobs, ",
                             std::to_string(two_segments), ", or 0"}),
                       std::to_string(options.retention_bytes));
    }
    using std::chrono::nanoseconds;
    if (options.retention_age < nanoseconds{0} || options.flush_interval <= nanoseconds{0} ||
        options.flush_records == 0) {
        return refused("a log.retention_age of 0 or more, a flush_interval and flush_records above "
                       "0",
                       "less");
    }
    return std::nullopt;
}

template <class Files>
result<topic_files<Files>> topic_files<Files>::open(std::string_view topic,
                                                    const log_options& options,
                                                    record_identity records, std::size_t least)
{
    segment_format format = format_of(std::move(records), options);
    if (auto why = refuse_options(topic, options, format)) {
        return *std::move(why);
    }
    auto parent = directory<Files>::open(options.directory);
    if (!parent) {
        return parent.error();
    }
    if (options.opening == log_opening::read_only) {
        Files::confine(parent->handle.fill());
    }
    auto in = folder(*parent, std::string{topic}, options.opening);
    if (!in) {
        return in.error();
    }
    const bool only_reads = options.opening == log_opening::read_only;
    auto lock = only_reads ? file_lock<Files>::share(in->get(), in->path)
                           : file_lock<Files>::take(in->get(), in->path);
    if (!lock) {
        return lock.error();
    }
    // an upgrade may have put another one in its place, and let go of it, since it was opened
    bool is_it = false;
    if (const outcome did = in->look_whether_called(std::string{topic}, *parent, is_it);
        !did.ok() || !is_it) {
        return did.ok() ? error{errc::locked, text({"log \"", in->path, "\""}),
                                "the folder that was opened", "another one in its place"}
                        : did.on(in->path);
    }
    topic_files made{*std::move(in), *std::move(lock), options, std::move(format)};
    auto there = made.count();
    if (!there) {
        return there.error();
    }
    if (only_reads && *there == 0) {
        return error{errc::unknown_topic, text({"log \"", made.in_.path, "\""}),
                     "a partition, to be read", "none"};
    }
    const std::size_t count = only_reads ? *there : (std::max)(*there, least);
    if (auto why = made.open_all(0, count, *there)) {
        return *std::move(why);
    }
    return made;
}

template <class Files>
result<directory<Files>> topic_files<Files>::folder(const directory<Files>& parent,
                                                    const std::string& name, log_opening opening)
{
    directory<Files> found;
    const outcome did = Files::open_directory_in(parent.get(), name.c_str(), found.handle.fill());
    const std::string path = parent.of(name);
    if (!did.ok() && did.code != ENOENT) {
        return did.on(path);
    }
    if (did.ok() && opening == log_opening::create) {
        return error{errc::topic_exists, text({"log \"", path, "\""}), "none, to be created",
                     "one"};
    }
    if (!did.ok() && (opening == log_opening::open_existing || opening == log_opening::read_only)) {
        return error{errc::unknown_topic, text({"log \"", path, "\""}), "one, to be opened",
                     "none"};
    }
    return parent.make(name);
}

template <class Files>
result<std::size_t> topic_files<Files>::count() const
{
    std::size_t folders = 0;
    std::size_t highest = 0;
    const outcome did = Files::list(in_.get(), [&](std::string_view name) {
        std::size_t number = 0;
        bool is_number = !name.empty() && name.size() <= 5 && (name[0] != '0' || name.size() == 1);
        for (const char digit : name) {
            is_number = is_number && digit >= '0' && digit <= '9';
            number = is_number ? number * 10 + static_cast<std::size_t>(digit - '0') : 0;
        }
        folders += is_number ? 1U : 0U;
        highest = is_number ? (std::max)(highest, number) : highest;
    });
    if (!did.ok()) {
        return did.on(in_.path);
    }
    if (folders != 0 && folders != highest + 1) {
        return error{errc::corrupt, text({"log \"", in_.path, "\""}),
                     text({"a folder for each partition up to ", std::to_string(highest)}),
                     text({std::to_string(folders), " folders"})};
    }
    return folders;
}

template <class Files>
result<directory<Files>> topic_files<Files>::unfinished(std::size_t partition) const
{
    auto made = in_.make(unfinished_name(partition));
    if (!made) {
        return made;
    }
    std::vector<std::string> left;
    outcome did = Files::list(made->get(), [&](std::string_view name) {
        if (name != "." && name != "..") {
            left.emplace_back(name);
        }
    });
    for (std::size_t i = 0; i != left.size() && did.ok(); ++i) {
        did = Files::remove(made->get(), left[i].c_str());
    }
    if (!did.ok()) {
        return did.on(made->path);
    }
    made->path = in_.of(std::to_string(partition)); // so errors call it what it will be called
    return made;
}

template <class Files>
result<partition_files<Files>> topic_files<Files>::open_one(std::size_t partition,
                                                            bool is_new) const
{
    auto in = is_new ? unfinished(partition) : in_.make(std::to_string(partition));
    if (!in) {
        return in.error();
    }
    segment_format format = format_;
    format.partition = static_cast<std::uint32_t>(partition);
    const std::string path = in->path;
    const bool only_reads = options_.opening == log_opening::read_only;
    auto files = partition_files<Files>::open(
        *std::move(in), format, {.sync_all = options_.sync_at_opening && !only_reads});
    if (!files) {
        return files.error();
    }
    if (auto why = files->open_offsets()) {
        return *std::move(why);
    }
    // more than the options say, where there is more: it is to be read
    constexpr std::uint64_t most_segments = 1U << 15U; // a mapping each: the system has 65530
    const std::uint64_t segment_bytes = format.slot_count * format.slot_bytes();
    const std::uint64_t wanted =
        (std::min)(std::bit_floor(options_.most_bytes / segment_bytes), most_segments);
    const std::uint64_t there = (files->room_end() - files->begin()) / format.slot_count;
    auto where = window<Files>::reserve(
        format, static_cast<std::size_t>((std::max)(wanted, std::bit_ceil(there + 1))), path);
    if (!where) {
        return where.error();
    }
    std::optional<window<Files>> of_blobs;
    if (format.has_blobs()) {
        const std::uint64_t chunk_bytes = format.blob_chunk_bytes;
        const std::uint64_t chunks =
            (std::min)(std::bit_floor(options_.most_bytes / chunk_bytes), most_segments);
        auto made = window<Files>::reserve(
            chunk_bytes, 1,
            static_cast<std::size_t>((std::max)(chunks, std::bit_ceil(files->blobs().places()))),
            path);
        if (!made) {
            return made.error();
        }
        of_blobs.emplace(*std::move(made));
    }
    if (auto why = files->map_into(*std::move(where), std::move(of_blobs))) {
        return *std::move(why);
    }
    if (only_reads) {
        if (auto why = mend_mapped(*files)) {
            return *std::move(why);
        }
    }
    return files;
}

template <class Files>
auto topic_files<Files>::open_all(std::size_t first, std::size_t count, std::size_t there)
    -> failure
{
    opened_.clear();
    partitions_ = first;
    std::vector<std::optional<partition_files<Files>>> made;
    made.reserve(count);
    for (std::size_t i = first; i != first + count; ++i) {
        auto one = open_one(i, i >= there);
        if (!one) {
            return one.error();
        }
        made.emplace_back(*std::move(one));
    }
    if (auto why = finish(there, first + count)) {
        return why;
    }
    opened_ = std::move(made);
    taken_from_ = first;
    partitions_ = first + count;
    return {};
}

template <class Files>
auto topic_files<Files>::finish(std::size_t first, std::size_t end) -> failure
{
    outcome did;
    for (std::size_t i = first; i < end && did.ok(); ++i) {
        partitions_ = i + 1;
        did = Files::rename(in_.get(), unfinished_name(i).c_str(), std::to_string(i).c_str());
    }
    if (did.ok() && first < end) {
        did = Files::sync_directory(in_.get());
    }
    if (did.ok()) {
        return {};
    }
    withdraw(first);
    return did.on(in_.path);
}

template <class Files>
void topic_files<Files>::withdraw(std::size_t first) noexcept
{
    opened_.clear();
    const std::size_t end = std::exchange(partitions_, first);
    for (std::size_t i = end; i-- > first;) {
        // where that fails too, it is a partition when the log is opened next
        static_cast<void>(
            Files::rename(in_.get(), std::to_string(i).c_str(), unfinished_name(i).c_str()));
    }
    static_cast<void>(Files::sync_directory(in_.get()));
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
