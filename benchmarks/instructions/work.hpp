// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

/// One kind of work, done so many times; false where something came out wrong.
struct work {
    std::string_view name;
    bool (*run)(long times);
};

/// What the rest is compared with. In a file of its own: how much of a topic gcc inlines depends on
/// what else is in the file.
std::span<const work> compared_work();

/// What is sent to a log on disk.
std::span<const work> on_disk_work();
