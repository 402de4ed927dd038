// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/durable.hpp"
#include "support/reading.hpp"
#include "support/scratch_directory.hpp"

#if GREGOR_FILES

// What consumers do with records that do not lie in the log as they do in memory.

using gregor::partition_id;
using gregor::poll_status;
using gregor::storage::mmap_log;
using support::log_with_blobs_in;
using support::scratch_directory;

namespace {

constexpr partition_id zero{0};
using texts = gregor::topic<std::string, mmap_log>;

/// The same, but for what its bytes are said to mean.
template <int Number>
struct version {
    std::string text;
};

} // namespace

template <int Number>
struct gregor::serde<version<Number>> {
    static constexpr std::string_view name = Number == 1 ? "version 1" : "version 2";

    static std::size_t size(const version<Number>& v) noexcept { return v.text.size(); }
    static void write(const version<Number>& v, std::byte* to) noexcept
    {
        serde<std::string>::write(v.text, to);
    }
    static version<Number> read(std::span<const std::byte> from)
    {
        return {serde<std::string>::read(from)};
    }
};

template <int Number>
struct gregor::key_bytes<version<Number>> {
    static std::span<const std::byte> of(const version<Number>& v) noexcept
    {
        return key_bytes<std::string>::of(v.text);
    }
};

TEST_CASE("whatever a text is made from can be sent where it is kept by serde",
          "[durable][encoded]")
{
    const scratch_directory folder;
    texts topic{"texts", log_with_blobs_in(folder)};
    gregor::producer out{topic};
    const std::string mine = "mine";
    const std::vector<const char*> words{"c", "d"};
    REQUIRE(out.send("a literal"));
    REQUIRE(out.send(std::string_view{"a view"}));
    REQUIRE(out.send(mine));
    REQUIRE(out.send(std::string{"moved"}));
    REQUIRE(out.send({'a', 'b'}));
    REQUIRE(out.emplace(std::size_t{3}, 'x'));
    CHECK(out.send_batch(words).count == 2);
    CHECK(mine == "mine");
    gregor::consumer in{topic, "readers"};
    CHECK(support::read_values(in) ==
          std::vector<std::string>{"a literal", "a view", "mine", "moved", "ab", "xxx", "c", "d"});
}

TEST_CASE("a header calls what it says of blobs as the serde does", "[durable][encoded]")
{
    const scratch_directory folder;
    {
        gregor::topic<std::string, mmap_log, gregor::key<version<1>>> topic{
            "texts", log_with_blobs_in(folder)};
        REQUIRE(gregor::producer{topic}.send("a", {.key = version<1>{"k"}}));
    }
    using later = gregor::topic<std::string, mmap_log, gregor::key<version<2>>>;
    const auto refused = later::create("texts", log_with_blobs_in(folder));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == gregor::errc::wrong_format);
    CHECK(refused.error().found() == "std::string, key version 1");
    CHECK(refused.error().expected() == "records of type std::string, key version 2");
}

TEST_CASE("a group reads texts on in its next life", "[durable][encoded]")
{
    const scratch_directory folder;
    {
        texts topic{"texts", log_with_blobs_in(folder)};
        gregor::producer out{topic};
        gregor::consumer in{topic, "readers", {.max_poll_records = 2}};
        for (const char* const each : {"a", "b", "c", "d"}) {
            REQUIRE(out.send(each));
        }
        const auto batch = in.try_poll();
        REQUIRE(batch.size() == 2);
        in.commit(batch.back());
    }
    texts topic{"texts", log_with_blobs_in(folder)};
    gregor::consumer in{topic, "readers"};
    CHECK(support::read_values(in) == std::vector<std::string>{"c", "d"});
    REQUIRE(in.seek(zero, 1));
    CHECK(support::read_values(in) == std::vector<std::string>{"b", "c", "d"});
}

TEST_CASE("a broker keeps topics of texts, and a reader of several reads them",
          "[durable][encoded]")
{
    const scratch_directory folder;
    gregor::broker all;
    const auto one = all.create<texts>("one", log_with_blobs_in(folder));
    const auto two = all.create<texts>("two", log_with_blobs_in(folder));
    REQUIRE(gregor::producer{*one}.send("first"));
    REQUIRE(gregor::producer{*two}.send("second"));
    gregor::multi_topic_consumer in{{one.get(), two.get()}, "readers"};
    std::map<std::string, std::string> found;
    while (found.size() != 2) {
        const auto batch = in.poll(support::patience);
        REQUIRE(batch.status() == poll_status::records);
        for (const auto& record : batch) {
            found.emplace(batch.topic(), record.value());
        }
    }
    CHECK(found == std::map<std::string, std::string>{{"one", "first"}, {"two", "second"}});
}

#endif
