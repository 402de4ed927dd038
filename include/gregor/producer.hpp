// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

#include "gregor/base/error.hpp"
#include "gregor/base/handle.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/stop.hpp"
#include "gregor/base/types.hpp"
#include "gregor/claim.hpp"
#include "gregor/producer_core.hpp"
#include "gregor/refusal.hpp"
#include "gregor/sent.hpp"
#include "gregor/topic.hpp"

namespace gregor::inline GREGOR_ABI {

/// A few values on the stack, made before there is a place for them.
template <class T, std::size_t Most>
struct staging {
    staging() = default;
    staging(const staging&) = delete;
    staging& operator=(const staging&) = delete;
    ~staging() { std::destroy_n(begin(), count); }

    void add(const T& value)
    {
        ::new (static_cast<void*>(bytes + count * sizeof(T))) T(value);
        ++count;
    }
    [[nodiscard]] T* begin() noexcept { return std::launder(reinterpret_cast<T*>(bytes)); }

    std::size_t count = 0;
    alignas(T) std::byte bytes[Most * sizeof(T)];
};

/// Sends records into a topic. Make one for each thread that sends; any number may live at once.
///
///     gregor::producer out{trades};
///     out.send({.id = 1, .price = 187.5});
///     out.send(order, {.key = "alice"});
///     if (auto sent = out.try_send(next); !sent) ...
///
/// A value may be given as a T, as anything a T is made from, or as a braced list. A value given as
/// a T is moved or copied only when it is taken: a refused one is untouched.
///
/// Threads   one at a time
/// Progress  try_: never waits for readers. The others: as the topic's overflow policy says
///           (`block` waits, `reject` answers `full`). While it lives alone, wait-free where there
///           is room
/// Errors    results, never exceptions, but for what the value's copy or conversion, its key, the
///           partitioner or the clock throws (and std::bad_alloc for a partition that is named, was
///           added, and finds no memory): that record is not sent, and holds no place
/// Cost      no allocation, but once after partitions were added; a relaxed load more than the
///           store while nobody sleeps
/// Lifetime  may outlive its topic: its sends then say `closed`
/// Ordering  a send happens before the poll that returns its record; records of one producer to one
///           partition keep their order
template <class Topic>
class producer {
public:
    using topic_type = Topic;
    using value_type = typename Topic::value_type;
    using attributes = typename Topic::attributes;
    using layout = typename Topic::layout;
    using partitioner = typename Topic::policies::partitioner;

    /// Joins the topic's producers. Throws gregor::error when the topic is `producers::single` and
    /// has one already, or memory is not to be had.
    explicit producer(Topic& topic, partitioner choose = partitioner{})
    {
        core::make(core_, topic.state(), static_cast<partitioner&&>(choose)).raise();
    }

    /// As the constructor, for builds without exceptions.
    [[nodiscard]] static result<producer> create(Topic& topic, partitioner choose = partitioner{})
    {
        producer made;
        objection why = core::make(made.core_, topic.state(), static_cast<partitioner&&>(choose));
        return {std::move(made), std::move(why)};
    }

    producer(producer&&) noexcept = default;
    producer& operator=(producer&&) noexcept = default;
    ~producer() = default;

    // --- one record ------------------------------------------------------------------------------

    template <class V = value_type>
    GREGOR_INLINE sent send(V&& value, attributes given = {})
    {
        return put(static_cast<V&&>(value), std::move(given), patience, no_stop{});
    }

    /// Sends, and returns when the record is as lasting as that; `failed` where it was sent, but
    /// could not be made so. For a log on disk.
    template <class V = value_type>
    sent send(V&& value, attributes given, acknowledged how)
        requires(Topic::durable)
    {
        const sent did = put(static_cast<V&&>(value), std::move(given), patience, no_stop{});
        const bool waits = did && how == acknowledged::durable;
        return !waits || core_->state().wait_lasting(did.partition(), did.offset() + 1)
                   ? did
                   : sent{did.partition(), send_status::failed};
    }

