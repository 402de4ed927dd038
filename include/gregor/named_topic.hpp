// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/topic_name.hpp"
#include "gregor/base/type_name.hpp"
#include "gregor/base/types.hpp"
#include "gregor/policy/select.hpp"
#include "gregor/refusal.hpp"
#include "gregor/topic.hpp"

// A topic whose type is not in its type: what a broker keeps.

namespace gregor::inline GREGOR_ABI {

/// Who uses a topic; a snapshot.
struct topic_usage {
    std::size_t handles = 0;   ///< shared pointers to it that are out
    std::size_t producers = 0; ///< those whose claim is still open included
    std::size_t consumers = 0; ///< those whose batch is still in somebody's hands included

    [[nodiscard]] bool none() const noexcept { return handles + producers + consumers == 0; }
};

struct partition_description {
    partition_id partition;
    offset_t begin = 0; ///< the oldest that can still be read
    offset_t end = 0;   ///< what the next record gets
};

/// What `broker.describe` says; a snapshot.
struct topic_description {
    std::string name;
    std::string type; ///< `topic<trade, timestamps>`, as the compiler spells them
    std::size_t capacity_records = 0;
    bool closed = false;
    topic_usage usage;
    std::vector<partition_description> partitions;
    std::vector<std::string> groups; ///< those at rest too
};

/// What a topic's type is called, without the policies that are the default.
template <class T, class Policies>
struct topic_spelling;
template <class T, class... Chosen>
struct topic_spelling<T, policy_set<Chosen...>> {
    [[nodiscard]] static std::string text()
    {
        std::string all = "topic<";
        all += type_name<T>;
        append(all, usual_policies{});
        all += '>';
        // the library's inline namespace is nobody's business
        constexpr std::string_view inner = type_name<partition_id>;
        constexpr std::string_view scope = inner.substr(0, inner.find("partition_id"));
        for (std::size_t at = all.find(scope); at != std::string::npos; at = all.find(scope, at)) {
            all.replace(at, scope.size(), "gregor::");
            at += std::string_view{"gregor::"}.size();
        }
        return all;
    }

    static constexpr bool ambiguous = !(has_its_own_name<T> && ... && has_its_own_name<Chosen>);

private:
    template <class... Default>
    static void append(std::string& all, policy_set<Default...> /*these need no word*/)
    {
        (append_unless(all, std::is_same_v<Chosen, Default>, type_name<Chosen>), ...);
    }
    static void append_unless(std::string& all, bool usual, std::string_view name)
    {
        if (!usual) {
            all += ", ";
            all += name;
        }
    }
};

/// Which type a topic is of, comparable across libraries that were built apart.
struct topic_type_id {
    std::string spelling;
    std::size_t value_bytes = 0;
    const void* tag = nullptr; ///< one of each type, where the spelling may stand for several

    template <class Topic>
    [[nodiscard]] static topic_type_id of()
    {
        using names = topic_spelling<typename Topic::value_type, typename Topic::policies::set>;
        return {names::text(), sizeof(typename Topic::slot_type),
                names::ambiguous ? &tag_of<Topic> : nullptr};
    }

    friend bool operator==(const topic_type_id&, const topic_type_id&) = default;

private:
    template <class Topic>
    static constexpr char tag_of = 0;
};

class named_topic_base {
public:
    explicit named_topic_base(std::string its_name) : name(std::move(its_name)) {}
    named_topic_base(const named_topic_base&) = delete;
    named_topic_base& operator=(const named_topic_base&) = delete;
    virtual ~named_topic_base() = default;

    [[nodiscard]] virtual topic_type_id type() const = 0;
    [[nodiscard]] virtual topic_usage usage() const = 0;
    [[nodiscard]] virtual topic_description describe() const = 0;
    /// By the topic's clock.
    [[nodiscard]] virtual std::chrono::nanoseconds now() const = 0;
    virtual void close() noexcept = 0;

    const std::string name;
};

template <class Topic>
class named_topic final : public named_topic_base {
public:
    explicit named_topic(Topic&& topic)
        : named_topic_base(std::string{topic.name()}), state_(topic.state()),
          topic_(std::make_shared<Topic>(std::move(topic)))
    {
    }

