// SPDX-License-Identifier: MIT
// One thread sleeps on two topics of different types at once, and polls what is ready.

#include <cstdint>
#include <iostream>
#include <string>
#include <thread>

#include <gregor/gregor.hpp>

namespace {

using price_topic = gregor::topic<double>;
using order_topic = gregor::topic<std::string>;

constexpr std::uint64_t each = 10'000;

template <class Topic>
void send_all(Topic& topic, const typename Topic::value_type& value)
{
    gregor::producer out{topic};
    for (std::uint64_t i = 0; i != each; ++i) {
        out.send(value);
    }
    topic.close();
}

/// False at the end of the topic.
template <class Topic>
bool read_some(gregor::consumer<Topic>& in, std::uint64_t& count)
{
    const auto batch = in.try_poll();
    count += batch.size();
    return batch.status() != gregor::poll_status::closed;
}

} // namespace

int main()
{
    price_topic prices{"prices", {.capacity_records = 256, .groups = {"desk"}}};
    order_topic orders{"orders", {.capacity_records = 256, .groups = {"desk"}}};
    std::thread exchange{[&] { send_all(prices, 0.25); }};
    std::thread customer{[&] { send_all(orders, "buy"); }};

    gregor::consumer price_in{prices, "desk"};
    gregor::consumer order_in{orders, "desk"};
    gregor::wait_set set;
    const auto price_key = set.add(price_in);
    const auto order_key = set.add(order_in);
    std::uint64_t price_count = 0;
    std::uint64_t order_count = 0;
    while (!set.empty()) {
        const auto ready = set.wait();
        if (ready.contains(price_key) && !read_some(price_in, price_count)) {
            set.remove(price_key);
        }
        if (ready.contains(order_key) && !read_some(order_in, order_count)) {
            set.remove(order_key);
        }
    }
    exchange.join();
    customer.join();

    std::cout << price_count << " prices and " << order_count << " orders\n";
    if (price_count != each || order_count != each) {
        std::cerr << "two_feeds: not everything was read\n";
        return 1;
    }
}
