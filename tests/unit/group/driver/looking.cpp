// SPDX-License-Identifier: MIT
#include "unit/group/driver/world.hpp"

#include <gregor/ring/sequence.hpp>

#include <algorithm>

namespace driver {

using gregor::partition_id;
using gregor::poll_status;

/// Who reads what, now.
void world::observe()
{
    for (const auto& each : groups_) {
        observe(*each);
    }
}

void world::observe(support::group_model& group)
{
    std::vector<member*> owners(logs_.size(), nullptr);
    for (const auto& each : members_) {
        if (each->group != &group || each->closed) {
            continue;
        }
        for (const partition_id p : each->in->assignment()) {
            expect(owners[p.value] == nullptr, "a partition has two owners");
            expect(!each->fenced(), "a fenced member owns something");
            owners[p.value] = each.get();
        }
    }
    for (std::uint32_t p = 0; p != owners.size(); ++p) {
        moved(group, p, owners[p]);
    }
}

/// What it means that somebody else reads a partition, or nobody.
void world::moved(support::group_model& group, std::uint32_t p, member* to)
{
    support::share_model& share = group.shares[p];
    if ((to != nullptr ? to->seat : nullptr) == share.owner) {
        return;
    }
    if (share.owner != nullptr && share.owner->away) {
        expect(to == nullptr, "something was taken from who is away");
        return;
    }
    if (share.owner != nullptr) {
        for (const auto& each : members_) {
            if (each->seat != share.owner) {
                continue;
            }
            const support::reader_model* const r = each->find(p);
            if (r == nullptr) {
                expect(false, "an owner that does not read");
                return;
            }
            share.resume = std::nullopt;
            if (group.lossy && r->placed) {
                share.resume = r->position;
            }
            share.keep_untold(*r);
            if (to == nullptr) {
                expect(each.get() == acting_, "a partition went from who was in no call");
            } else {
                expect(to == acting_ && each->options.listener == nullptr && r->placed &&
                           r->position == share.cursor.at &&
                           !(each->hand && each->hand->partition == p),
                       "a partition was taken from who did not lie idle");
            }
            std::erase_if(each->readers, [&](const auto& one) { return one.partition == p; });
        }
    }
    share.owner = nullptr;
    if (to != nullptr) {
        note("  member ", to->id, " takes ", p);
        expect(to == acting_, "a partition came to who was in no call");
        share.owner = to->seat;
        to->readers.push_back(to->reading.start(p, logs_[p], share));
        if (!to->knows(p)) {
            to->known.push_back(p);
        }
    }
}

// --- all that can be seen ------------------------------------------------------------------------

void world::compare()
{
    observe();
    for (std::uint32_t p = 0; p != logs_.size(); ++p) {
        if (topic_->begin_offset({p}) != logs_[p].begin()) {
            note("  log start of ", p, ": ", topic_->begin_offset({p}), ", not ", logs_[p].begin());
        }
        expect(topic_->begin_offset({p}) == logs_[p].begin(), "the log start");
        expect(topic_->end_offset({p}) == logs_[p].end(), "the end");
    }
    for (const auto& each : groups_) {
        compare(*each);
    }
    for (const auto& each : members_) {
        compare(*each);
    }
    for (const holding& each : orphans_) {
        compare(each);
    }
}

void world::compare(member& m)
{
    if (m.hand) {
        compare(*m.hand);
    }
    if (m.closed) {
        return;
    }
    std::uint64_t lag = 0;
    for (const support::reader_model& r : m.readers) {
        const partition_id p{r.partition};
        const support::cursor_model& cursor = m.cursor(r.partition);
        expect(m.in->position(p) == r.position, "a position");
        expect(m.in->committed(p) ==
                   (cursor.committed ? std::optional<std::uint64_t>{cursor.at} : std::nullopt),
               "a committed offset");
        const std::uint64_t from = cursor.committed ? cursor.at : r.position;
        lag += std::max(logs_[r.partition].end(), from) - from;
    }
    if (m.known.size() == m.readers.size()) {
        expect(m.in->lag() == lag, "the lag");
    }
}

/// No commit but those that were to count has moved anything.
void world::compare(support::group_model& group)
{
    const auto& state = *topic_->state();
    for (const auto* its = state.groups.first(); its != nullptr; its = its->next) {
        const auto& each = *its;
        if (std::string_view{each.name} != group.name) {
            continue;
        }
        expect(each.generation >= group.generation, "a generation goes back");
        group.generation = each.generation;
        for (std::uint32_t p = 0; p != logs_.size(); ++p) {
            const auto& place = *each.shares[p].cursor;
            const auto word = place.get();
            const support::cursor_model real{gregor::ring::sequence_in<gregor::offset_t>(word),
                                             (gregor::ring::flags_in(word) & place.holds) != 0,
                                             (gregor::ring::flags_in(word) & place.committed) != 0};
            if (!(real == group.shares[p].cursor)) {
                note("  cursor of ", group.name, " ", p, ": ", real.at, real.holds ? " holds" : "",
                     real.committed ? " committed" : "", ", not ", group.shares[p].cursor.at,
                     group.shares[p].cursor.holds ? " holds" : "",
                     group.shares[p].cursor.committed ? " committed" : "");
                expect(false, "a group's committed offset");
            }
        }
    }
}

/// A batch stays what it was, whoever has it.
void world::compare(const holding& held)
{
    expect(held.batch.begin_offset() == held.first, "where a batch begins");
    std::uint64_t at = held.first;
    for (const auto& record : held.batch) {
        expect(record.value().intact() &&
                   record.value().number() == logs_[held.partition].value(at),
               "a batch in hand has changed");
        ++at;
    }
}

// --- an episode ----------------------------------------------------------------------------------

const std::vector<world::kind>& world::kinds()
{
    static const std::vector<kind> all{
        {2, &world::arrive},
        {2, &world::depart},
        {14, &world::send_one},
        {6, &world::send_some},
        {3, &world::open_claim},
        {4, &world::build},
        {3, &world::publish},
        {1, &world::give_up_claim},
        {4, &world::join},
        {1, &world::read_alone},
        {1, &world::assign_anew},
        {2, &world::close_one},
        {2, &world::destroy_one},
        {1, &world::unwind_one},
        {24, &world::poll_one},
        {6, &world::let_go_one},
        {4, &world::commit_all},
        {3, &world::commit_by_offset},
        {3, &world::commit_a_record},
        {4, &world::seek},
        {3, &world::pause},
        {1, &world::wake},
        {3, &world::pass_time},
        {3, &world::look_around},
        {1, &world::explain},
        {1, &world::all_poll},
        {1, &world::subscribe_anew},
        {1, &world::grow},
    };
    return all;
}

std::string world::run(std::uint64_t steps)
{
    unsigned weights = 0;
    for (const kind& each : kinds()) {
        weights += each.weight;
    }
    for (; step_ != steps && wrong_.empty(); ++step_) {
        auto pick = dice_.below(weights);
        for (const kind& each : kinds()) {
            if (pick < each.weight) {
                acting_ = nullptr;
                (this->*each.step)();
                break;
            }
            pick -= each.weight;
        }
        compare();
    }
    if (wrong_.empty()) {
        the_end();
    }
    return wrong_;
}

/// The topic closes, and everybody reads to the end: nobody waits for ever.
void world::the_end()
{
    topic_->close();
    closed_ = true;
    note("the topic closes");
    for (support::log_model& each : logs_) {
        each.closed = true;
    }
    for (const auto& each : senders_) {
        if (each->open && !shared(each->partition)) {
            logs_[each->partition].sole_claim_is_open = true;
        }
    }
    for (int i = 0; i != 20 && wrong_.empty(); ++i) {
        (this->*kinds()[dice_.below(kinds().size())].step)();
        compare();
    }
    while (!orphans_.empty()) {
        let_go(std::size_t{0});
    }
    for (std::size_t i = senders_.size(); i-- != 0;) {
        if (senders_[i]->open) {
            settle(*senders_[i], dice_.one_in(2));
        }
    }
    // two of one name would fence each other for ever
    for (const auto& one : members_) {
        for (const auto& other : members_) {
            if (one != other && one->group == other->group && !one->closed && !other->closed &&
                !one->options.instance_id.empty() &&
                one->options.instance_id == other->options.instance_id) {
                leave(*one, true, false, false);
                compare();
            }
        }
    }
    // who is away comes not back: the others are alive, and take over
    fence_absent();
    clock_.advance(std::chrono::minutes{10});
    bool all = false;
    for (int round = 0; round != 40 + 8 * static_cast<int>(capacity_) && !all && wrong_.empty();
         ++round) {
        all = true;
        for (const auto& each : members_) {
            all &= finish(*each);
            compare();
        }
        if (round == 0) {
            fence_absent();
        }
    }
    expect(all, "somebody is never told the end");
    bool drained = true;
    for (std::uint32_t p = 0; p != logs_.size(); ++p) {
        for (const auto& each : groups_) {
            const support::cursor_model& cursor = each->shares[p].cursor;
            drained &= !cursor.holds || cursor.at >= logs_[p].end();
        }
        for (const auto& each : members_) {
            drained &=
                each->own.empty() || !each->own[p].holds || each->own[p].at >= logs_[p].end();
        }
    }
    expect(topic_->wait_drained(std::chrono::nanoseconds{0}) == drained, "whether it is drained");
    while (!members_.empty() && wrong_.empty()) {
        leave(*members_.front(), true, true, false);
        erase(*members_.front());
        compare();
    }
}

/// One poll of one member on its way to the end; true when it has been told it.
bool world::finish(member& m)
{
    for (support::reader_model& each : m.readers) {
        if (each.paused) {
            m.in->resume(partition_id{each.partition});
            each.paused = false;
        }
    }
    const poll_status status = poll(m);
    if (status == poll_status::out_of_range) {
        for (std::size_t i = 0; i != m.readers.size(); ++i) {
            seek(m, m.readers[i].partition, logs_[m.readers[i].partition].begin());
        }
    }
    for (std::size_t i = 0; i != m.readers.size() && !m.fenced(); ++i) {
        const support::reader_model& r = m.readers[i];
        if (r.placed && r.position == logs_[r.partition].end()) {
            commit(m, r.partition, r.position); // it may have sought, or gone there by its options
        }
    }
    let_go(m);
    return status == poll_status::closed;
}

} // namespace driver
