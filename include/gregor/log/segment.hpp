// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/segment_header.hpp"
#include "gregor/log/slot_time.hpp"
#include "gregor/log/whole_slots.hpp"
#include "gregor/ring/seen_memory.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What of the header page has to be as it was written, for a segment to be opened.
enum class header_rest : std::uint8_t {
    is_whole,
    may_be_damaged, ///< behind the header block: what is damaged there counts for nothing
};

/// One file of a log, open to be written: a fixed number of slots, for the offsets from its base
/// on.
///
/// Threads   one; what is mapped, as the log's protocol says
/// Errors    returned. What could not be created leaves nothing that counts; a rename that could
///           not be made lasting counts as not done, and may be tried again
/// Lifetime  what is mapped goes with it
template <class Files = os_files>
class segment {
public:
    segment(segment&& other) noexcept
        : file_(std::move(other.file_)), format_(std::move(other.format_)), page_(other.page_),
          mapped_(std::exchange(other.mapped_, nullptr)),
          in_window_(std::exchange(other.in_window_, false))
    {
    }
    segment& operator=(segment&& other) noexcept
    {
        std::swap(file_, other.file_);
        std::swap(format_, other.format_);
        std::swap(page_, other.page_);
        std::swap(mapped_, other.mapped_);
        std::swap(in_window_, other.in_window_);
        return *this;
    }
    ~segment() { unmap(); }

    /// A new one, empty, with room on the disk for all of it; there when this returns, or not at
    /// all. `previous_salt` is that of the segment before it, or 0; no blob of its records will lie
    /// before `blobs_from`.
    [[nodiscard]] static result<segment> create(const directory<Files>& in,
                                                const segment_format& format, offset_t base,
                                                std::uint64_t previous_salt, std::uint64_t now,
                                                std::uint64_t blobs_from = 0);

    /// The one with this base, once its header was found to be what it should be.
    [[nodiscard]] static result<segment> open(const directory<Files>& in,
                                              const segment_format& format, offset_t base,
                                              header_rest rest = header_rest::is_whole);

    /// Makes of this one, which nobody needs any more, an empty one with another base. Where it
    /// fails, the old one is gone or as it was, and the new one is not there, or empty.
    [[nodiscard]] static result<segment> recycle(segment&& old, const directory<Files>& in,
                                                 offset_t base, std::uint64_t previous_salt,
                                                 std::uint64_t now, std::uint64_t blobs_from = 0);

    /// Removes the file; gone for good when this returns.
    [[nodiscard]] outcome remove(const directory<Files>& in)
    {
        unmap();
        const outcome did = Files::remove(in.get(), segment_name(base()).c_str());
        return did.ok() ? Files::sync_directory(in.get()) : did;
    }

    [[nodiscard]] offset_t base() const noexcept { return page_.header.base; }
    /// One past the last offset that it has a slot for.
    [[nodiscard]] offset_t end() const noexcept { return base() + format_.slot_count; }
    [[nodiscard]] std::uint64_t salt() const noexcept { return page_.header.salt; }
    [[nodiscard]] std::uint64_t previous_salt() const noexcept
    {
        return page_.header.previous_salt;
    }
    /// None of its blobs lies before it.
    [[nodiscard]] std::uint64_t blobs_from() const noexcept { return page_.header.blobs_from; }
    [[nodiscard]] bool recycled() const noexcept { return page_.header.recycled != 0; }
    [[nodiscard]] bool sealed() const noexcept { return page_.seal.magic[0] != 0; }
    [[nodiscard]] const segment_format& format() const noexcept { return format_; }
    [[nodiscard]] const header_page& header() const noexcept { return page_; }

    // --- slots, by the file ----------------------------------------------------------------------

