// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/os_file.hpp"

namespace gregor::inline GREGOR_ABI::disk {

inline constexpr std::string_view segment_ending = ".log";
inline constexpr std::string_view unfinished_ending = ".new";
inline constexpr std::string_view aside_ending = ".aside";

/// The offset in 20 digits, so that names sort as offsets do.
[[nodiscard]] inline std::string twenty_digits(offset_t base)
{
    const std::string digits = std::to_string(base);
    return std::string(20 - digits.size(), '0') + digits;
}

[[nodiscard]] inline std::string segment_name(offset_t base)
{
    return text({twenty_digits(base), segment_ending});
}

/// The base in a segment's name; none where it is no segment's. It is below 2^61, and so all
/// offsets of the segment, of which there are 2^31 at most, are below 2^62.
[[nodiscard]] inline std::optional<offset_t> base_in(std::string_view name)
{
    if (name.size() != 20 + segment_ending.size() || !name.ends_with(segment_ending)) {
        return std::nullopt;
    }
    offset_t base = 0;
    for (const char digit : name.substr(0, 20)) {
        if (digit < '0' || digit > '9' || base > (~offset_t{0} >> 3U) / 10) {
            return std::nullopt;
        }
        base = base * 10 + static_cast<offset_t>(digit - '0');
    }
    return base <= ~offset_t{0} >> 3U ? std::optional{base} : std::nullopt;
}

#if GREGOR_FILES

/// An open directory, and how it is called.
template <class Files>
struct directory {
    file_handle<Files> handle;
    std::string path;

    [[nodiscard]] static result<directory> open(const std::string& path)
    {
        directory opened;
        opened.path = path;
        const outcome did = Files::open_directory(opened.path.c_str(), opened.handle.fill());
        return did.ok() ? result<directory>{std::move(opened)} : did.on(opened.path);
    }

    /// The one of this name in it, made where there is none.
    [[nodiscard]] result<directory> make(const std::string& name) const
    {
        directory opened;
        opened.path = of(name);
        outcome did = Files::make_directory(get(), name.c_str());
        if (did.ok()) {
            did = Files::open_directory_in(get(), name.c_str(), opened.handle.fill());
        }
        if (did.ok()) {
            did = Files::sync_directory(get());
        }
        return did.ok() ? result<directory>{std::move(opened)} : did.on(opened.path);
    }

    /// Whether it is what this name in there leads to, still.
    [[nodiscard]] outcome look_whether_called(const std::string& name, const directory& parent,
                                              bool& so) const
    {
        file_handle<Files> there;
        file_facts its;
        file_facts mine;
        outcome did = Files::open_directory_in(parent.get(), name.c_str(), there.fill());
        const bool gone = did.code == ENOENT;
        if (did.ok()) {
            did = Files::look(there.get(), its);
        }
        if (did.ok()) {
            did = Files::look(get(), mine);
        }
        so = did.ok() && its.device == mine.device && its.inode == mine.inode;
        return gone ? outcome{} : did;
    }

    [[nodiscard]] int get() const noexcept { return handle.get(); }
    [[nodiscard]] std::string of(std::string_view name) const { return text({path, "/", name}); }
};

#endif

} // namespace gregor::inline GREGOR_ABI::disk
