// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/blob_format.hpp"
#include "gregor/log/blob_store.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/segment.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What a recovery has to do with the blobs beside the segments: it finds where they end, while it
/// looks at the slots, and makes them lasting with these. That they are whole, `segment_tail` sees.
///
/// Threads   one, with the directory locked
/// Errors    returned; std::bad_alloc
template <class Files>
class blob_recovery {
public:
    using failure = std::optional<error>;

    blob_recovery(const directory<Files>& in, const segment_format& format)
        : in_(in), format_(format)
    {
    }

    /// Nothing that counts lies behind it.
    void knows(std::uint64_t end) noexcept { end_ = (std::max)(end_, end); }
    /// There is this segment; what is sealed need not be looked at.
    void knows(const segment<Files>& each) noexcept
    {
        knows(each.blobs_from());
        knows(std::uint64_t{each.header().seal.blobs_end});
    }
    /// There is this slot.
    void knows(slot_state state, const unsigned char* slot) noexcept
    {
        if (format_.has_blobs() && state == slot_state::record) {
            const auto at = static_cast<std::size_t>(format_.payload_at());
            knows(end_of(blob_of(slot, at)));
        }
    }

    /// Why what is there is of another log; none where it is not.
    [[nodiscard]] failure refuse() const
    {
        return format_.has_blobs() ? blob_store<Files>::refuse(in_, format_) : failure{};
    }

    /// Opens them, once it is known what counts. What is left of segments that are gone goes.
    [[nodiscard]] failure open(const std::vector<segment<Files>>& segments)
    {
        if (!format_.has_blobs()) {
            return {};
        }
        std::uint64_t from = segments.empty() ? 0 : segments.front().blobs_from();
        for (const segment<Files>& each : segments) {
            from = (std::min)(from, each.blobs_from()); // no less, but where somebody says so
        }
        auto opened = blob_store<Files>::open(in_, format_, from);
        if (!opened) {
            return opened.error();
        }
        store_.emplace(*std::move(opened));
        return {};
    }

    /// Makes lasting what records from `durable` on speak of; after writing it `again`, where a
    /// failed sync may have left it in memory.
    [[nodiscard]] failure make_lasting(const std::vector<segment<Files>>& segments,
                                       offset_t durable, bool again)
    {
        const auto first =
            std::find_if(segments.begin(), segments.end(),
                         [durable](const segment<Files>& each) { return durable < each.end(); });
        if (!store_ || first == segments.end()) {
            return {};
        }
        outcome did;
        if (again) {
            did = store_->write_again(first->blobs_from(), end_);
        }
        if (did.ok()) {
            did = store_->sync(first->blobs_from(), end_);
        }
        return did.ok() ? failure{} : failure{did.on(in_.of(chunk_name(first->blobs_from())))};
    }

    /// None where there are no blobs.
    [[nodiscard]] std::optional<blob_store<Files>> take() noexcept { return std::move(store_); }
    /// No blob that counts reaches beyond it.
    [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

private:
    const directory<Files>& in_;
    const segment_format& format_;
    std::optional<blob_store<Files>> store_;
    std::uint64_t end_ = 0;
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
