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
    return count;
}

} // namespace

int main()
{
    gregor::topic<int> numbers{"numbers"};
    gregor::topic<std::string, gregor::key<std::string>, gregor::timestamps, gregor::headers> texts{
        "texts", {.partitions = 4, .capacity_records = 1024, .groups = {"readers"}}};
    gregor::topic<std::unique_ptr<int>, gregor::groups::one, gregor::overflow::reject> jobs{"jobs"};
    return through(numbers) + through(texts) + through(jobs);
}
