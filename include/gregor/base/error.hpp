// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

/// Why something could not be opened, created or joined. What happens to records is never an error
/// of this kind: sends and polls return results.
enum class errc {
    invalid_option = 1,
    invalid_name,
    out_of_memory,
    producer_exists,
    group_not_allowed,
    wrong_format, ///< a file is not what this program writes: another type, version, byte order
    corrupt,      ///< a file is not what was written
    locked,       ///< another process has it
    topic_exists,
    unknown_topic,
    other_type,
    unknown_group,
    in_use,
    no_thread,
    no_offset,
    dead_letter_refused,
    topic_closed,
    log_full, ///< a log holds as much as it may
};

class error_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "gregor"; }

    [[nodiscard]] std::string message(int code) const override
    {
        return sentence(static_cast<errc>(code));
    }

private:
    static const char* sentence(errc code) noexcept
    {
        switch (code) {
        case errc::invalid_option: return "an option has an impossible value";
        case errc::invalid_name: return "a name is not allowed";
        case errc::out_of_memory: return "the memory for it could not be had";
        case errc::producer_exists: return "a topic with producers::single has a producer already";
        case errc::group_not_allowed: return "the topic does not allow this group";
        case errc::wrong_format: return "a file is not of the kind that is read here";
        case errc::corrupt: return "a file is not as it was written";
        case errc::locked: return "another process uses it";
        case errc::topic_exists: return "there is a topic of this name already";
        case errc::unknown_topic: return "there is no topic of this name";
        case errc::other_type: return "the topic is of another type";
        case errc::unknown_group: return "there is no group of this name";
        case errc::in_use: return "somebody uses it";
        case errc::no_thread: return "a thread could not be had";
        case errc::no_offset: return "there is no offset to read from";
        case errc::dead_letter_refused: return "a dead letter could not be written";
        case errc::topic_closed: return "the topic is closed";
        case errc::log_full: return "the log is full";
        }
        return "unknown";
    }
};

[[nodiscard]] inline const std::error_category& category() noexcept
{
    static const error_category instance;
    return instance;
}

[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), category()};
}

/// The parts, one after the other.
[[nodiscard]] inline std::string text(std::initializer_list<std::string_view> parts)
{
    std::string whole;
    for (const std::string_view part : parts) {
        whole.append(part);
    }
    return whole;
}

/// What went wrong, on what, what was expected there and what was found.
class error : public std::system_error {
public:
    error(errc code, std::string_view operation, std::string_view expected, std::string_view found)
        : std::system_error(make_error_code(code),
                            text({operation, ": expected ", expected, ", found ", found})),
          operation_(operation), expected_(expected), found_(found)
    {
    }

    /// What the operating system refused, and why.
    error(std::error_code code, std::string operation)
        : std::system_error(code, operation), operation_(std::move(operation)),
          expected_("the system to do it"), found_(code.message())
    {
    }

    /// What was attempted, and on what: `topic "trades"`.
    [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
    /// What is allowed there.
    [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
    /// What was given.
    [[nodiscard]] const std::string& found() const noexcept { return found_; }

private:
    std::string operation_;
    std::string expected_;
    std::string found_;
};

/// Throws the error; without exceptions, prints it and ends the process (use `create` there).
[[noreturn]] GREGOR_COLD inline void raise(const error& e)
{
#if GREGOR_EXCEPTIONS
    throw e;
#else
    GREGOR_ASSERT_HANDLER(e.what());
    std::abort();
#endif
}

} // namespace gregor::inline GREGOR_ABI

template <>
struct std::is_error_code_enum<gregor::errc> : std::true_type {};
