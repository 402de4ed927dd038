// SPDX-License-Identifier: MIT
#pragma once

#include "schedule.hpp"

#include <optional>
#include <string>
#include <vector>

namespace benchmarks {

/// Where the figures come from; without it they mean little.
struct machine {
    std::string cpu;
    std::size_t cores = 0;
    std::string kernel;
    std::string compiler;
    std::string flags;
    std::string commit;
    std::vector<std::pair<std::string, std::string>> peers; ///< name and version

    static machine describe();
};

/// How much of the machine went to somebody else since it was made. Counted by the kernel in
/// hundredths of a second: for a whole run, not for a round.
class interference {
public:
    interference();

    /// Per cent of all cores that other processes used, or that the host kept for others; nothing
    /// where the system does not tell.
    std::optional<double> per_cent() const;

private:
    struct reading {
        double busy_seconds; ///< of all processes, and stolen by the host
        double own_seconds;
        double all_seconds;
    };
    static std::optional<reading> read();

    std::optional<reading> before_;
};

/// A table for people on standard output: a block a group, then the figures the project promises.
void print_report(const machine& here, std::optional<double> others_per_cent,
                  const std::vector<group>& results);

/// The same for programs. `kept` tells which rounds the median, the minimum and the maximum are of.
std::string to_json(const machine& here, std::optional<double> others_per_cent,
                    const std::vector<group>& results);

} // namespace benchmarks
