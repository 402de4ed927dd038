// SPDX-License-Identifier: MIT
// The names of segments, and of topics.

#include "fuzz/target.hpp"

#include <gregor/log/directory.hpp>
#include <gregor/named_topic.hpp>

void fuzz::look(const bytes& input)
{
    // of exactly this length on the heap, so that a byte read behind it is noticed
    const std::vector<char> exact(input.begin(), input.end());
    const std::string_view name{exact.data(), exact.size()};
    if (const auto base = disk::base_in(name)) {
        require(disk::segment_name(*base) == name, "an offset has one name");
        require(*base + (std::uint64_t{1} << 31U) < (std::uint64_t{1} << 62U),
                "offsets are below 2^62");
    }
    if (!gregor::refusal::of_name(name)) {
        require(!name.empty() && name.size() <= 249, "a name has 1 to 249 characters");
        require(name != "." && name != "..", "a name is not that of a folder above");
        for (const char c : name) {
            require(c > ' ' && c < 0x7f && c != '/' && c != '\\' && c != ':',
                    "a name is one of a file, anywhere");
        }
    }
}

std::vector<fuzz::bytes> fuzz::seeds()
{
    std::vector<bytes> all;
    for (const std::string_view name :
         {"00000000000000000000.log", "00000000000000065536.log", "02305843009213693951.log",
          "02305843009213693952.log", "99999999999999999999.log", "0.log", "checkpoint.new",
          "00000000000000000000.0.aside", "trades", "a.b-c_D9", "..", "../etc", ""}) {
        all.emplace_back(name.begin(), name.end());
    }
    return all;
}
