// SPDX-License-Identifier: MIT
#pragma once

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// The only handle of a core, which it lets go of by `Core::release`: what it lent may still need
/// that.
template <class Core>
class handle {
public:
    handle() = default;
    explicit handle(Core* core) noexcept : core_(core) {}
    handle(const handle&) = delete;
    handle(handle&& other) noexcept : core_(other.core_) { other.core_ = nullptr; }
    handle& operator=(const handle&) = delete;
    handle& operator=(handle&& other) noexcept
    {
        handle taken{static_cast<handle&&>(other)};
        Core* const before = core_;
        core_ = taken.core_;
        taken.core_ = before;
        return *this;
    }
    ~handle()
    {
        if (core_ != nullptr) {
            Core::release(core_);
        }
    }

    /// Holds it from now on; of one that holds none.
    void hold(Core* core) noexcept { core_ = core; }

    [[nodiscard]] explicit operator bool() const noexcept { return core_ != nullptr; }
    [[nodiscard]] Core& operator*() const noexcept { return *core_; }
    [[nodiscard]] Core* operator->() const noexcept { return core_; }

private:
    Core* core_ = nullptr;
};

} // namespace gregor::inline GREGOR_ABI
