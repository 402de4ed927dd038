// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/checkpoint.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/segment.hpp"
#include "gregor/log/segment_tail.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What of the files of a partition is whole, and what is not: the longest run of whole records
/// from the first one on. Every slot is looked at, also those of sealed segments.
///
/// A hole that a dead claim has left is no damage, where a recovery makes it void: in the same
/// boot, above what is durable. Nor is a header damaged that says, with the right checksum, that it
/// is of another program: that is an error.
///
/// Threads   one, with the directory locked
/// Errors    returned; std::bad_alloc. A file that cannot be read is an error: nothing is known of
///           it
/// Cost      reads the log once, in pieces of 256 KiB
template <class Files>
class survey {
public:
    using failure = std::optional<error>;
    using segment_type = segment<Files>;
    struct range {
        offset_t from;
        offset_t to;
    };

    survey(const directory<Files>& in, const segment_format& format) : in_(in), format_(format) {}

    /// Once. Nothing is changed.
    [[nodiscard]] failure look();

    /// The header page as it lies in the file; zero where the file is shorter.
    [[nodiscard]] outcome read_page(offset_t base, header_page& page) const;

    // --- what was found --------------------------------------------------------------------------

    std::vector<error> damages; ///< of the records the first one

    std::vector<offset_t> bases;                      ///< of all segments, by offset
    std::vector<std::string> asides;                  ///< names of what was set aside before
    std::uint64_t blobs_end = 0;                      ///< of the chunks of blobs
    bool has_checkpoint = false;                      ///< there is a file, whole or not
    std::optional<checkpoint_file<Files>> checkpoint; ///< where it is whole

    /// Those that the run is in, by offset: the first of `bases`. Those of them that were mended
    /// behind their header blocks are so in memory alone.
    std::vector<segment_type> segments;
    std::size_t full = 0; ///< so many segments should be full: a seal says so
    offset_t begin = 0;
    offset_t end = 0;         ///< of the run
    std::vector<range> holes; ///< in it: dead claims

private:
    [[nodiscard]] failure look_around();
    [[nodiscard]] failure open_checkpoint();
    [[nodiscard]] failure open_segments();
    [[nodiscard]] failure open_segment(offset_t base, std::optional<segment_type>& into);
    [[nodiscard]] bool follows(const segment_type& next);
    [[nodiscard]] failure look_at_page(const segment_type& of);
    [[nodiscard]] failure find_end();

    [[nodiscard]] failure unless(outcome did, offset_t base) const
    {
        return did.ok() ? failure{} : failure{did.on(in_.of(segment_name(base)))};
    }
    void damaged(offset_t base, std::string expected, std::string found)
    {
        damages.emplace_back(errc::corrupt, text({"segment \"", in_.of(segment_name(base)), "\""}),
                             std::move(expected), std::move(found));
    }
    void damaged_log(std::string expected, std::string found)
    {
        damages.emplace_back(errc::corrupt, text({"log \"", in_.path, "\""}), std::move(expected),
                             std::move(found));
    }

    const directory<Files>& in_;
    const segment_format& format_;
    offset_t durable_ = 0;
    bool same_boot_ = false;
};

template <class Files>
auto survey<Files>::look() -> failure
{
    failure failed = look_around();
    for (const auto next : {&survey::open_checkpoint, &survey::open_segments, &survey::find_end}) {
        if (!failed) {
            failed = (this->*next)();
        }
    }
    return failed;
}

template <class Files>
auto survey<Files>::look_around() -> failure
{
    const outcome did = Files::list(in_.get(), [&](std::string_view name) {
        if (const auto base = base_in(name)) {
            bases.push_back(*base);
        } else if (const auto chunk = chunk_in(name)) {
            blobs_end = (std::max)(blobs_end, *chunk + format_.blob_chunk_bytes);
        } else if (name == checkpoint_file<Files>::name) {
            has_checkpoint = true;
        } else if (name.ends_with(aside_ending)) {
            asides.emplace_back(name);
        }
    });
    std::sort(bases.begin(), bases.end());
    return did.ok() ? failure{} : failure{did.on(in_.path)};
}

template <class Files>
auto survey<Files>::open_checkpoint() -> failure
{
    if (!has_checkpoint) {
        if (!bases.empty()) {
            damaged_log("a checkpoint beside its segments", "none");
        }
        return {};
    }
    auto opened = checkpoint_file<Files>::open(in_);
    if (!opened) {
        if (opened.error().code() != errc::corrupt) {
            return opened.error();
        }
        damages.push_back(opened.error());
        return {};
    }
    std::array<unsigned char, 16> boot{};
    if (const outcome did = Files::boot_id(boot); !did.ok()) {
        return did.on("this system");
    }
    checkpoint.emplace(*std::move(opened));
    durable_ = checkpoint->values().durable;
    same_boot_ = checkpoint->values().boot_id == boot;
    return {};
}

