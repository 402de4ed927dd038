// SPDX-License-Identifier: MIT
// How fast a topic is, how far its groups are, and a group that reads everything once more. All of
// it is asked from outside: producers and consumers know nothing of it.

#include <cstdint>
#include <iostream>
#include <thread>

#include <gregor/gregor.hpp>

namespace {

using number_topic = gregor::topic<std::uint64_t>;

std::uint64_t read_to_the_end(number_topic& numbers)
{
    gregor::consumer in{numbers, "sums"};
    std::uint64_t sum = 0;
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return sum;
        }
        for (const auto& record : batch) {
            sum += record.value();
        }
    }
}

} // namespace

int main()
{
    constexpr std::uint64_t count = 10'000;

    number_topic numbers{"numbers", {.partitions = 2, .groups = {"sums"}}};
    gregor::group_admin admin{numbers};
    const auto before = numbers.stats();

    std::thread sender{[&numbers] {
        gregor::producer out{numbers};
        for (std::uint64_t i = 1; i <= count; ++i) {
            out.send(i);
        }
        numbers.close();
    }};
    sender.join();
    std::cout << admin.describe("sums").value().to_string() << '\n'; // nobody has read anything yet

    std::uint64_t first = 0;
    std::thread reader{[&] { first = read_to_the_end(numbers); }};
    reader.join();

    const auto between = numbers.stats() - before;
    std::cout << between.records << " records, " << between.rates().records_per_second
              << " a second, " << between.waits << " waits for room\n"
              << admin.describe("sums").value().to_string() << '\n';

    // the group has no members now: it may be put elsewhere
    if (const auto why = admin.reset("sums", gregor::reset_to::beginning())) {
        std::cerr << "look_after_groups: " << why->what() << '\n';
        return 1;
    }
    const std::uint64_t again = read_to_the_end(numbers);
    const std::uint64_t lag = admin.describe("sums").value().lag;
    if (first != count * (count + 1) / 2 || again != first || lag != 0) {
        std::cerr << "look_after_groups: read " << first << ", then " << again << '\n';
        return 1;
    }
}
