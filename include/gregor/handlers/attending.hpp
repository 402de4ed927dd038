// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/handlers/crew.hpp"
#include "gregor/handlers/options.hpp"
#include "gregor/handlers/remedy.hpp"
#include "gregor/handlers/runner.hpp"

namespace gregor::inline GREGOR_ABI {

/// The handler is called for one record.
template <class Handler, class Topic>
concept record_handler = std::is_invocable_v<Handler&, const record<Topic>&>;
/// The handler is called for one batch.
template <class Handler, class Topic>
concept batch_handler =
    !record_handler<Handler, Topic> && std::is_invocable_v<Handler&, const batch<Topic>&>;

/// Members that call the handler themselves.
template <class Topic, class Handler, class Sink>
class attending_crew final : public crew<Topic> {
    static_assert(record_handler<Handler, Topic> || batch_handler<Handler, Topic>,
                  "gregor: run needs a handler that takes a const record<Topic>& or a "
                  "const batch<Topic>&");

public:
    using base = crew<Topic>;
    static constexpr bool buries = remedy<Topic, Sink>::buries;

    attending_crew(Topic& topic, std::string_view group, const run_options& options, Sink sink,
                   Handler handler)
        : base(topic, group, options), remedy_(*this, std::move(sink)), handler_(std::move(handler))
    {
    }

private:
    using typename base::batch_type;
    using typename base::consumer_type;
    using typename base::hand_type;
    using record_type = record<Topic>;

    void work(consumer_type& in, hand_type& self) override
    {
        for (;;) {
            const batch_type batch = this->next(in, self);
            self.done.missed.add(batch.missed());
            const bool goes_on =
                batch.empty() ? this->goes_on_after(batch) : handle(in, self, batch);
            if (!goes_on) {
                return;
            }
        }
    }

    /// False when the member is to go. What of the batch is not committed then comes again.
    bool handle(consumer_type& in, hand_type& self, const batch_type& batch)
    {
        if constexpr (record_handler<Handler, Topic>) {
            for (const record_type& record : batch) {
                const std::array<record_type, 1> one{record};
                if (!this->goes_on(self) ||
                    !remedy_.attend(self, self.done, one, [&] { handler_(record); })) {
                    return false;
                }
                if (in.commit(record) != commit_status::ok) {
                    break; // the partition is another member's, who begins with this record
                }
            }
            return true;
        } else {
            if (!remedy_.attend(self, self.done, batch, [&] { handler_(batch); })) {
                return false;
            }
            static_cast<void>(in.commit(batch.partition(), batch.next_offset()));
            return true;
        }
    }

    remedy<Topic, Sink> remedy_;
    Handler handler_;
};

/// The runner of such a crew, once its members have joined. Throws gregor::error, and nothing runs.
template <class Crew, class Topic, class Handler, class Sink>
[[nodiscard]] runner start_runner(Topic& topic, std::string_view group, Handler&& handler,
                                  const run_options& options, Sink&& sink)
{
    try {
        if (const std::optional<error> why =
                refusal::of_run(topic.name(), group, options, Crew::buries)) {
            raise(*why);
        }
        auto made = std::make_unique<Crew>(topic, group, options, std::forward<Sink>(sink),
                                           std::forward<Handler>(handler));
        Crew& threads = *made;
        runner owner{std::move(made)}; // stops what has begun, if not all can
        threads.start();
        return owner;
    } catch (const std::bad_alloc&) {
        raise(refusal::no_memory_for_runner(topic.name(), group));
    }
}

} // namespace gregor::inline GREGOR_ABI
