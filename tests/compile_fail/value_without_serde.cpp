// expect: gregor: storage::mmap_log keeps .* by gregor::serde<T>: size and write
// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#include <cstddef>
#include <span>
#include <string>

struct order {
    std::string text;
};

#ifdef GREGOR_COMPILES
template <>
struct gregor::serde<order> {
    static constexpr std::string_view name = "order";
    static std::size_t size(const order& o) noexcept { return serde<std::string>::size(o.text); }
    static void write(const order& o, std::byte* to) noexcept
    {
        serde<std::string>::write(o.text, to);
    }
    static order read(std::span<const std::byte> from) { return {serde<std::string>::read(from)}; }
};
#endif

gregor::topic<order, gregor::storage::mmap_log> orders{"orders"};
