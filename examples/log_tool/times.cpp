// SPDX-License-Identifier: MIT
#include "times.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <limits>
#include <system_error>

#include <gregor/log/slot_time.hpp>

namespace log_tool {
namespace {

constexpr std::uint32_t second = 1'000'000'000;

/// Takes what is expected from the front of a text; once it is not there, nothing is right.
class taker {
public:
    explicit taker(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool right() const { return right_; }
    [[nodiscard]] bool at_the_end() const { return right_ && rest_.empty(); }
    [[nodiscard]] bool sees(char next) const { return rest_.starts_with(next); }

    void take(char expected)
    {
        right_ = right_ && sees(expected);
        rest_.remove_prefix(right_ ? 1 : 0);
    }

    /// So many digits, of a number of `least` to `most`.
    unsigned number(std::size_t digits, unsigned least, unsigned most)
    {
        const unsigned value = this->digits(digits, digits);
        right_ = right_ && value >= least && value <= most;
        return value;
    }

    /// What stands behind a point: up to nine digits, as ns.
    unsigned fraction()
    {
        const std::size_t before = rest_.size();
        unsigned value = digits(1, 9);
        for (std::size_t count = before - rest_.size(); right_ && count != 9; ++count) {
            value *= 10;
        }
        return value;
    }

private:
    unsigned digits(std::size_t least, std::size_t most)
    {
        unsigned value = 0;
        std::size_t count = 0;
        while (count != most && count != rest_.size() && rest_[count] >= '0' &&
               rest_[count] <= '9') {
            value = value * 10 + static_cast<unsigned>(rest_[count++] - '0');
        }
        right_ = right_ && count >= least;
        rest_.remove_prefix(count);
        return value;
    }

    std::string_view rest_;
    bool right_ = true;
};

std::optional<std::int64_t> date_and_time_in(std::string_view text)
{
    namespace chrono = std::chrono;
    taker from{text};
    const unsigned year = from.number(4, 0, 9999);
    from.take('-');
    const unsigned month = from.number(2, 1, 12);
    from.take('-');
    const unsigned day = from.number(2, 1, 31);
    const chrono::year_month_day date{chrono::year{static_cast<int>(year)}, chrono::month{month},
                                      chrono::day{day}};
    unsigned seconds = 0;
    unsigned fraction = 0;
    if (from.sees('T')) {
        from.take('T');
        seconds = from.number(2, 0, 23) * 3600;
        from.take(':');
        seconds += from.number(2, 0, 59) * 60;
        if (from.sees(':')) {
            from.take(':');
            seconds += from.number(2, 0, 59);
            if (from.sees('.')) {
                from.take('.');
                fraction = from.fraction();
            }
        }
        from.take('Z');
    }
    if (!from.at_the_end() || !date.ok()) {
        return std::nullopt;
    }
    const std::int64_t since_1970 =
        std::int64_t{chrono::sys_days{date}.time_since_epoch().count()} * 86'400 + seconds;
    const std::int64_t whole = gregor::disk::in_ns(since_1970, second);
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    return whole > most - fraction ? most : whole + fraction;
}

} // namespace

std::optional<std::int64_t> time_in(std::string_view text)
{
    std::int64_t ms = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, ms);
    if (problem == std::errc{} && stop == end) {
        return gregor::disk::in_ns(ms, second / 1000);
    }
    return date_and_time_in(text);
}

} // namespace log_tool
