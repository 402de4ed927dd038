// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/new_file.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What a partition knows of itself beside its records.
struct checkpoint_values {
    offset_t durable = 0;     ///< everything below it is lasting
    std::uint64_t epoch = 0;  ///< how often a recovery may have lost what was not
    offset_t epoch_start = 0; ///< the end that it found
    std::array<offset_t, earlier_epochs> earlier_starts{}; ///< of the epochs before
    bool clean = false;                      ///< `durable` is the end: the log was closed
    std::array<unsigned char, 16> boot_id{}; ///< the start of the system that wrote to the log
    std::uint64_t log = 0;                   ///< which partition this is, and no other, for ever
    std::uint64_t blobs_end = 0;             ///< no blob was written behind it that counts
};

/// The file that keeps them: two blocks, written in turn, so that one of them is whole at any time.
///
/// Threads   one
/// Errors    returned; what was written before stands where a write failed
/// Cost      a write: a sync
template <class Files = os_files>
class checkpoint_file {
public:
    static constexpr const char* name = "checkpoint";

    /// A new one; there when this returns, or not at all.
    [[nodiscard]] static result<checkpoint_file> create(const directory<Files>& in,
                                                        const checkpoint_values& values);

    /// The one that is there. `corrupt` where neither block is whole.
    [[nodiscard]] static result<checkpoint_file> open(const directory<Files>& in);

    [[nodiscard]] const checkpoint_values& values() const noexcept { return values_; }
    /// One block was not whole: torn, or damaged. What the other one says may be older.
    [[nodiscard]] bool torn() const noexcept { return torn_; }

    /// Makes these values the ones that count; lasting when it returns.
    [[nodiscard]] outcome write(const checkpoint_values& values) noexcept
    {
        outcome did = put(values, sequence_ + 1);
        if (did.ok()) {
            did = Files::sync(file_.get());
        }
        if (did.ok()) {
            ++sequence_;
            values_ = values;
        }
        return did;
    }

private:
    static constexpr std::uint64_t most_writes = std::uint64_t{1} << 63U;

    explicit checkpoint_file(file_handle<Files> file) noexcept : file_(std::move(file)) {}

    [[nodiscard]] outcome put(const checkpoint_values& values, std::uint64_t sequence) noexcept;

    file_handle<Files> file_;
    checkpoint_values values_;
    std::uint64_t sequence_ = 0;
    bool torn_ = false;
};

template <class Files>
outcome checkpoint_file<Files>::put(const checkpoint_values& values,
                                    std::uint64_t sequence) noexcept
{
    checkpoint_block block{};
    block.version = format_version;
    block.sequence = sequence;
    block.durable = values.durable;
    block.epoch = values.epoch;
    block.epoch_start = values.epoch_start;
    for (std::size_t i = 0; i != earlier_epochs; ++i) {
        block.earlier_starts[i] = values.earlier_starts[i];
    }
    block.clean = values.clean ? 1U : 0U;
    block.log = values.log;
    block.blobs_end = values.blobs_end;
    std::memcpy(block.boot_id, values.boot_id.data(), sizeof block.boot_id);
    finish_block(block, checkpoint_magic, 0);
    return Files::write(file_.get(), &block, sizeof block, sequence % 2 * page_bytes);
}

template <class Files>
result<checkpoint_file<Files>> checkpoint_file<Files>::create(const directory<Files>& in,
                                                              const checkpoint_values& values)
{
    new_file<Files> fresh{in, name};
    file_handle<Files> file;
    outcome did = fresh.open(file);
    if (!did.ok()) {
        return did.on(fresh.path());
    }
    checkpoint_file made{std::move(file)};
    did = Files::allocate(made.file_.get(), 2 * page_bytes);
    for (int block = 0; block != 2 && did.ok(); ++block) {
        did = made.write(values);
    }
    did = fresh.finish(did);
    if (!did.ok()) {
        return did.on(in.of(name));
    }
    return made;
}

template <class Files>
result<checkpoint_file<Files>> checkpoint_file<Files>::open(const directory<Files>& in)
{
    file_handle<Files> file;
    file_facts facts;
    outcome did = Files::open(in.get(), name, open_mode::write, file.fill());
    if (did.ok()) {
        did = Files::look(file.get(), facts);
    }
    checkpoint_file opened{std::move(file)};
    bool any = false;
    for (std::uint64_t at = 0; at != 2 * page_bytes && did.ok(); at += page_bytes) {
        checkpoint_block block{};
        if (facts.bytes >= at + sizeof block) {
            did = Files::read(opened.file_.get(), &block, sizeof block, at);
        }
        if (!did.ok()) {
            break;
        }
        if (!is_block(block, checkpoint_magic, 0)) {
            opened.torn_ = true;
            continue;
        }
        if (block.version != format_version) {
            return error{errc::wrong_format, text({"checkpoint \"", in.of(name), "\""}),
                         text({"version ", std::to_string(format_version)}),
                         std::to_string(std::uint32_t{block.version})};
        }
        // A block in the place of the other one, or of a number that no writer comes to: what is
        // written next would not count, or would be written over the one that does.
        if (block.sequence % 2 != at / page_bytes || block.sequence >= most_writes ||
            block.blobs_end > most_blob_position) {
            opened.torn_ = true;
            continue;
        }
        if (!any || block.sequence > opened.sequence_) {
            any = true;
            opened.sequence_ = block.sequence;
            opened.values_ = {.durable = block.durable,
                              .epoch = block.epoch,
                              .epoch_start = block.epoch_start,
                              .clean = block.clean == 1,
                              .log = block.log,
                              .blobs_end = block.blobs_end};
            for (std::size_t i = 0; i != earlier_epochs; ++i) {
                opened.values_.earlier_starts[i] = block.earlier_starts[i];
            }
            std::memcpy(opened.values_.boot_id.data(), block.boot_id, sizeof block.boot_id);
        }
    }
    if (!did.ok()) {
        return did.on(in.of(name));
    }
    if (!any) {
        return error{errc::corrupt, text({"checkpoint \"", in.of(name), "\""}),
                     "a block with its checksum", "none"};
    }
    return opened;
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
