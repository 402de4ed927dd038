// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/random.hpp"
#include "support/scratch_directory.hpp"
#include "support/statuses.hpp"

#if GREGOR_FILES

// Records that do not lie in the log as they do in memory: values, keys and headers by serde<T>.

using gregor::errc;
using gregor::offset_t;
using gregor::partition_id;
using gregor::poll_status;
using gregor::send_status;
using gregor::storage::mmap_log;
using support::log_with_blobs_in;
using support::scratch_directory;

namespace {

/// Neither trivially copyable, nor copyable at all.
struct job {
    std::unique_ptr<std::string> text;
    std::uint64_t weight = 0;
};

} // namespace

template <>
struct gregor::serde<job> {
    static constexpr std::string_view name = "job";

    static std::size_t size(const job& j) noexcept { return 8 + (j.text ? j.text->size() : 0); }
    static void write(const job& j, std::byte* to) noexcept
    {
        std::memcpy(to, &j.weight, 8);
        if (j.text) {
            std::memcpy(to + 8, j.text->data(), j.text->size());
        }
    }
    static job read(std::span<const std::byte> from)
    {
        job j;
        std::memcpy(&j.weight, from.data(), 8);
        j.text = std::make_unique<std::string>(reinterpret_cast<const char*>(from.data()) + 8,
                                               from.size() - 8);
        return j;
    }
};

namespace {

constexpr partition_id zero{0};
constexpr std::size_t segment = 512;
constexpr std::size_t chunk = 16384;

using text_topic = gregor::topic<std::string, mmap_log>;

/// Some are empty, most are short, few nearly fill a chunk.
[[nodiscard]] std::string text_of(std::uint64_t n)
{
    const std::size_t length = n % 7 == 0     ? 0
                               : n % 97 == 13 ? 9000
                                              : static_cast<std::size_t>(n * 37 % 150);
    std::string text(length, static_cast<char>('a' + n % 26));
    const std::string number = std::to_string(n);
    std::memcpy(text.data(), number.data(), std::min(number.size(), length));
    return text;
}

template <class Topic>
void send(Topic& topic, std::uint64_t from, std::uint64_t to)
{
    gregor::producer out{topic};
    for (; from != to; ++from) {
        REQUIRE(out.send(text_of(from)));
    }
}

/// What is read without a group, as far as it goes; each text is that of its offset.
template <class Topic>
std::uint64_t read(Topic& topic, poll_status* why = nullptr)
{
    gregor::consumer in{topic};
    in.assign_all();
    std::uint64_t count = 0;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            if (why != nullptr) {
                *why = batch.status();
            }
            return count;
        }
        for (const auto& record : batch) {
            REQUIRE(record.value() == text_of(record.offset()));
            ++count;
        }
    }
}

