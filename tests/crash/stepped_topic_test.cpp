// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <algorithm>
#    include <array>
#    include <cstdint>
#    include <cstdio>
#    include <cstring>
#    include <memory>
#    include <set>
#    include <span>
#    include <string>
#    include <string_view>
#    include <type_traits>
#    include <utility>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/simulated_files.hpp"
#    include "support/stepped_process.hpp"
#    include "support/storage_by.hpp"
#    include "support/watched_folder.hpp"

// A process that sends to a topic on disk, while it goes on to a new segment, opens chunks for
// blobs, and makes lasting what it sent, is stopped before each of its instructions; and what would
// be there if it ended there is looked at, as the next process finds it in the same boot, and after
// a power loss, or a start of the system before which everything was written.

namespace disk = gregor::disk;

using gregor::flush_policy;
using gregor::offset_t;
using gregor::partition_id;
using support::segment;
using support::simulated_files;
using support::trade;

namespace {

constexpr partition_id zero{0};

/// What is sent at this offset. Of the texts, in each segment, one takes most of a chunk, so that
/// another one, soon after it, begins the next.
template <class Value>
Value record_of(offset_t n)
{
    if constexpr (std::is_same_v<Value, trade>) {
        return trade::number(n);
    } else {
        const std::size_t length = n % segment == segment - 11  ? 3100
                                   : n % segment == segment - 4 ? 1000
                                                                : n * 37 % 60;
        return std::string(length, static_cast<char>('a' + n % 26)) + std::to_string(n);
    }
}

constexpr std::size_t in_claim = 3;

/// What the process says of the records it sends.
struct account {
    volatile offset_t acknowledged = 0; ///< all below it were, but for those of an open claim
    volatile offset_t open = 0;         ///< where such a claim begins; 0: there is none
    volatile offset_t claimed = 0;      ///< nothing was written from here on
    volatile offset_t given_up = 0;     ///< a slot, and one in each segment after that; 0: none
    volatile offset_t durable = 0;
    volatile offset_t begin = 0; ///< where the log begins
    volatile bool more = false;  ///< it is to go on for another round

    /// So long a run there is whatever is missing of the claim.
    [[nodiscard]] offset_t in_a_run() const
    {
        const offset_t from = open;
        return from != 0 ? from : acknowledged;
    }
    [[nodiscard]] bool is_open(offset_t at) const
    {
        const offset_t from = open;
        return from != 0 && at >= from && at < from + in_claim;
    }
    [[nodiscard]] bool is_given_up(offset_t at) const
    {
        const offset_t from = given_up;
        return from != 0 && at >= from && (at - from) % segment == 0;
    }
};

struct way {
    const char* name;
    bool second; ///< producer, too
    flush_policy flush;
    bool again; ///< the next segment is made of the oldest one
};

template <class Value>
gregor::topic_options options_of(const std::string& path, const way& how)
{
    gregor::topic_options options;
    options.log.directory = path;
    options.log.segment_records = segment;
    options.log.blob_chunk_bytes = 4096;
    options.log.flush = how.flush;
    if (how.again) { // two of them, with their blobs
        options.log.retention_bytes = std::is_same_v<Value, trade> ? 2 * segment * 32 : 160'000;
    }
    return options;
}

/// What the child does.
template <class Topic>
class sender {
public:
    using value_type = typename Topic::value_type;

    sender(const std::string& path, const way& how, account& says)
        : how_(how), says_(says), topic_("trades", options_of<value_type>(path, how)),
          first_(topic_)
    {
    }

    void live(support::stepped_process::wish& wish)
    {
        offset_t enters = (how_.again ? 3 : 1) * segment;
        do {
            while (next() != enters - 10) {
                must(static_cast<bool>(first_.send(record_of<value_type>(next()))));
            }
            for (std::size_t i = 0; i != records_.size(); ++i) {
                records_[i] = record_of<value_type>(next() + i);
            }
            first_record_ = next();
            must(!topic_.flush());
            tell();
            wish.step();
            enter_a_segment();
            wish.run();
            enters += segment;
        } while (says_.more);
    }

private:
    using producer = gregor::producer<Topic>;

