// SPDX-License-Identifier: MIT
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "matrix/body.hpp"

#if GREGOR_FILES

// Values, keys and headers that lie in blobs.

using gregor::headers;
using gregor::key;
using gregor::timestamps;
using support::no_default;
using support::plain;
namespace producers = gregor::producers;

template <>
struct gregor::serde<std::unique_ptr<plain>> {
    using owner = std::unique_ptr<plain>;
    static constexpr std::string_view name = "plain, owned";
    static constexpr std::size_t alignment = alignof(plain);

    static std::size_t size(const owner& from) noexcept { return from ? sizeof(plain) : 0; }
    static void write(const owner& from, std::byte* to) noexcept
    {
        if (from) {
            std::memcpy(to, from.get(), sizeof(plain));
        }
    }
    static owner read(std::span<const std::byte> from)
    {
        owner made;
        if (!from.empty()) {
            made = std::make_unique<plain>();
            std::memcpy(made.get(), from.data(), sizeof(plain));
        }
        return made;
    }
};

template <>
struct gregor::serde<no_default> {
    static constexpr std::string_view name = "no default";

    static std::size_t size(const no_default&) noexcept { return 12; }
    static void write(const no_default& from, std::byte* to) noexcept
    {
        std::memcpy(to, &from.content()->number, 8);
        std::memcpy(to + 8, &from.content()->producer, 4);
    }
    static no_default read(std::span<const std::byte> from)
    {
        std::uint64_t number = 0;
        std::uint32_t producer = 0;
        std::memcpy(&number, from.data(), 8);
        std::memcpy(&producer, from.data() + 8, 4);
        return {producer, number};
    }
};

namespace {

template <class T, class... Policies>
using topic = gregor::topic<T, gregor::storage::mmap_log, Policies...>;

} // namespace

TEST_CASE("a topic on disk keeps its promises with texts", "[matrix][encoded]")
{
    using text = std::string;
    matrix::check<topic<text>>("text");
    matrix::check<topic<text, producers::single, gregor::overflow::reject>>("text, single");
    matrix::check<topic<text, key<text>, headers, timestamps>>("text, dressed");
}

TEST_CASE("a topic on disk keeps its promises with values that own something", "[matrix][encoded]")
{
    matrix::check<topic<std::unique_ptr<plain>, headers>>("unique_ptr");
    matrix::check<topic<no_default, key<std::uint32_t>>>("no_default");
}

TEST_CASE("a topic on disk carries keys of texts beside values in their slots", "[matrix][encoded]")
{
    matrix::check<topic<support::over_aligned, key<std::string>>>("over_aligned, keys of texts");
}

#endif
