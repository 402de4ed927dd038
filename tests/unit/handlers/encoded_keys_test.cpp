// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>
#include <gregor/run.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#if GREGOR_FILES && GREGOR_STOP_TOKEN

#    include "support/catch.hpp"
#    include "support/durable.hpp"
#    include "support/handling.hpp"
#    include "support/scratch_directory.hpp"

// Workers, and records whose keys and values lie in blobs.

using gregor::partition_id;
using gregor::storage::mmap_log;
using support::eventually;
using support::log_with_blobs_in;
using support::scratch_directory;

namespace {

constexpr partition_id zero{0};

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

TEST_CASE("workers have whole records, though their blobs went long ago", "[run][keyed][encoded]")
{
    using topic_type = gregor::topic<std::vector<double>, mmap_log, gregor::key<std::string>,
                                     gregor::headers, gregor::timestamps>;
    const scratch_directory folder;
    auto options = log_with_blobs_in(folder);
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
          "[run][keyed][encoded]")
{
    using topic_type = gregor::topic<int, mmap_log, gregor::key<name>>;
    const scratch_directory folder;
    topic_type topic{"texts", log_with_blobs_in(folder)};
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

#endif
