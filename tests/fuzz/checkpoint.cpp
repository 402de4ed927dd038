// SPDX-License-Identifier: MIT
// A checkpoint file: what is read of it, and that what is written next counts.

#include "fuzz/target.hpp"

#include <gregor/log/checkpoint.hpp>

#include "support/simulated_files.hpp"

namespace {

using files = support::simulated_files;
using file = gregor::disk::checkpoint_file<files>;

enum : unsigned char { puts_checksums_right = 1, has_magic = 2, is_cut = 4 };

bool same(const gregor::disk::checkpoint_values& a, const gregor::disk::checkpoint_values& b)
{
    return a.durable == b.durable && a.epoch == b.epoch && a.epoch_start == b.epoch_start &&
           a.clean == b.clean && a.boot_id == b.boot_id && a.log == b.log;
}

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    const auto cut = from.take<std::uint16_t>();
    support::simulated_disk memory{1};
    files::disk = &memory;
    auto in = disk::directory<files>::open("memory");
    bytes image(2 * disk::page_bytes);
    bool few_writes = true; ///< so many as a writer may come to
    for (std::size_t at = 0; at != image.size(); at += disk::page_bytes) {
        auto block = from.take<disk::checkpoint_block>();
        if ((mode & has_magic) != 0) {
            std::memcpy(block.magic, disk::checkpoint_magic.data(), sizeof block.magic);
            block.version = disk::format_version;
        }
        if ((mode & puts_checksums_right) != 0) {
            put_right(block, 0);
        }
        few_writes = few_writes && block.sequence < (std::uint64_t{1} << 62U);
        std::memcpy(image.data() + at, &block, sizeof block);
    }
    if ((mode & is_cut) != 0) {
        image.resize(cut % image.size());
    }
    memory.files.push_back({image, image});
    memory.names[file::name] = 0;

    auto opened = file::open(*in);
    if (!opened) {
        require(opened.error().code() == gregor::errc::corrupt ||
                    opened.error().code() == gregor::errc::wrong_format,
                "a refusal says that the file is not right");
        return;
    }
    require(same(file::open(*in)->values(), opened->values()), "it is read the same twice");
    if (image.size() != 2 * disk::page_bytes || !few_writes) {
        return;
    }
    disk::checkpoint_values next = opened->values();
    for (int times = 0; times != 3; ++times) {
        next.durable += 1;
        next.epoch ^= 5;
        require(opened->write(next).ok(), "it can be written to");
        auto again = file::open(*in);
        require(again.has_value() && same(again->values(), next), "what is written last counts");
    }
}

std::vector<fuzz::bytes> fuzz::seeds()
{
    std::vector<bytes> all;
    for (const int mode : {0, 1, 3, 7}) {
        for (const std::uint64_t sequence : {std::uint64_t{2}, (std::uint64_t{1} << 63U) - 2}) {
            bytes input{static_cast<unsigned char>(mode), 0x20, 0x10};
            for (const std::uint64_t each : {sequence, sequence + 1}) {
                disk::checkpoint_block block{};
                block.version = disk::format_version;
                block.sequence = each;
                block.durable = 19;
                block.epoch = 1;
                block.epoch_start = 17;
                block.clean = 1;
                block.log = 23;
                disk::finish_block(block, disk::checkpoint_magic, 0);
                append(input, &block, sizeof block);
            }
            all.push_back(std::move(input));
        }
    }
    return all;
}
