// SPDX-License-Identifier: MIT
// A log on disk, where there are files: what one life writes, the next one reads, whatever the
// machine's words and bytes are like.
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "portable/check.hpp"

#if GREGOR_FILES

namespace {

constexpr gregor::partition_id zero{0};

struct reading {
    std::uint32_t sensor;
    std::uint64_t value;
};

} // namespace

template <>
inline constexpr std::string_view gregor::type_name<reading> = "reading";

namespace {

using readings = gregor::topic<reading, gregor::storage::mmap_log, gregor::key<std::uint32_t>>;

class folder {
public:
    folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "gregor-XXXXXX").string();
        CHECK(::mkdtemp(name.data()) != nullptr);
        name_ = name;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(name_, ignored);
    }

    [[nodiscard]] gregor::topic_options options() const
    {
        gregor::topic_options options;
        options.log.directory = name_;
        options.log.segment_records = 512;
        return options;
    }

private:
    std::string name_;
};

void one_life_reads_what_another_wrote()
{
    const folder place;
    constexpr std::uint64_t step = 700;
    for (std::uint64_t life = 0; life != 3; ++life) {
        auto made = readings::create("readings", place.options());
        if (!CHECK(made.has_value())) {
            return;
        }
        readings topic = *std::move(made);
        CHECK(topic.end_offset(zero) == life * step);
        gregor::consumer<readings> in{topic};
        in.assign({zero});
        std::uint64_t next = 0;
        for (;;) {
            const auto batch = in.try_poll();
            if (batch.empty()) {
                break;
            }
            for (const auto& record : batch) {
                CHECK(record.value().value == next * 3);
                CHECK(record.key() == static_cast<std::uint32_t>(next));
                ++next;
            }
        }
        CHECK(next == life * step);
        gregor::producer out{topic};
        for (std::uint64_t n = next; n != next + step; ++n) {
            CHECK(out.send(reading{7, n * 3}, {.key = static_cast<std::uint32_t>(n)}));
        }
        CHECK(!topic.flush().has_value());
        CHECK(topic.durable_offset(zero) == (life + 1) * step);
    }
    CHECK(readings::create("a/b", place.options()).error().code() == gregor::errc::invalid_name);
}

void two_threads_write_at_once()
{
    const folder place;
    constexpr std::uint64_t each = 2000;
    {
        readings topic = *readings::create("readings", place.options());
        const auto send = [&] {
            gregor::producer out{topic};
            for (std::uint64_t n = 0; n != each; ++n) {
                CHECK(out.send(reading{1, n}));
            }
        };
        std::thread other{send};
        send();
        other.join();
    }
    readings topic = *readings::create("readings", place.options());
    gregor::consumer in{topic, "readers"};
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    for (;;) {
        const auto batch = in.try_poll();
        if (batch.empty()) {
            break;
        }
        for (const auto& record : batch) {
            ++count;
            sum += record.value().value;
        }
    }
    CHECK(count == 2 * each);
    CHECK(sum == each * (each - 1));
}

} // namespace

void portable::test_the_disk()
{
    one_life_reads_what_another_wrote();
    two_threads_write_at_once();
}

#else

void portable::test_the_disk() {}

#endif
