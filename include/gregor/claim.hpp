// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/fwd.hpp"
#include "gregor/record.hpp"
#include "gregor/sent.hpp"

namespace gregor::inline GREGOR_ABI {

template <class Topic>
class producer_core;

/// Slots of one partition that a producer fills in place and publishes together.
///
///     if (auto claim = out.claim(16)) {
///         for (std::size_t i = 0; i != claim.size(); ++i)
///             claim[i] = {.id = next++};
///         claim.publish();
///     }
///
/// What was built is published; the rest, or everything when the claim is dropped, is given up: no
/// reader sees it. Between claim and publish readers of the partition stop before it, so be brief.
///
/// Threads   the producer's
/// Progress  publish: wait-free, but for a second producer being admitted at that moment
/// Errors    what a constructor throws comes out of `emplace`; the claim stays as it was
/// Lifetime  may outlive its producer; the producer sends nothing else meanwhile
/// Ordering  what is written happens before the poll that returns it
template <class Topic>
class [[nodiscard]] claim {
public:
    using value_type = typename Topic::value_type;
    using layout = typename Topic::layout;
    using attributes = typename Topic::attributes;

    claim(const claim&) = delete;
    claim& operator=(const claim&) = delete;
    claim(claim&& other) noexcept
        : core_(std::exchange(other.core_, nullptr)), given_(std::move(other.given_)),
          first_(other.first_), count_(other.count_), built_(other.built_),
          partition_(other.partition_), status_(other.status_)
    {
    }
    claim& operator=(claim&& other) noexcept
    {
        if (this != &other) {
            abandon();
            std::destroy_at(this);
            ::new (static_cast<void*>(this)) claim(std::move(other));
        }
        return *this;
    }
    ~claim() { abandon(); }

    /// Slots were claimed and not yet published.
    explicit operator bool() const noexcept { return core_ != nullptr; }
    /// Why there are none, or `ok`.
    [[nodiscard]] send_status status() const noexcept { return status_; }

    /// Where they are.
    [[nodiscard]] partition_id partition() const noexcept { return partition_; }
    /// How many records it has room for.
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    /// How many have been built.
    [[nodiscard]] std::size_t built() const noexcept { return built_; }

    /// Builds the next record in place.
    template <class... Args>
    value_type& emplace(Args&&... args);

    /// The slot of the i-th record, as the ring last left it; touching it builds it. In order.
    [[nodiscard]] value_type& operator[](std::size_t i) noexcept
        requires(layout::bare && std::is_trivially_copyable_v<value_type>)
    {
        GREGOR_DEBUG_ASSERT(core_ != nullptr && i < count_ && i <= built_,
                            "claim[i] was asked beyond its end, or not in order");
        built_ = i < built_ ? built_ : i + 1;
        return core_->slot(partition_, first_ + i)->value;
    }

    /// Publishes what was built, in order, as one; says where the first record went.
    sent publish() noexcept;

private:
    friend class producer_core<Topic>;
    using core = producer_core<Topic>;
    using stored_type = typename Topic::stored_type;

    claim(partition_id partition, send_status why) noexcept : partition_(partition), status_(why) {}
    claim(core& owner, partition_id partition, offset_t first, std::size_t count,
          attributes&& given) noexcept
        : core_(&owner), given_(std::move(given)), first_(first), count_(count),
          partition_(partition), status_(send_status::ok)
    {
    }

    void abandon() noexcept;

    core* core_ = nullptr;
    GREGOR_NO_UNIQUE_ADDRESS attributes given_ = {};
    offset_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t built_ = 0;
    partition_id partition_;
    send_status status_;
};

template <class Topic>
template <class... Args>
typename Topic::value_type& claim<Topic>::emplace(Args&&... args)
{
    GREGOR_ASSERT(core_ != nullptr && built_ != count_,
                  "claim::emplace was called on a claim that is full, published or refused");
    stored_type* const slot = core_->slot(partition_, first_ + built_);
    auto key = given_.key;
    auto headers = given_.headers;
    ::new (static_cast<void*>(slot))
        stored_type(std::move(key), core_->stamp(given_), std::move(headers), std::in_place,
                    std::forward<Args>(args)...);
    ++built_;
    return slot->value;
}

template <class Topic>
sent claim<Topic>::publish() noexcept
{
    GREGOR_ASSERT(core_ != nullptr, "claim::publish was called on a claim that holds nothing");
    if (!std::exchange(core_, nullptr)->settle(partition_, first_, count_, built_)) {
        return {partition_, send_status::failed};
    }
    return {partition_, first_};
}

template <class Topic>
void claim<Topic>::abandon() noexcept
{
    if (core_ == nullptr) {
        return;
    }
    for (std::size_t i = 0; i != built_; ++i) {
        std::destroy_at(static_cast<stored_type*>(core_->slot(partition_, first_ + i)));
    }
    static_cast<void>(std::exchange(core_, nullptr)->settle(partition_, first_, count_, 0));
}

} // namespace gregor::inline GREGOR_ABI
