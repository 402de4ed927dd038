// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gregor/base/assert.hpp"
#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/base/result.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/file_lock.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// A folder with all that is in it; what is called `last` goes behind everything else. None is
/// fine.
template <class Files>
[[nodiscard]] outcome remove_all(int parent, const std::string& name, std::string_view last = {})
{
    file_handle<Files> in;
    outcome did = Files::open_directory_in(parent, name.c_str(), in.fill());
    if (!did.ok()) {
        return did.code == ENOENT ? outcome{} : did;
    }
    std::vector<std::string> names;
    if (!last.empty()) {
        // who made it may have been killed before that was lasting
        did = Files::sync_directory(in.get());
    }
    if (did.ok()) {
        did = Files::list(in.get(), [&](std::string_view each) {
            if (each != "." && each != ".." && each != last) {
                names.emplace_back(each);
            }
        });
    }
    for (std::size_t i = 0; i != names.size() && did.ok(); ++i) {
        did = Files::remove(in.get(), names[i].c_str());
        if (did.code == EISDIR || did.code == EPERM) {
            did = remove_all<Files>(in.get(), names[i]);
        }
    }
    if (did.ok() && !last.empty()) {
        did = Files::sync_directory(in.get());
        if (did.ok()) {
            did = Files::remove(in.get(), std::string{last}.c_str());
        }
        did = did.code == ENOENT ? outcome{} : did;
    }
    return did.ok() ? Files::remove_directory(parent, name.c_str()) : did;
}

/// Puts another log in the place of one that is there. The new one is made beside it, in the folder
/// `<topic>~new`, which is no topic's name; when it is whole and lasting, the two change places, at
/// once. Then the old one lies there, and that folder is called `<topic>~old`, or `~old2` and so on
/// where there is one already.
///
///     replacement<Files> of{parent, topic};
///     auto failed = of.begin();         // and what a killed attempt has left is seen to
///     auto in = of.make();              // the new log's folder, empty
///     ...                               // all of it, made lasting, by nobody open any more
///     failed = of.exchange();
///     failed = of.finish(keeps);
///
/// Until they change places, the new one has a file `upgrade.new` in it, the mark, from its first
/// moment on; the old one has none, or loses it before. So what is in `<topic>~new` without the
/// mark, and not empty, is an old log, which is never removed but by who says so.
///
/// Threads   one
/// Errors    returned. Before `exchange`, nothing has changed but beside the log; of it comes an
///           error with the new log in its place where that could not be made lasting
/// Lifetime  going without `exchange` removes what was made; the parent outlives it
template <class Files>
class replacement {
public:
    using failure = std::optional<error>;
    static constexpr const char* mark = "upgrade.new";

    replacement(const directory<Files>& parent, std::string topic)
        : parent_(parent), topic_(std::move(topic)), beside_(topic_ + "~new")
    {
    }
    replacement(const replacement&) = delete;
    replacement& operator=(const replacement&) = delete;
    ~replacement()
    {
        // where something fails, the next attempt sees to it
#    if GREGOR_EXCEPTIONS
        try {
            static_cast<void>(clear());
        } catch (const std::bad_alloc&) {
            return;
        }
#    else
        static_cast<void>(clear());
#    endif
    }

    /// Whether an attempt that was killed has left something, or one is going on.
    [[nodiscard]] failure look(bool& something) const
    {
        file_handle<Files> there;
        const outcome did = Files::open_directory_in(parent_.get(), beside_.c_str(), there.fill());
        something = did.ok();
        return did.ok() || did.code == ENOENT ? failure{} : did.on(parent_.of(beside_));
    }

    /// From now on nobody else does; `locked` where somebody does.
    [[nodiscard]] failure begin();

    /// In this folder the new log is made...
    [[nodiscard]] const std::string& path() const noexcept { return in_->path; }
    /// ...in one of its own, by the topic's name.
    [[nodiscard]] result<directory<Files>> make();

