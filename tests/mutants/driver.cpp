// SPDX-License-Identifier: MIT
// driver LIST INCLUDE WORK JOBS COMPILE...: builds each seeded fault of the list, runs the models
// on it, and prints who found it. Fails when one survives, or cannot be built, or when a model
// finds something in the headers as they are. A whole run leaves WORK/results.txt for the report: a
// line for each fault, its columns parted by tabs, and a last one that counts.
//
// COMPILE is a command line in which {overlay} is the folder with the changed header, {model} the
// name of the model, and {program} what is to be made.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

/// A seeded fault. An empty file: the headers as they are.
struct mutant {
    std::string name;
    std::string file;
    std::vector<std::string> models;
    std::string from;
    std::string to;
};

struct verdict {
    bool found = false;
    std::string by;    ///< whose test, or why nobody's
    std::string model; ///< empty where nobody found it
};

std::string read(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// The list: for each mutant a line `mutant NAME`, a line `file PATH`, a line `models NAME...`,
/// then the lines that are replaced, each after `- `, and those that stand there instead, each
/// after `+ `.
std::vector<mutant> read_list(const fs::path& path)
{
    std::vector<mutant> all;
    std::istringstream lines(read(path));
    for (std::string line; std::getline(lines, line);) {
        const auto rest = [&](std::size_t from) {
            return line.size() > from ? line.substr(from) : "";
        };
        if (line.starts_with("mutant ")) {
            all.push_back({rest(7), {}, {}, {}, {}});
        } else if (line.starts_with("file ")) {
            all.back().file = rest(5);
        } else if (line.starts_with("models ")) {
            std::istringstream names(rest(7));
            for (std::string name; names >> name;) {
                all.back().models.push_back(name);
            }
        } else if (line.starts_with("-")) {
            all.back().from += rest(2) + "\n";
        } else if (line.starts_with("+")) {
            all.back().to += rest(2) + "\n";
        }
    }
    return all;
}

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// Text without its white space, and where each of its characters stood: how lines are broken is
/// nothing that a mutant depends on.
struct dense_text {
    explicit dense_text(const std::string& whole)
    {
        for (std::size_t i = 0; i < whole.size(); ++i) {
            if (std::string_view(" \t\r\n").find(whole[i]) == std::string_view::npos) {
                text += whole[i];
                at.push_back(i);
            }
        }
    }

    std::string text;
    std::vector<std::size_t> at;
};

/// Writes the changed header below the overlay; empty, or why not.
std::string write_overlay(const mutant& what, const fs::path& include, const fs::path& overlay)
{
    fs::remove_all(overlay);
    const fs::path target = overlay / what.file;
    fs::create_directories(what.file.empty() ? overlay : target.parent_path());
    if (what.file.empty()) {
        return {};
    }
    std::string text = read(include / what.file);
    const dense_text header(text);
    const dense_text from(what.from);
    const auto at = header.text.find(from.text);
    if (at == std::string::npos || from.text.empty()) {
        return "the lines to be replaced are not in " + what.file;
    }
    if (header.text.find(from.text, at + 1) != std::string::npos) {
        return "the lines to be replaced are in " + what.file + " more than once";
    }
    const std::size_t first = header.at[at];
    text.replace(first, header.at[at + from.text.size() - 1] + 1 - first,
                 what.to.substr(0, what.to.find_last_not_of('\n') + 1));
    std::ofstream(target, std::ios::binary) << text;
    return {};
}

std::string line_of(const std::string& text, const std::string& begin)
{
    const auto at = text.find(begin);
    return at == std::string::npos
               ? std::string{}
               : text.substr(at + begin.size(), text.find('\n', at) - at - begin.size());
}

verdict try_models(const mutant& what, const fs::path& include, const fs::path& overlay,
                   const std::string& compile)
{
    if (const std::string why = write_overlay(what, include, overlay); !why.empty()) {
        return {false, "NOT BUILT: " + why, {}};
    }
    for (const std::string& model : what.models) {
        const fs::path program = overlay / (model + ".out");
        const fs::path output = overlay / (model + ".txt");
        std::string command = replaced(compile, "{overlay}", overlay.string());
        command = replaced(command, "{model}", model);
        command = replaced(command, "{program}", program.string());
        if (std::system((command + " > \"" + output.string() + "\" 2>&1").c_str()) != 0) {
            return {false, "NOT BUILT: see " + output.string(), {}};
        }
        const int status = std::system(
            ("\"" + program.string() + "\" > \"" + output.string() + "\" 2>&1").c_str());
        const std::string said = read(output);
        if (const std::string by = line_of(said, "found by: "); !by.empty()) {
            const std::string because = line_of(said, "because: ");
            if (because.find("not everything") == std::string::npos) {
                return {true, model + ": " + by + " (" + because + ")", model};
            }
        } else if (status != 0) {
            return {false, "NO ANSWER of " + model + ", status " + std::to_string(status), {}};
        }
        fs::remove(program);
    }
    return {false, "SURVIVES", {}};
}

} // namespace