[[nodiscard]] std::vector<std::string> files_of(const scratch_directory& folder,
                                                std::string_view ending)
{
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator{folder / "texts/0"}) {
        if (entry.path().string().ends_with(ending)) {
            found.push_back(entry.path().string());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace

TEST_CASE("texts are viewed where they lie in the log, in this life and the next",
          "[durable][encoded]")
{
    const scratch_directory folder;
    for (std::uint64_t life = 0; life != 4; ++life) {
        text_topic topic{"texts", log_with_blobs_in(folder)};
        REQUIRE(topic.end_offset(zero) == life * 700);
        CHECK(read(topic) == life * 700);
        send(topic, life * 700, life * 700 + 700);
        CHECK(read(topic) == life * 700 + 700);
    }
    text_topic topic{"texts", log_with_blobs_in(folder)};
    gregor::consumer in{topic};
    in.assign_all();
    const auto batch = in.try_poll();
    static_assert(std::is_same_v<decltype(batch[1].value()), std::string_view>);
    static_assert(std::is_same_v<decltype(batch[1].copy()), std::string>);
    CHECK(batch[1].value().data() == batch[1].value().data()); // no copy
    CHECK(batch[1].copy() == text_of(1));
}

TEST_CASE("keys and headers go by serde, too, and so does what is not given", "[durable][encoded]")
{
    using dressed = gregor::topic<std::string, mmap_log, gregor::key<std::string>, gregor::headers,
                                  gregor::timestamps>;
    const scratch_directory folder;
    const gregor::timestamp_t noon{std::chrono::hours{12}};
    {
        dressed topic{"texts", log_with_blobs_in(folder)};
        gregor::producer out{topic};
        REQUIRE(out.send("plain"));
        REQUIRE(out.send(
            "dressed",
            {.key = "me", .timestamp = noon, .headers = {{"a", "1"}, {"", ""}, {"a", "2"}}}));
        REQUIRE(out.send("", {.key = ""}));
    }
    dressed topic{"texts", log_with_blobs_in(folder)};
    gregor::consumer in{topic};
    in.assign_all();
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    CHECK(batch[0].value() == "plain");
    CHECK_FALSE(batch[0].key().has_value());
    CHECK(batch[0].headers().empty());
    CHECK(batch[0].timestamp() > noon);
    CHECK(batch[1].value() == "dressed");
    CHECK(batch[1].key() == "me");
    CHECK(batch[1].timestamp() == noon);
    const gregor::header_list wanted{{"a", "1"}, {"", ""}, {"a", "2"}};
    CHECK(batch[1].headers() == wanted);
    CHECK(batch[2].value().empty());
    CHECK(batch[2].key() == "");
}

TEST_CASE("values that lie in their slots do so beside a key that does not", "[durable][encoded]")
{
    using keyed = gregor::topic<std::uint64_t, mmap_log, gregor::key<std::string>>;
    const scratch_directory folder;
    {
        keyed topic{"texts", log_with_blobs_in(folder)};
        gregor::producer out{topic};
        for (std::uint64_t n = 0; n != 100; ++n) {
            REQUIRE(out.send(n, {.key = std::to_string(n)}));
        }
    }
    keyed topic{"texts", log_with_blobs_in(folder)};
    gregor::consumer in{topic};
    in.assign_all();
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 100);
    static_assert(std::is_same_v<decltype(batch[0].value()), const std::uint64_t&>);
    CHECK(batch[42].value() == 42);
    CHECK(batch[42].key() == "42");
}

TEST_CASE("vectors are viewed at their alignment", "[durable][encoded]")
{
    struct alignas(32) wide {
        std::array<double, 4> all;
    };
    using topic_type = gregor::topic<std::vector<wide>, mmap_log, gregor::key<std::string>>;
    const scratch_directory folder;
    topic_type topic{"texts", log_with_blobs_in(folder)};
    gregor::producer out{topic};
    for (std::size_t n = 0; n != 300; ++n) {
        REQUIRE(out.send(std::vector<wide>(n % 5, wide{{1.0 * static_cast<double>(n), 2, 3, 4}}),
                         {.key = std::string(n % 3, 'k')}));
    }
    gregor::consumer in{topic};
    in.assign_all();
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 300);
    for (std::size_t n = 0; n != 300; ++n) {
        const std::span<const wide> value = batch[n].value();
        REQUIRE(value.size() == n % 5);
        REQUIRE(reinterpret_cast<std::uintptr_t>(value.data()) % 32 == 0);
        REQUIRE((value.empty() || value[0].all[0] == static_cast<double>(n)));
        REQUIRE(batch[n].key() == std::string(n % 3, 'k'));
    }
}

TEST_CASE("a type of one's own is read as its serde says", "[durable][encoded]")
{
    const scratch_directory folder;
    {
        gregor::topic<job, mmap_log> topic{"texts", log_with_blobs_in(folder)};
        gregor::producer out{topic};
        REQUIRE(out.send(job{std::make_unique<std::string>("wash"), 3}));
        std::vector<job> more;
        more.push_back({nullptr, 1});
        more.push_back({std::make_unique<std::string>("dry"), 2});
        REQUIRE(out.send_batch(more).count == 2);
        CHECK(*more[1].text == "dry"); // written, not moved
    }
    gregor::topic<job, mmap_log> topic{"texts", log_with_blobs_in(folder)};
    gregor::consumer in{topic};
    in.assign_all();
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 3);
    const job first = batch[0].value();
    CHECK(*first.text == "wash");
    CHECK(first.weight == 3);
    CHECK(batch[1].value().text->empty());
    CHECK(batch[2].copy().weight == 2);
}

