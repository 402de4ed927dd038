// SPDX-License-Identifier: MIT
#include <gregor/mmap_log.hpp>

#include "matrix/body.hpp"

#if GREGOR_FILES

using gregor::keyed_by;
using gregor::timestamps;
using support::plain;
namespace overflow = gregor::overflow;
namespace partitioner = gregor::partitioner;
namespace producers = gregor::producers;
namespace waits = gregor::wait;

namespace {

template <class T, class... Policies>
using topic = gregor::topic<T, gregor::storage::mmap_log, Policies...>;

template <class T>
void check_payload()
{
    const std::string name{support::payload_name<T>};
    matrix::check<topic<T>>(name);
    matrix::check<topic<T, producers::single>>(name + ", single");
    matrix::check<topic<T, gregor::key<std::uint32_t>, timestamps>>(name + ", dressed");
}

template <class Wait>
void check_wait(const std::string& name)
{
    matrix::check<topic<plain, Wait>>(name + ", multi, block");
    matrix::check<topic<plain, Wait, producers::single, overflow::reject>>(name +
                                                                           ", single, reject");
}

} // namespace

TEST_CASE("a topic on disk keeps its promises with each payload", "[matrix]")
{
    check_payload<std::uint64_t>();
    check_payload<plain>();
    check_payload<support::over_aligned>();
}

TEST_CASE("a topic on disk carries keys and timestamps, and goes by them", "[matrix]")
{
    matrix::check<topic<plain, gregor::key<std::int16_t>>>("integer key");
    matrix::check<topic<plain, keyed_by<&plain::number>, timestamps>>("derived key, timestamps");
    matrix::check<topic<plain, partitioner::round_robin>>("round robin");
    matrix::check<
        topic<plain, gregor::time_source<gregor::manual_clock>, overflow::reject, timestamps>>(
        "a clock that stands");
}

TEST_CASE("a topic on disk keeps its promises with each wait and overflow policy", "[matrix]")
{
    check_wait<waits::adaptive>("adaptive");
    check_wait<waits::spin>("spin");
    check_wait<waits::yield>("yield");
    check_wait<waits::sleep>("sleep");
}

#endif
