// SPDX-License-Identifier: MIT
#include "options.hpp"

#include "glob.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

namespace benchmarks {
namespace {

std::size_t to_number(std::string_view option, std::string_view text)
{
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0)
        throw usage_error(std::string{option} + " takes a number above 0, not \"" +
                          std::string{text} + "\"");
    return value;
}

/// Patterns separated by commas: one of them has to match.
bool matches_any(std::string_view patterns, std::string_view text)
{
    for (;;) {
        const std::size_t comma = patterns.find(',');
        if (matches(patterns.substr(0, comma), text))
            return true;
        if (comma == std::string_view::npos)
            return false;
        patterns.remove_prefix(comma + 1);
    }
}

} // namespace

bool options::selects(const entry& each) const
{
    return matches_any(scenario, each.scenario) && matches_any(subject, each.subject) &&
           payload_bytes.value_or(each.payload_bytes) == each.payload_bytes &&
           batch.value_or(each.batch) == each.batch;
}

options parse_options(int count, char** arguments)
{
    options result;
    std::optional<std::size_t> rounds;
    for (int i = 1; i < count; ++i) {
        const std::string_view option = arguments[i];
        const auto value = [&]() -> std::string_view {
            if (i + 1 == count)
                throw usage_error(std::string{option} + " needs a value");
            return arguments[++i];
        };
        if (option == "--scenario")
            result.scenario = value();
        else if (option == "--subject")
            result.subject = value();
        else if (option == "--payload")
            result.payload_bytes = to_number(option, value());
        else if (option == "--batch")
            result.batch = to_number(option, value());
        else if (option == "--rounds")
            rounds = to_number(option, value());
        else if (option == "--quick")
            result.how = {.rounds = 3, .round_seconds = 0.02};
        else if (option == "--json")
            result.json_file = value();
        else if (option == "--list")
            result.list = true;
        else if (option == "--help" || option == "-h")
            result.help = true;
        else
            throw usage_error("unknown option \"" + std::string{option} + "\"");
    }
    if (rounds)
        result.how.rounds = *rounds;
    return result;
}

} // namespace benchmarks
