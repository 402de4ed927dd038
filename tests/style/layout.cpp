// SPDX-License-Identifier: MIT
#include "style/source_tree.hpp"
#include "support/catch.hpp"

using style::findings;
using style::source_file;

namespace {

std::vector<source_file> all_sources()
{
    std::vector<source_file> result;
    for (const char* folder : {"include", "examples", "tests", "benchmarks"}) {
        for (auto& file : style::sources_below(style::root() / folder)) {
            file.path = folder + ("/" + file.path);
            result.push_back(std::move(file));
        }
    }
    return result;
}

std::size_t columns(std::string_view text)
{
    // a byte that does not continue a UTF-8 sequence begins a column
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

} // namespace

TEST_CASE("there is source to look at", "[style]")
{
    CHECK(style::headers().size() > 10);
}

TEST_CASE("every source opens with the licence, and every header then with pragma once", "[style]")
{
    findings found;
    for (const auto& file : all_sources()) {
        const auto line = [&](std::size_t i) {
            return i < file.lines.size() ? file.lines[i].text : "";
        };
        // a file of tests/compile_fail says first what it expects
        const std::size_t first = line(0).starts_with("// expect: ") ? 1 : 0;
        if (line(first) != "// SPDX-License-Identifier: MIT") {
            found.add(file, first, "is not `// SPDX-License-Identifier: MIT`");
        }
        if (file.path.ends_with(".hpp") && line(1) != "#pragma once") {
            found.add(file, 1, "is not `#pragma once`");
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("no header is longer than 450 lines, and no line longer than 100 columns", "[style]")
{
    findings found;
    for (const auto& file : all_sources()) {
        if (file.path.starts_with("include/") && file.lines.size() > 450) {
            found.add(file, file.lines.size() - 1, "is the last of more than 450 lines");
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const bool may_be_long = i == 0 && file.lines[i].text.starts_with("// expect: ");
            if (columns(file.lines[i].text) > 100 && !may_be_long) {
                found.add(file, i, "is longer than 100 columns");
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("no line ends in blanks or holds a tabulator", "[style]")
{
    findings found;
    for (const auto& file : all_sources()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const std::string& text = file.lines[i].text;
            if (text.find('\t') != std::string::npos) {
                found.add(file, i, "holds a tabulator");
            }
            if (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
                found.add(file, i, "ends in blanks");
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}
