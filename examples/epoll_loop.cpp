// SPDX-License-Identifier: MIT
// Linux: one thread waits with epoll for two topics of different types, and for something else: a
// hook of each consumer writes to an eventfd when there may be something to poll for.

#include <cstdint>
#include <iostream>
#include <string>
#include <thread>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <gregor/gregor.hpp>

/// A topic, its consumer, and the eventfd between the consumer and epoll.
template <class T>
struct feed {
    feed()
    {
        in.on_ready([fd = bell]() noexcept { ::eventfd_write(fd, 1); });
    }

    /// Takes note first, then polls until there is nothing; true at the end of the topic.
    bool drain()
    {
        ::eventfd_t rung = 0;
        ::eventfd_read(bell, &rung);
        auto status = gregor::poll_status::records;
        while (status == gregor::poll_status::records) {
            const auto batch = in.try_poll();
            count += batch.size();
            status = batch.status();
        }
        return status == gregor::poll_status::closed;
    }

    gregor::topic<T> topic{"feed", {.capacity_records = 256, .groups = {"desk"}}};
    gregor::consumer<gregor::topic<T>> in{topic, "desk"};
    const int bell = ::eventfd(0, EFD_NONBLOCK);
    std::uint64_t count = 0;
};

int main()
{
    constexpr std::uint64_t each = 20'000;
    feed<double> prices;
    feed<std::string> orders;
    const int goodbye = ::eventfd(0, EFD_NONBLOCK); // or a socket, a timer, a signal
    const int loop = ::epoll_create1(0);
    for (const int fd : {prices.bell, orders.bell, goodbye}) {
        ::epoll_event what{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(loop, EPOLL_CTL_ADD, fd, &what);
    }
    std::thread sender{[&] {
        gregor::producer price_out{prices.topic};
        gregor::producer order_out{orders.topic};
        for (std::uint64_t i = 0; i != each; ++i) {
            price_out.send(0.25);
            order_out.send("buy 1");
        }
        prices.topic.close();
        orders.topic.close();
        ::eventfd_write(goodbye, 1);
    }};
    for (int open = 3; open != 0;) {
        ::epoll_event what{};
        ::eventfd_t said = 0;
        ::epoll_wait(loop, &what, 1, -1);
        const bool ended = what.data.fd == prices.bell   ? prices.drain()
                           : what.data.fd == orders.bell ? orders.drain()
                                                         : ::eventfd_read(goodbye, &said) == 0;
        open -= ended ? 1 : 0;
    }
    sender.join();
    std::cout << prices.count << " prices and " << orders.count << " orders\n";
    return prices.count == each && orders.count == each ? 0 : 1;
}