    /// One after the other, many at a time, and in each other's way.
    void enter_a_segment()
    {
        send(first_);
        if constexpr (Topic::policies::producers::many) {
            if (how_.second && !second_) {
                second_ = std::make_unique<producer>(topic_);
            }
        }
        producer& other = second_ ? *second_ : first_;
        send(other);
        claim(other);
        send(first_);
        batch(other, 2);
        send(other);
        send(first_); // the first of the new one
        batch(other, 3);
        must(!topic_.flush());
        tell();
        send(first_);
    }

    offset_t next() const { return topic_.end_offset(zero); }
    /// Made before it is stepped: how, is of no interest.
    const value_type& record(offset_t at) const
    {
        return records_[static_cast<std::size_t>(at - first_record_)];
    }
    static void must(bool so)
    {
        if (!so) {
            ::_exit(2);
        }
    }

    void send(producer& out)
    {
        const offset_t at = next();
        says_.claimed = at + 1;
        const auto sent = out.send(record(at));
        must(sent && sent.offset() == at);
        tell();
    }
    void batch(producer& out, std::size_t count)
    {
        const offset_t at = next();
        says_.claimed = at + count;
        must(out.send_batch(std::span{&record(at), count}).count == count);
        tell();
    }
    /// Four records; where they can be claimed, the other producer's is sent while a claim is open.
    void claim(producer& out)
    {
        if constexpr (Topic::encoded) {
            batch(out, in_claim + 1);
        } else {
            const offset_t at = next();
            says_.claimed = at + in_claim;
            says_.open = at;
            auto claim = out.claim(in_claim);
            must(static_cast<bool>(claim));
            claim.emplace(record(at));
            // who waits until it lasts would wait for the claim
            const bool between = second_ && how_.flush == flush_policy::none;
            if (between) {
                send(first_);
            }
            claim.emplace(record(at + 1));
            if (second_ && says_.given_up == 0) { // who is alone gives back what he has not built
                says_.given_up = at + 2;
            }
            must(static_cast<bool>(claim.publish()));
            says_.open = 0;
            tell();
            if (!between) {
                send(first_);
            }
        }
    }
    void tell()
    {
        says_.begin = topic_.begin_offset(zero);
        says_.acknowledged = next();
        says_.claimed = next();
        says_.durable = topic_.durable_offset(zero);
    }

    const way& how_;
    account& says_;
    Topic topic_;
    producer first_;
    std::unique_ptr<producer> second_;
    std::array<value_type, 20> records_{};
    offset_t first_record_ = 0;
};

/// What is found wrong, with where.
std::string at(const char* what, offset_t where)
{
    return std::string{what} + " at " + std::to_string(where);
}

/// What is there for who opens the log in the same boot: empty, or what is wrong. What was `seen`
/// once, stays.
template <class Value>
std::string look_in_same_boot(const std::string& path, const way& how, const account& says,
                              std::set<offset_t>& seen)
{
    using log_topic = gregor::topic<Value, support::storage_by<support::copied_files>>;
    auto topic = log_topic::create("trades", options_of<Value>(path, how));
    if (!topic) {
        return topic.error().what();
    }
    const offset_t begin = topic->begin_offset(zero);
    const offset_t end = topic->end_offset(zero);
    if (end < says.acknowledged || end > says.claimed) {
        return at("it ends", end);
    }
    if (begin != says.begin && !(how.again && begin == says.begin + segment)) {
        return at("it begins", begin);
    }
    std::set<offset_t> there;
    gregor::consumer<log_topic> in{*topic};
    in.assign({zero});
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            break;
        }
        for (const auto& record : batch) {
            if (record.value() != record_of<Value>(record.offset())) {
                return at("not what was sent", record.offset());
            }
            there.insert(record.offset());
        }
    }
    for (offset_t n = begin; n != end; ++n) {
        const bool is = there.count(n) != 0;
        if (is ? says.is_given_up(n)
               : seen.count(n) != 0 ||
                     (n < says.acknowledged && !says.is_open(n) && !says.is_given_up(n))) {
            return at(is ? "what was given up" : "a record is missing", n);
        }
    }
    seen = std::move(there);
    gregor::producer out{*topic};
    const auto sent = out.send(record_of<Value>(end));
    return sent && sent.offset() == end ? "" : at("the next record is not", end);
}