    /// Never waits for a reader.
    template <class V = value_type>
    [[nodiscard]] GREGOR_INLINE sent try_send(V&& value, attributes given = {})
    {
        return put(static_cast<V&&>(value), std::move(given), none, no_stop{});
    }

    /// Waits for room this long at most, whatever the overflow policy.
    template <class V = value_type>
    [[nodiscard]] sent send_for(V&& value, std::chrono::nanoseconds timeout, attributes given = {})
    {
        return put(static_cast<V&&>(value), std::move(given), timeout, no_stop{});
    }

    /// Builds the value from the arguments, then sends it.
    template <class... Args>
    sent emplace(Args&&... args)
    {
        return send(build<value_type>(static_cast<Args&&>(args)...));
    }

#if GREGOR_STOP_TOKEN
    /// As above; a triggered token ends the wait.
    template <class V = value_type>
    sent send(V&& value, const std::stop_token& stop)
    {
        return put(static_cast<V&&>(value), attributes{}, patience, token_stop{stop});
    }
    template <class V = value_type>
    sent send(V&& value, attributes given, const std::stop_token& stop)
    {
        return put(static_cast<V&&>(value), std::move(given), patience, token_stop{stop});
    }
    template <class V = value_type>
    [[nodiscard]] sent send_for(V&& value, std::chrono::nanoseconds timeout,
                                const std::stop_token& stop)
    {
        return put(static_cast<V&&>(value), attributes{}, timeout, token_stop{stop});
    }
    template <class V = value_type>
    [[nodiscard]] sent send_for(V&& value, std::chrono::nanoseconds timeout, attributes given,
                                const std::stop_token& stop)
    {
        return put(static_cast<V&&>(value), std::move(given), timeout, token_stop{stop});
    }
#endif

    // --- many records ----------------------------------------------------------------------------

    /// Sends all elements of a range that can be walked twice; those of an rvalue container are
    /// moved. Without keys the batch goes to one partition; in a batch neighbours of one partition
    /// are published together. Says how many, from the start, were taken: the others are untouched.
    template <class Range>
    batch_sent send_batch(Range&& range, const attributes& given = {})
    {
        return put_all(static_cast<Range&&>(range), given, patience, no_stop{});
    }
    template <class Range>
    [[nodiscard]] batch_sent try_send_batch(Range&& range, const attributes& given = {})
    {
        return put_all(static_cast<Range&&>(range), given, none, no_stop{});
    }
#if GREGOR_STOP_TOKEN
    template <class Range>
    batch_sent send_batch(Range&& range, const std::stop_token& stop)
    {
        return put_all(static_cast<Range&&>(range), attributes{}, patience, token_stop{stop});
    }
    template <class Range>
    batch_sent send_batch(Range&& range, const attributes& given, const std::stop_token& stop)
    {
        return put_all(static_cast<Range&&>(range), given, patience, token_stop{stop});
    }
#endif

    // --- in place --------------------------------------------------------------------------------

    /// Slots for `count` records of one partition, to be filled in place; 1 to capacity_records.
    gregor::claim<Topic> claim(std::size_t count, attributes given = {})
        requires(!Topic::encoded) // nothing lies in place: send_batch takes many at once
    {
        return core_->open_claim(count, std::move(given), patience, no_stop{});
    }
    gregor::claim<Topic> try_claim(std::size_t count, attributes given = {})
        requires(!Topic::encoded)
    {
        return core_->open_claim(count, std::move(given), none, no_stop{});
    }
#if GREGOR_STOP_TOKEN
    gregor::claim<Topic> claim(std::size_t count, attributes given, const std::stop_token& stop)
        requires(!Topic::encoded)
    {
        return core_->open_claim(count, std::move(given), patience, token_stop{stop});
    }
#endif

