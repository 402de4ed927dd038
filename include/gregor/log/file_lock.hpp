// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// That a directory is this process's to write to, or that nobody writes to it. The file `lock` in
/// it says by whose number; the kernel lets go of it when the process ends, however it ends.
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

    /// Nobody writes to the directory as long as this lives; others read it, too. Nothing in it is
    /// changed: where there is no file `lock` (of a copy, say), nobody is kept away. `locked` where
    /// somebody writes.
    [[nodiscard]] static result<file_lock> share(int directory, std::string_view path)
    {
        file_handle<Files> file;
        const outcome did = Files::open(directory, name, open_mode::read, file.fill());
        if (did.code == ENOENT) {
            return file_lock{std::move(file)};
        }
        const outcome locked = did.ok() ? Files::lock(file.get(), false) : did;
        if (locked.code == EWOULDBLOCK) {
            return refused(path, writer(file.get()));
        }
        return locked.ok() ? result<file_lock>{file_lock{std::move(file)}}
                           : locked.on(text({path, "/", name}));
    }

private:
    explicit file_lock(file_handle<Files> file) noexcept : file_(std::move(file)) {}

    static error refused(std::string_view path, std::string found)
    {
        return error{errc::locked, text({"lock \"", path, "\""}), "no other writer",
                     std::move(found)};
    }
    /// Who has it, that is; as far as the file says.
    static std::string writer(int file)
    {
        std::string number;
        char digit = 0;
        while (number.size() != 20 && Files::read(file, &digit, 1, number.size()).ok() &&
               digit >= '0' && digit <= '9') {
            number += digit;
        }
        return number.empty() ? "one" : text({"process ", number});
    }
    static error held(int file, std::string_view path)
    {
        if (Files::lock(file, false).ok()) {
            // then the number is that of the last writer
            return error{errc::locked, text({"lock \"", path, "\""}), "nobody that reads it",
                         "a reader"};
        }
        return refused(path, writer(file));
    }

    file_handle<Files> file_;
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
