// SPDX-License-Identifier: MIT
// Looks into the files of topics that are kept on disk: `gregor_log --help`.

#include <cstdio>
#include <exception>
#include <string>

#include <fmt/format.h>

#include <gregor/base/error.hpp>

#include "commands.hpp"
#include "options.hpp"

namespace log_tool {
namespace {

exit_status run(const options& chosen)
{
    if (chosen.command.empty()) {
        fmt::print("{}", help());
        return all_well;
    }
    return chosen.command == "list"       ? list(chosen)
           : chosen.command == "describe" ? describe(chosen)
           : chosen.command == "verify"   ? verify(chosen)
           : chosen.command == "dump"     ? dump(chosen)
           : chosen.command == "offsets"  ? offsets(chosen)
           : chosen.command == "recover"  ? recover(chosen)
                                          : repair(chosen);
}

/// Not by fmt, which throws where nothing can be written.
void say(const char* problem)
{
    static_cast<void>(std::fprintf(stderr, "gregor_log: %s\n", problem));
}

exit_status run_and_say(int count, char** arguments)
{
    try {
        return run(parse(count, arguments));
    } catch (const usage_error& problem) {
        say((std::string{problem.what()} + "; --help shows what there is").c_str());
    } catch (const gregor::error& problem) {
        say(problem.what());
        return problem.code() == gregor::errc::corrupt ? damaged : cannot_do;
    } catch (const std::exception& problem) {
        say(problem.what());
    }
    return cannot_do;
}

} // namespace
} // namespace log_tool

int main(int count, char** arguments)
{
    const int status = log_tool::run_and_say(count, arguments);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        log_tool::say("what was found could not be written");
        return log_tool::cannot_do;
    }
    return status;
}