    /// How often and how long it waited for room, and how often it found none. On its own thread;
    /// `topic.stats()` has all producers together, for any.
    [[nodiscard]] producer_stats stats() const { return core_->stats(); }

private:
    using core = producer_core<Topic>;

    static constexpr std::chrono::nanoseconds none{0};
    static constexpr std::chrono::nanoseconds patience =
        Topic::policies::overflow::waits ? no_timeout : none;
    /// The value can be copied between claim and publish: nothing of the user's runs, or nothing
    /// that fails.
    static constexpr bool reads_in_place =
        std::is_trivially_copyable_v<value_type> || Topic::encoded;

    producer() = default; // empty, to be made one

    template <class V, class Stop>
    GREGOR_INLINE sent put(V&& value, attributes&& given, std::chrono::nanoseconds timeout,
                           const Stop& stop)
    {
        using given_type = std::remove_cvref_t<V>;
        static_assert(std::is_constructible_v<value_type, V&&>,
                      "gregor: the topic's values cannot be made from what is sent");
        if constexpr (std::is_same_v<given_type, value_type> &&
                      (reads_in_place || !std::is_lvalue_reference_v<V>)) {
            return core_->put(static_cast<V&&>(value), std::move(given), timeout, stop);
        } else {
            auto made = static_cast<value_type>(static_cast<V&&>(value));
            return core_->put(static_cast<value_type&&>(made), std::move(given), timeout, stop);
        }
    }

    /// What an iterator is at, to move or to copy.
    template <bool Ours, class Iterator>
    static decltype(auto) element(Iterator& at)
    {
        if constexpr (Ours) {
            return std::move(*at);
        } else {
            return *at;
        }
    }

    /// A run of values that are sent, one after the other; side by side, many at once.
    template <bool Ours, class Iterator>
    struct walk {
        Iterator at;

        decltype(auto) operator()() noexcept
        {
            auto&& value = element<Ours>(at);
            ++at;
            return static_cast<decltype(value)>(value);
        }
        const value_type* many(std::size_t count) noexcept
            requires std::is_pointer_v<Iterator>
        {
            at += count;
            return at - count;
        }
    };

    template <class Range, class Stop>
    batch_sent put_all(Range&& range, const attributes& given, std::chrono::nanoseconds timeout,
                       const Stop& stop);

    template <bool Ours, class Iterator, class Last, class Stop>
    batch_sent put_each(Iterator from, Last last, const attributes& given,
                        std::chrono::nanoseconds timeout, const Stop& stop);

    template <bool Ours, class Iterator, class Last, class Stop>
    batch_sent put_runs(Iterator from, Last last, const attributes& given,
                        std::chrono::nanoseconds timeout, const Stop& stop);

    template <bool Ours, class Iterator, class Stop>
    batch_sent put_run(partition_id p, Iterator from, std::size_t count, const attributes& given,
                       std::chrono::nanoseconds timeout, const Stop& stop);

