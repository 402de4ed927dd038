// SPDX-License-Identifier: MIT
// Request and reply: two topics, and an id by which a reply finds its request.
//
// Bounded topics in a circle can deadlock: the client waits for room in `requests` and reads no
// replies meanwhile, the server waits for room in `replies` and reads no requests. So the server
// gives way: it offers a reply for a while (`send_for`), then drops it. This client asks no more
// than `replies` can hold before it reads, and nothing is dropped.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <thread>

#include <gregor/gregor.hpp>

using namespace std::chrono_literals;

namespace {

struct message {
    std::uint64_t id; // a reply has that of its request
    std::uint64_t number;
};
using message_topic = gregor::topic<message>;
constexpr std::size_t capacity = 16;
constexpr std::uint64_t questions = 5000;

void square_numbers(message_topic& requests, message_topic& replies)
{
    gregor::consumer in{requests, "server"};
    gregor::producer out{replies};
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return;
        }
        for (const auto& record : batch) {
            const auto [id, number] = record.value();
            if (!out.send_for({.id = id, .number = number * number}, 10s)) {
                std::cerr << "request_reply: nobody fetched the reply to " << id << '\n';
            }
        }
    }
}

} // namespace

int main()
{
    message_topic requests{"requests", {.capacity_records = capacity, .groups = {"server"}}};
    message_topic replies{"replies", {.capacity_records = capacity, .groups = {"client"}}};
    std::thread server{square_numbers, std::ref(requests), std::ref(replies)};

    gregor::producer ask{requests};
    gregor::consumer in{replies, "client"};
    std::map<std::uint64_t, std::uint64_t> expected; // the answers to what was asked, by id
    std::uint64_t asked = 0;
    bool right = true;
    while (right && (asked != questions || !expected.empty())) {
        for (; asked != questions && expected.size() != capacity; ++asked) {
            expected[asked] = asked * 7 * asked * 7;
            ask.send({.id = asked, .number = asked * 7});
        }
        auto batch = in.poll(10s);
        right = !batch.empty();
        for (const auto& record : batch) {
            const auto [id, number] = record.value();
            right = right && expected.contains(id) && expected[id] == number;
            expected.erase(id);
        }
    }
    requests.close();
    server.join();
    std::cout << asked << " questions asked, " << (right ? "all answered\n" : "some in vain\n");
    return right ? 0 : 1;
}
