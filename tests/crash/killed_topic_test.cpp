// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <chrono>
#    include <cstdint>
#    include <cstdio>
#    include <cstring>
#    include <deque>
#    include <map>
#    include <string>
#    include <string_view>
#    include <thread>
#    include <utility>
#    include <vector>

#    include <unistd.h>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/payloads.hpp"
#    include "support/random.hpp"
#    include "support/telling_child.hpp"

// A process that sends to a topic on disk, by two producers and in every way there is, while a
// third thread maintains it and a fourth one reads, is killed at any moment, again and again: what
// it was told that it had sent is there, once, whole, in its producer's order, and stays where it
// was; and so is what its reader had seen.

using gregor::flush_policy;
using gregor::offset_t;
using gregor::partition_id;

namespace {

struct note {
    std::uint64_t writer; ///< which producer of which life
    std::uint64_t number;
    std::uint64_t sum;

    [[nodiscard]] static note of(std::uint64_t writer, std::uint64_t number)
    {
        return {writer, number, support::checksum(static_cast<std::uint32_t>(writer), number)};
    }
    [[nodiscard]] bool is_whole() const { return sum == of(writer, number).sum; }
};

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<note> = "note";

namespace {

using note_topic = gregor::topic<note, gregor::storage::mmap_log>;
using text_topic = gregor::topic<std::string, gregor::storage::mmap_log>;

/// How a topic's records say whose they are.
template <class Topic>
struct kind {
    static constexpr const char* name = "notes";

    static note make(std::uint64_t writer, std::uint64_t number)
    {
        return note::of(writer, number);
    }
    static note read(const note& what) { return what; }
};

/// A note, and what follows from it: mostly short, now and then of several pages.
template <>
struct kind<text_topic> {
    static constexpr const char* name = "texts";
    static constexpr std::size_t longest = 4096; ///< the shortest chunk

    static std::string make(std::uint64_t writer, std::uint64_t number)
    {
        const note what = note::of(writer, number);
        const std::size_t more = what.sum % 50 == 0   ? longest - sizeof what
                                 : what.sum % 20 == 1 ? what.sum / 50 % 3000
                                                      : what.sum / 50 % 200;
        std::string text(sizeof what + more, static_cast<char>('a' + what.sum % 26));
        std::memcpy(text.data(), &what, sizeof what);
        return text;
    }
    static note read(std::string_view text)
    {
        note what{0, 0, 1}; // not whole
        if (text.size() >= sizeof what) {
            std::memcpy(&what, text.data(), sizeof what);
        }
        return what.is_whole() && text == make(what.writer, what.number) ? what : note{0, 0, 1};
    }
};

constexpr std::uint32_t partitions = 2;

/// What is told of records once they were taken, or seen: by one write, whole or not there.
struct acknowledgement {
    std::uint64_t writer;
    std::uint64_t number; ///< of the first
    std::uint64_t count;
    std::uint64_t partition;
    offset_t from; ///< none of them stands before it
    bool exact;    ///< the first one stands there
};
constexpr std::uint64_t refused = ~std::uint64_t{0};

[[nodiscard]] gregor::topic_options options_of(const std::string& path, std::size_t chunk,
                                               support::dice& dice)
{
    using namespace std::chrono_literals;
    gregor::topic_options options{.partitions = partitions};
    options.log.directory = path;
    options.log.segment_records = support::segment;
    options.log.flush = static_cast<flush_policy>(dice.below(4));
    options.log.flush_interval = 1ms;
    options.log.flush_records = 50;
    options.log.blob_chunk_bytes = chunk;
    options.log.retention_bytes = dice.one_in(3) ? 0 : 4 * (support::segment * 40 + chunk);
    options.log.retention_age = dice.one_in(3) ? 5ms : 0ms;
    options.log.prepare_bytes = dice.one_in(2) ? 0 : 12'345;
    options.log.sync_at_opening = dice.one_in(4);
    return options;
}

/// The child.
template <class Topic>
class writer {
public:
    writer(Topic& topic, int tell, std::uint64_t life, std::uint64_t seed)
        : topic_(topic), tell_(tell), life_(life), seed_(seed)
    {
    }

