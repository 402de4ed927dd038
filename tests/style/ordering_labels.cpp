// SPDX-License-Identifier: MIT
#include <array>
#include <map>
#include <regex>
#include <set>

#include "style/source_tree.hpp"
#include "support/catch.hpp"

using style::findings;
using style::source_file;
using style::source_line;

// `// (3) release-store, synchronizes-with the acquire-load (4)` above an operation gives it the
// label 3, in that file; 4 must be there and name 3. Class comments list the edges:
// `///   (3) -> (4)  what is carried`.

namespace {

const std::regex label_pattern{R"(\(([0-9]+[a-z]?)\))"};
const std::regex definition_pattern{R"(^\(([0-9]+[a-z]?)\) .*)"};
const std::regex edge_pattern{R"(\(([0-9]+[a-z]?)\) *-> *\(([0-9]+[a-z]?)\))"};
const std::regex operation_pattern{
    R"((\.|->)(load|store|exchange|compare_exchange_(weak|strong)|fetch_[a-z]+) *\()"};

std::set<std::string> labels_in(const std::string& text)
{
    std::set<std::string> result;
    for (std::sregex_iterator it{text.begin(), text.end(), label_pattern}, end; it != end; ++it) {
        result.insert((*it)[1]);
    }
    return result;
}

struct definition {
    std::size_t line = 0;
    std::set<std::string> other_ends; // the labels behind "synchronizes-with"
};

struct ordering {
    std::multimap<std::string, definition> definitions;
    std::vector<std::pair<std::size_t, std::string>> mentions; // every label in any comment
    std::set<std::pair<std::string, std::string>> edges;       // those of the class comments
};

bool is_comment_alone(const source_line& line)
{
    return style::trimmed(line.code).empty() && !line.comment.empty();
}

ordering ordering_of(const source_file& file)
{
    ordering result;
    const auto& lines = file.lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        for (const auto& label : labels_in(lines[i].comment)) {
            result.mentions.emplace_back(i, label);
        }
        const std::string& comment = lines[i].comment;
        for (std::sregex_iterator it{comment.begin(), comment.end(), edge_pattern}, end; it != end;
             ++it) {
            result.edges.emplace((*it)[1], (*it)[2]);
        }
        std::smatch match;
        if (lines[i].documents || !std::regex_match(comment, match, definition_pattern)) {
            continue;
        }
        std::string text = comment;
        for (std::size_t next = i + 1;
             next < lines.size() && is_comment_alone(lines[next]) && !lines[next].documents &&
             !std::regex_match(lines[next].comment, definition_pattern);
             ++next) {
            text += " " + lines[next].comment;
        }
        definition made{i, {}};
        const auto with = text.find("synchronizes-with");
        if (with != std::string::npos) {
            made.other_ends = labels_in(text.substr(with));
        }
        result.definitions.emplace(match[1], std::move(made));
    }
    return result;
}

std::vector<source_file> ring_headers()
{
    std::vector<source_file> result;
    for (const auto& file : style::headers()) {
        if (file.path.starts_with("ring/") || file.path.starts_with("log/")) {
            result.push_back(file);
        }
    }
    return result;
}

/// The comments on the statement which the line belongs to: those beside it and right above it.
std::string explanation_of(const source_file& file, std::size_t line)
{
    const auto& lines = file.lines;
    const auto ends_statement = [&](std::size_t i) {
        const std::string code = style::trimmed(lines[i].code);
        return code.empty() || code.starts_with('#') ||
               std::string_view{";{}:"}.find(code.back()) != std::string_view::npos;
    };
    std::size_t first = line;
    while (first != 0 && !ends_statement(first - 1)) {
        --first;
    }
    std::string text;
    for (std::size_t i = first; i <= line; ++i) {
        text += lines[i].comment + " ";
    }
    while (first != 0 && is_comment_alone(lines[first - 1])) {
        --first;
        text = lines[first].comment + " " + text;
    }
    return text;
}

/// What stands between the parenthesis at `open` and its end, across lines.
std::string arguments_at(const source_file& file, std::size_t line, std::size_t open)
{
    std::string text;
    int depth = 0;
    for (std::size_t i = line; i < file.lines.size() && i < line + 20; ++i) {
        const std::string& code = file.lines[i].code;
        for (std::size_t at = i == line ? open : 0; at < code.size(); ++at) {
            depth += code[at] == '(' ? 1 : 0;
            depth -= code[at] == ')' ? 1 : 0;
            text += code[at];
            if (depth == 0) {
                return text;
            }
        }
        text += ' ';
    }
    return text;
}

std::size_t count(std::string_view text, std::string_view what)
{
    std::size_t result = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++result;
    }
    return result;
}

