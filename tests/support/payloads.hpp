// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace support {

/// Who sent a record, as which of his, and whether it arrived as it was sent.
struct origin {
    std::uint32_t producer = 0;
    std::uint64_t number = 0;
    bool intact = false;
};

[[nodiscard]] constexpr std::uint64_t checksum(std::uint32_t producer,
                                               std::uint64_t number) noexcept
{
    std::uint64_t z = (number + 1) * 0x9e3779b97f4a7c15U + producer;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

/// How a payload type says where it comes from: `make(producer, number)` and `read(value)`.
template <class T>
struct payload;

/// Trivially copyable, the size of a small event.
struct plain {
    std::uint64_t number;
    std::uint32_t producer;
    std::uint32_t kind;
    std::uint64_t sum;
};

template <>
struct payload<plain> {
    static plain make(std::uint32_t producer, std::uint64_t number) noexcept
    {
        return {number, producer, 0, checksum(producer, number)};
    }
    static origin read(const plain& value) noexcept
    {
        return {value.producer, value.number, value.sum == checksum(value.producer, value.number)};
    }
};

/// One word: producer, number, and 16 bits of the checksum.
template <>
struct payload<std::uint64_t> {
    static std::uint64_t make(std::uint32_t producer, std::uint64_t number) noexcept
    {
        return (checksum(producer, number) << 48U) | (std::uint64_t{producer} << 40U) | number;
    }
    static origin read(std::uint64_t value) noexcept
    {
        const auto producer = static_cast<std::uint32_t>((value >> 40U) & 0xffU);
        const std::uint64_t number = value & 0xffffffffffU;
        return {producer, number, make(producer, number) == value};
    }
};

/// Allocates, every second one at least.
template <>
struct payload<std::string> {
    static std::string make(std::uint32_t producer, std::uint64_t number)
    {
        std::string text = std::to_string(producer) + ' ' + std::to_string(number) + ' ';
        text.append(number % 2 == 0 ? 40 : 0, 'x');
        return text + ' ' + std::to_string(checksum(producer, number) % 1000);
    }
    static origin read(std::string_view value)
    {
        origin from;
        const char* const end = value.data() + value.size();
        const auto first = std::from_chars(value.data(), end, from.producer);
        if (first.ec == std::errc{} && first.ptr != end) {
            std::from_chars(first.ptr + 1, end, from.number);
        }
        from.intact = value == make(from.producer, from.number);
        return from;
    }
};

/// Can only be moved.
template <>
struct payload<std::unique_ptr<plain>> {
    static std::unique_ptr<plain> make(std::uint32_t producer, std::uint64_t number)
    {
        return std::make_unique<plain>(payload<plain>::make(producer, number));
    }
    static origin read(const std::unique_ptr<plain>& value) noexcept
    {
        return value == nullptr ? origin{} : payload<plain>::read(*value);
    }
};

/// Aligned beyond a cache line; knows whether it lies as it should.
struct alignas(128) over_aligned {
    plain content;
};

template <>
struct payload<over_aligned> {
    static over_aligned make(std::uint32_t producer, std::uint64_t number) noexcept
    {
        return {payload<plain>::make(producer, number)};
    }
    static origin read(const over_aligned& value) noexcept
    {
        origin from = payload<plain>::read(value.content);
        from.intact = from.intact && reinterpret_cast<std::uintptr_t>(&value) % 128 == 0;
        return from;
    }
};

/// Has no default constructor, and is not trivially copyable.
class no_default {
public:
    no_default(std::uint32_t producer, std::uint64_t number)
        : content_(std::make_shared<plain>(payload<plain>::make(producer, number)))
    {
    }
    [[nodiscard]] const plain* content() const noexcept { return content_.get(); }

private:
    std::shared_ptr<const plain> content_;
};

template <>
struct payload<no_default> {
    static no_default make(std::uint32_t producer, std::uint64_t number)
    {
        return {producer, number};
    }
    static origin read(const no_default& value) noexcept
    {
        return value.content() == nullptr ? origin{} : payload<plain>::read(*value.content());
    }
};

/// 64 KiB, each word of which says whose it is.
struct large {
    std::array<std::uint64_t, 8192> words;
};

template <>
struct payload<large> {
    static large make(std::uint32_t producer, std::uint64_t number) noexcept
    {
        large value{};
        value.words.fill(payload<std::uint64_t>::make(producer, number));
        return value;
    }
    static origin read(const large& value) noexcept
    {
        origin from = payload<std::uint64_t>::read(value.words.front());
        for (const std::uint64_t word : value.words) {
            from.intact = from.intact && word == value.words.front();
        }
        return from;
    }
};

/// The names of the types, for test reports.
template <class T>
inline constexpr std::string_view payload_name = "?";
template <>
inline constexpr std::string_view payload_name<plain> = "plain";
template <>
inline constexpr std::string_view payload_name<std::uint64_t> = "word";
template <>
inline constexpr std::string_view payload_name<std::string> = "string";
template <>
inline constexpr std::string_view payload_name<std::unique_ptr<plain>> = "unique_ptr";
template <>
inline constexpr std::string_view payload_name<over_aligned> = "over_aligned";
template <>
inline constexpr std::string_view payload_name<no_default> = "no_default";
template <>
inline constexpr std::string_view payload_name<large> = "large";

} // namespace support