    [[nodiscard]] outcome read(offset_t first, std::size_t count, void* into) const noexcept
    {
        return Files::read(file_.get(), into, count * slot_bytes(), place_of(first));
    }
    [[nodiscard]] outcome write(offset_t first, std::size_t count, const void* bytes) noexcept
    {
        return Files::write(file_.get(), bytes, count * slot_bytes(), place_of(first));
    }
    [[nodiscard]] outcome sync() noexcept { return Files::sync(file_.get()); }
    /// The same for these slots alone, where they are mapped: those that were prepared behind them,
    /// and not written yet, need not go to the disk.
    [[nodiscard]] outcome sync(offset_t first, offset_t end) noexcept;

    /// Says that every slot is full and that nothing changes here any more, and makes that and all
    /// of it lasting. `newest`: the latest time of its records, or 0; none of their blobs
    /// reaches beyond `blobs_end`.
    [[nodiscard]] outcome seal(std::uint64_t now, std::uint64_t newest,
                               std::uint64_t blobs_end = 0) noexcept;

    /// Takes the seal away, and makes that lasting.
    [[nodiscard]] outcome unseal() noexcept
    {
        page_.seal = {};
        const outcome did = write_header_page();
        return did.ok() ? sync() : did;
    }
    /// Writes the page as it counts: without what was damaged in it.
    [[nodiscard]] outcome write_header_page() noexcept
    {
        return Files::write(file_.get(), &page_, sizeof page_, 0);
    }

    // --- slots, in memory ------------------------------------------------------------------------

    /// Maps all of it, to be written in place.
    [[nodiscard]] outcome map() noexcept
    {
        return mapped_ != nullptr ? outcome{}
                                  : Files::map(file_.get(), mapped_bytes(), true, mapped_);
    }
    /// The same, its slots at a place of a window that outlives this.
    [[nodiscard]] outcome map_into(unsigned char* place) noexcept
    {
        unmap();
        const outcome did =
            Files::map_into(file_.get(), page_bytes, mapped_bytes() - page_bytes, place);
        if (did.ok()) {
            mapped_ = place - page_bytes;
            in_window_ = true;
        }
        return did;
    }
    void unmap() noexcept
    {
        void* const at = std::exchange(mapped_, nullptr);
        if (std::exchange(in_window_, false)) {
            Files::forget(static_cast<unsigned char*>(at) + page_bytes,
                          mapped_bytes() - page_bytes);
        } else {
            Files::unmap(at, mapped_bytes());
        }
    }

    [[nodiscard]] unsigned char* slot(offset_t offset) const noexcept
    {
        return static_cast<unsigned char*>(mapped_) + place_of(offset);
    }

    /// The first offset from `first` on that holds no whole record and no void, or `end`: for who
    /// reads for the first time what was not read when the log was opened. Only where it is mapped.
    ///
    /// Cost  that of reading the memory; 14 GB/s where it is in no cache
    [[nodiscard]] GREGOR_NOINLINE offset_t first_not_whole(offset_t first,
                                                           offset_t end) const noexcept
    {
        return first + count_whole_slots(salted(salt()), first, slot(first), slot_bytes(),
                                         static_cast<std::size_t>(end - first));
    }

    /// The latest time of its records, once it is full; 0 where they have none, or where it cannot
    /// be mapped to find out.
    [[nodiscard]] std::uint64_t newest() noexcept
    {
        return format_.timestamp_at != 0 && map().ok()
                   ? newest_time(format_, base(), slot(base()),
                                 static_cast<std::size_t>(format_.slot_count))
                   : 0;
    }

    /// Makes the slots from `first` on ready to be written, before anybody may write them: their
    /// pages are in memory and dirty, so that a store meets no fault, and no stamp of another time
    /// is left. Only where it is mapped.
    void prepare(offset_t first, std::size_t count) noexcept;

    // --- which file it is ------------------------------------------------------------------------

    /// Whether it is the file that it was created as: no copy.
    [[nodiscard]] outcome look_whether_itself(bool& itself) const noexcept
    {
        file_facts facts;
        const outcome did = Files::look(file_.get(), facts);
        itself = did.ok() && is_block(page_.identity, identity_magic, salt()) &&
                 page_.identity.device == facts.device && page_.identity.inode == facts.inode;
        return did;
    }
    /// From now on this file is the one, copy or not.
    [[nodiscard]] outcome identify() noexcept;

private:
    segment(file_handle<Files> file, segment_format format) noexcept
        : file_(std::move(file)), format_(std::move(format))
    {
    }

