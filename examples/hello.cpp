// SPDX-License-Identifier: MIT
// The smallest whole program: one topic, one producer, one consumer, and an end.

#include <iostream>
#include <string>
#include <thread>

#include <gregor/gregor.hpp>

int main()
{
    gregor::topic<std::string> greetings{"greetings"};
    // A group that exists before the first send misses nothing.
    gregor::consumer in{greetings, "readers"};

    std::thread sender{[&greetings] {
        gregor::producer out{greetings};
        out.send("hello");
        out.send("from");
        out.send("gregor");
        greetings.close(); // no more will come; what is there is still read
    }};

    std::string heard;
    for (;;) {
        auto batch = in.poll(); // waits for records, and hands them out where they lie
        if (batch.status() == gregor::poll_status::closed) {
            break;
        }
        for (const auto& record : batch) {
            std::cout << "offset " << record.offset() << ": " << record.value() << '\n';
            heard += record.value() + ' ';
        }
    }
    sender.join();

    if (heard != "hello from gregor ") {
        std::cerr << "hello: heard \"" << heard << "\"\n";
        return 1;
    }
}
