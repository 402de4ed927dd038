// SPDX-License-Identifier: MIT
// What the headers take for granted of a machine, a system and a byte order.
#include <gregor/gregor.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <thread>

#include "portable/check.hpp"

namespace {

namespace os = gregor::ring::os;

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span<const char>{text.data(), text.size()});
}

template <class K, std::size_t N>
bool has_bytes(const K& key, const std::array<unsigned, N>& expected)
{
    const auto kept = gregor::key_bytes<K>::of(key);
    const std::span<const std::byte> bytes = kept;
    if (bytes.size() != N) {
        return false;
    }
    for (std::size_t i = 0; i != N; ++i) {
        if (std::to_integer<unsigned>(bytes[i]) != expected[i]) {
            return false;
        }
    }
    return true;
}

enum class side : std::uint16_t { sell = 0xfffe };

void atomics()
{
    CHECK(std::atomic<std::uint64_t>::is_always_lock_free);
    CHECK(std::atomic<std::uint32_t>::is_always_lock_free);
    CHECK(std::atomic<void*>::is_always_lock_free);

    // halves of 32 bits that two threads see torn would differ
    struct pair {
        std::uint32_t padding = 0;
        std::atomic<std::uint64_t> word{0};
    };
    pair both;
    CHECK(reinterpret_cast<std::uintptr_t>(&both.word) % 8 == 0);
    std::atomic<bool> over{false};
    std::uint64_t torn = 0;
    std::thread reader{[&] {
        while (!over.load(std::memory_order_relaxed)) {
            const std::uint64_t seen = both.word.load(std::memory_order_acquire);
            torn += (seen >> 32U) == (seen & 0xffffffffU) ? 0 : 1;
        }
    }};
    for (std::uint64_t i = 0; i != 200000; ++i) {
        both.word.store(i << 32U | i, std::memory_order_release);
    }
    over.store(true, std::memory_order_relaxed);
    reader.join();
    CHECK(torn == 0);
}

void keys()
{
    // vectors of Kafka's own tests
    CHECK(gregor::murmur2(bytes_of("21")) == static_cast<std::uint32_t>(-973932308));
    CHECK(gregor::murmur2(bytes_of("foobar")) == static_cast<std::uint32_t>(-790332482));
    CHECK(gregor::murmur2(bytes_of("a-little-bit-long-string")) ==
          static_cast<std::uint32_t>(-985981536));
    CHECK(gregor::murmur2(bytes_of("a-little-bit-longer-string")) ==
          static_cast<std::uint32_t>(-1486304829));
    CHECK(gregor::murmur2(bytes_of("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")) ==
          static_cast<std::uint32_t>(-58897971));
    CHECK(gregor::murmur2(bytes_of("abc")) == 479470107U);
    CHECK(gregor::murmur2({}) == 0x106e08d9U);
    CHECK(gregor::partition_of(bytes_of("foobar"), 100).value == 66);

    // as Kafka's serializers write them, whatever the machine's order
    CHECK(has_bytes(std::uint32_t{0x01020304}, std::array{1U, 2U, 3U, 4U}));
    CHECK(has_bytes(std::int64_t{-2}, std::array{255U, 255U, 255U, 255U, 255U, 255U, 255U, 254U}));
    CHECK(has_bytes(std::int16_t{0x0102}, std::array{1U, 2U}));
    CHECK(has_bytes(side::sell, std::array{255U, 254U}));
    CHECK(has_bytes(true, std::array{1U}));
    CHECK(has_bytes(std::string_view{"\1\2\3"}, std::array{1U, 2U, 3U}));
}

void sleeping()
{
    using namespace std::chrono_literals;
    gregor::ring::atomic<std::uint32_t> word{7};

    // another value than expected: no sleep at all, however long
    for (const std::chrono::nanoseconds limit :
         {std::chrono::nanoseconds{1s}, std::chrono::nanoseconds{24h * 365 * 200},
          gregor::no_timeout - 1ns, gregor::no_timeout}) {
        CHECK(os::sleep_on(word, 8, limit));
    }

    // "the time is up" is not said before it is; a sleep may end for nothing
    for (const std::chrono::nanoseconds limit : {30ms, 1020ms}) {
        const auto start = std::chrono::steady_clock::now();
        bool woken = true;
        while (woken && std::chrono::steady_clock::now() - start < 10 * limit) {
            woken = os::sleep_on(word, 7, limit);
        }
        CHECK(!woken);
        CHECK(std::chrono::steady_clock::now() - start >= limit / 2);
    }

    // woken from a sleep that is longer than some systems can count
    for (const std::chrono::nanoseconds limit :
         {std::chrono::nanoseconds{60s}, std::chrono::nanoseconds{24h * 365 * 100},
          gregor::no_timeout - 1ns, gregor::no_timeout}) {
        word.store(7, std::memory_order_relaxed);
        std::atomic<unsigned> sleeps{0};
        std::thread sleeper{[&] {
            while (word.load(std::memory_order_acquire) == 7) {
                os::sleep_on(word, 7, limit);
                sleeps.fetch_add(1, std::memory_order_relaxed);
            }
        }};
        std::this_thread::sleep_for(20ms);
        word.store(8, std::memory_order_release);
        os::wake_all(word);
        sleeper.join();
        // refused sleeps would be many
        CHECK(sleeps.load(std::memory_order_relaxed) < 100);
    }
}

void barriers()
{
    // both sides store, fence, and look: they never miss each other
    using env = gregor::ring::std_env;
    std::atomic<std::uint32_t> left{0};
    std::atomic<std::uint32_t> right{0};
    std::atomic<std::uint32_t> round{0};
    std::atomic<std::uint32_t> done{0};
    bool left_saw = false;
    bool missed = false;
    constexpr std::uint32_t rounds = 2000;
    std::thread often{[&] {
        for (std::uint32_t i = 1; i <= rounds; ++i) {
            while (round.load(std::memory_order_acquire) != i) {
                env::yield();
            }
            left.store(i, std::memory_order_relaxed);
            env::light();
            left_saw = right.load(std::memory_order_relaxed) == i;
            done.store(i, std::memory_order_release);
        }
    }};
    for (std::uint32_t i = 1; i <= rounds; ++i) {
        round.store(i, std::memory_order_release);
        right.store(i, std::memory_order_relaxed);
        env::heavy();
        const bool right_saw = left.load(std::memory_order_relaxed) == i;
        while (done.load(std::memory_order_acquire) != i) {
            env::yield();
        }
        missed = missed || (!left_saw && !right_saw);
    }
    often.join();
    CHECK(!missed);
}

} // namespace

void portable::test_the_machine()
{
    atomics();
    keys();
    sleeping();
    barriers();
}