/// Calls visit(file, index of the line, operation, its arguments) for each atomic operation.
template <class Visit>
void for_each_operation(Visit visit)
{
    for (const auto& file : ring_headers()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const std::string& code = file.lines[i].code;
            for (std::sregex_iterator it{code.begin(), code.end(), operation_pattern}, end;
                 it != end; ++it) {
                const auto open = static_cast<std::size_t>(it->position() + it->length() - 1);
                visit(file, i, (*it)[2].str(), arguments_at(file, i, open));
            }
        }
    }
}

} // namespace

TEST_CASE("there are ordering labels to look at", "[style][ordering]")
{
    std::size_t labels = 0;
    for (const auto& file : ring_headers()) {
        labels += ordering_of(file).definitions.size();
    }
    CHECK(labels > 10);
}

TEST_CASE("an ordering label stands at one operation of its file", "[style][ordering]")
{
    findings found;
    for (const auto& file : ring_headers()) {
        const ordering read = ordering_of(file);
        for (auto it = read.definitions.begin(); it != read.definitions.end(); ++it) {
            if (read.definitions.count(it->first) != 1) {
                found.add(file, it->second.line,
                          "(" + it->first + ") stands in more than one place");
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("an ordering label that is named is there", "[style][ordering]")
{
    findings found;
    for (const auto& file : ring_headers()) {
        const ordering read = ordering_of(file);
        for (const auto& [line, label] : read.mentions) {
            // a comment may count its sentences where there are no labels at all
            if (!read.definitions.empty() && read.definitions.count(label) == 0) {
                found.add(file, line, "(" + label + ") stands nowhere");
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("both ends of an edge name each other", "[style][ordering]")
{
    findings found;
    for (const auto& file : ring_headers()) {
        const ordering read = ordering_of(file);
        for (const auto& [label, here] : read.definitions) {
            if (here.other_ends.empty()) {
                found.add(file, here.line,
                          "(" + label + ") does not say what it synchronizes-with");
            }
            for (const auto& other : here.other_ends) {
                const auto [begin, end] = read.definitions.equal_range(other);
                for (auto it = begin; it != end; ++it) {
                    if (it->second.other_ends.count(label) == 0) {
                        found.add(file, it->second.line,
                                  "(" + other + ") does not name (" + label + "), which names it");
                    }
                }
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("every edge is listed in a class comment with what it carries", "[style][ordering]")
{
    findings found;
    for (const auto& file : ring_headers()) {
        const ordering read = ordering_of(file);
        for (const auto& [label, here] : read.definitions) {
            for (const auto& other : here.other_ends) {
                if (read.edges.count({label, other}) == 0 &&
                    read.edges.count({other, label}) == 0) {
                    found.add(file, here.line,
                              "the edge between (" + label + ") and (" + other +
                                  ") is listed nowhere");
                }
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("memory orders are written in full", "[style][ordering]")
{
    findings found;
    for_each_operation([&](const source_file& file, std::size_t line, const std::string& name,
                           const std::string& arguments) {
        const std::size_t wanted = name.starts_with("compare_exchange") ? 2 : 1;
        if (count(arguments, "memory_order") < wanted) {
            found.add(file, line, name + arguments + " leaves its order to the default");
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("acquire and release have a label; every other order has its reason", "[style][ordering]")
{
    findings found;
    for_each_operation([&](const source_file& file, std::size_t line, const std::string& name,
                           const std::string& arguments) {
        const std::string text = explanation_of(file, line);
        const bool labelled = std::regex_search(text, label_pattern);
        for (const char* order : {"acquire", "release"}) {
            if (arguments.find("memory_order_" + std::string{order}) != std::string::npos &&
                !labelled) {
                found.add(file, line, name + " has no label for its " + order);
            }
        }
        for (const char* order : {"relaxed", "acq_rel", "seq_cst"}) {
            const bool used =
                arguments.find("memory_order_" + std::string{order}) != std::string::npos;
            // what a compare_exchange does when it fails goes with the label of its success
            if (used && text.find(order) == std::string::npos && !labelled) {
                found.add(file, line, name + " does not say why it is " + order);
            }
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("fences stand only where the protocols get them from", "[style][ordering]")
{
    findings found;
    for (const auto& file : style::headers()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const std::string& code = file.lines[i].code;
            const bool fence = code.find("atomic_thread_fence") != std::string::npos ||
                               code.find("atomic_signal_fence") != std::string::npos;
            if (fence && file.path != "ring/env.hpp" && file.path != "ring/os.hpp") {
                found.add(file, i, "has a fence of its own");
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}