    /// They change places, lastingly. Nobody has the new one open, nobody writes to the old one.
    [[nodiscard]] failure exchange();

    /// Gives the old log's folder its name, or removes it.
    [[nodiscard]] failure finish(bool keeps);
    /// In this folder the old log is, where it was kept.
    [[nodiscard]] std::string kept() const { return parent_.of(kept_); }

private:
    [[nodiscard]] failure unless(outcome did, const std::string& name) const
    {
        return did.ok() ? failure{} : failure{did.on(parent_.of(name))};
    }
    [[nodiscard]] failure lock();
    [[nodiscard]] outcome look_inside(bool& is_old) const;
    [[nodiscard]] outcome clear() noexcept(!GREGOR_EXCEPTIONS);
    [[nodiscard]] outcome find_name();
    /// Where they have changed places, that is lasting.
    [[nodiscard]] outcome sync_both() const noexcept
    {
        const outcome did = Files::sync_directory(parent_.get());
        return did.ok() ? Files::sync_directory(in_->get()) : did;
    }
    [[nodiscard]] outcome keep() const
    {
        const outcome did = Files::rename(parent_.get(), beside_.c_str(), kept_.c_str());
        return did.ok() ? Files::sync_directory(parent_.get()) : did;
    }
    [[nodiscard]] static outcome put_mark(int in) noexcept
    {
        file_handle<Files> file;
        const outcome did = Files::open(in, mark, open_mode::make, file.fill());
        return did.ok() ? Files::sync_directory(in) : did;
    }
    [[nodiscard]] outcome take_mark() const;
    [[nodiscard]] outcome make_lock() const;

    const directory<Files>& parent_;
    const std::string topic_;
    const std::string beside_;
    std::string kept_;
    std::optional<directory<Files>> in_;
    std::optional<file_lock<Files>> lock_;
};

template <class Files>
auto replacement<Files>::lock() -> failure
{
    lock_.reset();
    in_.reset();
    auto in = parent_.make(beside_);
    if (!in) {
        return in.error();
    }
    auto mine = file_lock<Files>::take(in->get(), in->path);
    if (!mine) {
        return mine.error();
    }
    bool is_it = false;
    const outcome did = in->look_whether_called(beside_, parent_, is_it);
    if (did.ok() && !is_it) {
        return error{errc::locked, text({"upgrade \"", parent_.of(topic_), "\""}), "no other one",
                     "one that has just come to its end"};
    }
    if (did.ok()) {
        in_.emplace(*std::move(in));
        lock_.emplace(*std::move(mine));
    }
    return unless(did, beside_);
}

template <class Files>
auto replacement<Files>::begin() -> failure
{
    failure failed = lock();
    if (failed && failed->code() != errc::locked) {
        // where it is empty, that is: of who could not take a lock, only this is left
        static_cast<void>(Files::remove_directory(parent_.get(), beside_.c_str()));
    }
    bool is_old = false;
    outcome did = failed ? outcome{} : look_inside(is_old);
    if (!failed && did.ok() && is_old) {
        // it was killed between the exchange and the end, perhaps before that was lasting; without
        // the mark, the new log would be taken for the old one where the exchange came to be undone
        did = sync_both();
        if (did.ok()) {
            did = find_name();
        }
        if (did.ok()) {
            did = take_mark();
        }
        if (did.ok()) {
            did = keep();
        }
        if (did.ok()) {
            failed = lock();
        }
    } else if (!failed && did.ok()) {
        did = remove_all<Files>(in_->get(), topic_, mark);
    }
    if (!failed && did.ok()) {
        did = find_name();
    }
    if (!failed && did.ok()) {
        did = make_lock();
    }
    return failed ? std::move(failed) : unless(did, beside_);
}

