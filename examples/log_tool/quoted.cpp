// SPDX-License-Identifier: MIT
#include "quoted.hpp"

#include <cstddef>

#include <fmt/format.h>

#include "../support/utf8.hpp"

namespace log_tool {

std::string quoted(std::string_view text)
{
    std::string made = "\"";
    for (std::size_t i = 0; i != text.size();) {
        const std::size_t length = utf8::character_length(text.substr(i));
        const char c = text[i];
        switch (c) {
        case '"': made += "\\\""; break;
        case '\\': made += "\\\\"; break;
        case '\t': made += "\\t"; break;
        case '\n': made += "\\n"; break;
        case '\r': made += "\\r"; break;
        default:
            if (length == 0 || (c >= 0 && c < 0x20) || c == 0x7f) { // no text: the byte's number
                made += fmt::format("\\u{:04x}", unsigned{static_cast<unsigned char>(c)});
            } else {
                made += text.substr(i, length);
            }
        }
        i += length == 0 ? 1 : length;
    }
    return made + '"';
}

} // namespace log_tool
