// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "gregor/base/config.hpp"
#include "gregor/base/error.hpp"
#include "gregor/log/directory.hpp"
#include "gregor/log/file_handle.hpp"
#include "gregor/log/os_file.hpp"

#if GREGOR_FILES

namespace gregor::inline GREGOR_ABI::disk {

/// A file that has its name when it is whole, and no sooner: until then it is called unfinished,
/// and does not count.
///
///     new_file<Files> fresh{in, name};
///     outcome did = fresh.open(file);
///     ...                                // all of it, made lasting
///     did = fresh.finish(did);
template <class Files>
class new_file {
public:
    /// The directory outlives it.
    new_file(const directory<Files>& in, std::string_view name)
        : in_(in), name_(name), unfinished_(text({name, unfinished_ending}))
    {
    }

    /// Under the name that does not count.
    [[nodiscard]] outcome open(file_handle<Files>& file)
    {
        static_cast<void>(Files::remove(in_.get(), unfinished_.c_str())); // of a failed attempt
        return Files::open(in_.get(), unfinished_.c_str(), open_mode::create, file.fill());
    }

    /// Gives it its name, lastingly, where all went well; where not, or where it cannot have it, it
    /// goes. A name that could not be made lasting counts as not given.
    [[nodiscard]] outcome finish(const outcome& so_far) noexcept
    {
        outcome did = so_far;
        if (did.ok()) {
            did = Files::rename(in_.get(), unfinished_.c_str(), name_.c_str());
        }
        if (!did.ok()) {
            static_cast<void>(Files::remove(in_.get(), unfinished_.c_str()));
            return did;
        }
        return Files::sync_directory(in_.get());
    }

    /// What it is called until it is finished.
    [[nodiscard]] std::string path() const { return in_.of(unfinished_); }

private:
    const directory<Files>& in_;
    const std::string name_;
    const std::string unfinished_;
};

} // namespace gregor::inline GREGOR_ABI::disk

#endif