/// A copy of a log may have no file to be locked by who reads it.
template <class Files>
outcome replacement<Files>::make_lock() const
{
    file_handle<Files> log;
    file_handle<Files> file;
    const outcome did = Files::open_directory_in(parent_.get(), topic_.c_str(), log.fill());
    return did.ok() ? Files::open(log.get(), file_lock<Files>::name, open_mode::make, file.fill())
                    : did;
}

/// Whether what is in the folder was in the log's place once.
template <class Files>
outcome replacement<Files>::look_inside(bool& is_old) const
{
    is_old = false;
    file_handle<Files> inside;
    outcome did = Files::open_directory_in(in_->get(), topic_.c_str(), inside.fill());
    if (!did.ok()) {
        return did.code == ENOENT ? outcome{} : did;
    }
    bool is_marked = false;
    bool is_empty = true;
    did = Files::list(inside.get(), [&](std::string_view name) {
        is_marked = is_marked || name == mark;
        is_empty = is_empty && (name == "." || name == "..");
    });
    is_old = did.ok() && !is_marked && !is_empty;
    return did;
}

/// Removes what was made, unless it is an old log, and the folder.
template <class Files>
outcome replacement<Files>::clear() noexcept(!GREGOR_EXCEPTIONS)
{
    if (!lock_) {
        return {};
    }
    bool is_old = false;
    outcome did = look_inside(is_old);
    if (!did.ok() || is_old) {
        return did;
    }
    did = remove_all<Files>(in_->get(), topic_, mark);
    if (did.ok()) {
        // who takes the lock anew meanwhile finds that the folder is gone, or it stays
        did = Files::remove(in_->get(), file_lock<Files>::name);
    }
    if (did.ok()) {
        did = Files::remove_directory(parent_.get(), beside_.c_str());
    }
    lock_.reset();
    return did;
}

/// The first one that nothing is called by.
template <class Files>
outcome replacement<Files>::find_name()
{
    outcome did;
    for (std::size_t number = 1; did.code != ENOENT; ++number) {
        kept_ = text({topic_, "~old", number == 1 ? "" : std::to_string(number)});
        file_handle<Files> there;
        did = Files::open_directory_in(parent_.get(), kept_.c_str(), there.fill());
        if (!did.ok() && did.code != ENOENT && did.code != ENOTDIR) {
            return did;
        }
    }
    return {};
}

template <class Files>
result<directory<Files>> replacement<Files>::make()
{
    auto made = in_->make(topic_);
    if (!made) {
        return made;
    }
    const outcome did = put_mark(made->get());
    return did.ok() ? std::move(made) : result<directory<Files>>{did.on(made->path)};
}

/// From the log that is there.
template <class Files>
outcome replacement<Files>::take_mark() const
{
    file_handle<Files> log;
    outcome did = Files::open_directory_in(parent_.get(), topic_.c_str(), log.fill());
    if (did.ok()) {
        did = Files::remove(log.get(), mark);
        // where there is none, who took it may have been killed before that was lasting
        did = did.ok() || did.code == ENOENT ? Files::sync_directory(log.get()) : did;
    }
    return did.code == ENOENT ? outcome{} : did;
}

template <class Files>
auto replacement<Files>::exchange() -> failure
{
    outcome did = take_mark();
    if (did.ok()) {
        did = Files::exchange(parent_.get(), in_->get(), topic_.c_str());
    }
    return unless(did.ok() ? sync_both() : did, topic_);
}

template <class Files>
auto replacement<Files>::finish(bool keeps) -> failure
{
    outcome did = take_mark(); // while there is something that leads here
    if (did.ok() && keeps) {
        did = keep();
        lock_.reset();
    } else if (did.ok()) {
        file_handle<Files> old;
        did = Files::open_directory_in(in_->get(), topic_.c_str(), old.fill());
        if (did.ok()) {
            did = put_mark(old.get());
        }
        if (did.ok()) {
            did = clear();
        }
    }
    return unless(did, beside_);
}

} // namespace gregor::inline GREGOR_ABI::disk

#endif