    handle<core> core_;
};

template <class Topic>
producer(Topic&) -> producer<Topic>;
template <class Topic, class Partitioner>
producer(Topic&, Partitioner) -> producer<Topic>;

template <class Topic>
template <class Range, class Stop>
batch_sent producer<Topic>::put_all(Range&& range, const attributes& given,
                                    std::chrono::nanoseconds timeout, const Stop& stop)
{
    using std::begin;
    using std::end;
    using reference = decltype(*begin(range));
    // an rvalue container's elements are ours to move; a view's are not
    constexpr bool ours = !std::is_lvalue_reference_v<Range> && !std::is_const_v<Range> &&
                          std::is_same_v<reference, value_type&> &&
                          requires { typename std::remove_cvref_t<Range>::allocator_type; };
    // walking must not fail either: a batch is filled from the range after its claim
    using iterator = decltype(begin(range));
    constexpr bool walks =
        noexcept(*std::declval<iterator&>()) && noexcept(++std::declval<iterator&>());
    constexpr bool batches = std::is_same_v<std::remove_cvref_t<reference>, value_type> &&
                             std::is_reference_v<reference>;
    if constexpr (batches && std::contiguous_iterator<iterator>) {
        auto* const first = std::to_address(begin(range));
        return put_runs<ours>(first, first + (end(range) - begin(range)), given, timeout, stop);
    } else if constexpr (batches && walks) {
        return put_runs<ours>(begin(range), end(range), given, timeout, stop);
    } else {
        return put_each<ours>(begin(range), end(range), given, timeout, stop);
    }
}

template <class Topic>
template <bool Ours, class Iterator, class Last, class Stop>
batch_sent producer<Topic>::put_each(Iterator from, Last last, const attributes& given,
                                     std::chrono::nanoseconds timeout, const Stop& stop)
{
    batch_sent done;
    for (; from != last; ++from) {
        const sent one = put(element<Ours>(from), attributes{given}, timeout, stop);
        if (!one) {
            done.status = one.status();
            return done;
        }
        ++done.count;
    }
    return done;
}

/// Neighbours that go to one partition are published together.
template <class Topic>
template <bool Ours, class Iterator, class Last, class Stop>
batch_sent producer<Topic>::put_runs(Iterator from, Last last, const attributes& given,
                                     std::chrono::nanoseconds timeout, const Stop& stop)
{
    using category = typename std::iterator_traits<Iterator>::iterator_category;
    constexpr bool walkable = std::is_base_of_v<std::forward_iterator_tag, category>;
    // copies of keys and headers may throw: such records go one by one
    if constexpr (!walkable || layout::key_policy::stored || layout::has_headers) {
        return put_each<Ours>(from, last, given, timeout, stop);
    } else {
        batch_sent done;
        if (from == last) {
            return done;
        }
        partition_id p = core_->route(*from, given);
        // only now: it may have found that the topic has grown
        const bool one_place = given.partition != any_partition || core_->partitions() == 1 ||
                               !core::routes_each_record;
        while (from != last) {
            Iterator next = from;
            std::size_t count = 0;
            partition_id after = p;
            if constexpr (std::is_same_v<Iterator, Last> && std::is_pointer_v<Iterator>) {
                if (one_place) {
                    count = static_cast<std::size_t>(last - from);
                    next = last;
                }
            }
            while (next != last && after == p) {
                ++count;
                ++next;
                if (!one_place && next != last) {
                    after = core_->route(*next, given);
                }
            }
            const batch_sent part = put_run<Ours>(p, from, count, given, timeout, stop);
            done.count += part.count;
            if (!part) {
                done.status = part.status;
                return done;
            }
            from = next;
            p = after;
        }
        return done;
    }
}

template <class Topic>
template <bool Ours, class Iterator, class Stop>
batch_sent producer<Topic>::put_run(partition_id p, Iterator from, std::size_t count,
                                    const attributes& given, std::chrono::nanoseconds timeout,
                                    const Stop& stop)
{
    if constexpr (reads_in_place || Ours) {
        walk<Ours, Iterator> next{from};
        return core_->put_run(p, count, given, next, timeout, stop);
    } else {
        // a copy may throw, so copies are made before they have a place
        constexpr std::size_t staged_bytes = 2048;
        constexpr std::size_t most =
            sizeof(value_type) * 16 <= staged_bytes ? std::size_t{16} : std::size_t{1};
        batch_sent done;
        while (done.count != count) {
            staging<value_type, most> copies;
            while (copies.count != most && done.count + copies.count != count) {
                copies.add(*from);
                ++from;
            }
            value_type* next = copies.begin();
            const batch_sent part = core_->put_run(
                p, copies.count, given, [&]() -> value_type&& { return std::move(*next++); },
                timeout, stop);
            done.count += part.count;
            if (!part) {
                done.status = part.status;
                return done;
            }
        }
        return done;
    }
}

} // namespace gregor::inline GREGOR_ABI
