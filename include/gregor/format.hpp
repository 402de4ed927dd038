// SPDX-License-Identifier: MIT
#pragma once

// How the public types read in text, for fmt. The only header of the library that needs it.

#include <fmt/format.h>

#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/batch.hpp"
#include "gregor/consumer_core.hpp"
#include "gregor/explanation.hpp"
#include "gregor/group_description.hpp"
#include "gregor/sent.hpp"

namespace gregor::inline GREGOR_ABI {

[[nodiscard]] constexpr const char* name_of(send_status status) noexcept
{
    switch (status) {
    case send_status::ok: return "ok";
    case send_status::full: return "full";
    case send_status::closed: return "closed";
    case send_status::timed_out: return "timed_out";
    case send_status::stopped: return "stopped";
    case send_status::failed: return "failed";
    case send_status::too_large: return "too large";
    }
    return "?";
}

[[nodiscard]] constexpr const char* name_of(poll_status status) noexcept
{
    switch (status) {
    case poll_status::records: return "records";
    case poll_status::timed_out: return "timed_out";
    case poll_status::closed: return "closed";
    case poll_status::fenced: return "fenced";
    case poll_status::woken: return "woken";
    case poll_status::stopped: return "stopped";
    case poll_status::out_of_range: return "out_of_range";
    case poll_status::corrupt: return "corrupt";
    }
    return "?";
}

[[nodiscard]] constexpr const char* name_of(commit_status status) noexcept
{
    switch (status) {
    case commit_status::ok: return "ok";
    case commit_status::fenced: return "fenced";
    case commit_status::not_assigned: return "not_assigned";
    case commit_status::out_of_range: return "out_of_range";
    case commit_status::metadata_too_long: return "metadata_too_long";
    }
    return "?";
}

} // namespace gregor::inline GREGOR_ABI

template <>
struct fmt::formatter<gregor::partition_id> : fmt::formatter<std::uint32_t> {
    template <class Context>
    auto format(gregor::partition_id p, Context& context) const
    {
        return fmt::formatter<std::uint32_t>::format(p.value, context);
    }
};

template <>
struct fmt::formatter<gregor::send_status> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(gregor::send_status status, Context& context) const
    {
        return fmt::formatter<fmt::string_view>::format(gregor::name_of(status), context);
    }
};

template <>
struct fmt::formatter<gregor::poll_status> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(gregor::poll_status status, Context& context) const
    {
        return fmt::formatter<fmt::string_view>::format(gregor::name_of(status), context);
    }
};

template <>
struct fmt::formatter<gregor::commit_status> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(gregor::commit_status status, Context& context) const
    {
        return fmt::formatter<fmt::string_view>::format(gregor::name_of(status), context);
    }
};

/// `3@1041` where it went (partition 3, offset 1041), or why it did not.
template <>
struct fmt::formatter<gregor::sent> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const gregor::sent& s, Context& context) const
    {
        if (s) {
            return fmt::format_to(context.out(), "{}@{}", s.partition(), s.offset());
        }
        return fmt::format_to(context.out(), "{}", s.status());
    }
};

template <>
struct fmt::formatter<gregor::explanation> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const gregor::explanation& why, Context& context) const
    {
        return fmt::formatter<fmt::string_view>::format(why.to_string(), context);
    }
};

template <>
struct fmt::formatter<gregor::group_status> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(gregor::group_status status, Context& context) const
    {
        return fmt::formatter<fmt::string_view>::format(gregor::name_of(status), context);
    }
};

template <>
struct fmt::formatter<gregor::group_description> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const gregor::group_description& group, Context& context) const
    {
        return fmt::formatter<fmt::string_view>::format(group.to_string(), context);
    }
};
