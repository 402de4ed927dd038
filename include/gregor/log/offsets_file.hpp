// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/base/types.hpp"
#include "gregor/log/cell_contents.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/format.hpp"
#include "gregor/log/new_file.hpp"
#include "gregor/log/offset_cell.hpp"
#include "gregor/log/offsets_page.hpp"
#include "gregor/log/os_file.hpp"
#include "gregor/log/recovery_report.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// What was found in an offsets file, and what was done to it.
struct offsets_report {
    bool made = false;            ///< there was none
    std::size_t groups = 0;       ///< that are there
    std::size_t torn = 0;         ///< parts of cells that are not whole: killed, or damaged
    std::size_t lost_offsets = 0; ///< of these groups, nothing says any more what they committed
    std::size_t lost_groups = 0;  ///< cells of which nothing says any more whose they were
    std::size_t moved_back = 0;   ///< offsets that were beyond the end of the log
};

/// The offsets of all groups in one partition, in a file beside its segments: a cell for each, to
/// which the owner of the partition writes where it is mapped.
///
/// An offset is never further than what was read. Where the system stood, it is the last one. After
/// a power loss it is one that was there at or after the last sync; and where the log has lost
/// records, it is moved back to what is left, before anything is appended: so no group passes over
/// a record that it has not seen.
///
/// Threads   one at a time, but `sync`, which any one may call meanwhile; cells as they say
/// Errors    returned; what was there before stands where something failed. After a failed sync,
///           the caller holds nothing for lasting any more
/// Cost      a file handle, and a page for each group; it grows by as much as it has
/// Lifetime  cells live as long as this; going is like being killed: nothing is lost while the
///           system stands
template <class Files = os_files>
class offsets_file {
public:
    using failure = std::optional<error>;
    static constexpr const char* name = "offsets";
    static constexpr std::size_t first_cells = 4;

    offsets_file(offsets_file&& other) noexcept = default;
    offsets_file& operator=(offsets_file&&) = delete;
    ~offsets_file()
    {
        for (const mapping& each : mappings_) {
            Files::unmap(each.at, each.bytes);
        }
    }

    /// The one that is there, or a new one, once its log is recovered; in it, no offset is beyond
    /// what the log has, and that is lasting. `wrong_format` where it is of another log, or another
    /// version; `corrupt` where it is not what was written. Groups whose cells are damaged are told
    /// in the report.
    [[nodiscard]] static result<offsets_file> open(const directory<Files>& in,
                                                   const offsets_owner& of);

    [[nodiscard]] const offsets_report& report() const noexcept { return report_; }
    /// There is a group, or was one since it was opened.
    [[nodiscard]] bool used() const noexcept { return used_; }

    /// Visits the cells of groups.
    template <class Visit>
    void each(Visit&& visit) const
    {
        for (const auto& cell : cells_) {
            if (!cell->free()) {
                visit(*cell);
            }
        }
    }
    /// The cell of this group; none where there is none.
    [[nodiscard]] offset_cell* find(std::string_view group) const noexcept
    {
        for (const auto& cell : cells_) {
            if (!cell->free() && cell->name() == group) {
                return cell.get();
            }
        }
        return nullptr;
    }
    /// What was said with a cell's offset.
    [[nodiscard]] std::optional<std::string> note(const offset_cell& of) const
    {
        return of.look(salt_).note;
    }

    /// A cell for a group that has none; nothing is committed in it. There when this returns, for
    /// who comes after a kill; after a power loss, if a sync came before.
    [[nodiscard]] result<offset_cell*> add(std::string_view group, bool lossy);

    /// The group is gone; its cell is for the next one.
    void remove(offset_cell& cell) noexcept { cell.give_up(++last_number_, salt_); }

    /// Makes lasting what is in the cells.
    [[nodiscard]] outcome sync() const noexcept { return Files::sync(file_.get()); }

private:
    struct mapping {
        void* at;
        std::size_t bytes;
    };

    offsets_file(file_handle<Files> file, std::string path) noexcept
        : file_(std::move(file)), path_(std::move(path))
    {
    }

    [[nodiscard]] static result<offsets_file> create(const directory<Files>& in,
                                                     const offsets_owner& of);