    [[noreturn]] void run()
    {
        std::thread second{[&] { produce(1); }};
        std::thread third{[&] {
            for (;;) {
                topic_.maintain();
                std::this_thread::sleep_for(std::chrono::microseconds{200});
            }
        }};
        std::thread fourth{[&] { read(); }};
        produce(0);
    }

private:
    /// Tells of some of what it sees.
    [[noreturn]] void read()
    {
        gregor::consumer<Topic> in{topic_, {.lossy = true}};
        in.assign({partition_id{0}, partition_id{1}});
        for (std::uint64_t count = 0;;) {
            for (const auto& record : in.poll(std::chrono::milliseconds{1})) {
                const note what = kind<Topic>::read(record.value());
                expect(what.is_whole());
                if (++count % 16 == 0) {
                    tell({what.writer, what.number, 1, record.partition().value, record.offset(),
                          true});
                }
            }
        }
    }

    [[noreturn]] void produce(std::uint64_t which)
    {
        const std::uint64_t me = life_ * 2 + which;
        support::dice dice{seed_ + which};
        std::this_thread::sleep_for(std::chrono::microseconds{which * dice.below(2000)});
        gregor::producer out{topic_};
        for (std::uint64_t next = 0;;) {
            const partition_id to{static_cast<std::uint32_t>(dice.below(partitions))};
            const offset_t from = topic_.end_offset(to);
            switch (dice.below(4)) {
            case 0: {
                std::vector<typename Topic::value_type> some;
                for (std::uint64_t i = 0, count = 1 + dice.below(30); i != count; ++i) {
                    some.push_back(kind<Topic>::make(me, next + i));
                }
                expect(out.send_batch(some, {.partition = to}).count == some.size());
                tell({me, next, some.size(), to.value, from, false});
                next += some.size();
                break;
            }
            case 1:
                if constexpr (!Topic::encoded) {
                    claim(out, to, me, next, dice);
                    break;
                }
                [[fallthrough]];
            default: {
                const auto sent = out.send(kind<Topic>::make(me, next), {.partition = to});
                expect(static_cast<bool>(sent));
                tell({me, next, 1, to.value, sent.offset(), true});
                ++next;
            }
            }
        }
    }

    void claim(gregor::producer<Topic>& out, partition_id to, std::uint64_t me, std::uint64_t& next,
               support::dice& dice)
    {
        auto claim = out.claim(1 + dice.below(6), {.partition = to});
        expect(static_cast<bool>(claim));
        const std::uint64_t built = dice.below(claim.size() + 1);
        for (std::uint64_t i = 0; i != built; ++i) {
            claim.emplace(note::of(me, next + i));
        }
        if (built == 0 || dice.one_in(4)) {
            return; // dropped: its numbers are sent again
        }
        std::this_thread::sleep_for(std::chrono::microseconds{dice.below(50)});
        const auto sent = claim.publish();
        expect(static_cast<bool>(sent));
        tell({me, next, built, to.value, sent.offset(), true});
        next += built;
    }

    void tell(const acknowledgement& what) const { expect(support::tell(tell_, what)); }
    static void expect(bool so)
    {
        if (!so) {
            ::_exit(3);
        }
    }

    Topic& topic_;
    int tell_;
    std::uint64_t life_;
    std::uint64_t seed_;
};

template <class Topic>
[[noreturn]] void live(const std::string& path, std::size_t chunk, int tell, std::uint64_t life,
                       std::uint64_t seed)
{
    support::dice dice{seed};
    auto topic = Topic::create("topic", options_of(path, chunk, dice));
    if (!topic) {
        const acknowledgement no{refused, 0, 0, 0, 0, false};
        static_cast<void>(support::tell(tell, no));
        ::_exit(1);
    }
    writer<Topic>{*topic, tell, life, seed}.run();
}

/// What is known of one partition.
struct account {
    std::deque<acknowledgement> owed;
    std::map<offset_t, std::pair<std::uint64_t, std::uint64_t>> stood; ///< when it was last read
    offset_t end = 0;

