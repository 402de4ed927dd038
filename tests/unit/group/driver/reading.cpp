// SPDX-License-Identifier: MIT
#include "unit/group/driver/world.hpp"

#include <algorithm>
#include <array>

namespace driver {

using gregor::commit_status;
using gregor::partition_id;
using gregor::poll_status;

namespace {

std::vector<std::size_t> all_to_last(const gregor::assignment_request& request)
{
    return std::vector<std::size_t>(request.partitions, request.members.size() - 1);
}

constexpr std::array<gregor::assignor, 4> assignors{nullptr, &gregor::assignors::range,
                                                    &gregor::assignors::round_robin, &all_to_last};

} // namespace

void member::on_assigned(std::span<const partition_id> partitions)
{
    all.assigned(*this, partitions);
}
void member::on_revoked(std::span<const partition_id> partitions)
{
    all.revoked(*this, partitions);
}
void member::on_lost(std::span<const partition_id> partitions)
{
    all.lost(*this, partitions);
}

// --- who comes ----------------------------------------------------------------------------------

void world::join()
{
    if (members_.size() >= 6) {
        return;
    }
    support::group_model& group = *groups_[dice_.below(groups_.size())];
    auto made = std::make_unique<member>(*this);
    member& m = *made;
    m.id = members_ever_++;
    m.group = &group;
    m.options.lossy = group.lossy;
    m.options.max_poll_records = 1 + dice_.below(2 * capacity_);
    m.options.max_poll_interval = std::chrono::seconds{dice_.one_in(2) ? 10 : 60};
    m.options.assign = assignors[dice_.below(assignors.size())];
    if (!calm_) {
        m.options.auto_commit = !dice_.one_in(4);
        m.options.reset = dice_.one_in(3)   ? gregor::auto_offset_reset::latest
                          : dice_.one_in(5) ? gregor::auto_offset_reset::none
                                            : gregor::auto_offset_reset::earliest;
    }
    if (dice_.one_in(4)) {
        m.options.instance_id = dice_.one_in(2) ? "one" : "two";
    }
    if (dice_.one_in(3)) {
        m.options.listener = &m;
    }
    m.reading = {group.lossy, m.options.reset, m.options.max_poll_records};
    m.seat = group.enroll(m.options, now());
    drop_fenced();
    m.in.emplace(*topic_, group.name, m.options);
    note("member ", m.id, " joins ", group.name, " ", m.options.instance_id,
         m.options.listener != nullptr ? " listens" : "", m.options.auto_commit ? "" : " by hand",
         ", reset ", static_cast<int>(m.options.reset));
    members_.push_back(std::move(made));
    acting_ = &m;
}

void world::read_alone()
{
    if (members_.size() >= 6) {
        return;
    }
    auto made = std::make_unique<member>(*this);
    made->id = members_ever_++;
    made->options.lossy = dice_.one_in(2);
    made->options.auto_commit = !dice_.one_in(4);
    made->options.max_poll_records = 1 + dice_.below(2 * capacity_);
    made->options.reset = static_cast<gregor::auto_offset_reset>(dice_.below(3));
    made->reading = {made->options.lossy, made->options.reset, made->options.max_poll_records};
    made->own.resize(logs_.size());
    made->in.emplace(*topic_, made->options);
    note("reader ", made->id, made->options.lossy ? " (lossy)" : "", ", reset ",
         static_cast<int>(made->options.reset));
    members_.push_back(std::move(made));
    assign_anew(*members_.back());
}

/// Readers without a group read something else from now on.
void world::assign_anew()
{
    member* const m = any_member();
    if (m != nullptr && m->group == nullptr && !m->closed && !m->hand) {
        assign_anew(*m);
    }
}

void world::assign_anew(member& m)
{
    std::vector<partition_id> wanted;
    for (std::uint32_t p = 0; p != logs_.size(); ++p) {
        if (dice_.one_in(2) || (p + 1 == logs_.size() && wanted.empty())) {
            wanted.push_back({p});
        }
    }
    m.in->assign(wanted.begin(), wanted.end());
    m.readers.clear();
    m.known.clear();
    m.own.assign(logs_.size(), {});
    for (const partition_id p : wanted) {
        support::share_model its_own{.cursor = m.own[p.value]};
        m.readers.push_back(m.reading.start(p.value, logs_[p.value], its_own));
        m.own[p.value] = its_own.cursor;
        m.known.push_back(p.value);
    }
    note("reader ", m.id, " is assigned ", wanted.size());
}

member* world::any_member()
{
    return members_.empty() ? nullptr : members_[dice_.below(members_.size())].get();
}

member* world::any_owner(std::uint32_t& p)
{
    member* const m = any_member();
    if (m == nullptr || m->closed || m->readers.empty()) {
        return nullptr;
    }
    p = m->readers[dice_.below(m->readers.size())].partition;
    return m;
}

// --- who goes -----------------------------------------------------------------------------------

void world::close_one()
{
    member* const m = any_member();
    if (m != nullptr && !m->closed && dice_.one_in(2)) {
        note("member ", m->id, " closes");
        leave(*m, true, false, false);
    }
}

void world::destroy_one()
{
    member* const m = any_member();
    if (m != nullptr && dice_.one_in(2)) {
        note("member ", m->id, " goes", m->hand ? ", its batch stays" : "");
        leave(*m, true, true, false);
        erase(*m);
    }
}

/// What the last poll returned comes again.
void world::unwind_one()
{
    member* const m = any_member();
    if (calm_ || m == nullptr || !dice_.one_in(2)) {
        return;
    }
    note("member ", m->id, " goes while an exception passes");
    leave(*m, false, true, true);
    erase(*m);
}

void world::leave(member& m, bool commits, bool destroys, bool unwinds)
{
    acting_ = &m;
    m.commits = commits;
    try {
        struct goes {
            member& which;
            bool last;
            ~goes()
            {
                if (last) {
                    which.in.reset();
                }
            }
        } const then{m, destroys};
        if (unwinds) {
            throw burnt{};
        }
        if (!destroys) {
            m.in->close();
        }
    } catch (const burnt&) {
        note("  and something is thrown");
    }
    if (!m.closed) {
        left(m, commits);
        m.closed = true;
    }
}

/// What it means for the others that somebody has left.
void world::left(member& m, bool commits)
{
    if (!m.fenced() && commits && m.options.auto_commit) {
        commit_returned(m);
    }
    for (support::reader_model& each : m.readers) {
        if (m.group == nullptr) {
            m.own[each.partition] = {};
            continue;
        }
        m.group->shares[each.partition].keep_untold(each);
        if (m.reading.lossy && each.placed) {
            m.group->shares[each.partition].resume = each.position;
        }
    }
    m.readers.clear();
    if (m.group != nullptr) {
        m.seat->touched = true;
        m.group->leave(m.seat);
    }
}

/// Leaves what it reads, and reads for a group again.
void world::subscribe_anew()
{
    member* const m = any_member();
    if (m == nullptr || m->closed || (calm_ && m->group == nullptr)) {
        return;
    }
    acting_ = m;
    m->commits = true;
    try {
        m->in->unsubscribe();
    } catch (const burnt&) {
        note("  and something is thrown");
    }
    left(*m, true);
    m->known.clear();
    m->own.clear();
    compare(*m);
    let_go(*m);
    support::group_model& group = *groups_[m->options.lossy ? 2 : dice_.below(2)];
    note("member ", m->id, " leaves, and joins ", group.name);
    m->group = &group;
    m->seat = group.enroll(m->options, now());
    drop_fenced();
    m->in->subscribe(group.name);
}

void world::erase(member& m)
{
    if (m.hand) {
        orphans_.push_back(std::move(*m.hand));
    }
    acting_ = nullptr;
    std::erase_if(members_, [&](const auto& each) { return each.get() == &m; });
}

// --- polls --------------------------------------------------------------------------------------

void world::poll_one()
{
    if (member* const m = any_member()) {
        poll(*m);
        if (dice_.one_in(2)) {
            let_go(*m);
        }
    }
}

void world::let_go_one()
{
    if (!orphans_.empty() && dice_.one_in(4)) {
        let_go(dice_.below(orphans_.size()));
    } else if (member* const m = any_member()) {
        let_go(*m);
    }
}

void world::let_go(member& m)
{
    if (m.hand) {
        note("member ", m.id, " lets go");
        m.hand.reset();
    }
}

void world::let_go(std::size_t orphan)
{
    note("an orphaned batch is let go");
    orphans_.erase(orphans_.begin() + static_cast<std::ptrdiff_t>(orphan));
}

poll_status world::poll(member& m)
{
    let_go(m);
    acting_ = &m;
    if (m.closed) {
        const auto status = m.in->try_poll().status();
        expect(status == poll_status::closed, "a closed consumer's poll");
        return status;
    }
    const bool was_fenced = m.fenced();
    if (m.group != nullptr) {
        m.seat->touched = true;
        if (was_fenced) {
            m.seat = m.group->enroll(m.options, now());
            drop_fenced();
        }
    }
    m.commits = true;
    std::optional<batch_type> batch;
    try {
        batch.emplace(m.in->try_poll());
    } catch (const burnt&) {
        note("  and its listener throws");
    }
    if (!was_fenced && batch && m.options.auto_commit) {
        commit_returned(m);
    }
    commit_given(m);
    observe();
    m.known.clear();
    for (const auto& each : m.readers) {
        m.known.push_back(each.partition);
    }
    if (!batch) {
        return poll_status::timed_out;
    }
    note("member ", m.id, " polls: ", static_cast<int>(batch->status()), " of ",
         batch->partition().value, " at ", batch->begin_offset(), ", ", batch->size());
    const poll_status status = batch->status();
    if (was_fenced) {
        expect(status == poll_status::fenced, "a fenced member is told so");
    } else if (std::exchange(m.woken, false)) {
        expect(status == poll_status::woken, "who was woken is told so");
    } else {
        judge(m, status, *batch);
    }
    return status;
}

/// What the poll found, against what there is; and where that leaves its readers.
void world::judge(member& m, poll_status status, batch_type& batch)
{
    using found = support::reading_model::found;
    bool has_run = false;
    bool out_of_range = false;
    for (const support::reader_model& each : m.readers) {
        support::reader_model copy = each;
        support::cursor_model cursor = m.cursor(each.partition);
        const found sees = each.paused ? found{found::nothing}
                                       : m.reading.look(copy, logs_[each.partition], cursor);
        has_run |= sees.what == found::run;
        out_of_range |= sees.what == found::out_of_range;
    }
    switch (status) {
    case poll_status::records: judge_records(m, batch); break;
    case poll_status::out_of_range: expect(out_of_range, "out of range, and nothing is"); break;
    case poll_status::timed_out:
    case poll_status::closed:
        expect(!has_run && !out_of_range, "there was something to return");
        break;
    default: expect(false, "a poll's answer"); break;
    }
    apply_looks(m, batch);
    if (status == poll_status::records) {
        const std::uint32_t p = batch.partition().value;
        const std::uint64_t first = batch.begin_offset();
        m.hand.emplace(holding{std::move(batch), p, first});
    }
    if (status == poll_status::timed_out || status == poll_status::closed) {
        expect(finished(m) == (status == poll_status::closed), "whether it is the end");
    }
}

void world::judge_records(member& m, const batch_type& batch)
{
    const std::uint32_t p = batch.partition().value;
    support::reader_model* const r = m.find(p);
    if (r == nullptr || r->paused) {
        expect(false, "records of a partition that is not its own, or is paused");
        return;
    }
    const auto sees = m.reading.look(*r, logs_[p], m.cursor(p));
    expect(sees.what == support::reading_model::found::run, "records where there are none");
    expect(batch.begin_offset() == sees.first, "the next records, in order");
    expect(batch.size() != 0 && batch.size() <= sees.count, "how many records a poll returns");
    expect(batch.missed() == r->missed, "how many were missed");
    for (const auto& record : batch) {
        expect(record.partition().value == p, "a record's partition");
    }
    enter(m, batch);
    support::reading_model::returned(*r, batch.next_offset());
}

/// A poll that returned no records has looked at all partitions; one that did, at some: then where
/// a reader is says whether it has.
void world::apply_looks(member& m, const batch_type& batch)
{
    using found = support::reading_model::found;
    const bool all =
        batch.status() == poll_status::timed_out || batch.status() == poll_status::closed;
    for (support::reader_model& each : m.readers) {
        if (each.paused || (!batch.empty() && each.partition == batch.partition().value)) {
            continue;
        }
        support::reader_model after = each;
        support::cursor_model cursor = m.cursor(each.partition);
        const found sees = m.reading.look(after, logs_[each.partition], cursor);
        if (sees.what == found::nothing &&
            (all || m.in->position({each.partition}) == after.position)) {
            each = after;
            m.cursor(each.partition) = cursor;
        }
    }
}

/// The group's records, whoever reads them: a calm one reads each once.
void world::enter(const member& m, const batch_type& batch)
{
    if (m.group == nullptr || m.group->lossy || !m.group->declared) {
        return;
    }
    std::uint64_t& high = high_water_[0][batch.partition().value];
    if (calm_) {
        for (std::uint64_t at = high; at < batch.begin_offset(); ++at) {
            expect(!logs_[batch.partition().value].holds_record(at), "a record was skipped");
        }
    }
    high = std::max(high, batch.next_offset());
}

/// Everything its own is read, and everything else is committed to the end.
bool world::finished(member& m)
{
    std::size_t own = 0;
    for (const support::reader_model& each : m.readers) {
        const support::log_model& log = logs_[each.partition];
        if (!log.finished(each.position)) {
            return false;
        }
        own += log.finished(m.cursor(each.partition).at) ? 0 : 1;
    }
    std::size_t open = 0;
    for (std::uint32_t p = 0; m.group != nullptr && p != logs_.size(); ++p) {
        open += logs_[p].finished(m.group->shares[p].cursor.at) ? 0 : 1;
    }
    return m.group == nullptr || open == own;
}

void world::wake()
{
    member* const m = any_member();
    if (m != nullptr && !m->closed && dice_.one_in(4)) {
        m->in->wakeup();
        m->woken = true;
        note("member ", m->id, " is woken");
    }
}

// --- commits and seeks --------------------------------------------------------------------------

void world::commit_returned(member& m)
{
    for (support::reader_model& each : m.readers) {
        m.reading.commit_returned(each, logs_[each.partition], m.cursor(each.partition));
    }
}

/// Who has given partitions has committed first, whatever its listener did then.
void world::commit_given(member& m)
{
    const auto owned = m.in->assignment();
    const bool gave = std::any_of(m.readers.begin(), m.readers.end(), [&](const auto& each) {
        return std::find(owned.begin(), owned.end(), partition_id{each.partition}) == owned.end();
    });
    if (gave && m.options.auto_commit) {
        commit_returned(m);
    }
}

void world::commit_all()
{
    member* const m = any_member();
    if (m == nullptr) {
        return;
    }
    const commit_status got = m->in->commit();
    note("member ", m->id, " commits: ", static_cast<int>(got));
    if (m->closed) {
        expect(got == commit_status::not_assigned, "a closed consumer's commit");
        return;
    }
    if (m->seat != nullptr) {
        m->seat->touched = true;
    }
    expect(got == (m->fenced() ? commit_status::fenced : commit_status::ok), "a commit's answer");
    commit_returned(*m);
}

/// Any offset of any partition, whoever owns it.
void world::commit_by_offset()
{
    member* const m = any_member();
    if (!calm_ && m != nullptr) {
        const std::uint32_t p = any_partition();
        commit(*m, p, any_offset(p));
    }
}

/// A record in hand.
void world::commit_a_record()
{
    member* const m = any_member();
    if (m == nullptr || !m->hand || m->hand->batch.empty()) {
        return;
    }
    const auto& batch = m->hand->batch;
    const auto at = static_cast<std::ptrdiff_t>(dice_.below(batch.size()));
    commit(*m, m->hand->partition, (*(batch.begin() + at)).offset() + 1);
}

void world::commit(member& m, std::uint32_t p, std::uint64_t next)
{
    const commit_status got = m.in->commit(partition_id{p}, next);
    note("member ", m.id, " commits ", next, " of ", p, ": ", static_cast<int>(got));
    support::reader_model* const r = m.find(p);
    const auto due = m.closed || !m.knows(p) ? commit_status::not_assigned
                     : m.fenced()            ? commit_status::fenced
                     : r == nullptr          ? commit_status::not_assigned
                     : next > logs_[p].end() ? commit_status::out_of_range
                                             : commit_status::ok;
    expect(got == due, "a commit's answer");
    if (m.seat != nullptr && !m.closed) {
        m.seat->touched = true;
    }
    if (due == commit_status::ok) {
        m.reading.commit(*r, logs_[p], m.cursor(p), next);
    }
}

std::uint64_t world::any_offset(std::uint32_t p)
{
    switch (dice_.below(4)) {
    case 0: return logs_[p].begin();
    case 1: return logs_[p].end() + dice_.below(2);
    default: return dice_.below(logs_[p].end() + 3);
    }
}

void world::seek()
{
    member* const m = any_member();
    if (calm_ || m == nullptr || m->in->assignment().empty()) {
        return;
    }
    const std::uint32_t p = any_partition();
    if (m->group != nullptr || m->find(p) != nullptr) {
        seek(*m, p, any_offset(p));
    }
}

void world::seek(member& m, std::uint32_t p, std::uint64_t to)
{
    const bool got = m.in->seek(partition_id{p}, to);
    note("member ", m.id, " seeks ", to, " of ", p, ": ", got);
    support::reader_model* const r = m.closed || m.fenced() ? nullptr : m.find(p);
    expect(got == (r != nullptr), "whether a seek was possible");
    if (m.seat != nullptr && !m.closed) {
        m.seat->touched = true;
    }
    if (r != nullptr) {
        m.reading.seek(*r, logs_[p], m.cursor(p), to);
    }
}

void world::pause()
{
    member* const m = any_member();
    if (m == nullptr) {
        return;
    }
    const std::uint32_t p = any_partition();
    const bool paused = dice_.one_in(3);
    const bool got = paused ? m->in->pause(partition_id{p}) : m->in->resume(partition_id{p});
    support::reader_model* const r = m->closed || m->fenced() ? nullptr : m->find(p);
    expect(got == (r != nullptr), "whether a pause was possible");
    if (m->seat != nullptr && !m->closed) {
        m->seat->touched = true;
    }
    if (r != nullptr) {
        r->paused = paused;
        note("member ", m->id, paused ? " pauses " : " resumes ", p);
    }
}

// --- time ---------------------------------------------------------------------------------------

void world::pass_time()
{
    clock_.advance(std::chrono::seconds{1 + dice_.below(6)});
}

void world::look_around()
{
    if (!calm_) {
        fence_absent();
    }
}

void world::fence_absent()
{
    bool any = false;
    for (const auto& each : groups_) {
        any |= each->fence_absent(now());
    }
    drop_fenced();
    note("somebody looks for who is away", any ? ": found" : "");
    expect(topic_->maintain() == any, "whether anybody was away");
    acting_ = nullptr;
}

/// Whoever has lost his seat has lost what he read.
void world::drop_fenced()
{
    for (const auto& each : members_) {
        if (each->fenced()) {
            for (const support::reader_model& r : each->readers) {
                each->group->shares[r.partition].keep_untold(r);
            }
            each->readers.clear();
        }
    }
}

void world::explain()
{
    const std::string said = topic_->explain().to_string();
    note("explain: ", said);
}

bool world::has_namesakes(const support::group_model& group) const
{
    for (const auto& one : members_) {
        for (const auto& other : members_) {
            if (one != other && one->group == &group && other->group == &group && !one->closed &&
                !other->closed && !one->options.instance_id.empty() &&
                one->options.instance_id == other->options.instance_id) {
                return true;
            }
        }
    }
    return false;
}

/// After three rounds in which everybody polls, everything has its owner.
void world::all_poll()
{
    support::group_model& group = *groups_[dice_.below(groups_.size())];
    bool any = false;
    for (int round = 0; round != 3; ++round) {
        for (const auto& each : members_) {
            if (each->group == &group && !each->closed) {
                poll(*each);
                let_go(*each);
                any = true;
            }
        }
    }
    // who is away keeps what he had; two of one name take it from each other for ever
    const bool away = std::any_of(group.seats.begin(), group.seats.end(),
                                  [](const auto& each) { return each->away; }) ||
                      has_namesakes(group);
    for (const support::share_model& each : group.shares) {
        expect(!any || away || each.owner != nullptr, "a partition that nobody takes");
    }
}

// --- what listeners are told --------------------------------------------------------------------

void world::assigned(member& m, std::span<const partition_id> partitions)
{
    if (over_) {
        return;
    }
    commit_given(m);
    observe();
    for (const partition_id p : partitions) {
        note("  assigned ", p.value);
        expect(m.find(p.value) != nullptr, "a listener is assigned what is not its own");
        expect(std::find(m.told.begin(), m.told.end(), p.value) == m.told.end(),
               "a listener is assigned something twice");
        m.told.push_back(p.value);
        m.known.push_back(p.value);
        if (!calm_ && dice_.one_in(3) && wrong_.empty()) {
            seek(m, p.value, any_offset(p.value));
        }
    }
    if (dice_.one_in(8)) {
        throw burnt{};
    }
}

void world::revoked(member& m, std::span<const partition_id> partitions)
{
    if (over_) {
        return;
    }
    if (m.options.auto_commit && m.commits) {
        commit_returned(m);
    }
    for (const partition_id p : partitions) {
        note("  revoked ", p.value);
        expect(m.find(p.value) != nullptr, "something is revoked that is not its own");
        expect(std::erase(m.told, p.value) == 1, "something is revoked that was not assigned");
        if (dice_.one_in(3) && wrong_.empty()) {
            commit(m, p.value, calm_ ? m.in->position(p) : any_offset(p.value));
        }
    }
    if (dice_.one_in(8)) {
        throw burnt{};
    }
}

void world::lost(member& m, std::span<const partition_id> partitions)
{
    if (over_) {
        return;
    }
    for (const partition_id p : partitions) {
        note("  lost ", p.value);
        expect(std::erase(m.told, p.value) == 1, "something is lost that was not assigned");
        expect(m.in->commit(p, logs_[p.value].begin()) != commit_status::ok,
               "what is lost can be committed");
        expect(!m.in->seek(p, 0), "what is lost can be sought");
    }
    if (dice_.one_in(8)) {
        throw burnt{};
    }
}

} // namespace driver
