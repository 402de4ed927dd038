// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "times.hpp"

namespace log_tool {
namespace {

constexpr std::array<std::string_view, 7> commands{"list",    "describe", "verify", "dump",
                                                   "offsets", "recover",  "repair"};

template <class Number>
Number number(std::string_view name, std::string_view text)
{
    Number value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc{} || stop != end) {
        throw usage_error{fmt::format("{} takes a number, not '{}'", name, text)};
    }
    return value;
}

std::int64_t time(std::string_view name, std::string_view text)
{
    if (const auto found = time_in(text)) {
        return *found;
    }
    throw usage_error{fmt::format("{} takes a time in UTC, as 2026-11-25T23:26:01.5Z or "
                                  "2026-11-25, or milliseconds since 1970, not '{}'",
                                  name, text)};
}

output_format format(std::string_view text)
{
    if (text != "text" && text != "json" && text != "hex") {
        throw usage_error{fmt::format("--format takes text, json or hex, not '{}'", text)};
    }
    return text == "text"   ? output_format::text
           : text == "json" ? output_format::json
                            : output_format::hex;
}

/// Takes what is no option: the command, and then the folder.
void take_word(options& chosen, std::string_view word)
{
    if (chosen.command.empty()) {
        if (std::find(commands.begin(), commands.end(), word) == commands.end()) {
            throw usage_error{fmt::format("there is no command '{}'", word)};
        }
        chosen.command = word;
    } else if (chosen.path.empty() && !word.empty()) {
        chosen.path = word;
    } else {
        throw usage_error{fmt::format("'{}' is one folder too many", word)};
    }
}

/// Of which command each option is.
void check_use(const options& chosen, std::string_view name)
{
    const bool of_dump =
        name == "--from" || name == "--to" || name == "--since" || name == "--until";
    const auto is = [&](std::string_view command) { return chosen.command == command; };
    const bool fits = name == "--format"    ? is("dump") || is("offsets")
                      : name == "--dry-run" ? is("recover") || is("repair")
                      : name == "--sealed"  ? is("recover")
                      : of_dump             ? is("dump")
                                            : !is("list");
    if (!fits) {
        throw usage_error{fmt::format("{} says nothing to '{}'", name, chosen.command)};
    }
}

} // namespace

options parse(int count, const char* const* arguments)
{
    options chosen;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help" || argument == "-h") {
            return {};
        }
        if (!argument.starts_with('-') || argument == "-") {
            take_word(chosen, argument);
            continue;
        }
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const auto value = [&]() -> std::string_view {
            if (equals != std::string_view::npos) {
                return argument.substr(equals + 1);
            }
            if (i + 1 == count) {
                throw usage_error{fmt::format("{} takes a value", name)};
            }
            return arguments[++i];
        };
        if (name == "--from") {
            chosen.from = number<std::uint64_t>(name, value());
        } else if (name == "--to") {
            chosen.to = number<std::uint64_t>(name, value());
        } else if (name == "--since") {
            chosen.since = time(name, value());
        } else if (name == "--until") {
            chosen.until = time(name, value());
        } else if (name == "--partition") {
            chosen.partition = number<std::uint32_t>(name, value());
        } else if (name == "--format") {
            chosen.format = format(value());
        } else if (argument == "--dry-run") {
            chosen.dry_run = true;
        } else if (argument == "--sealed") {
            chosen.sealed = true;
        } else {
            throw usage_error{fmt::format("there is no option {}", argument)};
        }
        if (chosen.command.empty()) {
            throw usage_error{fmt::format("{} stands before the command", name)};
        }
        check_use(chosen, name);
    }
    if (chosen.command.empty()) {
        throw usage_error{"no command is given"};
    }
    if (chosen.path.empty()) {
        throw usage_error{fmt::format("{} needs a folder", chosen.command)};
    }
    return chosen;
}

std::string help()
{
    return fmt::format(
        R"(gregor_log COMMAND FOLDER [option...]

Reads the files of topics that are kept on disk, without knowing their types. Nothing is changed,
but by recover and repair; a topic may be written to meanwhile.

  list DIR            the topics in a folder: partitions, segments, bytes, type of the records
  describe DIR/TOPIC  how the records lie, and what each partition and each segment says of itself
  verify DIR/TOPIC    looks at every header, seal, checkpoint and record; each damage with file,
                      offset, what was expected and what was found
  dump DIR/TOPIC      the records. Of what lies in a record nothing is known: it is shown as text
                      where it is text, but for zeros behind it, else as hexadecimal digits
  offsets DIR/TOPIC   what each group has committed in each partition, whether it holds producers
                      back, and its note
  recover DIR/TOPIC   what opening the topic does: makes it fit to be gone on with after a crash,
                      and says what was kept. Records that do not count any more stay in files that
                      end in .aside
  repair DIR/TOPIC    what recover and opening refuse as damaged: keeps all records before the
                      first damage, and sets everything else aside in a folder, repair.N.aside in
                      that of the partition. Nothing is deleted

  --partition P       only this one                                                  (all but list)
  --from O, --to O    the offsets from the first up to, and without, the second               (dump)
  --since T, --until T
                      the records whose time is from the first up to, and without, the
                      second: 2026-11-25T23:26:01.5Z, 2026-11-25 (in UTC), or milliseconds
                      since 1970. What is void has no time; what is damaged is shown          (dump)
  --format F          text; json: one object a line; hex: with all bytes             (dump, offsets)
  --dry-run           changes nothing, and says what would be done                 (recover, repair)
  --sealed            looks at the records of sealed segments, too                         (recover)
  --help              prints this

Exit status:
  {}  done, and no damage was seen, or it is repaired
  {}  something is damaged
  {}  it could not be done: no such folder, no topic, another process uses it, no permission ...
)",
        static_cast<int>(all_well), static_cast<int>(damaged), static_cast<int>(cannot_do));
}

} // namespace log_tool