/// A partition of records on a simulated disk.
template <class Value>
class another_boot {
public:
    another_boot(support::simulated_disk& on, const disk::segment_format& format,
                 const account& says)
        : format_(format), says_(says)
    {
        simulated_files::disk = &on;
        for (const auto& [name, file] : on.names) {
            if (const auto base = disk::base_in(name)) {
                look_at(*base);
            }
        }
    }

    /// What is there for who opens the log: empty, or what is wrong. It ends at `least` or behind.
    [[nodiscard]] std::string look(const way& how, offset_t least)
    {
        auto log = disk::recover(in_, format_);
        if (!log) {
            return log.error().what();
        }
        const auto& report = log->report;
        if (report.begin != says_.begin && !(how.again && report.begin == says_.begin + segment)) {
            return at("after a reboot, it begins", report.begin);
        }
        const auto hole = std::find(whole_.begin(), whole_.end(), false);
        const auto run = static_cast<offset_t>(hole - whole_.begin());
        const auto behind = std::count(hole, whole_.end(), true);
        if (!wrong_.empty() || report.end < least || report.end != report.begin + run) {
            return !wrong_.empty() ? wrong_ : at("after a reboot, it ends", report.end);
        }
        if (report.set_aside != static_cast<std::uint64_t>(behind)) {
            return at("not all was set aside that was", report.end);
        }
        auto once_more = disk::recover(in_, format_);
        return once_more && once_more->report.end == report.end && once_more->report.set_aside == 0
                   ? ""
                   : at("what was behind the end came back", report.end);
    }

private:
    void look_at(offset_t base)
    {
        auto opened = disk::segment<simulated_files>::open(in_, format_, base);
        REQUIRE(opened.has_value());
        std::vector<unsigned char> slot(static_cast<std::size_t>(format_.slot_bytes()));
        for (offset_t n = base; n != opened->end(); ++n) {
            static_cast<void>(opened->read(n, 1, slot.data()).ok());
            const auto state = disk::look_at_slot(disk::salted(opened->salt()), n,
                                                  opened->recycled(), slot.data(), slot.size());
            const unsigned char* const payload = slot.data() + format_.payload_at();
            bool whole = state == disk::slot_state::skipped;
            if (state == disk::slot_state::record) {
                whole = reach(*opened, payload);
                if (whole && (says_.is_given_up(n) || !holds(payload, record_of<Value>(n)))) {
                    wrong_ = at("another record", n);
                }
            } else if (whole && !says_.is_given_up(n)) {
                wrong_ = at("a record was given up", n);
            }
            whole_.push_back(whole);
        }
    }
    /// All of the record is there.
    [[nodiscard]] bool reach(const disk::segment<simulated_files>& in, const unsigned char* payload)
    {
        bool whole = true;
        if (format_.has_blobs()) {
            const disk::blob_ref ref = disk::blob_of(payload, 0);
            whole = blobs_.read(ref, whole).ok() && whole && ref.position >= in.blobs_from();
        }
        return whole;
    }
    [[nodiscard]] static bool holds(const unsigned char* payload, const trade& what)
    {
        return std::memcmp(payload, &what, sizeof what) == 0;
    }
    [[nodiscard]] bool holds(const unsigned char* payload, const std::string& what) const
    {
        std::uint32_t bytes = 0;
        std::memcpy(&bytes, payload + sizeof(disk::blob_ref), sizeof bytes);
        return bytes == what.size() && std::memcmp(blobs_.bytes(), what.data(), bytes) == 0;
    }

    const disk::segment_format& format_;
    const account& says_;
    const disk::directory<simulated_files> in_ = *disk::directory<simulated_files>::open("disk");
    disk::blob_reader<simulated_files> blobs_{in_, format_.blob_chunk_bytes};
    std::vector<bool> whole_; ///< from the beginning of the log on
    std::string wrong_;
};

