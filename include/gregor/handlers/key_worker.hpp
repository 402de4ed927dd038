// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gregor/ack_tracker.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/types.hpp"
#include "gregor/handlers/hand.hpp"
#include "gregor/handlers/options.hpp"
#include "gregor/policy/key.hpp"
#include "gregor/policy/partitioner.hpp"
#include "gregor/record.hpp"

namespace gregor::inline GREGOR_ABI {

/// Which of so many workers handles a record: always the same one for a key; records without a key
/// go round. Not the hash that chooses the partition alone: the keys of one partition would all
/// meet at a few workers.
template <class Topic>
[[nodiscard]] std::size_t worker_of(const record<Topic>& r, std::size_t workers)
{
    const auto mix = [&](std::uint64_t n) {
        return static_cast<std::size_t>(((n * 0x9e3779b97f4a7c15U) >> 32U) % workers);
    };
    const auto of_key = [&](const auto& key) {
        using key_type = std::remove_cvref_t<decltype(key)>;
        static_assert(keyable<key_type>, "gregor: the key's type needs key_bytes<K>");
        const auto bytes = key_bytes<key_type>::of(key);
        return mix(murmur2(bytes));
    };
    if constexpr (Topic::encoded && Topic::layout::key_policy::stored) {
        // what is viewed of a key need not have the bytes that its type has
        using key_type = typename Topic::layout::key_policy::type;
        const auto key = [&] {
            if constexpr (std::is_same_v<key_type, std::string>) {
                return r.key();
            } else {
                const auto& there = r.stored();
                return there.key.copy(r.blob() + there.whole(there.value.bytes()));
            }
        }();
        return key ? of_key(*key) : static_cast<std::size_t>(r.offset() % workers);
    } else if constexpr (Topic::layout::key_policy::stored) {
        return r.key() ? of_key(*r.key()) : static_cast<std::size_t>(r.offset() % workers);
    } else {
        return of_key(r.key());
    }
}

/// One partition of a member, while records of it are worked on.
struct lane {
    lane(partition_id p, std::size_t window, offset_t start)
        : id(p), tracker(window, start), committed(start)
    {
    }

    const partition_id id;
    ack_tracker tracker;

    // Under the member's mutex.
    std::size_t under_way = 0; ///< records that workers have, or will get
    bool dropped = false;      ///< no record is begun any more

    // The member's thread.
    offset_t committed;
    bool paused = false; ///< the window is full
    bool lost = false;   ///< it is another member's, and waits for its last worker
};

/// The bytes of one record that lie beside its slot, where there are any.
template <class Topic>
class blob_copy {
public:
    using blobs_type = typename Topic::blobs_type;

    blob_copy() = default;
    explicit blob_copy(const record<Topic>&) noexcept {}

    [[nodiscard]] blobs_type blobs() noexcept { return {}; }
};
template <class Topic>
    requires(Topic::encoded)
class blob_copy<Topic> {
public:
    using blobs_type = typename Topic::blobs_type;

    blob_copy() = default;
    explicit blob_copy(const record<Topic>& r) : bytes_(r.stored().blob.bytes + alignment)
    {
        std::memcpy(begin(), r.blob(), r.stored().blob.bytes);
    }

    /// All positions are the copy's.
    [[nodiscard]] blobs_type blobs() noexcept { return {begin(), 0}; }

private:
    static constexpr std::size_t alignment = Topic::stored_type::granule;

    [[nodiscard]] std::byte* begin() noexcept
    {
        void* at = bytes_.data();
        std::size_t space = bytes_.size();
        return static_cast<std::byte*>(std::align(alignment, 0, at, space));
    }

    std::vector<std::byte> bytes_;
};

/// A record on its way to its worker: a copy, for the place in the log is let go of.
template <class Topic>
struct errand {
    using stored_type = typename Topic::stored_type;

    errand() = default; // nothing more will come
    errand(lane& from, const record<Topic>& r)
        : of(&from), offset(r.offset()), copy(r.stored()), blob(r)
    {
    }
    errand(errand&&) noexcept = default;
    errand& operator=(errand&& other) noexcept
    {
        if (this != &other) { // values need not be assignable
            std::destroy_at(this);
            std::construct_at(this, std::move(other));
        }
        return *this;
    }
    ~errand() = default;

    lane* of = nullptr;
    offset_t offset = 0;
    std::optional<stored_type> copy = std::nullopt;
    GREGOR_NO_UNIQUE_ADDRESS blob_copy<Topic> blob = {};
};

/// A thread that handles the records of some keys, one after the other, in the order in which they
/// were put into its queue.
template <class Topic, class Queue>
class key_worker {
public:
    using figures_type = typename hand<Topic>::figures_type;

    /// `serve(errand, figures)` is called for each.
    template <class Serve>
    explicit key_worker(Serve serve)
        : thread_([this, serve] {
              for (;;) {
                  errand<Topic> next;
                  queue_.take(next);
                  if (next.of == nullptr) {
                      return;
                  }
                  serve(next, done_);
              }
          })
    {
    }
    key_worker(const key_worker&) = delete;
    key_worker& operator=(const key_worker&) = delete;
    /// When it is through its queue.
    ~key_worker()
    {
        while (!queue_.put({})) {
            std::this_thread::yield(); // no memory for the word that it is over
        }
    }

    /// Throws std::bad_alloc.
    void put(errand<Topic>&& next)
    {
        if (!queue_.put(std::move(next))) {
            throw std::bad_alloc{};
        }
    }
    [[nodiscard]] bool is(std::thread::id id) const { return thread_.get_id() == id; }
    void count(run_counts& sum) const noexcept { done_.add_to(sum); }

private:
    Queue queue_; // filled by the member, emptied by the thread
    figures_type done_;
    std::jthread thread_;
};

} // namespace gregor::inline GREGOR_ABI
