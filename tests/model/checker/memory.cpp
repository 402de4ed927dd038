// SPDX-License-Identifier: MIT
#include "model/checker/memory.hpp"

namespace gregor::model {
namespace {

constexpr timestamp gap = 1U << 16U;

bool sequential(std::memory_order order)
{
    return order == std::memory_order_seq_cst;
}

} // namespace

void memory::reset()
{
    for (observer& each : threads_) {
        each.now.clear();
        each.acquirable.clear();
        each.released.clear();
        each.at_light.clear();
        each.at_heavy.clear();
        each.has_released = false;
        each.wanted = {};
    }
    threads_[0].now.clock[0] = 1;
    sequence_.clear();
    heavy_begun_.clear();
    heavy_done_.clear();
    heavy_open_ = 0;
    location_count_ = 0;
    message_count_ = 0;
}

void memory::spawn(thread_id parent, thread_id child)
{
    threads_[child].now.become(threads_[parent].now);
    ++threads_[parent].now.clock[parent];
    threads_[child].now.clock[child] = 1;
}

void memory::join(thread_id waiter, thread_id ended)
{
    threads_[waiter].now.join(threads_[ended].now);
}

location_id memory::create(thread_id by, std::uint64_t value, bool made_before)
{
    if (location_count_ == max_locations) {
        fail("the program has more than " + std::to_string(max_locations) + " atomic objects");
    }
    const auto id = static_cast<location_id>(location_count_++);
    history& made = locations_[id];
    made.stores.clear();
    made.stores.push_back({value, gap, 0, false});
    made.creator = by;
    made.creation = made_before ? 0 : threads_[by].now.clock[by];
    made.wake_floor = 0;
    made.alive = true;
    return id;
}

memory::history& memory::open(thread_id by, location_id id)
{
    history& where = locations_[id];
    if (!where.alive) {
        fail("an atomic object is used after its destruction");
    }
    if (threads_[by].now.clock[where.creator] < where.creation) {
        fail("data race: an atomic object is used by a thread that did not see its initialisation");
    }
    return where;
}

void memory::destroy(thread_id by, location_id location)
{
    open(by, location).alive = false;
}

// --- loads and stores
// -------------------------------------------------------------------------------

/// The oldest store that may still be read, as coherence asks: none that a later one, which this
/// thread knows of, has replaced. A store goes behind it.
std::size_t memory::oldest(thread_id by, location_id id, std::memory_order order) const
{
    timestamp floor = threads_[by].now.of(id);
    if (sequential(order)) {
        floor = std::max(floor, sequence_.of(id));
    }
    return locations_[id].index_of(floor);
}

std::size_t memory::oldest_to_load(thread_id by, location_id id, std::memory_order order) const
{
    const wish& wanted = threads_[by].wanted;
    const std::size_t first = oldest(by, id, order);
    return wanted.location == id ? std::max(first, locations_[id].index_of(wanted.at)) : first;
}

void memory::see(thread_id by, location_id id, const store_record& what, std::memory_order order)
{
    observer& mine = threads_[by];
    mine.now.see(id, what.at);
    if (mine.wanted.location == id) {
        mine.wanted = {};
    }
    if (what.message != 0) {
        knowledge& learner = acquires(order) ? mine.now : mine.acquirable;
        learner.join(messages_[what.message - 1]);
    }
    if (sequential(order)) {
        sequence_.see(id, what.at);
    }
    touched_ = what.at;
}

std::uint64_t memory::load(thread_id by, location_id from, std::memory_order order)
{
    const history& where = open(by, from);
    const std::size_t first = oldest_to_load(by, from, order);
    const std::size_t newest = where.stores.size() - 1;
    const store_record& what =
        where.stores[newest - choices_.choose(static_cast<unsigned>(newest - first + 1))];
    see(by, from, what, order);
    return what.value;
}

timestamp memory::place_after(const history& where, std::size_t index) const
{
    const timestamp low = where.stores[index].at;
    if (index + 1 == where.stores.size()) {
        return low + gap;
    }
    const timestamp middle = low + (where.stores[index + 1].at - low) / 2;
    if (middle == low) {
        fail("too many stores were put between two others");
    }
    return middle;
}

/// What a store hands to whoever acquires it: all that its thread knows, if it releases; what a
/// release fence before it knew; and, for a read-modify-write, what the store that it continues
/// hands on.
std::uint32_t memory::message_of(thread_id by, location_id id, timestamp at,
                                 std::memory_order order, std::uint32_t continued)
{
    observer& mine = threads_[by];
    if (!releases(order) && !mine.has_released) {
        return continued;
    }
    if (message_count_ == messages_.size()) {
        messages_.resize(messages_.size() + 64);
    }
    knowledge& message = messages_[message_count_++];
    message.become(releases(order) ? mine.now : mine.released);
    message.see(id, at);
    if (continued != 0) {
        message.join(messages_[continued - 1]);
    }
    if (releases(order)) {
        ++mine.now.clock[by];
    }
    return message_count_;
}

/// A new store right behind the one at the index.
void memory::put(thread_id by, location_id id, std::size_t index, std::uint64_t value,
                 std::memory_order order, std::uint32_t continued)
{
    history& where = locations_[id];
    const timestamp at = place_after(where, index);
    threads_[by].now.see(id, at);
    if (sequential(order)) {
        sequence_.see(id, at);
    }
    const std::uint32_t message = message_of(by, id, at, order, continued);
    where.stores.insert(where.stores.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                        {value, at, message, false});
    touched_ = at;
}

/// Which store a new one comes directly behind: any from the first on that none is bound to
/// already.
std::size_t memory::choose_to_extend(const history& where, std::size_t first)
{
    candidates_.clear();
    for (std::size_t i = where.stores.size(); i-- > first;) {
        if (!where.stores[i].extended) {
            candidates_.push_back(i);
        }
    }
    return candidates_[choices_.choose(static_cast<unsigned>(candidates_.size()))];
}

void memory::store(thread_id by, location_id to, std::uint64_t value, std::memory_order order)
{
    const history& where = open(by, to);
    put(by, to, choose_to_extend(where, oldest(by, to, order)), value, order, 0);
}

std::uint64_t memory::exchange(thread_id by, location_id at, std::memory_order order, update next,
                               std::uint64_t operand)
{
    history& where = open(by, at);
    const std::size_t index = choose_to_extend(where, oldest_to_load(by, at, order));
    store_record& what = where.stores[index];
    what.extended = true;
    const std::uint64_t old = what.value;
    const std::uint32_t continued = what.message;
    see(by, at, what, order);
    put(by, at, index, next(old, operand), order, continued);
    return old;
}

bool memory::compare_exchange(thread_id by, location_id at, std::uint64_t& expected,
                              std::uint64_t desired, std::memory_order success,
                              std::memory_order failure, bool for_nothing)
{
    history& where = open(by, at);
    const std::size_t first_to_fail = oldest_to_load(by, at, failure);
    const std::size_t first_to_succeed = oldest_to_load(by, at, success);
    candidates_.clear();
    for (std::size_t i = where.stores.size(); i-- > std::min(first_to_fail, first_to_succeed);) {
        const bool fails = for_nothing || where.stores[i].value != expected;
        if (fails ? i >= first_to_fail : i >= first_to_succeed && !where.stores[i].extended) {
            candidates_.push_back(i);
        }
    }
    const std::size_t index =
        candidates_[choices_.choose(static_cast<unsigned>(candidates_.size()))];
    store_record& what = where.stores[index];
    if (for_nothing || what.value != expected) {
        see(by, at, what, failure);
        expected = what.value;
        return false;
    }
    what.extended = true;
    const std::uint32_t continued = what.message;
    see(by, at, what, success);
    put(by, at, index, desired, success, continued);
    return true;
}

// --- fences
// -----------------------------------------------------------------------------------------

/// Of two sequentially consistent fences the later one knows what the earlier one knew. It is no
/// happens-before: clocks stay.
void memory::exchange_sequence(knowledge& mine)
{
    mine.join_seen(sequence_);
    sequence_.join_seen(mine);
}

void memory::fence(thread_id by, std::memory_order order)
{
    observer& mine = threads_[by];
    if (acquires(order)) {
        mine.now.join(mine.acquirable);
    }
    if (sequential(order)) {
        exchange_sequence(mine.now);
    }
    if (releases(order)) {
        mine.released.become(mine.now);
        mine.has_released = true;
        ++mine.now.clock[by];
    }
}

/// A full fence, for what may be read; data races do not know of it.
void memory::order_everything_seen(thread_id by)
{
    observer& mine = threads_[by];
    mine.now.join_seen(mine.acquirable);
    exchange_sequence(mine.now);
    mine.released.join_seen(mine.now);
    mine.has_released = true;
}

void memory::light(thread_id by)
{
    observer& mine = threads_[by];
    mine.now.join_seen(heavy_done_);
    if (heavy_open_ > 0 && choices_.choose(2) == 1) {
        mine.now.join_seen(heavy_begun_);
    }
    mine.at_light.join_seen(mine.now);
}

void memory::begin_heavy(thread_id by)
{
    order_everything_seen(by);
    threads_[by].at_heavy.become(threads_[by].now);
    heavy_begun_.join_seen(threads_[by].now);
    ++heavy_open_;
}

void memory::end_heavy(thread_id by, unsigned threads, bool everywhere)
{
    observer& mine = threads_[by];
    for (thread_id other = 0; other < threads; ++other) {
        if (everywhere) {
            order_everything_seen(other);
        }
        mine.now.join_seen(everywhere ? threads_[other].now : threads_[other].at_light);
    }
    order_everything_seen(by);
    heavy_done_.join_seen(mine.at_heavy);
    --heavy_open_;
    for (thread_id other = 0; everywhere && other < threads; ++other) {
        order_everything_seen(other);
    }
}

// --- the kernel, mutexes
// ----------------------------------------------------------------------------

std::uint64_t memory::look_before_sleep(thread_id by, location_id word)
{
    const timestamp floor = open(by, word).wake_floor;
    observer& mine = threads_[by];
    if (mine.wanted.location != word || mine.wanted.at < floor) {
        mine.wanted = {word, floor};
    }
    return load(by, word, std::memory_order_relaxed);
}

void memory::wake(thread_id by, location_id word)
{
    history& where = open(by, word);
    where.wake_floor = std::max(where.wake_floor, threads_[by].now.of(word));
}

void memory::release_to(thread_id by, knowledge& mutex)
{
    mutex.become(threads_[by].now);
    ++threads_[by].now.clock[by];
}

void memory::acquire_from(thread_id by, const knowledge& mutex)
{
    threads_[by].now.join(mutex);
}

} // namespace gregor::model
