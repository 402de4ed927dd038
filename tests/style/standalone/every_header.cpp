// SPDX-License-Identifier: MIT
// What clang-tidy looks at: the headers, with enough of the templates in them instantiated.
#include <memory>
#include <string>
#include <vector>

#include <gregor/gregor.hpp>

namespace {

template <class Topic>
int through(Topic& topic)
{
    gregor::producer out{topic};
    gregor::consumer in{topic, "readers"};
    out.send({});
    int count = 0;
    for (const auto& record : in.poll()) {
        count += static_cast<int>(record.offset());
    }
    in.commit();
    return count + static_cast<int>((topic.stats() - topic.stats()).rates().blocked) +
           static_cast<int>(out.stats().waits + in.stats().polls);
}

template <class Topic>
int looked_after(gregor::broker& broker)
{
    const auto topic = broker.open_or_create<Topic>("a");
    gregor::group_admin admin{*topic};
    int count = broker.describe("a").has_value() && admin.describe("b") ? 1 : 0;
    count += admin.reset("b", gregor::reset_to::shifted_by(-1)) ? 1 : 0;
    count += admin.stats("b") && admin.remove("b") ? 1 : 0;
    return count + static_cast<int>(admin.list().size()) + (broker.remove("a") ? 1 : 0);
}

} // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): what cannot be opened ends it
int main()
{
    gregor::topic<int> numbers{"numbers"};
    gregor::topic<std::string, gregor::key<std::string>, gregor::timestamps, gregor::headers> texts{
        "texts", {.partitions = 4, .capacity_records = 1024, .groups = {"readers"}}};
    gregor::topic<std::unique_ptr<int>, gregor::groups::one, gregor::overflow::reject> jobs{"jobs"};
    gregor::broker broker;
    return through(numbers) + through(texts) + through(jobs) +
           looked_after<gregor::topic<int>>(broker) +
           looked_after<gregor::topic<std::string, gregor::timestamps>>(broker);
}
