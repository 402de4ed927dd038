// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gregor/log/format.hpp>

/// What the fuzz targets share. Each is one file that defines the two functions below; main is
/// libFuzzer's. `gregor_fuzz_NAME --seeds DIRECTORY` writes the inputs that it begins with.
namespace fuzz {

namespace disk = gregor::disk;
using bytes = std::vector<unsigned char>;

/// Reads what this makes of it, and requires what must be so.
void look(const bytes& input);

/// Inputs of every kind that are as they should be, for the fuzzer to damage.
std::vector<bytes> seeds();

/// Ends the process, which is a finding, where it does not hold.
inline void require(bool holds, const char* sentence)
{
    if (!holds) {
        static_cast<void>(std::fprintf(stderr, "fuzz: it does not hold that %s\n", sentence));
        std::abort();
    }
}

/// An input, taken piece by piece; zeros where it has ended.
class pieces {
public:
    explicit pieces(const bytes& input) : left_(input.data()), end_(input.data() + input.size()) {}

    /// Fills it in; how many bytes came of the input.
    std::size_t fill(void* into, std::size_t count)
    {
        const std::size_t there = (std::min)(count, left());
        if (there != 0) {
            std::memcpy(into, left_, there);
            left_ += there;
        }
        if (there != count) {
            std::memset(static_cast<unsigned char*>(into) + there, 0, count - there);
        }
        return there;
    }
    template <class T>
    T take()
    {
        T value{};
        fill(&value, sizeof value);
        return value;
    }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - left_); }

private:
    const unsigned char* left_;
    const unsigned char* end_;
};

/// The other way: what a seed is made of.
inline void append(bytes& to, const void* what, std::size_t count)
{
    const auto* const from = static_cast<const unsigned char*>(what);
    to.insert(to.end(), from, from + count);
}

/// No fuzzer finds a checksum by chance: where the input asks for it, it is put right, and what
/// stands behind it is reached.
template <class Block>
void put_right(Block& block, std::uint64_t salt)
{
    block.crc = gregor::crc32c::extend(disk::salted(salt), &block, offsetof(Block, crc));
}

/// The same of a slot, for the stamp that is there.
inline void put_slot_right(std::uint64_t salt, unsigned char* slot, std::size_t slot_bytes)
{
    disk::slot_head head;
    std::memcpy(&head, slot, sizeof head);
    head.crc = disk::slot_crc(disk::salted(salt), head.stamp, slot, slot_bytes);
    std::memcpy(slot, &head, sizeof head);
}

} // namespace fuzz

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length);

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments)
{
    if (*count != 3 || std::string_view{(*arguments)[1]} != "--seeds") {
        return 0;
    }
    const std::vector<fuzz::bytes> all = fuzz::seeds();
    for (std::size_t i = 0; i != all.size(); ++i) {
        const std::string name = std::string{(*arguments)[2]} + "/seed_" + std::to_string(i);
        std::FILE* const file = std::fopen(name.c_str(), "wb");
        fuzz::require(file != nullptr, "a seed can be written");
        const std::size_t written = std::fwrite(all[i].data(), 1, all[i].size(), file);
        fuzz::require(std::fclose(file) == 0 && written == all[i].size(), "a seed is written");
    }
    std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length)
{
    fuzz::look(fuzz::bytes(data, data + length));
    return 0;
}