template <class Files>
outcome survey<Files>::read_page(offset_t base, header_page& page) const
{
    file_handle<Files> file;
    file_facts facts;
    page = {};
    outcome did = Files::open(in_.get(), segment_name(base).c_str(), open_mode::read, file.fill());
    if (did.ok()) {
        did = Files::look(file.get(), facts);
    }
    return did.ok() && facts.bytes >= sizeof page ? Files::read(file.get(), &page, sizeof page, 0)
                                                  : did;
}

/// None where it is damaged. What a header says whose checksum is right was meant so: then it is
/// an error.
template <class Files>
auto survey<Files>::open_segment(offset_t base, std::optional<segment_type>& into) -> failure
{
    auto opened = segment_type::open(in_, format_, base, header_rest::may_be_damaged);
    if (opened && base % format_.slot_count != 0) {
        return error{errc::wrong_format, text({"segment \"", in_.of(segment_name(base)), "\""}),
                     text({"records a segment ", std::to_string(format_.slot_count)}),
                     "a base that is no multiple of it"};
    }
    if (opened) {
        into.emplace(*std::move(opened));
        return {};
    }
    const error& why = opened.error();
    if (why.code() != errc::corrupt && why.code() != errc::wrong_format) {
        return why;
    }
    header_page page;
    if (failure failed = unless(read_page(base, page), base)) {
        return failed;
    }
    if (why.code() == errc::wrong_format && is_block(page.header, header_magic, page.header.salt)) {
        return why;
    }
    damages.push_back(why);
    return {};
}

/// Whether it comes behind the last one.
template <class Files>
bool survey<Files>::follows(const segment_type& next)
{
    const segment_type& last = segments.back();
    if (last.end() != next.base()) {
        damaged(next.base(), text({"a segment ", std::to_string(last.end()), " before it"}),
                "none");
        return false;
    }
    if (next.previous_salt() != last.salt()) {
        damaged(next.base(), "the segment before it to be the one it followed", "another");
        return false;
    }
    return true;
}

template <class Files>
auto survey<Files>::look_at_page(const segment_type& of) -> failure
{
    bool itself = false;
    header_page page;
    outcome did = of.look_whether_itself(itself);
    if (did.ok()) {
        did = read_page(of.base(), page);
    }
    if (did.ok() && std::memcmp(&page, &of.header(), sizeof page) != 0) {
        damaged(of.base(), "a seal with its checksum, or none, and nothing else behind the header",
                "another header page");
    }
    same_boot_ = same_boot_ && itself;
    return unless(did, of.base());
}

/// Those that follow each other from the first one on.
template <class Files>
auto survey<Files>::open_segments() -> failure
{
    for (const offset_t base : bases) {
        std::optional<segment_type> opened;
        if (failure failed = open_segment(base, opened)) {
            return failed;
        }
        if (!opened) {
            break;
        }
        if (!segments.empty() && !follows(*opened)) {
            break;
        }
        if (failure failed = look_at_page(*opened)) {
            return failed;
        }
        full = opened->sealed() ? segments.size() + 1 : full;
        segments.push_back(*std::move(opened));
    }
    for (std::size_t i = 0; i < full; ++i) {
        if (!segments[i].sealed()) {
            damaged(segments[i].base(), "a seal, as a segment after it has one", "none");
        }
    }
    return {};
}

/// Where the run of whole records ends.
template <class Files>
auto survey<Files>::find_end() -> failure
{
    // where no file is left: no offset is given twice that was said to be lasting, if a writer
    // may have come to it
    const offset_t first =
        bases.empty() ? base_in(segment_name(durable_)).value_or(0) : bases.front();
    begin = first - first % format_.slot_count;
    end = begin;
    segment_tail<Files> tail{in_, format_};
    failure failed;
    bool going = true;
    std::size_t kept = segments.size();
    for (std::size_t i = 0; i < kept && going && !failed; ++i) {
        const offset_t base = segments[i].base();
        const offset_t whole_below = i < full ? segments[i].end() : durable_;
        failed = tail.each_slot(segments[i], base, [&](offset_t at, slot_state state, auto*) {
            if (state == slot_state::record || state == slot_state::skipped) {
                if (end != at) {
                    holes.push_back({end, at});
                }
                end = at + 1;
            } else if (at < whole_below || (same_boot_ && state == slot_state::damaged)) {
                damaged(base, text({"a whole record at offset ", std::to_string(at)}),
                        state == slot_state::empty ? "none" : "a broken one");
                kept = i + 1;
                going = false;
            } else {
                going = same_boot_; // what is behind it, a recovery sees to
            }
            return going;
        });
    }
    const offset_t room_end = segments.empty() ? 0 : segments.back().end();
    if (durable_ > room_end) {
        damaged_log(text({"records to offset ", std::to_string(durable_)}),
                    text({"segments to ", std::to_string(room_end)}));
    }
    while (segments.size() > kept) {
        segments.pop_back();
    }
    return failed;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
