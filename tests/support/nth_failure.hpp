// SPDX-License-Identifier: MIT
#pragma once

#include <gregor/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/counted.hpp"

namespace support {

enum class failing {
    allocation, ///< an operator new of this thread
    user_code,  ///< a copy, conversion or construction of a `fragile`, or another `fragile::risk`
};

/// One run of a scenario, in which the n-th thing fails.
///
/// The framework's assertions allocate, and a scenario's blocks are counted: it says what it
/// expects here.
class failing_run {
public:
    failing_run(failing what, long n) noexcept : what_(what), n_(n) {}

    /// Calls `attempt`, in which the n-th thing fails; false when it did, and came out as an
    /// exception or, where `attempt` returns a bool, as false.
    template <class Attempt>
    bool gets_through(Attempt&& attempt)
    {
        const light_the_fuse lit{what_, n_};
        try {
            if constexpr (std::is_void_v<decltype(attempt())>) {
                attempt();
            } else {
                failed_ = !attempt();
            }
        } catch (const std::bad_alloc&) {
            failed_ = threw_bad_alloc_ = true;
        } catch (const fragile::burnt&) {
            failed_ = true;
        } catch (const gregor::error& e) {
            failed_ = true;
            expect(e.code() == gregor::errc::out_of_memory, "the error says that memory is short");
        }
        return !failed_;
    }

    void expect(bool so, const char* sentence) noexcept
    {
        if (!so && wrong_ == nullptr) {
            wrong_ = sentence;
        }
    }

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] bool threw_bad_alloc() const noexcept { return threw_bad_alloc_; }
    /// The first expectation that did not hold.
    [[nodiscard]] const char* wrong() const noexcept { return wrong_ != nullptr ? wrong_ : ""; }

private:
    struct light_the_fuse {
        light_the_fuse(failing what, long n) noexcept
        {
            if (what == failing::allocation) {
                fail_allocation(n);
            } else {
                fragile::fuse = n;
            }
        }
        light_the_fuse(const light_the_fuse&) = delete;
        light_the_fuse& operator=(const light_the_fuse&) = delete;
        ~light_the_fuse()
        {
            fail_allocation(0);
            fragile::fuse = 0;
        }
    };

    failing what_;
    long n_;
    bool failed_ = false;
    bool threw_bad_alloc_ = false;
    const char* wrong_ = nullptr;
};

/// Runs `scenario(run)` with the first thing failing, with the second, and so on until it gets
/// through; returns how many there were. Everything it made is gone after each run.
template <class Scenario>
long fail_each(failing what, Scenario&& scenario)
{
    for (long n = 1;; ++n) {
        failing_run run{what, n};
        counts().reset();
        const long before = live_blocks();
        scenario(run);
        const long left = live_blocks() - before;
        INFO("number " << n
                       << (what == failing::allocation ? " of the allocations" : " of the calls")
                       << " fails");
        CHECK(std::string{run.wrong()} == "");
#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 15000
        // its vector loses the elements that it has copied when the copy of a later one throws
        static_cast<void>(left);
#else
        CHECK(left == 0);
#endif
        CHECK(counts().alive() == 0);
        CHECK(counts().corrupt == 0);
        REQUIRE(n < 1000);
        if (!run.failed()) {
            return n - 1;
        }
    }
}

/// Number 1000 was sent before, 0 to `most` - 1 were sent while something failed, and 2000 after.
/// All that was read is the first, some from the start of the many, and the last.
inline void expect_a_prefix(failing_run& run, const std::vector<std::uint64_t>& found,
                            std::uint64_t most)
{
    const bool framed = found.size() >= 2 && found.front() == 1000 && found.back() == 2000;
    run.expect(framed, "what came before and what came after is there");
    run.expect(framed && (run.failed() ? found.size() <= most + 2 : found.size() == most + 2),
               "what failed sent less, what did not sent all");
    for (std::size_t i = 1; i + 1 < found.size(); ++i) {
        run.expect(found[i] == i - 1, "no record is lost or doubled before the one that failed");
    }
}

} // namespace support
