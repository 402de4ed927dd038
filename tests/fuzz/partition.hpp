// SPDX-License-Identifier: MIT
#pragma once

#include "fuzz/target.hpp"

#include <map>
#include <utility>

#include <gregor/log/recovery.hpp>
#include <gregor/log/repair.hpp>

#include "support/simulated_files.hpp"

/// What the targets share that give all files of a partition to a recovery: a checkpoint, segments
/// of eight slots, and what each has besides.
namespace fuzz {

using files = support::simulated_files;
using gregor::offset_t;

/// What the first byte of an input says, in each target; the other bits are its own.
inline constexpr unsigned char puts_checksums_right = 1;
inline constexpr unsigned char is_itself = 4; ///< no copy
inline constexpr unsigned char verifies_sealed = 8;
inline constexpr unsigned char syncs_all = 16;

[[nodiscard]] inline disk::recovery_options options_of(unsigned char mode)
{
    return {.verify_sealed = (mode & verifies_sealed) != 0, .sync_all = (mode & syncs_all) != 0};
}

/// The blocks and the slots of a segment, without the zeros between.
template <std::size_t SlotBytes>
struct compact_segment {
    disk::header_block header;
    disk::identity_block identity;
    disk::seal_block seal;
    unsigned char slots[8 * SlotBytes];

    [[nodiscard]] unsigned char* slot(std::size_t which) { return slots + which * SlotBytes; }
    [[nodiscard]] std::uint64_t stamp(std::size_t which)
    {
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, slot(which), sizeof stamp);
        return stamp;
    }

    /// The checksums of its blocks, and of the slots that have a stamp.
    void put_right()
    {
        const std::uint64_t salt = header.salt;
        fuzz::put_right(header, salt);
        fuzz::put_right(identity, salt);
        if (seal.magic[0] != 0) {
            fuzz::put_right(seal, salt);
        }
        for (std::size_t i = 0; i != 8; ++i) {
            if (stamp(i) != 0) {
                put_slot_right(salt, slot(i), SlotBytes);
            }
        }
    }

    /// The file of this format.
    [[nodiscard]] bytes image(const disk::segment_format& format) const
    {
        bytes whole(static_cast<std::size_t>(format.file_bytes()));
        std::memcpy(whole.data(), this, offsetof(compact_segment, slots));
        std::memcpy(whole.data() + disk::page_bytes, slots, sizeof slots);
        return whole;
    }
};

/// A disk with the files of an input.
class partition {
public:
    partition() { files::disk = &memory_; }
    partition(const partition&) = delete;
    partition& operator=(const partition&) = delete;

    void add(const std::string& name, const bytes& image)
    {
        memory_.names[name] = next_number();
        memory_.files.push_back({image, image});
    }
    /// Which the next one will be, to the system.
    [[nodiscard]] int next_number() const { return static_cast<int>(memory_.files.size()); }
    /// Takes a checkpoint from the input.
    void add_checkpoint(pieces& from, unsigned char mode)
    {
        bytes image(2 * disk::page_bytes);
        for (std::size_t at = 0; at != image.size(); at += disk::page_bytes) {
            auto block = from.take<disk::checkpoint_block>();
            if ((mode & puts_checksums_right) != 0) {
                put_right(block, 0);
            }
            std::memcpy(image.data() + at, &block, sizeof block);
        }
        add("checkpoint", image);
    }

    /// Null where there is no file of this name.
    [[nodiscard]] bytes* find(const std::string& name)
    {
        const auto found = memory_.names.find(name);
        return found == memory_.names.end()
                   ? nullptr
                   : &memory_.files[static_cast<std::size_t>(found->second)].now;
    }
    [[nodiscard]] std::map<std::string, bytes> contents() const
    {
        std::map<std::string, bytes> all;
        for (const auto& [name, number] : memory_.names) {
            all[name] = memory_.files[static_cast<std::size_t>(number)].now;
        }
        return all;
    }

    /// Its log; or none, where recovery refuses the files. Then a repair refuses them as of another
    /// program, or makes a log of them that can be opened: look_at(log, its files).
    template <class LookAt>
    [[nodiscard]] auto recover(const disk::segment_format& format, disk::recovery_options options,
                               LookAt&& look_at)
    {
        const auto before = contents();
        auto log = disk::recover(in, format, options);
        if (log) {
            return log;
        }
        const auto code = log.error().code();
        require(code == gregor::errc::corrupt || code == gregor::errc::wrong_format,
                "a refusal says that the files are not right");
        require(contents() == before, "what is refused is not changed");
        const auto repaired = disk::repair(in, format, options);
        if (!repaired) {
            require(repaired.error().code() == gregor::errc::wrong_format && contents() == before,
                    "a repair changes nothing where it refuses the files");
            return log;
        }
        const auto after = contents();
        auto again = disk::recover(in, format, {.verify_sealed = true});
        require(again.has_value(), "what was repaired can be opened, and is whole");
        look_at(*again, after);
        return log;
    }

private:
    support::simulated_disk memory_{1};

public:
    const disk::directory<files> in = *disk::directory<files>::open("memory");
};

/// Both blocks of a checkpoint, for a seed.
inline void append_checkpoint(bytes& to, offset_t durable, unsigned char boot,
                              std::uint64_t blobs_end = 0)
{
    for (const std::uint64_t sequence : {2U, 1U}) {
        disk::checkpoint_block block{};
        block.version = disk::format_version;
        block.sequence = sequence;
        block.durable = durable;
        block.blobs_end = blobs_end;
        std::memset(block.boot_id, boot, sizeof block.boot_id);
        disk::finish_block(block, disk::checkpoint_magic, 0);
        append(to, &block, sizeof block);
    }
}

} // namespace fuzz
