// SPDX-License-Identifier: MIT
#include <map>
#include <set>
#include <vector>

#include "style/source_tree.hpp"
#include "support/catch.hpp"

using style::findings;
using style::source_file;

namespace {

constexpr int no_floor = -1;

/// Folder = floor: each floor's names, those of folders ending in /.
const std::vector<std::vector<std::string_view>> floors{
    {"base/", "version.hpp", "options.hpp"},
    {"ring/"},
    {"policy/", "fwd.hpp"},
    {"log/"},
    {"record.hpp", "batch.hpp", "partition.hpp", "topic_state.hpp", "topic.hpp", "mmap_log.hpp",
     "explanation.hpp", "routing.hpp", "sent.hpp", "slot_filling.hpp", "stats.hpp", "refusal.hpp",
     "claim.hpp", "producer.hpp", "producer_core.hpp", "producer_lanes.hpp", "routed_lanes.hpp",
     "record_conversion.hpp", "upgrade.hpp"},
    {"consumer.hpp", "consumer_core.hpp", "partition_reader.hpp", "consumer_group.hpp", "group/",
     "broker.hpp", "named_topic.hpp", "group_admin.hpp", "group_description.hpp", "run.hpp",
     "ack_tracker.hpp", "handlers/", "readiness.hpp", "wait_set.hpp", "multi_topic_consumer.hpp",
     "maintainer.hpp"},
    {"gregor.hpp", "format.hpp", "stream/", "bridge/"},
};

int floor_of(std::string_view path)
{
    for (std::size_t floor = 0; floor < floors.size(); ++floor) {
        for (const auto name : floors[floor]) {
            if (name.ends_with('/') ? path.starts_with(name) : path == name) {
                return static_cast<int>(floor);
            }
        }
    }
    return no_floor;
}

enum class origin { gregor, standard, compiler, fmt, moodycamel, system };

origin origin_of(std::string_view included)
{
    static const std::set<std::string_view> compiler{"immintrin.h", "x86intrin.h", "emmintrin.h",
                                                     "intrin.h",    "arm_acle.h",  "arm_neon.h"};
    if (included.starts_with("gregor/")) {
        return origin::gregor;
    }
    if (included.starts_with("fmt/")) {
        return origin::fmt;
    }
    if (included.find("concurrentqueue") != std::string_view::npos ||
        included.starts_with("moodycamel/")) {
        return origin::moodycamel;
    }
    if (compiler.count(included) != 0) {
        return origin::compiler;
    }
    return included.find_first_of("./") == std::string_view::npos ? origin::standard
                                                                  : origin::system;
}

/// Calls visit(file, index of the line, what it includes).
template <class Visit>
void for_each_include(Visit visit)
{
    for (const auto& file : style::headers()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const std::string included = style::included_by(file.lines[i]);
            if (!included.empty()) {
                visit(file, i, included);
            }
        }
    }
}

} // namespace

TEST_CASE("every header stands on a floor", "[style][floors]")
{
    findings found;
    for (const auto& file : style::headers()) {
        if (floor_of(file.path) == no_floor) {
            found.add(file, 0, "stands on no floor of the design");
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("a header includes its own floor or a lower one", "[style][floors]")
{
    findings found;
    for_each_include([&](const source_file& file, std::size_t i, const std::string& included) {
        if (origin_of(included) != origin::gregor) {
            return;
        }
        const std::string target = included.substr(std::string_view{"gregor/"}.size());
        if (!std::filesystem::exists(style::root() / "include" / included)) {
            found.add(file, i, "includes what is not there: " + included);
        } else if (floor_of(target) > floor_of(file.path)) {
            found.add(file, i,
                      "is on floor " + std::to_string(floor_of(file.path)) + " and includes " +
                          included + " on floor " + std::to_string(floor_of(target)));
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("a header names its neighbours from the root of the include folder", "[style][floors]")
{
    findings found;
    for_each_include([&](const source_file& file, std::size_t i, const std::string& included) {
        const bool quoted = file.lines[i].text.find('"') != std::string::npos;
        if (quoted && origin_of(included) != origin::gregor) {
            found.add(file, i, "quotes " + included);
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("the umbrella leaves out the headers that need a package, a thread or files",
          "[style][floors]")
{
    findings found;
    for_each_include([&](const source_file& file, std::size_t i, const std::string& included) {
        const bool needs_more =
            included == "gregor/format.hpp" || included == "gregor/run.hpp" ||
            included == "gregor/maintainer.hpp" || included == "gregor/mmap_log.hpp" ||
            included == "gregor/record_conversion.hpp" || included == "gregor/upgrade.hpp" ||
            included.starts_with("gregor/bridge/");
        if (file.path == "gregor.hpp" && needs_more) {
            found.add(file, i, "includes " + included);
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("only format.hpp includes fmt, and only run.hpp moodycamel's queue", "[style][floors]")
{
    findings found;
    for_each_include([&](const source_file& file, std::size_t i, const std::string& included) {
        const origin from = origin_of(included);
        if ((from == origin::fmt && file.path != "format.hpp") ||
            (from == origin::moodycamel && file.path != "run.hpp")) {
            found.add(file, i, "includes " + included);
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("the operating system is met in one file of ring and in one of log", "[style][floors]")
{
    findings found;
    std::map<std::string, std::set<std::string>> meeting;
    for_each_include([&](const source_file& file, std::size_t i, const std::string& included) {
        if (origin_of(included) != origin::system) {
            return;
        }
        const std::string folder = file.path.substr(0, file.path.find('/') + 1);
        meeting[folder].insert(file.path);
        if ((folder != "ring/" && folder != "log/") || meeting[folder].size() > 1) {
            found.add(file, i, "includes " + included);
        }
    });
    INFO(found.text());
    CHECK(found.text().empty());
}

TEST_CASE("atomics appear only in ring and in one header of log", "[style][floors]")
{
    findings found;
    std::set<std::string> in_log;
    for (const auto& file : style::headers()) {
        if (file.path.starts_with("ring/")) {
            continue;
        }
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const std::string& code = file.lines[i].code;
            const bool atomic = code.find("std::atomic") != std::string::npos ||
                                code.find("__atomic_") != std::string::npos ||
                                code.find("ring/atomic.hpp") != std::string::npos ||
                                code.find("memory_order") != std::string::npos ||
                                style::included_by(file.lines[i]) == "atomic";
            if (!atomic) {
                continue;
            }
            if (file.path.starts_with("log/")) {
                in_log.insert(file.path);
            }
            if (!file.path.starts_with("log/") || in_log.size() > 1) {
                found.add(file, i, "speaks of atomics: " + style::trimmed(code));
            }
        }
    }
    INFO(found.text());
    CHECK(found.text().empty());
}
