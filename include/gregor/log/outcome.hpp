// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// What a call to the system came to. It holds no memory, so it can be had where there is none.
struct [[nodiscard]] outcome {
    int code = 0;          ///< errno, or 0 where it was done
    const char* call = ""; ///< what was called

    [[nodiscard]] bool ok() const noexcept { return code == 0; }

    /// For people, and for those who ask by `code() == std::errc::no_space_on_device`.
    [[nodiscard]] error on(std::string_view path) const
    {
        return error{std::error_code{code, std::generic_category()},
                     text({call, " \"", path, "\""})};
    }
};

/// What is known of an open file.
struct file_facts {
    std::uint64_t bytes = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

enum class open_mode : std::uint8_t {
    read,
    write,  ///< and read
    create, ///< and write; refused where there is a file of this name
    make,   ///< and write; created unless it is there
};

} // namespace gregor::inline GREGOR_ABI::disk