/// What a process leaves at each point, and whether it is right.
template <class Value>
class looker {
public:
    looker(const std::string& path, const way& how, const account& says,
           const support::told_calls& told, support::dice& dice)
        : how_(how), says_(says), dice_(dice), watch_(path, told)
    {
        for (const auto& [name, inode] : watch_.names()) {
            if (disk::base_in(name)) {
                disk::header_block header{};
                std::memcpy(&header, watch_.bytes_of(name).data(), sizeof header);
                format_ = disk::format_in(header).value();
            }
        }
    }

    /// It comes to be stepped, after it has run.
    void begin() { watch_.begin(); }

    /// Where nothing is another thing than when this was asked last, nothing is to be said.
    [[nodiscard]] std::string look()
    {
        const claims now{says_.acknowledged, says_.open, says_.durable, says_.begin};
        if (!watch_.changed() && images != 0 && now == told_) {
            return {};
        }
        ++images;
        told_ = now;
        for (const auto& [name, inode] : watch_.names()) {
            came_.insert(name);
        }
        watch_.copy_to(copy_ / "trades/0");
        std::string wrong = look_in_same_boot<Value>(copy_.path(), how_, says_, seen_);
        for (int losses = 0; losses != 3 && wrong.empty(); ++losses) {
            const bool written = losses == 0;
            auto disk = watch_.disk(dice_.below(~std::uint64_t{0}), written);
            disk.lose_power();
            wrong = another_boot<Value>{disk, format_, says_}.look(how_, written ? says_.in_a_run()
                                                                                 : now[2]);
        }
        return wrong;
    }

    /// How many files of this ending there were.
    [[nodiscard]] auto files(std::string_view ending) const
    {
        return std::count_if(came_.begin(), came_.end(),
                             [ending](const std::string& name) { return name.ends_with(ending); });
    }

    std::uint64_t images = 0;

private:
    using claims = std::array<offset_t, 4>;

    const way& how_;
    const account& says_;
    support::dice& dice_;
    support::watched_folder watch_;
    const support::scratch_directory copy_;
    disk::segment_format format_;
    std::set<offset_t> seen_;
    std::set<std::string> came_;
    claims told_{};
};

template <class Value, class Producers>
void step(const way& how, support::dice& dice)
{
    using topic = gregor::topic<Value, Producers, support::storage_by<support::telling_files>>;
    const support::scratch_directory folder;
    const support::shared_with_child<account> says;
    const support::shared_with_child<support::told_calls> told;
    support::stepped_process child{[&](support::stepped_process::wish& wish) {
        support::telling_files::to = &*told;
        sender<topic>{folder.path(), how, *says}.live(wish);
    }};
    if (!child.possible()) {
        return;
    }
    INFO(how.name);
    REQUIRE(child.is_there());
    looker<Value> its{folder / "trades/0", how, *says, *told, dice};
    std::string wrong = its.look();
    const auto segments = its.files(disk::segment_ending);
    const auto chunks = its.files(disk::blobs_ending);
    std::uint64_t points = 0;
    for (; wrong.empty() && child.next(); wrong = its.look()) {
        if (std::exchange(points, child.points()) == child.points()) {
            its.begin(); // it has run
        }
        says->more = points < support::wanted_points();
    }
    INFO("after " << points << " instructions: " << wrong);
    REQUIRE(wrong.empty());
    REQUIRE(child.trouble().empty());
    CHECK(its.files(disk::segment_ending) > segments);
    CHECK((its.files(disk::blobs_ending) > chunks) == topic::encoded);
    std::printf("crash: %s, stepped, %llu images: %llu points\n", how.name,
                static_cast<unsigned long long>(its.images),
                static_cast<unsigned long long>(child.points()));
}

} // namespace

TEST_CASE("whoever is killed at whatever instruction, as he sends or enters a segment, loses "
          "nothing",
          "[crash]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    using namespace gregor::producers;
    step<trade, single>({"one producer", false, flush_policy::none, false}, dice);
    step<trade, multi>({"two producers", true, flush_policy::none, false}, dice);
    step<trade, multi>({"two, each record lasting", true, flush_policy::each, false}, dice);
    step<std::string, single>({"one of texts", false, flush_policy::none, false}, dice);
    step<std::string, multi>(
        {"two of texts, each lasting, a segment used again", true, flush_policy::each, true}, dice);
}

#endif