    [[nodiscard]] const std::shared_ptr<Topic>& handle() const noexcept { return topic_; }

    [[nodiscard]] topic_type_id type() const override { return topic_type_id::of<Topic>(); }
    [[nodiscard]] std::chrono::nanoseconds now() const override
    {
        return state_->time.steady_now();
    }
    void close() noexcept override { topic_->close(); }

    [[nodiscard]] topic_usage usage() const override
    {
        const std::lock_guard lock{state_->mutex};
        return usage_now();
    }

    [[nodiscard]] topic_description describe() const override;

private:
    /// Under the topic's mutex. Where there are no handles, there are no new producers and
    /// consumers either.
    [[nodiscard]] topic_usage usage_now() const
    {
        topic_usage use;
        use.handles = static_cast<std::size_t>(topic_.use_count()) - 1;
        Topic::state_type::env::fence(); // what was made of a handle that is gone is seen below
        use.producers = state_->live_producers;
        // each has a share in the state; so have the topic, and this
        const auto shares = static_cast<std::size_t>(state_->holders.value());
        use.consumers = shares > 2 + use.producers ? shares - 2 - use.producers : 0;
        return use;
    }

    const ring::shared<typename Topic::state_type> state_;
    const std::shared_ptr<Topic> topic_;
};

template <class Topic>
topic_description named_topic<Topic>::describe() const
{
    topic_description all;
    all.name = name;
    all.type = topic_spelling<typename Topic::value_type, typename Topic::policies::set>::text();
    const std::lock_guard lock{state_->mutex};
    all.closed = state_->closed;
    all.usage = usage_now();
    for (const auto& each : state_->partitions) {
        all.capacity_records = each.log.capacity();
        // the begin first: it never passes an end that is looked at later
        const offset_t begin = each.log.begin_offset();
        all.partitions.push_back({each.id, begin, each.log.end_offset()});
    }
    for (auto* each = state_->groups.first(); each != nullptr; each = each->next) {
        all.groups.emplace_back(each->name);
    }
    return all;
}

namespace refusal {

[[nodiscard]] inline std::string in_broker(std::string_view name)
{
    return text({quoted("topic", name), " of the broker"});
}

[[nodiscard]] inline std::optional<error> of_name(std::string_view name)
{
    if (is_topic_name(name)) {
        return std::nullopt;
    }
    std::string found = name.empty() ? "an empty one" : text({"\"", name.substr(0, 64), "\""});
    if (name.size() > longest_topic_name) {
        found = text({std::to_string(name.size()), " characters, ", found, "..."});
    }
    return error{errc::invalid_name, "topic of the broker", std::string{topic_name_rule},
                 std::move(found)};
}

[[nodiscard]] inline error topic_exists(std::string_view name, const topic_type_id& there)
{
    return error{errc::topic_exists, in_broker(name), "no topic of this name", there.spelling};
}

[[nodiscard]] inline error other_type(std::string_view name, const topic_type_id& there,
                                      const topic_type_id& wanted)
{
    std::string expected = there.spelling;
    std::string found = wanted.spelling;
    if (expected == found) { // of two translation units, or of two versions of one header
        expected += text({" with slots of ", std::to_string(there.value_bytes), " bytes"});
        found += text({" with slots of ", std::to_string(wanted.value_bytes),
                       " bytes, another type of the same name"});
    }
    return error{errc::other_type, in_broker(name), std::move(expected), std::move(found)};
}

[[nodiscard]] inline error topic_in_use(std::string_view name, const topic_usage& use)
{
    const auto counted = [](std::size_t count, std::string_view what) {
        return text({std::to_string(count), " ", what, count == 1 ? "" : "s"});
    };
    return error{errc::in_use, text({"removal of ", in_broker(name)}), "nobody to use it",
                 text({counted(use.handles, "handle"), ", ", counted(use.producers, "producer"),
                       ", ", counted(use.consumers, "consumer")})};
}

} // namespace refusal

} // namespace gregor::inline GREGOR_ABI
