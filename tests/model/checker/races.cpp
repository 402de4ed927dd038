// SPDX-License-Identifier: MIT
#include "model/checker/races.hpp"

#include <utility>

namespace gregor::model {

void races::reset()
{
    ++age_;
    used_ = 0;
    alive_ = 0;
    if (table_.empty()) {
        table_.resize(256);
    }
}

void races::grow()
{
    outside_vector<shadow> old(table_.size() * 2);
    old.swap(table_);
    for (const shadow& each : old) {
        if (each.age == age_) {
            of(each.object) = each;
        }
    }
}

/// Open addressing; what an earlier execution left counts as free.
races::shadow& races::of(const void* object)
{
    const std::size_t mask = table_.size() - 1;
    auto index = static_cast<std::size_t>(
        (reinterpret_cast<std::uintptr_t>(object) * 0x9e3779b97f4a7c15ULL) >> 32U);
    for (;; ++index) {
        shadow& found = table_[index & mask];
        if (found.age != age_) {
            if (++used_ * 2 > table_.size()) {
                used_ = 0;
                grow();
                return of(object);
            }
            found = shadow{};
            found.object = object;
            found.age = age_;
            return found;
        }
        if (found.object == object) {
            return found;
        }
    }
}

races::shadow& races::existing(const void* object, const char* verb, place from)
{
    shadow& known = of(object);
    if (known.now == state::absent) {
        fail(std::string("an object is ") + verb + " that is not alive (" + to_string(from) + ")");
    }
    return known;
}

void races::check_after_write(thread_id by, const shadow& known, const char* verb, place from) const
{
    if (known.written > memory_.known_to(by).clock[known.writer]) {
        fail("data race: thread " + std::to_string(by) + " " + verb + " (" + to_string(from) +
             ") what thread " + std::to_string(known.writer) + " writes (" +
             to_string(known.write_place) + "), and nothing orders the two");
    }
}

void races::note_write(thread_id by, shadow& known, const char* verb, place from)
{
    check_after_write(by, known, verb, from);
    const auto& clock = memory_.known_to(by).clock;
    for (thread_id other = 0; other < max_threads; ++other) {
        if (known.reads[other] > clock[other]) {
            fail("data race: thread " + std::to_string(by) + " " + verb + " (" + to_string(from) +
                 ") what thread " + std::to_string(other) + " reads (" +
                 to_string(known.read_places[other]) + "), and nothing orders the two");
        }
    }
    known.writer = by;
    known.written = clock[by];
    known.write_place = from;
}

void races::begin(thread_id by, const void* object, bool with_value, place from)
{
    shadow& known = of(object);
    if (known.now != state::absent) {
        check_after_write(by, known, "constructs an object over", from);
        fail("an object is constructed over one that is alive (" + to_string(from) + ")");
    }
    note_write(by, known, "constructs", from);
    known.now = with_value ? state::full : state::empty;
    ++alive_;
}

void races::read(thread_id by, const void* object, place from)
{
    shadow& known = existing(object, "read", from);
    check_after_write(by, known, "reads", from);
    if (known.now != state::full) {
        fail(std::string("a value is read that ") +
             (known.now == state::moved ? "was moved away (" : "was never written (") +
             to_string(from) + ")");
    }
    known.reads[by] = memory_.known_to(by).clock[by];
    known.read_places[by] = from;
}

void races::write(thread_id by, const void* object, place from)
{
    shadow& known = existing(object, "written", from);
    note_write(by, known, "writes", from);
    known.now = state::full;
}

void races::move_from(thread_id by, const void* object, place from)
{
    read(by, object, from);
    shadow& known = of(object);
    note_write(by, known, "moves from", from);
    known.now = state::moved;
}

void races::end(thread_id by, const void* object, place from)
{
    shadow& known = existing(object, "destroyed", from);
    note_write(by, known, "destroys", from);
    known.now = state::absent;
    --alive_;
}

} // namespace gregor::model
