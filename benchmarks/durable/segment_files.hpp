// SPDX-License-Identifier: MIT
#pragma once

#include "stores.hpp"

#include "gregor/log/partition_files.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#if GREGOR_FILES

namespace benchmarks {

/// The files of gregor's log alone, without a topic around them: slots with their checksums in
/// mapped segments of about 4 MiB, none of which is ever made lasting. When it goes, it goes like a
/// process that is killed.
class segment_files {
public:
    segment_files(const std::filesystem::path& folder, std::size_t record_bytes)
        : files_(open(folder, record_bytes))
    {
    }

    void append(std::span<const std::byte> records, bool /*synced*/)
    {
        const std::size_t slot_bytes = files_.format().slot_bytes();
        for_each_record(records, files_.format().payload_bytes, [&](std::string_view record) {
            if (next_ == files_.room_end()) {
                expect(!files_.add_segment(), "a segment could not be added");
                files_.segment_of(next_).prepare(next_, files_.format().slot_count);
                salted_ = gregor::disk::salted(files_.segment_of(next_).salt());
            }
            unsigned char* const slot = files_.segment_of(next_).slot(next_);
            std::memcpy(slot + files_.format().payload_at(), record.data(), record.size());
            gregor::disk::finish_slot(salted_, next_, gregor::disk::slot_kind::record, slot,
                                      slot_bytes);
            ++next_;
        });
    }
    void flush() {}

    static gregor::disk::segment_format format(std::size_t record_bytes)
    {
        gregor::disk::segment_format format;
        format.type = "benchmark";
        format.payload_bytes = static_cast<std::uint32_t>(record_bytes);
        format.payload_alignment = 8;
        format.slot_count = std::bit_floor((std::size_t{4} << 20U) / record_bytes);
        return format;
    }

private:
    using files = gregor::disk::partition_files<>;

    static files open(const std::filesystem::path& folder, std::size_t record_bytes)
    {
        auto in = gregor::disk::directory<gregor::disk::os_files>::open(folder.string());
        return files::open(*std::move(in), format(record_bytes)).value();
    }

    files files_;
    std::uint32_t salted_ = 0;
    gregor::offset_t next_ = 0;
};

} // namespace benchmarks

#endif
