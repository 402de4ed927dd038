// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
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
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/new_file.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/window.hpp"
#include "gregor/ring/seen_memory.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// The chunks beside the segments of a partition, while a log writes to them: they are added at one
/// end and taken away at the other, and lie side by side in a window, so the place of a blob
/// follows from its position.
///
/// Threads   one at a time, with the directory locked; mapped bytes, as the log's protocol says
/// Errors    returned. A chunk that could not be added leaves nothing that counts
/// Lifetime  what is mapped goes with it
template <class Files = os_files>
class blob_store {
public:
    using failure = std::optional<error>;

    /// Those that are there, none of which is to be refused, but for the ones below `from`: of them
    /// nothing is needed any more, and they go.
    [[nodiscard]] static result<blob_store> open(const directory<Files>& in,
                                                 const segment_format& format, std::uint64_t from);

    /// Why what is there are no chunks of this log; none where they are. Nothing is changed.
    [[nodiscard]] static failure refuse(const directory<Files>& in, const segment_format& format);

    /// From now on they lie in this window: all that are there, and those that are added.
    [[nodiscard]] failure map_into(window<Files> where);
    [[nodiscard]] bool is_mapped() const noexcept { return window_.has_value(); }
    [[nodiscard]] const window<Files>& mapped() const noexcept { return *window_; }

    [[nodiscard]] std::uint64_t chunk_bytes() const noexcept { return chunk_bytes_; }
    /// The room that they take on the disk.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return chunks_.size() * file_bytes(); }
    [[nodiscard]] std::uint64_t file_bytes() const noexcept { return page_bytes + chunk_bytes_; }
    /// How many places the window has from the oldest one to this position's.
    [[nodiscard]] std::uint64_t span_to(std::uint64_t position) const noexcept
    {
        const std::uint64_t base = base_of(position);
        return chunks_.empty() ? 1 : (base - chunks_.front().base) / chunk_bytes_ + 1;
    }
    /// How many places it takes for those that are there, and one more.
    [[nodiscard]] std::uint64_t places() const noexcept
    {
        return chunks_.empty() ? 1 : span_to(chunks_.back().base) + 1;
    }
    [[nodiscard]] bool has(std::uint64_t position) const noexcept
    {
        return find(position) != nullptr;
    }

    /// Adds the one that this position lies in, which is not there.
    [[nodiscard]] failure add(const directory<Files>& in, std::uint64_t position);

    /// Makes bytes ready to be written, before anybody may write them: their pages are in memory
    /// and dirty. Within one chunk that is there.
    void prepare(std::uint64_t from, std::size_t count) noexcept;

    /// Takes away those that end at `from` or before. What could not be removed stays, and goes the
    /// next time.
    [[nodiscard]] failure remove_below(const directory<Files>& in, std::uint64_t from);

    /// Makes lasting what lies in chunks between these positions.
    [[nodiscard]] outcome sync(std::uint64_t from, std::uint64_t to) noexcept
    {
        return sync(from, to, 0, ~offset_t{0});
    }

    /// The same of what records below `end` have there, which were all published, as far as their
    /// segments are not sealed. What is below all that others may still write to is made lasting
    /// once, and what is behind `taken` not at all.
    template <class Segments>
    [[nodiscard]] outcome sync_of(const Segments& segments, offset_t end,
                                  blobs_taken taken) noexcept
    {
        for (const auto& each : segments) {
            if (!each.sealed() && each.base() < end) {
                return sync(each.blobs_from(), taken.end, end, taken.claimed);
            }
        }
        return {};
    }

    /// Writes what lies between these positions once more.
    [[nodiscard]] outcome write_again(std::uint64_t from, std::uint64_t to);

private:
    struct chunk {
        file_handle<Files> file;
        std::uint64_t base = 0;
    };

    [[nodiscard]] outcome sync(std::uint64_t from, std::uint64_t to, offset_t end,
                               offset_t claimed) noexcept;
    /// Of one chunk, so far as that can be told from the rest of it.
    [[nodiscard]] outcome sync_part(const chunk& which, std::uint64_t from,
                                    std::uint64_t to) const noexcept;

    explicit blob_store(const segment_format& format)
        : chunk_bytes_(format.blob_chunk_bytes), format_(format)
    {
    }

    [[nodiscard]] std::uint64_t base_of(std::uint64_t position) const noexcept
    {
        return position & ~(chunk_bytes_ - 1);
    }
    [[nodiscard]] const chunk* find(std::uint64_t position) const noexcept
    {
        for (auto each = chunks_.rbegin(); each != chunks_.rend(); ++each) {
            if (each->base == base_of(position)) {
                return &*each;
            }
        }
        return nullptr;
    }
    [[nodiscard]] static outcome list(const directory<Files>& in,
                                      std::vector<std::uint64_t>& bases);
    [[nodiscard]] static outcome look(const directory<Files>& in, std::uint64_t base, open_mode how,
                                      chunk& into, std::uint64_t& bytes, chunk_header& header);
    [[nodiscard]] failure open_one(const directory<Files>& in, std::uint64_t base);
    [[nodiscard]] outcome write_new(const directory<Files>& in, chunk& made) const;
    [[nodiscard]] outcome map(const chunk& which) const noexcept
    {
        return !window_ ? outcome{}
                        : Files::map_into(which.file.get(), page_bytes,
                                          static_cast<std::size_t>(chunk_bytes_),
                                          window_->place(which.base));
    }

