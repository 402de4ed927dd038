// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI::disk {

/// An open file or directory, closed when this goes.
template <class Files>
class file_handle {
public:
    file_handle() = default;
    explicit file_handle(int file) noexcept : file_(file) {}
    file_handle(file_handle&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    file_handle& operator=(file_handle&& other) noexcept
    {
        std::swap(file_, other.file_);
        return *this;
    }
    ~file_handle() { Files::close(file_); }

    [[nodiscard]] int get() const noexcept { return file_; }
    /// To be filled by what opens; only where nothing is open.
    [[nodiscard]] int& fill() noexcept { return file_; }

private:
    int file_ = -1;
};

} // namespace gregor::inline GREGOR_ABI::disk
