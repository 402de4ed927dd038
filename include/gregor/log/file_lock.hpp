// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// That a directory is this process's to write to. The file `lock` in it says by whose number; the
/// kernel lets go of it when the process ends, however it ends.
///
/// Threads   one
/// Lifetime  the directory is locked as long as this lives, and as a child forked meanwhile does
template <class Files = os_files>
class file_lock {
public:
    static constexpr const char* name = "lock";

    /// Locks the open directory, `path` for people. `locked` where somebody has it: another
    /// process, or this one already.
    [[nodiscard]] static result<file_lock> take(int directory, std::string_view path)
    {
        file_handle<Files> file;
        if (const outcome did = Files::open(directory, name, open_mode::make, file.fill());
            !did.ok()) {
            return did.on(text({path, "/", name}));
        }
        if (const outcome did = Files::lock(file.get()); did.code == EWOULDBLOCK) {
            return held(file.get(), path);
        } else if (!did.ok()) {
            return did.on(text({path, "/", name}));
        }
        const std::string number = std::to_string(Files::process_id()) + "\n";
        outcome did = Files::cut(file.get(), 0);
        if (did.ok()) {
            did = Files::write(file.get(), number.data(), number.size(), 0);
        }
        if (!did.ok()) {
            return did.on(text({path, "/", name}));
        }
        return file_lock{std::move(file)};
    }

private:
    explicit file_lock(file_handle<Files> file) noexcept : file_(std::move(file)) {}

    static error held(int file, std::string_view path)
    {
        std::string number;
        char digit = 0;
        while (number.size() != 20 && Files::read(file, &digit, 1, number.size()).ok() &&
               digit >= '0' && digit <= '9') {
            number += digit;
        }
        return error{errc::locked, text({"lock \"", path, "\""}), "no other writer",
                     number.empty() ? "one" : text({"process ", number})};
    }

    file_handle<Files> file_;
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
