// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/run.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/handling.hpp"
#include "support/reading.hpp"
#include "support/scratch_directory.hpp"

#if GREGOR_FILES && GREGOR_STOP_TOKEN

// What consumers do with records that do not lie in the log as they do in memory.

using gregor::partition_id;
using gregor::poll_status;
using gregor::storage::mmap_log;
using support::eventually;
using support::scratch_directory;

namespace {

constexpr partition_id zero{0};
using texts = gregor::topic<std::string, mmap_log>;

[[nodiscard]] gregor::topic_options log_in(const scratch_directory& folder)
{
    gregor::topic_options options;
    options.log.directory = folder.path();
    options.log.segment_records = 512;
    options.log.blob_chunk_bytes = 16384;
    return options;
}

/// A name in which capital letters mean nothing: its bytes as a key say so, its text does not.
struct name {
    std::string text;
};

} // namespace

template <>
struct gregor::serde<name> {
    static constexpr std::string_view name = "a name";
    using type = ::name;

    static std::size_t size(const type& n) noexcept { return n.text.size(); }
    static void write(const type& n, std::byte* to) noexcept
    {
        serde<std::string>::write(n.text, to);
    }
    static std::string_view view(std::span<const std::byte> from) noexcept
    {
        return serde<std::string>::view(from);
    }
    static type read(std::span<const std::byte> from) { return {serde<std::string>::read(from)}; }
};

template <>
struct gregor::key_bytes<name> {
    static std::array<std::byte, 1> of(const name& n)
    {
        const char c = n.text.empty() ? '\0' : n.text.front();
        return {static_cast<std::byte>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c)};
    }
};

TEST_CASE("whatever a text is made from can be sent where it is kept by serde",
          "[durable][encoded]")
{
    const scratch_directory folder;
    texts topic{"texts", log_in(folder)};
    gregor::producer out{topic};
    const std::string mine = "mine";
    const std::vector<const char*> words{"c", "d"};
    REQUIRE(out.send("a literal"));
    REQUIRE(out.send(std::string_view{"a view"}));
    REQUIRE(out.send(mine));
    REQUIRE(out.send(std::string{"moved"}));
    REQUIRE(out.send({'a', 'b'}));
    REQUIRE(out.emplace(std::size_t{3}, 'x'));
    CHECK(out.send_batch(words).count == 2);
    CHECK(mine == "mine");
    gregor::consumer in{topic, "readers"};
    CHECK(support::read_values(in) ==
          std::vector<std::string>{"a literal", "a view", "mine", "moved", "ab", "xxx", "c", "d"});
}

TEST_CASE("a group reads texts on in its next life", "[durable][encoded]")
{
    const scratch_directory folder;
    {
        texts topic{"texts", log_in(folder)};
        gregor::producer out{topic};
        gregor::consumer in{topic, "readers", {.max_poll_records = 2}};
        for (const char* const each : {"a", "b", "c", "d"}) {
            REQUIRE(out.send(each));
        }
        const auto batch = in.try_poll();
        REQUIRE(batch.size() == 2);
        in.commit(batch.back());
    }
    texts topic{"texts", log_in(folder)};
    gregor::consumer in{topic, "readers"};
    CHECK(support::read_values(in) == std::vector<std::string>{"c", "d"});
    REQUIRE(in.seek(zero, 1));
    CHECK(support::read_values(in) == std::vector<std::string>{"b", "c", "d"});
}

TEST_CASE("workers have whole records, though their blobs went long ago",
          "[durable][encoded][run][keyed]")
{
    using topic_type = gregor::topic<std::vector<double>, mmap_log, gregor::key<std::string>,
                                     gregor::headers, gregor::timestamps>;
    const scratch_directory folder;
    auto options = log_in(folder);
    options.log.retention_bytes = std::uint64_t{1} << 19U;
    topic_type topic{"texts", options};
    support::door go_on;
    std::mutex mutex;
    std::map<std::string, std::vector<double>> seen;
    int wrong = 0;
    std::atomic<int> begun = 0;
    auto work = gregor::run_keyed(
        topic, "g",
        [&](const auto& record) {
            ++begun;
            go_on.pass();
            const std::span<const double> value = record.value();
            const auto key = record.key();
            const auto headers = record.headers();
            const std::lock_guard lock{mutex};
            const bool whole =
                value.size() == 20 && key && headers.size() == 1 && headers[0].value == *key &&
                reinterpret_cast<std::uintptr_t>(value.data()) % alignof(double) == 0;
            if (whole) {
                seen[std::string{*key}].push_back(value[0]);
            } else {
                ++wrong;
            }
        },
        {.workers = 3, .window_records = 100, .consumer = {.lossy = true}});
    gregor::producer out{topic};
    const auto send = [&](int n) {
        const std::string key = std::to_string(n % 5);
        REQUIRE(out.send(std::vector<double>(20, n), {.key = key, .headers = {{"key", key}}}));
    };
    for (int n = 0; n != 50; ++n) {
        send(n);
    }
    REQUIRE(eventually([&] { return begun != 0; }));
    // so many more that what workers hold is gone from the log
    for (int n = 50; topic.begin_offset(zero) < 100; ++n) {
        send(n);
    }
    go_on.open();
    topic.close();
    work.wait();
    const std::lock_guard lock{mutex};
    CHECK(wrong == 0);
    CHECK(seen.size() == 5);
    for (const auto& [key, values] : seen) {
        CHECK(std::is_sorted(values.begin(), values.end()));
    }
}

TEST_CASE("a worker is chosen by the bytes of a key, not by what is viewed of it",
          "[durable][encoded][run][keyed]")
{
    using topic_type = gregor::topic<int, mmap_log, gregor::key<name>>;
    const scratch_directory folder;
    topic_type topic{"texts", log_in(folder)};
    gregor::producer out{topic};
    for (int n = 0; n != 26; ++n) {
        REQUIRE(out.send(n, {.key = name{std::string(1, static_cast<char>('a' + n))}}));
        REQUIRE(out.send(n, {.key = name{std::string(1, static_cast<char>('A' + n))}}));
    }
    gregor::consumer in{topic};
    in.assign_all();
    const auto batch = in.try_poll();
    REQUIRE(batch.size() == 52);
    static_assert(std::is_same_v<decltype(batch[0].key()), std::optional<std::string_view>>);
    for (std::size_t n = 0; n != 52; n += 2) {
        CHECK(gregor::worker_of(batch[n], 8) == gregor::worker_of(batch[n + 1], 8));
    }
}

TEST_CASE("a broker keeps topics of texts, and a reader of several reads them",
          "[durable][encoded]")
{
    const scratch_directory folder;
    gregor::broker all;
    const auto one = all.create<texts>("one", log_in(folder));
    const auto two = all.create<texts>("two", log_in(folder));
    REQUIRE(gregor::producer{*one}.send("first"));
    REQUIRE(gregor::producer{*two}.send("second"));
    gregor::multi_topic_consumer in{{one.get(), two.get()}, "readers"};
    std::map<std::string, std::string> found;
    while (found.size() != 2) {
        const auto batch = in.poll(support::patience);
        REQUIRE(batch.status() == poll_status::records);
        for (const auto& record : batch) {
            found.emplace(batch.topic(), record.value());
        }
    }
    CHECK(found == std::map<std::string, std::string>{{"one", "first"}, {"two", "second"}});
}

#endif
