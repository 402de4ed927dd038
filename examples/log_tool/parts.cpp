// SPDX-License-Identifier: MIT
#include "parts.hpp"

#include <cstdint>
#include <cstring>

namespace log_tool {
namespace {

constexpr std::uint32_t carries_key = 1;
constexpr std::uint32_t carries_time = 2;
constexpr std::uint32_t carries_headers = 4;

/// What lies in a slot of a record that has a blob, one field after the other.
class fields {
public:
    explicit fields(bytes payload) : payload_(payload) {}

    std::uint32_t number()
    {
        std::uint32_t found = 0;
        if (!lost_ && at_ + sizeof found <= payload_.size()) {
            std::memcpy(&found, payload_.data() + at_, sizeof found);
        } else {
            lost_ = true;
        }
        at_ += sizeof found;
        return found;
    }
    void is_at(std::size_t at)
    {
        at_ = at;
        lost_ = false;
    }
    /// The next one is behind something whose length nobody tells.
    void lose() { lost_ = true; }
    [[nodiscard]] bool lost() const { return lost_; }

private:
    bytes payload_;
    std::size_t at_ = sizeof(disk::blob_ref);
    bool lost_ = false;
};

/// Fills in the headers; false where these bytes are none.
bool read_headers(bytes from, record_parts& into)
{
    const auto take = [&from](std::string_view& text) {
        std::uint32_t count = 0;
        if (from.size() < sizeof count) {
            return false;
        }
        std::memcpy(&count, from.data(), sizeof count);
        from = from.subspan(sizeof count);
        if (from.size() < count) {
            return false;
        }
        text = {reinterpret_cast<const char*>(from.data()), count};
        from = from.subspan(count);
        return true;
    };
    while (!from.empty()) {
        auto& [name, value] = into.headers.emplace_back();
        if (!take(name) || !take(value)) {
            return false;
        }
    }
    return true;
}

/// Cuts the blob into parts of these lengths, where they fill it: each begins at a multiple of some
/// power of two, and only one fits.
bool cut(record_parts& all, std::uint64_t value, std::uint64_t key, std::uint64_t headers,
         bytes& head)
{
    for (const std::uint64_t granule : {8U, 16U, 32U, 64U}) {
        const auto whole = [granule](std::uint64_t n) {
            return (n + granule - 1) / granule * granule;
        };
        if (whole(value) + whole(key) + whole(headers) == all.blob.size()) {
            const auto part = [&](std::uint64_t from, std::uint64_t count) {
                return all.blob.subspan(static_cast<std::size_t>(from),
                                        static_cast<std::size_t>(count));
            };
            all.value = part(0, value);
            all.key = part(whole(value), key);
            head = part(whole(value) + whole(key), headers);
            return true;
        }
    }
    return false;
}

} // namespace

record_parts parts_of(const disk::segment_format& format, const unsigned char* slot,
                      const unsigned char* blob)
{
    const auto payload_at = static_cast<std::size_t>(format.payload_at());
    const bytes payload{slot + payload_at, format.payload_bytes};
    record_parts all;
    all.where = disk::blob_of(slot, payload_at);
    all.blob = {blob, all.where.bytes};
    all.slot = payload.subspan(sizeof(disk::blob_ref));

    const bool blob_has_key = (format.layout & disk::key_in_blob) != 0;
    const bool blob_has_value = (format.layout & disk::value_in_blob) != 0;
    fields next{payload};
    std::uint32_t key = 0;
    std::uint32_t given = 0;
    if (blob_has_key) {
        key = next.number();
        given = next.number();
    } else if ((format.layout & carries_key) != 0) {
        next.lose();
    }
    if ((format.layout & carries_time) != 0) {
        next.is_at(format.timestamp_at - payload_at + sizeof(std::int64_t));
    }
    const std::uint32_t headers =
        (format.layout & carries_headers) != 0 ? next.number() : std::uint32_t{0};
    const std::uint32_t value = blob_has_value ? next.number() : std::uint32_t{0};
    bytes head;
    all.known = !next.lost() && cut(all, value, key, headers, head) && read_headers(head, all);
    if (!all.known || !blob_has_value) {
        all.value.reset();
    }
    all.has_key = all.known && blob_has_key;
    if (!all.has_key || given == 0) {
        all.key.reset();
    }
    if (!all.known) {
        all.headers.clear();
    } else if (blob_has_value && (blob_has_key || (format.layout & carries_key) == 0)) {
        all.slot = {}; // nothing but numbers, and the time
    }
    return all;
}

} // namespace log_tool