int main(int count, char** arguments)
{
    if (count < 6) {
        std::cerr << "driver LIST INCLUDE WORK JOBS COMPILE...\n";
        return 2;
    }
    std::vector<mutant> mutants = read_list(arguments[1]);
    const fs::path include = arguments[2];
    const fs::path work = arguments[3];
    const int jobs = std::atoi(arguments[4]);
    std::string compile;
    for (int i = 5; i < count; ++i) {
        compile += (i == 5 ? "" : " ") + std::string(arguments[i]);
    }
    const char* const only = std::getenv("GREGOR_MUTANT"); // a part of the name
    std::set<std::string> models;
    for (const mutant& each : mutants) {
        models.insert(each.models.begin(), each.models.end());
    }
    const auto faults = mutants.size();
    for (const std::string& model : models) {
        mutants.push_back({"none: the headers as they are, " + model, {}, {model}, {}, {}});
    }

    const auto began = std::chrono::steady_clock::now();
    std::vector<verdict> verdicts(mutants.size());
    std::mutex printing;
    std::atomic<std::size_t> next{0};
    std::atomic<int> bad{0};
    std::atomic<int> tried{0};
    std::vector<std::thread> workers;
    for (int job = 0; job < (jobs > 0 ? jobs : 1); ++job) {
        workers.emplace_back([&] {
            for (std::size_t i = next++; i < mutants.size(); i = next++) {
                const mutant& each = mutants[i];
                if (only != nullptr && each.name.find(only) == std::string::npos) {
                    continue;
                }
                verdict got = try_models(each, include, work / std::to_string(i), compile);
                const bool fine = i < faults ? got.found : got.by == "SURVIVES";
                if (i >= faults && fine) {
                    got.by = "nobody finds anything";
                }
                ++tried;
                bad += fine ? 0 : 1;
                const std::lock_guard lock{printing};
                std::printf("%s %-72s %s\n", fine ? "  " : "!!", each.name.c_str(), got.by.c_str());
                std::fflush(stdout);
                verdicts[i] = std::move(got);
            }
        });
    }
    for (std::thread& each : workers) {
        each.join();
    }
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began)
            .count();
    std::printf("%d tried, %d bad, %lld s\n", tried.load(), bad.load(),
                static_cast<long long>(seconds));
    if (only == nullptr) {
        std::ofstream results(work / "results.txt");
        for (std::size_t i = 0; i < faults; ++i) {
            results << mutants[i].file << '\t' << mutants[i].name << '\t' << verdicts[i].model
                    << '\t' << verdicts[i].by << '\n';
        }
        results << faults << '\t' << models.size() << '\t' << bad << '\t' << seconds << '\n';
    }
    return bad == 0 ? 0 : 1;
}