TEST_CASE("what is longer than a chunk is refused, untouched, and stops a batch",
          "[durable][encoded]")
{
    const scratch_directory folder;
    text_topic topic{"texts", log_with_blobs_in(folder)};
    gregor::producer out{topic};
    std::string most(chunk, 'm');
    std::string more(chunk + 1, 'n');
    CHECK(out.send(more).status() == send_status::too_large);
    CHECK(out.send(std::move(more)).status() == send_status::too_large);
    CHECK(more.size() == chunk + 1);
    CHECK(topic.end_offset(zero) == 0);
    CHECK(out.send(most).offset() == 0);
    const std::vector<std::string> batch{"a", most, more, "b"};
    const auto sent = out.send_batch(batch);
    CHECK(sent.count == 2);
    CHECK(sent.status == send_status::too_large);
    CHECK(out.send("c"));
    gregor::consumer in{topic};
    in.assign_all();
    std::vector<std::string> found;
    for (bool going = true; going;) {
        const auto polled = in.try_poll();
        going = !polled.empty();
        for (const auto& record : polled) {
            found.emplace_back(record.value());
        }
    }
    CHECK(found == std::vector<std::string>{most, "a", most, "c"});
}

TEST_CASE("several producers have their texts in one log", "[durable][encoded]")
{
    const scratch_directory folder;
    {
        text_topic topic{"texts", log_with_blobs_in(folder)};
        gregor::producer one{topic};
        gregor::producer two{topic};
        std::vector<std::string> batch;
        for (std::uint64_t n = 0; n != 3000;) {
            REQUIRE(one.send(text_of(n++)));
            batch.clear();
            while (n % 10 != 0) {
                batch.push_back(text_of(n++));
            }
            REQUIRE(two.send_batch(batch).count == batch.size());
        }
        CHECK(read(topic) == 3000);
    }
    text_topic topic{"texts", log_with_blobs_in(folder)};
    CHECK(read(topic) == 3000);
}

