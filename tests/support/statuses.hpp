// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/batch.hpp>
#include <gregor/consumer_core.hpp>
#include <gregor/sent.hpp>

#include <ostream>

// Names for what failing checks print.

namespace gregor::inline GREGOR_ABI {

inline std::ostream& operator<<(std::ostream& out, send_status status)
{
    switch (status) {
    case send_status::ok: return out << "ok";
    case send_status::full: return out << "full";
    case send_status::closed: return out << "closed";
    case send_status::timed_out: return out << "timed_out";
    case send_status::stopped: return out << "stopped";
    case send_status::failed: return out << "failed";
    case send_status::too_large: return out << "too_large";
    }
    return out << "?";
}

inline std::ostream& operator<<(std::ostream& out, poll_status status)
{
    switch (status) {
    case poll_status::records: return out << "records";
    case poll_status::timed_out: return out << "timed_out";
    case poll_status::closed: return out << "closed";
    case poll_status::fenced: return out << "fenced";
    case poll_status::woken: return out << "woken";
    case poll_status::stopped: return out << "stopped";
    case poll_status::out_of_range: return out << "out_of_range";
    case poll_status::corrupt: return out << "corrupt";
    }
    return out << "?";
}

inline std::ostream& operator<<(std::ostream& out, commit_status status)
{
    switch (status) {
    case commit_status::ok: return out << "ok";
    case commit_status::fenced: return out << "fenced";
    case commit_status::not_assigned: return out << "not_assigned";
    case commit_status::out_of_range: return out << "out_of_range";
    case commit_status::metadata_too_long: return out << "metadata_too_long";
    }
    return out << "?";
}

} // namespace gregor::inline GREGOR_ABI
