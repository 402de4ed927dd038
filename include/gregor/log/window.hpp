// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// A stretch of address space in which the slots of a partition lie side by side, whichever of its
/// files they are in: a ring of places for segments. Where none is mapped, there are zeros, so a
/// slot may be looked at that is gone, or not there yet: nothing is stamped in it.
///
/// Threads   one; what lies in it, as the log's protocol says
/// Errors    returned
/// Cost      address space; memory only for what is mapped
template <class Files = os_files>
class window {
public:
    /// Places for `count` segments (a power of two) of this format, whose slots fill whole pages.
    /// `path` for people.
    [[nodiscard]] static result<window> reserve(const segment_format& format, std::size_t count,
                                                std::string_view path)
    {
        return reserve(format.slot_count, format.slot_bytes(), count, path);
    }
    /// The same for segments of so many slots, or for chunks of so many bytes: of units of that
    /// length.
    [[nodiscard]] static result<window> reserve(std::uint64_t units, std::uint64_t unit_bytes,
                                                std::size_t count, std::string_view path)
    {
        window made;
        made.slot_count_ = units;
        made.segment_bytes_ = static_cast<std::size_t>(units * unit_bytes);
        made.count_ = count;
        const outcome did = Files::reserve(made.bytes(), made.at_);
        return did.ok() ? result<window>{std::move(made)} : did.on(path);
    }

    window(window&& other) noexcept
        : at_(std::exchange(other.at_, nullptr)), slot_count_(other.slot_count_),
          segment_bytes_(other.segment_bytes_), count_(other.count_)
    {
    }
    window& operator=(window&& other) noexcept
    {
        std::swap(at_, other.at_);
        std::swap(slot_count_, other.slot_count_);
        std::swap(segment_bytes_, other.segment_bytes_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~window() { Files::unmap(at_, bytes()); }

    /// Where the slots of offset 0, and of every whole turn, lie.
    [[nodiscard]] void* begin() const noexcept { return at_; }
    /// How many segments it has places for.
    [[nodiscard]] std::size_t segments() const noexcept { return count_; }

    /// Where the first slot of the segment with this base lies.
    [[nodiscard]] unsigned char* place(offset_t base) const noexcept
    {
        const auto which = static_cast<std::size_t>(base / slot_count_) & (count_ - 1);
        return static_cast<unsigned char*>(at_) + which * segment_bytes_;
    }

private:
    window() = default;

    [[nodiscard]] std::size_t bytes() const noexcept { return count_ * segment_bytes_; }

    void* at_ = nullptr;
    std::uint64_t slot_count_ = 1;
    std::size_t segment_bytes_ = 0;
    std::size_t count_ = 0;
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