    std::uint64_t chunk_bytes_;
    segment_format format_;
    std::optional<window<Files>> window_; // outlives what lies in it
    std::vector<chunk> chunks_;           ///< by position
    std::uint64_t lasting_ = 0;           ///< everything before it is so, for good
    blobs_taken seen_{0, ~offset_t{0}};   ///< at a sync, when records before it were not published
};

template <class Files>
outcome blob_store<Files>::list(const directory<Files>& in, std::vector<std::uint64_t>& bases)
{
    const outcome did = Files::list(in.get(), [&](std::string_view name) {
        if (const auto base = chunk_in(name)) {
            bases.push_back(*base);
        }
    });
    std::sort(bases.begin(), bases.end());
    return did;
}

template <class Files>
auto blob_store<Files>::refuse(const directory<Files>& in, const segment_format& format) -> failure
{
    std::vector<std::uint64_t> bases;
    if (const outcome did = list(in, bases); !did.ok()) {
        return did.on(in.path);
    }
    for (const std::uint64_t base : bases) {
        chunk there;
        std::uint64_t bytes = 0;
        chunk_header header{};
        const std::string path = in.of(chunk_name(base));
        if (const outcome did = look(in, base, open_mode::read, there, bytes, header); !did.ok()) {
            return did.on(path);
        }
        const chunk_header wanted = make_chunk_header(format, base);
        if (base % format.blob_chunk_bytes != 0 ||
            (is_block(header, chunk_magic, 0) &&
             std::memcmp(&header, &wanted, sizeof header) != 0)) {
            return error{errc::wrong_format, text({"blobs \"", path, "\""}),
                         "a chunk of this log, at this position", "another one"};
        }
    }
    return {};
}

/// Opens the file; how long it is, and how it begins.
template <class Files>
outcome blob_store<Files>::look(const directory<Files>& in, std::uint64_t base, open_mode how,
                                chunk& into, std::uint64_t& bytes, chunk_header& header)
{
    file_facts facts;
    outcome did = Files::open(in.get(), chunk_name(base).c_str(), how, into.file.fill());
    if (did.ok()) {
        did = Files::look(into.file.get(), facts);
    }
    if (did.ok() && facts.bytes >= sizeof header) {
        did = Files::read(into.file.get(), &header, sizeof header, 0);
    }
    into.base = base;
    bytes = facts.bytes;
    return did;
}

template <class Files>
result<blob_store<Files>> blob_store<Files>::open(const directory<Files>& in,
                                                  const segment_format& format, std::uint64_t from)
{
    blob_store opened{format};
    std::vector<std::uint64_t> bases;
    if (const outcome did = list(in, bases); !did.ok()) {
        return did.on(in.path);
    }
    opened.chunks_.reserve(bases.size());
    for (const std::uint64_t base : bases) {
        if (base + opened.chunk_bytes_ <= from) {
            if (const outcome gone = Files::remove(in.get(), chunk_name(base).c_str());
                !gone.ok()) {
                return gone.on(in.of(chunk_name(base)));
            }
        } else if (failure failed = opened.open_one(in, base)) {
            return *std::move(failed);
        }
    }
    return opened;
}

template <class Files>
auto blob_store<Files>::open_one(const directory<Files>& in, std::uint64_t base) -> failure
{
    chunk opened;
    std::uint64_t bytes = 0;
    chunk_header header{};
    outcome did = look(in, base, open_mode::write, opened, bytes, header);
    const chunk_header wanted = make_chunk_header(format_, base);
    const bool same = std::memcmp(&header, &wanted, sizeof header) == 0;
    // what is missing of it, a record's checksum says
    const std::uint64_t whole = file_bytes();
    if (did.ok() && bytes < whole) {
        did = Files::allocate(opened.file.get(), whole);
    }
    if (did.ok() && bytes > whole) {
        did = Files::cut(opened.file.get(), whole);
    }
    if (did.ok() && !same) {
        did = Files::write(opened.file.get(), &wanted, sizeof wanted, 0);
    }
    if (!did.ok()) {
        return did.on(in.of(chunk_name(base)));
    }
    chunks_.push_back(std::move(opened));
    return {};
}

template <class Files>
auto blob_store<Files>::map_into(window<Files> where) -> failure
{
    window_ = std::move(where);
    for (const chunk& each : chunks_) {
        if (const outcome did = map(each); !did.ok()) {
            return did.on(chunk_name(each.base));
        }
    }
    return {};
}

