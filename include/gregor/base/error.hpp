// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/label.hpp"
#include "gregor/base/text.hpp"

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

[[nodiscard]] inline const char* sentence_of(errc code) noexcept
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

class error_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "gregor"; }

    [[nodiscard]] std::string message(int code) const override
    {
        return sentence_of(static_cast<errc>(code));
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

/// The text of an error, and where its parts are in it.
struct error_text {
    /// By a pattern: `operation|expected|found`, in which each % stands for the next of the facts.
    error_text(const char* sentence, const char* pattern, text_parts facts)
    {
        write(sentence, pattern, facts); // only looks how much room that takes
        room = label{size};
        write(sentence, pattern, facts);
    }

    static constexpr std::string_view before_expected = ": expected ";
    static constexpr std::string_view before_found = ", found ";

    label room = {}; // with an end behind it
    std::size_t size = 0;
    std::size_t operation_end = 0;
    std::size_t found_begin = 0;
    std::size_t found_end = 0;

private:
    void write(const char* sentence, const char* pattern, text_parts facts)
    {
        // of an int, gcc would look at a string_view's concepts, for 70 M instructions
        constexpr std::size_t one = 1;
        const std::string_view* fact = facts.begin();
        bool is_operation = true;
        size = 0;
        for (; *pattern != 0; ++pattern) {
            if (*pattern == '%') {
                add(*fact++);
            } else if (*pattern != '|') {
                add({pattern, one});
            } else if (is_operation) {
                operation_end = size;
                add(before_expected);
                is_operation = false;
            } else {
                add(before_found);
                found_begin = size;
            }
        }
        found_end = size;
        add(": ");
        add(sentence);
        add({"", one});
    }
    void add(std::string_view part)
    {
        if (!room.empty() && !part.empty()) {
            std::memcpy(room.data() + size, part.data(), part.size());
        }
        size += part.size();
    }
};

/// What went wrong, on what, what was expected there and what was found.
///
/// Errors  copying cannot fail
/// Cost    one text, which copies share. (Of a string for each part, and of a `std::system_error`,
///         which asks its category for one, every program with a topic would compile all that
///         makes strings.)
class error : public std::runtime_error {
public:
    /// By a pattern: `operation|expected|found`, in which each % stands for the next of the facts.
    /// (One literal, where a list of parts is a list to fill in each program with a topic.)
    error(errc code, const char* pattern, text_parts facts)
        : error(static_cast<int>(code), error_text{sentence_of(code), pattern, facts})
    {
    }
    error(errc code, text_parts operation, text_parts expected, text_parts found)
        : error(code, "%|%|%", {text(operation), text(expected), text(found)})
    {
    }
    error(errc code, std::string_view operation, std::string_view expected, std::string_view found)
        : error(code, text_parts{operation}, text_parts{expected}, text_parts{found})
    {
    }

    /// What the operating system refused, and why.
    error(std::error_code code, std::string_view operation)
        : std::runtime_error(text({operation, ": ", code.message()})), value_(code.value()),
          category_(&code.category()), operation_end_(operation.size()),
          found_begin_(operation_end_ + 2), found_end_(std::string_view{what()}.size())
    {
    }

    /// An `errc`, or what the system said.
    [[nodiscard]] std::error_code code() const noexcept
    {
        return {value_, category_ != nullptr ? *category_ : category()};
    }

    /// What was attempted, and on what: `topic "trades"`.
    [[nodiscard]] std::string operation() const { return part(0, operation_end_); }
    /// What is allowed there.
    [[nodiscard]] std::string expected() const
    {
        const std::size_t begin = operation_end_ + error_text::before_expected.size();
        return found_begin_ < begin ? "the system to do it"
                                    : part(begin, found_begin_ - error_text::before_found.size());
    }
    /// What was given.
    [[nodiscard]] std::string found() const { return part(found_begin_, found_end_); }

private:
    error(int value, const error_text& whole)
        : std::runtime_error(whole.room.data()), value_(value), operation_end_(whole.operation_end),
          found_begin_(whole.found_begin), found_end_(whole.found_end)
    {
    }

    [[nodiscard]] std::string part(std::size_t begin, std::size_t end) const
    {
        return {what() + begin, end - begin};
    }

    int value_;
    const std::error_category* category_ = nullptr; // none: ours
    std::size_t operation_end_;
    std::size_t found_begin_;
    std::size_t found_end_;
};

/// An error, or none.
class [[nodiscard]] objection {
public:
    objection() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): what is returned is one or the other
    objection(const error& why) : why_(new error(why)) {}
    objection(objection&& other) noexcept : why_(other.why_) { other.why_ = nullptr; }
    objection(const objection&) = delete;
    objection& operator=(const objection&) = delete;
    objection& operator=(objection&&) = delete;
    ~objection() { delete why_; }

    [[nodiscard]] explicit operator bool() const noexcept { return why_ != nullptr; }
    /// Only where there is one.
    [[nodiscard]] const error& operator*() const noexcept { return *why_; }
    /// Raises it, if there is one.
    void raise() const;

private:
    const error* why_ = nullptr;
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

inline void objection::raise() const
{
    if (why_ != nullptr) {
        gregor::raise(*why_);
    }
}

} // namespace gregor::inline GREGOR_ABI

template <>
struct std::is_error_code_enum<gregor::errc> : std::true_type {};
