// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/stop.hpp"
#include "gregor/base/types.hpp"
#include "gregor/producer.hpp"
#include "gregor/sent.hpp"

namespace gregor::inline GREGOR_ABI {

/// A record that its handler could not do, and why. What a dead-letter topic is made of.
template <class T>
struct dead_letter {
    std::string topic;
    partition_id partition;
    offset_t offset = 0;
    /// What the handler threw last: its `what()`.
    std::string reason;
    /// How often the handler was called for it.
    std::size_t attempts = 0;
    /// A copy, where there can be one.
    std::optional<T> value;
};

/// What it says, for who has to say why.
[[nodiscard]] inline std::string reason_of(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "something that is no std::exception";
    }
}

/// There is nowhere to send dead letters to.
struct no_dead_letters {};

/// Sends dead letters to a topic of them; waits for room as that topic's overflow policy says,
/// until the runner has to stop.
template <class Topic>
class dead_letter_sender {
public:
    explicit dead_letter_sender(Topic& topic) : out_(topic) {}

    template <class T>
    sent operator()(dead_letter<T>&& letter, const std::stop_token& stop)
    {
        static_assert(std::is_same_v<typename Topic::value_type, dead_letter<T>>,
                      "gregor: dead letters of a topic<T> go to a topic<dead_letter<T>>");
        return out_.send(std::move(letter), stop);
    }

private:
    producer<Topic> out_;
};

/// Where `run` is to send the records that fail: to a topic of `dead_letter<T>`.
template <class Topic>
[[nodiscard]] dead_letter_sender<Topic> dead_letters_to(Topic& topic)
{
    return dead_letter_sender<Topic>{topic};
}

namespace refusal {

[[nodiscard]] inline std::string text_of(send_status status)
{
    switch (status) {
    case send_status::ok: return "ok";
    case send_status::full: return "full";
    case send_status::closed: return "closed";
    case send_status::timed_out: return "timed out";
    case send_status::stopped: return "stopped";
    case send_status::failed: return "failed";
    case send_status::too_large: return "too large";
    }
    return "?";
}

[[nodiscard]] inline error letter_not_written(std::string_view topic, partition_id partition,
                                              offset_t offset, std::string found)
{
    return error{errc::dead_letter_refused,
                 text({"dead letter of topic \"", topic, "\", partition ",
                       std::to_string(partition.value), ", offset ", std::to_string(offset)}),
                 "it to be written", std::move(found)};
}

} // namespace refusal

/// Gives the letter to the sink; says why, where it was not taken. A sink is called with the
/// letter, and with a stop token if it wants one: triggered when there is no more time to wait. It
/// returns nothing, a `sent`, or whether the letter was taken; or throws.
template <class Sink, class T>
[[nodiscard]] std::optional<std::string> put_into(Sink& sink, dead_letter<T>&& letter,
                                                  const std::stop_token& stop)
{
    const auto call = [&]() -> decltype(auto) {
        if constexpr (std::is_invocable_v<Sink&, dead_letter<T>&&, const std::stop_token&>) {
            return sink(std::move(letter), stop);
        } else {
            static_assert(std::is_invocable_v<Sink&, dead_letter<T>&&>,
                          "gregor: where dead letters go is called with a dead_letter<T>");
            return sink(std::move(letter));
        }
    };
    using answer = std::remove_cvref_t<decltype(call())>;
    if constexpr (std::is_void_v<answer>) {
        call();
    } else if constexpr (std::is_same_v<answer, sent>) {
        if (const sent how = call(); !how) {
            return refusal::text_of(how.status());
        }
    } else {
        static_assert(std::is_constructible_v<bool, answer>,
                      "gregor: where dead letters go says whether the letter was taken");
        if (!static_cast<bool>(call())) {
            return "refused";
        }
    }
    return std::nullopt;
}

} // namespace gregor::inline GREGOR_ABI
