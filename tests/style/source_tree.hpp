// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// The source as text: files, their lines, and in each line what is code and what is comment.

namespace style {

struct source_line {
    std::string text;
    std::string code;       // without comments; string literals keep only their quotes
    std::string comment;    // what stands behind // or between /* and */
    bool documents = false; // the comment began with ///
};

struct source_file {
    std::string path; // from the folder that was asked for, with /
    std::vector<source_line> lines;
};

inline std::string trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string{text.substr(first, text.find_last_not_of(" \t\r") - first + 1)};
}

/// Splits one line; `in_block` says on entry and exit whether a /* comment is open.
inline source_line split_line(std::string text, bool& in_block)
{
    source_line line;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = std::string_view{text}.substr(i);
        const char c = text[i];
        if (in_block) {
            if (rest.starts_with("*/")) {
                in_block = false;
                ++i;
            } else {
                line.comment += c;
            }
        } else if (quote != 0) {
            if (c == '\\') {
                ++i;
            } else if (c == quote) {
                line.code += c;
                quote = 0;
            }
        } else if (rest.starts_with("/*")) {
            in_block = true;
            ++i;
        } else if (rest.starts_with("//")) {
            line.documents = rest.starts_with("///") && !rest.starts_with("////");
            line.comment += rest.substr(line.documents ? 3 : 2);
            break;
        } else {
            // 1'000 opens no literal
            const bool separates =
                c == '\'' && i != 0 && std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0;
            if ((c == '"' || c == '\'') && !separates) {
                quote = c;
            }
            line.code += c;
        }
    }
    line.comment = trimmed(line.comment);
    line.text = std::move(text);
    return line;
}

inline source_file read_source(const std::filesystem::path& file,
                               const std::filesystem::path& folder)
{
    source_file result{std::filesystem::relative(file, folder).generic_string(), {}};
    std::ifstream in{file};
    bool in_block = false;
    for (std::string text; std::getline(in, text);) {
        result.lines.push_back(split_line(std::move(text), in_block));
    }
    return result;
}

/// Every .hpp and .cpp below the folder, in order of their paths.
inline std::vector<source_file> sources_below(const std::filesystem::path& folder)
{
    std::vector<source_file> result;
    if (!std::filesystem::exists(folder)) {
        return result;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
        const auto extension = entry.path().extension();
        if (entry.is_regular_file() && (extension == ".hpp" || extension == ".cpp")) {
            result.push_back(read_source(entry.path(), folder));
        }
    }
    std::sort(result.begin(), result.end(),
              [](const source_file& a, const source_file& b) { return a.path < b.path; });
    return result;
}

inline const std::filesystem::path& root()
{
    static const std::filesystem::path path{GREGOR_SOURCE_DIR};
    return path;
}

inline const std::vector<source_file>& headers()
{
    static const std::vector<source_file> found = sources_below(root() / "include" / "gregor");
    return found;
}

/// What the line includes, without its brackets or quotes; empty where it includes nothing.
inline std::string included_by(const source_line& line)
{
    std::string code = trimmed(line.text);
    if (!code.starts_with('#')) {
        return {};
    }
    code = trimmed(std::string_view{code}.substr(1));
    if (!code.starts_with("include")) {
        return {};
    }
    const auto open = code.find_first_of("<\"");
    const auto close = open == std::string::npos ? open : code.find_first_of(">\"", open + 1);
    return close == std::string::npos ? std::string{} : code.substr(open + 1, close - open - 1);
}

/// "path:line: what", one for each finding, so that one run shows all of them.
class findings {
public:
    void add(const source_file& file, std::size_t index, std::string_view what)
    {
        text_ += "\n" + file.path + ":" + std::to_string(index + 1) + ": " + std::string{what};
    }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

} // namespace style