    /// Empty, or what is wrong with what the partition holds now.
    template <class Topic>
    [[nodiscard]] std::string audit(Topic& topic, partition_id p);

private:
    void forget(offset_t below)
    {
        std::deque<acknowledgement> kept;
        for (const acknowledgement& each : owed) {
            if (each.from >= below) {
                kept.push_back(each);
            }
        }
        owed = std::move(kept);
        stood.erase(stood.begin(), stood.lower_bound(below));
    }
};

template <class Topic>
std::string account::audit(Topic& topic, partition_id p)
{
    const offset_t begin = topic.begin_offset(p);
    if (topic.end_offset(p) < end) {
        return "the end went back";
    }
    end = topic.end_offset(p);
    forget(begin);
    std::map<offset_t, std::pair<std::uint64_t, std::uint64_t>> there;
    std::map<std::uint64_t, std::uint64_t> next;
    std::map<std::pair<std::uint64_t, std::uint64_t>, offset_t> places;
    gregor::consumer<Topic> in{topic};
    in.assign({p});
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.status() != gregor::poll_status::records) {
            break;
        }
        for (const auto& record : batch) {
            const note what = kind<Topic>::read(record.value());
            const auto name = std::to_string(record.offset());
            if (!what.is_whole()) {
                return "a record that nobody sent, at " + name;
            }
            if (what.number < next[what.writer]) {
                return "a record twice, or out of order, at " + name;
            }
            next[what.writer] = what.number + 1;
            there[record.offset()] = {what.writer, what.number};
            places[{what.writer, what.number}] = record.offset();
        }
    }
    for (const auto& [at, what] : stood) {
        const auto found = there.find(at);
        if (found == there.end() || found->second != what) {
            return "what stood at " + std::to_string(at) + " does not any more";
        }
    }
    for (const acknowledgement& each : owed) {
        for (std::uint64_t i = 0; i != each.count; ++i) {
            const auto found = places.find({each.writer, each.number + i});
            if (found == places.end() || found->second < each.from ||
                (each.exact && i == 0 && found->second != each.from)) {
                return "what was acknowledged or seen is not there: from " +
                       std::to_string(each.from);
            }
        }
    }
    stood = std::move(there);
    return {};
}

template <class Topic>
void kill_again_and_again()
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    const std::size_t chunk = std::size_t{4096} << dice.below(3);
    const support::scratch_directory scratch;
    std::map<std::uint64_t, account> accounts;
    std::uint64_t acknowledged = 0;
    std::uint64_t voids = 0;
    std::string wrong;
    const int kills = support::kills(200);
    for (int life = 0; life != kills && wrong.empty(); ++life) {
        const std::uint64_t its_seed = dice.below(1U << 30U);
        support::telling_child<acknowledgement> child{[&](int tell) {
            live<Topic>(scratch.path(), chunk, tell, static_cast<std::uint64_t>(life), its_seed);
        }};
        // at once, in its recovery, or after some hundred records
        std::uint64_t left = dice.one_in(4) ? 0 : 1 + dice.below(400);
        if (left == 0) {
            child.kill_within(std::chrono::microseconds{5000}, dice);
        }
        for (acknowledgement told{}; wrong.empty() && child.hear(told, left);) {
            if (told.writer == refused) {
                wrong = "the log was refused";
            } else {
                acknowledged += told.count;
                accounts[told.partition].owed.push_back(told);
            }
        }
        wrong = wrong.empty() ? child.end() : wrong;
        if (!wrong.empty() || !dice.one_in(2)) {
            continue; // the next child goes on with what this one left
        }
        auto topic = Topic::create("topic", options_of(scratch.path(), chunk, dice));
        if (!topic) {
            wrong = topic.error().what();
            break;
        }
        for (std::uint32_t p = 0; p != partitions && wrong.empty(); ++p) {
            voids += topic->recovered(partition_id{p}).voids;
            wrong = accounts[p].audit(*topic, partition_id{p});
        }
        wrong = wrong.empty() ? wrong : wrong + ", life " + std::to_string(life);
    }
    INFO(wrong);
    CHECK(wrong.empty());
    CHECK(acknowledged > 1000);
    std::printf("crash: a topic of %s, %llu records acknowledged, %llu dead claims: %d kills\n",
                kind<Topic>::name, static_cast<unsigned long long>(acknowledged),
                static_cast<unsigned long long>(voids), kills);
}

} // namespace

TEST_CASE("a topic whose process is killed has everything that was acknowledged", "[crash]")
{
    kill_again_and_again<note_topic>();
}

TEST_CASE("a topic of texts whose process is killed has all of them, whole", "[crash]")
{
    kill_again_and_again<text_topic>();
}

#endif
