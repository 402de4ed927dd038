// SPDX-License-Identifier: MIT
#include "unit/group/driver/world.hpp"

#include <algorithm>

namespace driver {

using entry = support::log_model::entry;

/// What nobody may overwrite now: committed offsets, and batches in hand.
std::uint64_t world::protection(std::uint32_t p) const
{
    std::uint64_t lowest = ~std::uint64_t{0} / 2;
    const auto count = [&](const support::cursor_model& cursor) {
        lowest = cursor.holds ? std::min(lowest, cursor.at) : lowest;
    };
    for (const auto& each : groups_) {
        count(each->shares[p].cursor);
    }
    for (const auto& each : members_) {
        if (!each->own.empty()) {
            count(each->own[p]);
        }
        if (each->hand && each->hand->partition == p) {
            lowest = std::min(lowest, each->hand->first);
        }
    }
    for (const holding& each : orphans_) {
        lowest = each.partition == p ? std::min(lowest, each.first) : lowest;
    }
    return lowest;
}

void world::arrive()
{
    if (senders_.size() == 3) {
        return;
    }
    if (!senders_.empty()) {
        share();
    }
    senders_.push_back(std::make_unique<sender>(sender{producer_type{*topic_}}));
    find_new_partitions(*senders_.back());
    note("a producer comes");
}

/// From the second producer on, claims show before they are published.
void world::share()
{
    if (closed_) {
        return;
    }
    for (std::uint32_t p = 0; p != logs_.size(); ++p) {
        if (shared(p)) {
            continue;
        }
        sole_ends_[p] = logs_[p].end();
        for (const auto& each : senders_) {
            for (std::uint64_t i = 0; each->open && each->partition == p && i != each->count; ++i) {
                logs_[p].append(entry::pending, 0);
            }
        }
    }
}

/// Who reads the topic reads what is added from its beginning on.
void world::grow()
{
    const auto more = static_cast<std::uint32_t>(1 + dice_.below(2));
    if (logs_.size() + more > 10 || !dice_.one_in(3)) {
        return;
    }
    auto got = topic_->add_partitions(more);
    note("partitions are added: ", more);
    expect(got.has_value() != closed_, "whether partitions can be added");
    if (closed_) {
        return;
    }
    expect(got.value().value == logs_.size(), "the number of a new partition");
    for (const auto& each : groups_) {
        each->grow(more);
    }
    for (const auto& each : members_) {
        if (!each->own.empty()) {
            each->own.resize(logs_.size() + more);
        }
    }
    for (auto& each : high_water_) {
        each.resize(logs_.size() + more, 0);
    }
    logs_.resize(logs_.size() + more, support::log_model{capacity_});
    sole_ends_.resize(logs_.size());
    if (senders_.size() > 1) {
        share();
    }
}

/// A producer that meets a partition for the first time finds all that are new.
void world::find_partition(sender& s, std::uint32_t p)
{
    if (p >= s.knows_others.size()) {
        find_new_partitions(s);
    }
}

void world::find_new_partitions(sender& s)
{
    for (auto p = static_cast<std::uint32_t>(s.knows_others.size()); p != logs_.size(); ++p) {
        s.knows_others.push_back(shared(p));
    }
}

/// Who was alone tries first where it was then, and only with room there notices the others.
bool world::claim(sender& s, std::uint32_t p, std::uint64_t count)
{
    if (shared(p) && !s.knows_others[p]) {
        if (!logs_[p].make_room(*sole_ends_[p], count, protection(p))) {
            return false;
        }
        s.knows_others[p] = true;
    }
    return logs_[p].make_room(count, protection(p));
}

void world::depart()
{
    if (senders_.empty() || !dice_.one_in(2)) {
        return;
    }
    auto& goes = senders_[dice_.below(senders_.size())];
    goes->out.reset();
    note("a producer goes", goes->open ? ", its claim stays" : "");
    if (!goes->open) {
        std::swap(goes, senders_.back());
        senders_.pop_back();
    }
}

sender* world::idle_sender()
{
    if (senders_.empty()) {
        return nullptr;
    }
    sender& s = *senders_[dice_.below(senders_.size())];
    return s.out && !s.open ? &s : nullptr;
}

sender* world::claiming_sender()
{
    if (senders_.empty()) {
        return nullptr;
    }
    sender& s = *senders_[dice_.below(senders_.size())];
    return s.open ? &s : nullptr;
}

void world::send_one()
{
    sender* const s = idle_sender();
    if (s == nullptr) {
        return;
    }
    const std::uint32_t p = any_partition();
    find_partition(*s, p);
    const bool room = !closed_ && claim(*s, p, 1);
    const gregor::sent got =
        s->out->try_send(support::counted{next_value_}, {.partition = gregor::partition_id{p}});
    note("send to ", p, ": ", got ? "ok" : "refused");
    const auto due = closed_ ? gregor::send_status::closed
                     : room  ? gregor::send_status::ok
                             : gregor::send_status::full;
    expect(got.status() == due, "a send's answer");
    if (room && got) {
        expect(got.offset() == logs_[p].end(), "a sent record's offset");
        logs_[p].append(entry::record, next_value_++);
    }
}

/// A batch goes in halves where it does not fit as a whole.
void world::send_some()
{
    sender* const s = idle_sender();
    if (s == nullptr) {
        return;
    }
    const std::uint32_t p = any_partition();
    const std::uint64_t count = 1 + dice_.below(2 * capacity_ + 2);
    std::vector<support::counted> values;
    for (std::uint64_t i = 0; i != count; ++i) {
        values.emplace_back(next_value_ + i);
    }
    find_partition(*s, p);
    std::uint64_t fits = 0;
    for (std::uint64_t part = std::min(count, capacity_); fits != count && !closed_;) {
        part = std::min(part, count - fits);
        while (part != 0 && !claim(*s, p, part)) {
            part /= 2;
        }
        if (part == 0) {
            break;
        }
        for (std::uint64_t i = 0; i != part; ++i) {
            logs_[p].append(entry::record, next_value_++);
        }
        fits += part;
        part = part < capacity_ / 2 ? part * 2 : capacity_;
    }
    const gregor::batch_sent got =
        s->out->try_send_batch(std::move(values), {.partition = gregor::partition_id{p}});
    note("send ", count, " to ", p, ": ", got.count);
    expect(got.count == fits, "how much of a batch was taken");
    const auto due = fits == count ? gregor::send_status::ok
                     : closed_     ? gregor::send_status::closed
                                   : gregor::send_status::full;
    expect(got.status == due, "the answer to a batch");
}

void world::open_claim()
{
    sender* const s = idle_sender();
    if (s == nullptr) {
        return;
    }
    const std::uint32_t p = any_partition();
    const std::uint64_t count = 1 + dice_.below(capacity_);
    const bool room = !closed_ && claim(*s, p, count);
    auto got = s->out->try_claim(count, {.partition = gregor::partition_id{p}});
    note("claim ", count, " of ", p, ": ", got ? "ok" : "refused");
    const auto due = closed_ ? gregor::send_status::closed
                     : room  ? gregor::send_status::ok
                             : gregor::send_status::full;
    expect(got.status() == due, "a claim's answer");
    if (!got) {
        return;
    }
    s->partition = p;
    s->first = logs_[p].end();
    s->count = count;
    s->built.clear();
    s->open.emplace(std::move(got));
    for (std::uint64_t i = 0; i != count && shared(p); ++i) {
        logs_[p].append(entry::pending, 0);
    }
}

void world::build()
{
    sender* const s = claiming_sender();
    if (s == nullptr || s->built.size() == s->count) {
        return;
    }
    s->open->emplace(next_value_);
    s->built.push_back(next_value_++);
}

void world::publish()
{
    if (sender* const s = claiming_sender()) {
        settle(*s, true);
    }
}

void world::give_up_claim()
{
    if (sender* const s = claiming_sender()) {
        settle(*s, false);
    }
}

void world::settle(sender& s, bool published)
{
    support::log_model& log = logs_[s.partition];
    note("the claim of ", s.partition, " at ", s.first, ": ", published ? "published " : "dropped ",
         s.built.size());
    if (published) {
        const gregor::sent got = s.open->publish();
        expect(got.offset() == s.first, "where a claim was published");
    } else {
        s.built.clear();
    }
    s.open.reset();
    s.knows_others[s.partition] = shared(s.partition);
    for (std::uint64_t i = 0; i != s.count; ++i) {
        const bool built = i < s.built.size();
        if (shared(s.partition)) {
            log.settle(s.first + i, built ? entry::record : entry::skipped, built ? s.built[i] : 0);
        } else if (built) {
            log.append(entry::record, s.built[i]);
        }
    }
    log.sole_claim_is_open = false;
    if (!s.out) {
        std::erase_if(senders_, [&](const auto& each) { return each.get() == &s; });
    }
}

} // namespace driver