template <class Files>
auto blob_store<Files>::add(const directory<Files>& in, std::uint64_t position) -> failure
{
    chunk made;
    made.base = base_of(position);
    chunks_.reserve(chunks_.size() + 1);
    outcome did = write_new(in, made);
    if (did.ok()) {
        did = map(made); // else it stays on the disk, empty; the next attempt writes over it
    }
    if (!did.ok()) {
        return did.on(in.of(chunk_name(made.base)));
    }
    // the last one, but where somebody has taken one away
    const auto behind = std::find_if(chunks_.begin(), chunks_.end(),
                                     [&made](const chunk& each) { return each.base > made.base; });
    chunks_.insert(behind, std::move(made));
    return {};
}

/// There when this returns, or not at all.
template <class Files>
outcome blob_store<Files>::write_new(const directory<Files>& in, chunk& made) const
{
    new_file<Files> fresh{in, chunk_name(made.base)};
    const chunk_header header = make_chunk_header(format_, made.base);
    outcome did = fresh.open(made.file);
    if (!did.ok()) {
        return did;
    }
    did = Files::allocate(made.file.get(), file_bytes());
    if (did.ok()) {
        did = Files::write_through(made.file.get(), &header, sizeof header, 0);
    }
    return fresh.finish(did);
}

template <class Files>
void blob_store<Files>::prepare(std::uint64_t from, std::size_t count) noexcept
{
    const chunk& in = *find(from);
    const auto up_to_a_page = [](std::uint64_t at) {
        return static_cast<std::size_t>((at + page_bytes - 1) / page_bytes * page_bytes);
    };
    // the page in which the first byte lies was touched with those before it
    const std::size_t first = up_to_a_page(from - in.base);
    const std::size_t last = up_to_a_page(from - in.base + count);
    if (first >= last) {
        return;
    }
    static_cast<void>(Files::write_zeros(in.file.get(), last - first, page_bytes + first));
    unsigned char* const bytes = window_->place(in.base);
    Files::populate(bytes + first, last - first, true);
    for (std::size_t at = first; at < last; at += page_bytes) {
        ring::touch(bytes + at);
    }
}

template <class Files>
auto blob_store<Files>::remove_below(const directory<Files>& in, std::uint64_t from) -> failure
{
    while (!chunks_.empty() && chunks_.front().base + chunk_bytes_ <= from) {
        const chunk& oldest = chunks_.front();
        const std::string name = chunk_name(oldest.base);
        const outcome did = Files::remove(in.get(), name.c_str());
        if (!did.ok() && did.code != ENOENT) {
            return did.on(in.of(name));
        }
        if (window_) {
            Files::forget(window_->place(oldest.base), static_cast<std::size_t>(chunk_bytes_));
        }
        chunks_.erase(chunks_.begin());
    }
    return {};
}

template <class Files>
outcome blob_store<Files>::sync(std::uint64_t from, std::uint64_t to, offset_t end,
                                offset_t claimed) noexcept
{
    from = (std::max)(from, lasting_);
    for (const chunk& each : chunks_) {
        const std::uint64_t chunk_end = each.base + chunk_bytes_;
        if (chunk_end <= from || each.base >= to) {
            continue;
        }
        const outcome did = sync_part(each, (std::max)(from, each.base), (std::min)(to, chunk_end));
        if (!did.ok()) {
            return did;
        }
    }
    // What lies below there is of records that were claimed by then; once they are published, the
    // next sync is the last one that it needs. Where others claim all the time, that takes two.
    if (claimed <= end) {
        lasting_ = (std::max)(lasting_, to);
    } else if (seen_.claimed <= end) {
        lasting_ = (std::max)(lasting_, seen_.end);
    }
    if (claimed <= end || seen_.claimed <= end || seen_.claimed == ~offset_t{0}) {
        seen_ = {to, claimed};
    }
    return {};
}

template <class Files>
outcome blob_store<Files>::sync_part(const chunk& which, std::uint64_t from,
                                     std::uint64_t to) const noexcept
{
    if (!window_) {
        return Files::sync(which.file.get());
    }
    const std::uint64_t first = (from - which.base) / page_bytes * page_bytes;
    return Files::sync_part(which.file.get(), page_bytes + first,
                            static_cast<std::size_t>(to - which.base - first),
                            window_->place(which.base) + first);
}

template <class Files>
outcome blob_store<Files>::write_again(std::uint64_t from, std::uint64_t to)
{
    std::vector<unsigned char> buffer(std::size_t{1} << 18U);
    for (chunk& each : chunks_) {
        const std::uint64_t end = (std::min)(to, each.base + chunk_bytes_);
        for (std::uint64_t at = (std::max)(from, each.base); at < end;) {
            const auto count =
                static_cast<std::size_t>((std::min)(std::uint64_t{buffer.size()}, end - at));
            const std::uint64_t place = page_bytes + (at - each.base);
            outcome did = Files::read(each.file.get(), buffer.data(), count, place);
            if (did.ok()) {
                did = Files::write(each.file.get(), buffer.data(), count, place);
            }
            if (!did.ok()) {
                return did;
            }
            at += count;
        }
    }
    return {};
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
