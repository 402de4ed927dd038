// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace benchmarks {

/// Whether `text` matches `pattern`, in which `*` stands for any letters and `?` for one.
constexpr bool matches(std::string_view pattern, std::string_view text)
{
    if (pattern.empty())
        return text.empty();
    if (pattern.front() == '*')
        return matches(pattern.substr(1), text) ||
               (!text.empty() && matches(pattern, text.substr(1)));
    return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
           matches(pattern.substr(1), text.substr(1));
}

static_assert(matches("*", "") && matches("gregor/*", "gregor/single") &&
              matches("f*_?p*", "f_1p1"));
static_assert(!matches("gregor", "gregor/single") && !matches("?", ""));

} // namespace benchmarks