    /// Writes the next state; lasting when it returns.
    [[nodiscard]] outcome write_state(std::uint64_t epoch, std::size_t cells) noexcept;
    /// Maps cells from the one of this number on.
    [[nodiscard]] outcome map_cells(std::size_t first, std::size_t end);
    [[nodiscard]] failure grow();
    void look_at_cells();
    [[nodiscard]] failure move_back(const offsets_owner& of);
    [[nodiscard]] failure unless(outcome did) const
    {
        return did.ok() ? failure{} : failure{did.on(path_)};
    }

    file_handle<Files> file_;
    std::string path_;
    std::uint64_t salt_ = 0;
    std::uint64_t state_sequence_ = 0;
    std::uint64_t epoch_ = 0;
    bool state_torn_ = false;       ///< as it was found
    std::uint64_t last_number_ = 0; ///< the highest one of a cell
    bool used_ = false;
    std::vector<mapping> mappings_;
    std::vector<std::unique_ptr<offset_cell>> cells_;
    offsets_report report_;
};

template <class Files>
result<offsets_file<Files>> offsets_file<Files>::open(const directory<Files>& in,
                                                      const offsets_owner& of)
{
    file_handle<Files> file;
    outcome did = Files::open(in.get(), name, open_mode::write, file.fill());
    if (did.code == ENOENT) {
        return create(in, of);
    }
    if (!did.ok()) {
        return did.on(in.of(name));
    }
    auto page = read_offsets_page<Files>(file.get(), in.of(name), &of);
    if (!page) {
        return page.error();
    }
    offsets_file opened{std::move(file), in.of(name)};
    opened.salt_ = page->header.salt;
    opened.epoch_ = page->state->epoch;
    opened.state_sequence_ = page->state->sequence;
    opened.state_torn_ = page->torn;
    opened.report_.torn = page->torn ? 1 : 0;
    const auto cells = static_cast<std::size_t>(page->state->cells);
    // a copy may have holes, and the disk be full
    did = Files::allocate(opened.file_.get(), page_bytes + cells * cell_bytes);
    if (did.ok()) {
        did = opened.map_cells(0, cells);
    }
    if (!did.ok()) {
        return did.on(opened.path_);
    }
    opened.look_at_cells();
    if (failure failed = opened.move_back(of)) {
        return *std::move(failed);
    }
    return opened;
}

template <class Files>
result<offsets_file<Files>> offsets_file<Files>::create(const directory<Files>& in,
                                                        const offsets_owner& of)
{
    new_file<Files> fresh{in, name};
    file_handle<Files> file;
    outcome did = fresh.open(file);
    if (!did.ok()) {
        return did.on(fresh.path());
    }
    offsets_file made{std::move(file), in.of(name)};
    made.report_.made = true;
    did = Files::allocate(made.file_.get(), page_bytes + first_cells * cell_bytes);
    if (did.ok()) {
        did = Files::random(made.salt_);
    }
    if (did.ok()) {
        const offsets_header header = make_offsets_header(of, made.salt_);
        did = Files::write(made.file_.get(), &header, sizeof header, 0);
    }
    for (int block = 0; block != 2 && did.ok(); ++block) {
        did = made.write_state(of.epoch, first_cells);
    }
    if (did.ok()) {
        did = made.map_cells(0, first_cells);
    }
    did = fresh.finish(did);
    if (!did.ok()) {
        return did.on(made.path_);
    }
    return made;
}

template <class Files>
outcome offsets_file<Files>::write_state(std::uint64_t epoch, std::size_t cells) noexcept
{
    offsets_state state{};
    state.sequence = state_sequence_ + 1;
    state.epoch = epoch;
    state.cells = cells;
    finish_block(state, offsets_state_magic, salt_);
    outcome did =
        Files::write(file_.get(), &state, sizeof state, states_at[(state_sequence_ + 1) % 2]);
    if (did.ok()) {
        did = sync();
    }
    if (did.ok()) {
        ++state_sequence_;
        epoch_ = epoch;
    }
    return did;
}