TEST_CASE("chunks go with the segments that speak of them", "[durable][encoded]")
{
    const scratch_directory folder;
    auto options = log_with_blobs_in(folder);
    options.log.retention_bytes = std::uint64_t{1} << 20U;
    std::uint64_t begin = 0;
    {
        text_topic topic{"texts", options};
        send(topic, 0, 20'000); // of 3.5 MB
        begin = topic.begin_offset(zero);
        CHECK(begin > 10'000);
        CHECK(read(topic) == 20'000 - begin);
        std::uintmax_t bytes = 0;
        for (const auto& each : files_of(folder, "")) {
            bytes += std::filesystem::file_size(each);
        }
        CHECK(bytes < (std::uint64_t{1} << 20U) + 4 * chunk);
    }
    text_topic topic{"texts", options};
    CHECK(topic.begin_offset(zero) == begin);
    CHECK(read(topic) == 20'000 - begin);
    send(topic, 20'000, 21'000);
    CHECK(read(topic) == 21'000 - topic.begin_offset(zero));
}

TEST_CASE("a log keeps a segment whatever lies in its blobs, and its readers the next",
          "[durable][encoded]")
{
    using rejecting = gregor::topic<std::string, mmap_log, gregor::overflow::reject>;
    const scratch_directory folder;
    auto options = log_with_blobs_in(folder);
    options.log.retention_bytes = 2 * (segment * 40 + chunk);
    rejecting topic{"texts", options};
    gregor::consumer in{topic, "readers"};
    gregor::producer out{topic};
    const std::string large(chunk / 2, 'x');
    std::uint64_t sent = 0;
    while (out.send(large)) {
        REQUIRE(++sent < 4 * segment);
    }
    CHECK(sent > segment); // one that is full is waited for, one that is not is not
    CHECK(out.send(large).status() == send_status::full);
    std::uint64_t count = 0;
    for (bool more = true; more;) {
        const auto batch = in.try_poll();
        more = !batch.empty();
        count += batch.size();
    }
    in.commit();
    CHECK(count == sent);
    CHECK(out.send(large));
    CHECK(topic.begin_offset(zero) != 0);
}

TEST_CASE("a log without room for more blobs says so", "[durable][encoded]")
{
    const scratch_directory folder;
    auto options = log_with_blobs_in(folder);
    options.log.most_bytes = std::uint64_t{1} << 18U;
    text_topic topic{"texts", options};
    gregor::producer out{topic};
    std::uint64_t sent = 0;
    while (out.send(text_of(sent))) {
        ++sent;
    }
    const std::string longest(chunk, 'x');
    CHECK(out.send(longest).status() == send_status::failed);
    REQUIRE(topic.failure(zero));
    CHECK(topic.failure(zero)->code() == errc::log_full);
    const std::vector<std::string> batch{text_of(sent).substr(0, 0), longest};
    CHECK(out.send_batch(batch).count == 1); // the empty one takes none
    CHECK(topic.end_offset(zero) == sent + 1);
}

TEST_CASE("a damaged blob is told where it stands, at the opening or at the poll",
          "[durable][encoded]")
{
    const bool sealed = GENERATE(false, true);
    const scratch_directory folder;
    const std::uint64_t count = sealed ? 2 * segment : 300;
    {
        text_topic topic{"texts", log_with_blobs_in(folder)};
        send(topic, 0, count);
    }
    const std::string file = files_of(folder, ".blobs").front();
    const std::string whole = support::bytes_of(file);
    const std::uint64_t at = whole.find(text_of(100).substr(0, 3), 4096);
    REQUIRE(at != std::string::npos);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    SECTION("of one byte")
    {
        support::put_bytes(file, damaged);
    }
    SECTION("of the header, which means nothing")
    {
        damaged = whole;
        damaged[5] = 'x';
        support::put_bytes(file, damaged);
        text_topic topic{"texts", log_with_blobs_in(folder)};
        CHECK(read(topic) == count);
        return;
    }
    SECTION("by the end of the file")
    {
        support::put_bytes(file, whole.substr(0, at));
    }
    SECTION("of all of it")
    {
        std::filesystem::remove(file);
    }
    auto opened = text_topic::create("texts", log_with_blobs_in(folder));
    if (!sealed) {
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().code() == errc::corrupt);
        support::put_bytes(file, whole); // nothing was changed
        text_topic topic{"texts", log_with_blobs_in(folder)};
        CHECK(read(topic) == count);
        return;
    }
    REQUIRE(opened.has_value());
    poll_status why = poll_status::records;
    CHECK(read(*opened, &why) <= 100);
    CHECK(why == poll_status::corrupt);
}

TEST_CASE("a log of another length of chunks, or without, is another one", "[durable][encoded]")
{
    const scratch_directory folder;
    {
        text_topic topic{"texts", log_with_blobs_in(folder)};
        send(topic, 0, 10);
    }
    auto options = log_with_blobs_in(folder);
    options.log.blob_chunk_bytes = 2 * chunk;
    auto opened = text_topic::create("texts", options);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code() == errc::wrong_format);
    options.log.blob_chunk_bytes = 5000;
    auto impossible = text_topic::create("texts", options);
    REQUIRE_FALSE(impossible.has_value());
    CHECK(impossible.error().code() == errc::invalid_option);
    auto numbers =
        gregor::topic<std::uint64_t, mmap_log>::create("texts", log_with_blobs_in(folder));
    REQUIRE_FALSE(numbers.has_value());
    CHECK(numbers.error().code() == errc::wrong_format);
    auto vectors =
        gregor::topic<std::vector<char>, mmap_log>::create("texts", log_with_blobs_in(folder));
    REQUIRE_FALSE(vectors.has_value());
    CHECK(vectors.error().code() == errc::wrong_format);
}

TEST_CASE("blobs are there where records are durable", "[durable][encoded]")
{
    const scratch_directory folder;
    auto options = log_with_blobs_in(folder);
    options.log.flush = gregor::flush_policy::each;
    text_topic topic{"texts", options};
    send(topic, 0, 600);
    CHECK(topic.durable_offset(zero) == 600);
}

#endif