    [[nodiscard]] std::size_t slot_bytes() const noexcept
    {
        return static_cast<std::size_t>(format_.slot_bytes());
    }
    [[nodiscard]] std::size_t mapped_bytes() const noexcept
    {
        return static_cast<std::size_t>(format_.file_bytes());
    }
    [[nodiscard]] static std::size_t up_to_a_page(std::uint64_t at) noexcept
    {
        return static_cast<std::size_t>((at + page_bytes - 1) / page_bytes * page_bytes);
    }
    [[nodiscard]] std::uint64_t place_of(offset_t offset) const noexcept
    {
        return format_.slot_at(offset & (format_.slot_count - 1));
    }

    /// Writes the first header page of an unfinished file, and gives it its name.
    [[nodiscard]] outcome begin(const directory<Files>& in, offset_t base,
                                std::uint64_t previous_salt, std::uint64_t now, bool recycled,
                                std::uint64_t blobs_from);
    [[nodiscard]] outcome write_block(const void* block, std::size_t at) noexcept
    {
        return Files::write(file_.get(), block, block_bytes, at);
    }

    file_handle<Files> file_;
    segment_format format_;
    header_page page_{};
    void* mapped_ = nullptr; // where its first page is, or would be before the slots in a window
    bool in_window_ = false;
};

template <class Files>
result<segment<Files>>
segment<Files>::create(const directory<Files>& in, const segment_format& format, offset_t base,
                       std::uint64_t previous_salt, std::uint64_t now, std::uint64_t blobs_from)
{
    const std::string name = segment_name(base) + std::string{unfinished_ending};
    file_handle<Files> file;
    static_cast<void>(Files::remove(in.get(), name.c_str())); // of an attempt that failed
    outcome did = Files::open(in.get(), name.c_str(), open_mode::create, file.fill());
    if (!did.ok()) {
        return did.on(in.of(name));
    }
    did = Files::allocate(file.get(), format.file_bytes());
    segment made{std::move(file), format};
    if (did.ok()) {
        did = made.begin(in, base, previous_salt, now, false, blobs_from);
    }
    if (!did.ok()) {
        static_cast<void>(Files::remove(in.get(), name.c_str()));
        return did.on(in.of(name));
    }
    return made;
}

template <class Files>
outcome segment<Files>::begin(const directory<Files>& in, offset_t base,
                              std::uint64_t previous_salt, std::uint64_t now, bool recycled,
                              std::uint64_t blobs_from)
{
    std::uint64_t salt = 0;
    file_facts facts;
    outcome did = Files::random(salt);
    if (did.ok()) {
        did = Files::look(file_.get(), facts);
    }
    page_ = {};
    page_.header = make_header(format_, base, salt, previous_salt, now, recycled, blobs_from);
    page_.identity.device = facts.device;
    page_.identity.inode = facts.inode;
    finish_block(page_.identity, identity_magic, salt);
    if (did.ok()) {
        did = Files::write_through(file_.get(), &page_, sizeof page_, 0);
    }
    if (did.ok()) {
        const std::string name = segment_name(base);
        did =
            Files::rename(in.get(), (name + std::string{unfinished_ending}).c_str(), name.c_str());
    }
    return did.ok() ? Files::sync_directory(in.get()) : did;
}