template <class Files>
outcome offsets_file<Files>::map_cells(std::size_t first, std::size_t end)
{
    if (first == end) {
        return {};
    }
    mappings_.reserve(mappings_.size() + 1);
    std::vector<std::unique_ptr<offset_cell>> more;
    more.reserve(end - first);
    cells_.reserve(end);
    mapping made{nullptr, (end - first) * cell_bytes};
    const outcome did =
        Files::map(file_.get(), made.bytes, true, made.at, page_bytes + first * cell_bytes);
    if (!did.ok()) {
        return did;
    }
    mappings_.push_back(made);
    for (std::size_t i = 0; i != end - first; ++i) {
        more.push_back(
            std::make_unique<offset_cell>(static_cast<unsigned char*>(made.at) + i * cell_bytes));
    }
    for (auto& cell : more) {
        cells_.push_back(std::move(cell));
    }
    return did;
}

template <class Files>
auto offsets_file<Files>::grow() -> failure
{
    const std::size_t now = cells_.size();
    const std::size_t next = now + (std::max)(first_cells, now);
    if (next > most_cells) {
        return error{errc::invalid_option, text({"offsets \"", path_, "\""}),
                     text({"up to ", std::to_string(most_cells), " groups"}), "more"};
    }
    outcome did = Files::allocate(file_.get(), page_bytes + next * cell_bytes);
    if (did.ok()) {
        // whatever lies there: a file that was longer than it said
        const std::vector<unsigned char> blank((next - now) * cell_bytes);
        did = Files::write(file_.get(), blank.data(), blank.size(), page_bytes + now * cell_bytes);
    }
    if (did.ok()) {
        did = sync(); // the length, before anything says so
    }
    // Both say so: what is committed there must not depend on one of them.
    for (int block = 0; block != 2 && did.ok(); ++block) {
        did = write_state(epoch_, next);
    }
    return unless(did.ok() ? map_cells(now, next) : did);
}

template <class Files>
result<offset_cell*> offsets_file<Files>::add(std::string_view group, bool lossy)
{
    if (group.empty() || group.size() > longest_group_name) {
        return error{
            errc::invalid_name, text({"offsets \"", path_, "\""}),
            text({"a group's name of 1 to ", std::to_string(longest_group_name), " bytes"}),
            text({"one of ", std::to_string(group.size())})};
    }
    GREGOR_ASSERT(find(group) == nullptr, "a group has a cell in this file already");
    offset_cell* cell = nullptr;
    for (const auto& each : cells_) {
        if (each->free()) {
            cell = each.get();
            break;
        }
    }
    if (cell == nullptr) {
        const std::size_t first = cells_.size();
        if (failure failed = grow()) {
            return *std::move(failed);
        }
        cell = cells_[first].get();
    }
    std::uint64_t salt = 0;
    if (const outcome did = Files::random(salt); !did.ok()) {
        return did.on(path_);
    }
    cell->take(++last_number_, salt, group, lossy ? lossy_group : 0, salt_);
    used_ = true;
    return cell;
}

template <class Files>
void offsets_file<Files>::look_at_cells()
{
    for (const auto& cell : cells_) {
        const cell_contents found = cell->look(salt_);
        cell->resume(found, salt_);
        report_.torn += found.torn;
        report_.lost_groups += found.lost_group ? 1U : 0U;
        report_.lost_offsets += found.lost_word ? 1U : 0U;
        last_number_ = (std::max)(last_number_, cell->number());
    }
    // A group that went, and came again in another cell, may be in both after a power loss.
    for (const auto& cell : cells_) {
        offset_cell* const other = cell->free() ? nullptr : find(cell->name());
        if (other != nullptr && other != cell.get()) {
            remove(other->number() < cell->number() ? *other : *cell);
        }
    }
    each([&](const offset_cell&) { ++report_.groups; });
    used_ = report_.groups != 0;
}

/// What a group has read is what is left of it: an offset may be beyond that, or beyond where an
/// epoch began since. Of epochs that are too long ago, or of an older log than these offsets were
/// of, nobody knows any more.
template <class Files>
auto offsets_file<Files>::move_back(const offsets_owner& of) -> failure
{
    recovery_report log;
    log.epoch = of.epoch;
    log.starts = of.starts;
    log.begin = of.begin;
    const offset_t known = of.end - log.lost_since(epoch_, of.end);
    for (const auto& cell : cells_) {
        report_.moved_back += !cell->free() && cell->move_back(known) ? 1U : 0U;
    }
    // always: who was killed before this may have moved them already
    outcome did = sync();
    // Where one state is not whole, it is made good, too.
    if (did.ok() && (of.epoch != epoch_ || state_torn_)) {
        did = write_state(of.epoch, cells_.size());
    }
    return unless(did);
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
