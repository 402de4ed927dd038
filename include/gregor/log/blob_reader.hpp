// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// Reads blobs through their files, for who goes through a log from one end to the other.
///
/// Threads   one, with the directory locked, or no writer there
/// Errors    returned: what the system refuses to read. In a file that is missing, or cut, nothing
///           is whole. std::bad_alloc
/// Cost      a file at a time, a buffer of 256 KiB, or of one blob
template <class Files>
class blob_reader {
public:
    /// Of chunks of this length; 0 where there are none.
    blob_reader(const directory<Files>& in, std::uint64_t chunk_bytes)
        : in_(in), chunk_bytes_(chunk_bytes)
    {
    }

    /// Whether it is there as it was written; then `bytes()` has it, until the next.
    [[nodiscard]] outcome read(const blob_ref& ref, bool& whole)
    {
        whole = is_possible(ref, chunk_bytes_);
        if (!whole || ref.bytes == 0) {
            return {};
        }
        if (ref.position < from_ || ref.position + ref.bytes > from_ + filled_) {
            if (const outcome did = fill(ref.position, ref.bytes); !did.ok()) {
                return did;
            }
        }
        at_ = buffer_.data() + (ref.position - from_);
        whole = filled_ >= ref.bytes && is_whole_blob(ref, at_);
        return {};
    }
    [[nodiscard]] const unsigned char* bytes() const noexcept { return at_; }
    /// In which file the last one was looked for.
    [[nodiscard]] std::string path() const { return in_.of(chunk_name(base_)); }

private:
    /// The file's bytes from there on; none where so many are not in it.
    [[nodiscard]] outcome fill(std::uint64_t position, std::size_t least)
    {
        filled_ = 0;
        from_ = position;
        if (const outcome did = open(position & ~(chunk_bytes_ - 1)); !did.ok()) {
            return did;
        }
        const std::uint64_t at = page_bytes + (position - base_);
        if (at + least > file_bytes_) {
            return {};
        }
        const auto count = static_cast<std::size_t>(
            (std::min)(file_bytes_ - at, (std::max)(std::uint64_t{least}, piece)));
        if (buffer_.size() < count) {
            buffer_.resize(count);
        }
        const outcome did = Files::read(file_.get(), buffer_.data(), count, at);
        filled_ = did.ok() ? count : 0;
        return did;
    }

    /// No file has no bytes.
    [[nodiscard]] outcome open(std::uint64_t base)
    {
        if (base == base_ && opened_) {
            return {};
        }
        file_ = {};
        file_bytes_ = 0;
        base_ = base;
        outcome did =
            Files::open(in_.get(), chunk_name(base).c_str(), open_mode::read, file_.fill());
        opened_ = did.ok() || did.code == ENOENT;
        if (did.ok()) {
            file_facts facts;
            did = Files::look(file_.get(), facts);
            file_bytes_ = (std::min)(facts.bytes, page_bytes + chunk_bytes_);
        }
        return opened_ && did.code == ENOENT ? outcome{} : did;
    }

    static constexpr std::uint64_t piece = std::uint64_t{1} << 18U;

    const directory<Files>& in_;
    const std::uint64_t chunk_bytes_;
    file_handle<Files> file_;
    bool opened_ = false;
    std::uint64_t base_ = 0;
    std::uint64_t file_bytes_ = 0;
    std::vector<unsigned char> buffer_;
    std::uint64_t from_ = 0;
    std::size_t filled_ = 0;
    const unsigned char* at_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
