// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <cstdint>
#    include <deque>
#    include <utility>

#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/random.hpp"
#    include "support/telling_child.hpp"

// Processes that open a log in the same moment, one that is there or one that nobody has made yet:
// one of them has it, the others are told so, and whoever comes next finds all that was sent.

using gregor::errc;
using gregor::partition_id;
using support::trade;

namespace {

using log_topic = gregor::topic<trade, gregor::storage::mmap_log>;

constexpr partition_id zero{0};

/// What became of one of them.
struct outcome {
    enum : std::uint64_t { locked, had_it, sent_wrong, something_else } what;
    std::uint64_t end; ///< of the log, as far as it knows
};

/// All begin when nobody holds the other end of the pipe any more.
class start_signal {
public:
    start_signal() { REQUIRE(::pipe(ends_) == 0); }
    start_signal(const start_signal&) = delete;
    start_signal& operator=(const start_signal&) = delete;
    ~start_signal() { ::close(ends_[0]); }

    void give() { ::close(ends_[1]); }
    /// In a child.
    void await()
    {
        ::close(ends_[1]);
        char nothing = 0;
        static_cast<void>(::read(ends_[0], &nothing, 1));
    }

private:
    int ends_[2] = {};
};

/// A life of one who wants the log: the record at each offset is that of its number, so that two
/// who have it at once are seen.
void try_it(const support::scratch_directory& folder, int where, bool closes)
{
    auto made = log_topic::create("trades", support::log_in(folder));
    if (!made) {
        const bool fine = made.error().code() == errc::locked;
        static_cast<void>(
            support::tell(where, outcome{fine ? outcome::locked : outcome::something_else, 0}));
        ::_exit(0);
    }
    std::uint64_t next = made->end_offset(zero);
    {
        gregor::producer out{*made};
        for (int i = 0; i != 3; ++i) {
            const auto sent = out.send(trade::number(next), {.partition = zero});
            if (!sent || sent.offset() != next++) {
                static_cast<void>(support::tell(where, outcome{outcome::sent_wrong, next}));
                ::_exit(0);
            }
        }
    }
    static_cast<void>(support::tell(where, outcome{outcome::had_it, next}));
    if (closes) {
        const log_topic goes = std::move(*made);
    }
    ::_exit(0); // as if it were killed, where it has not closed
}

} // namespace

TEST_CASE("of processes that open a log at once one has it, and nothing that it sent is lost",
          "[durable][crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice chance{seed};
    constexpr int races = 200;
    constexpr int rivals = 4;
    int refused = 0;
    for (int race = 0; race != races;) {
        const support::scratch_directory folder;
        std::uint64_t end = 0;
        // the first one of a folder makes the log
        for (int of_this = 0; of_this != 4 && race != races; ++of_this, ++race) {
            start_signal start;
            std::deque<support::telling_child<outcome>> all;
            for (int i = 0; i != rivals; ++i) {
                const bool closes = chance.below(2) == 0;
                all.emplace_back([&](int where) {
                    start.await();
                    try_it(folder, where, closes);
                });
            }
            start.give();
            int had_it = 0;
            for (auto& each : all) {
                outcome came{outcome::something_else, 0};
                REQUIRE(each.hear(came));
                CAPTURE(race, came.what, came.end);
                REQUIRE((came.what == outcome::had_it || came.what == outcome::locked));
                had_it += came.what == outcome::had_it ? 1 : 0;
                refused += came.what == outcome::locked ? 1 : 0;
                end = (std::max)(end, came.end);
                REQUIRE_FALSE(each.hear(came));
                static_cast<void>(each.end()); // it ends: its lock may go after its pipe
            }
            REQUIRE(had_it != 0);
            REQUIRE(support::look_through(folder, end) == "");
            end = log_topic{"trades", support::log_in(folder)}.end_offset(zero);
            CHECK(end % 3 == 0);
        }
    }
    CHECK(refused != 0); // they do meet
}

#endif