template <class Files>
result<segment<Files>> segment<Files>::open(const directory<Files>& in,
                                            const segment_format& format, offset_t base,
                                            header_rest rest)
{
    const std::string name = segment_name(base);
    file_handle<Files> file;
    file_facts facts;
    outcome did = Files::open(in.get(), name.c_str(), open_mode::write, file.fill());
    if (did.ok()) {
        did = Files::look(file.get(), facts);
    }
    if (!did.ok()) {
        return did.on(in.of(name));
    }
    segment opened{std::move(file), format};
    if (facts.bytes >= sizeof opened.page_) {
        did = Files::read(opened.file_.get(), &opened.page_, sizeof opened.page_, 0);
        if (!did.ok()) {
            return did.on(in.of(name));
        }
        auto refused = rest == header_rest::is_whole
                           ? refuse_header(opened.page_, format, base, in.of(name))
                           : refuse_header_block(opened.page_, format, base, in.of(name));
        if (refused) {
            return *std::move(refused);
        }
    }
    if (facts.bytes != format.file_bytes()) {
        return error{errc::corrupt, text({"segment \"", in.of(name), "\""}),
                     text({std::to_string(format.file_bytes()), " bytes"}),
                     text({std::to_string(facts.bytes), " bytes"})};
    }
    return opened;
}

template <class Files>
result<segment<Files>> segment<Files>::recycle(segment&& old, const directory<Files>& in,
                                               offset_t base, std::uint64_t previous_salt,
                                               std::uint64_t now, std::uint64_t blobs_from)
{
    segment mine = std::move(old);
    const std::string name = segment_name(base) + std::string{unfinished_ending};
    outcome did = Files::rename(in.get(), segment_name(mine.base()).c_str(), name.c_str());
    if (did.ok()) {
        did = Files::sync_directory(in.get());
    }
    if (did.ok()) {
        did = mine.begin(in, base, previous_salt, now, true, blobs_from);
    }
    if (!did.ok()) {
        static_cast<void>(Files::remove(in.get(), name.c_str()));
        return did.on(in.of(name));
    }
    return mine;
}

template <class Files>
outcome segment<Files>::sync(offset_t first, offset_t end) noexcept
{
    if (mapped_ == nullptr) {
        return sync();
    }
    const std::uint64_t from = place_of(first) / page_bytes * page_bytes;
    const std::uint64_t to = place_of(first) + (end - first) * slot_bytes();
    return Files::sync_part(file_.get(), from, static_cast<std::size_t>(to - from),
                            static_cast<unsigned char*>(mapped_) + from);
}

template <class Files>
outcome segment<Files>::seal(std::uint64_t now, std::uint64_t newest,
                             std::uint64_t blobs_end) noexcept
{
    outcome did = sync();
    seal_block block{};
    block.end = end();
    block.sealed = now;
    block.newest = newest;
    block.blobs_end = blobs_end;
    finish_block(block, seal_magic, salt());
    if (did.ok()) {
        did = write_block(&block, offsetof(header_page, seal));
    }
    if (did.ok()) {
        did = sync();
    }
    if (did.ok()) {
        page_.seal = block;
    }
    return did;
}

template <class Files>
outcome segment<Files>::identify() noexcept
{
    file_facts facts;
    outcome did = Files::look(file_.get(), facts);
    identity_block block{};
    block.device = facts.device;
    block.inode = facts.inode;
    finish_block(block, identity_magic, salt());
    if (did.ok()) {
        did = write_block(&block, offsetof(header_page, identity));
    }
    if (did.ok()) {
        did = sync();
    }
    if (did.ok()) {
        page_.identity = block;
    }
    return did;
}

template <class Files>
void segment<Files>::prepare(offset_t first, std::size_t count) noexcept
{
    // The page in which the first slot begins may hold records already; it was touched with them.
    const std::size_t from = up_to_a_page(place_of(first));
    const std::size_t to = static_cast<std::size_t>(place_of(first)) + count * slot_bytes();
    auto* const bytes = static_cast<unsigned char*>(mapped_);
    const bool zeroed =
        from < to && Files::write_zeros(file_.get(), up_to_a_page(to) - from, from).ok();
    if (from < to) {
        Files::populate(bytes + from, up_to_a_page(to) - from, true);
    }
    for (std::size_t at = from; at < to; at += page_bytes) {
        ring::touch(bytes + at);
    }
    for (std::size_t i = 0; recycled() && i != count; ++i) {
        if (!zeroed || place_of(first + i) < from) {
            ring::clear_stamp(slot(first + i));
        }
    }
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
