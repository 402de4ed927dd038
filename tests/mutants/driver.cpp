// SPDX-License-Identifier: MIT
// driver LIST INCLUDE WORK JOBS MODELS... --tests TESTS...: builds each seeded fault of the list,
// runs its models and tests on it, and prints who found it. Fails when one survives, or cannot be
// built, or when something is found in the headers as they are. A run leaves WORK/results.txt for
// the report: a line for each fault, and for each model and file of tests on the headers as they
// are, its columns parted by tabs, and a last one with the seconds. With GREGOR_MUTANT=TEXT in the
// environment only those are tried whose name has the text in it, and the other lines stay.
//
// MODELS and TESTS are command lines that compile one of either kind; in them {overlay} is the
// folder with the changed header, {name} the file below model/ or tests/, without its ending, and
// {program} what is to be made.
//
// driver --check LIST INCLUDE TESTS: only whether each fault still fits its header, and its finders
// are there. A changed header is noticed at once, and not by the next whole run.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>

namespace {

namespace fs = std::filesystem;

/// A model of tests/model, or a file of Catch2 tests.
struct finder {
    bool operator<(const finder& other) const
    {
        return is_test != other.is_test ? other.is_test : name < other.name;
    }

    std::string name;
    bool is_test = false;
};

/// A seeded fault. An empty file: the headers as they are.
struct mutant {
    std::string name;
    std::string file;
    std::vector<finder> finders;
    std::string from;
    std::string to;
};

struct verdict {
    bool found = false;
    std::string by;    ///< whose test, or why nobody's
    std::string where; ///< in which model or file of tests; empty where nobody found it
};

std::string read(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// The list: for each mutant a line `mutant NAME`, a line `file PATH`, a line `models NAME...` or
/// `tests PATH...` or both, then the lines that are replaced, each after `- `, and those that stand
/// there instead, each after `+ `.
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
        } else if (line.starts_with("models ") || line.starts_with("tests ")) {
            std::istringstream names(line.substr(line.find(' ')));
            for (std::string name; names >> name;) {
                all.back().finders.push_back({name, line.starts_with("tests ")});
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

/// Changes the text of the header; empty, or why not.
std::string seed(const mutant& what, std::string& text)
{
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
    return {};
}

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
    const std::string why = seed(what, text);
    std::ofstream(target, std::ios::binary) << text;
    return why;
}

/// How many faults do not fit the headers and tests as they are; says which, and why.
int check_list(const fs::path& list, const fs::path& include, const fs::path& tests)
{
    int bad = 0;
    std::set<std::string> names;
    const std::vector<mutant> all = read_list(list);
    for (const mutant& each : all) {
        std::string text = read(include / each.file);
        std::string why = seed(each, text);
        if (dense_text(each.from).text == dense_text(each.to).text) {
            why = "nothing is changed";
        }
        if (!names.insert(each.name + " in " + each.file).second) {
            why = "there is another one of this name in this header";
        }
        if (each.finders.empty()) {
            why = "nobody is to find it";
        }
        for (const finder& one : each.finders) {
            const std::string file = (one.is_test ? "" : "model/") + one.name + ".cpp";
            if (!fs::exists(tests / file)) {
                why = "there is no " + file;
            }
        }
        if (!why.empty()) {
            ++bad;
            std::cout << each.name << ": " << why << '\n';
        }
    }
    std::cout << all.size() << " seeded faults, of which " << bad << " fit nothing any more\n";
    return bad;
}

std::string line_of(const std::string& text, const std::string& begin)
{
    const auto at = text.find(begin);
    return at == std::string::npos
               ? std::string{}
               : text.substr(at + begin.size(), text.find('\n', at) - at - begin.size());
}

constexpr const char* as_they_are = "none: the headers as they are, ";

/// What a model on the fault says: its first lines name the test, and what it saw.
verdict answer_of_model(const std::string& said, int status)
{
    if (const std::string by = line_of(said, "found by: "); !by.empty()) {
        const std::string because = line_of(said, "because: ");
        if (because.find("not everything") == std::string::npos) {
            return {true, by + " (" + because + ")", {}};
        }
    } else if (status != 0) {
        return {false, "NO ANSWER, status " + std::to_string(status), {}};
    }
    return {false, "SURVIVES", {}};
}

std::string without_entities(std::string text)
{
    constexpr std::pair<const char*, const char*> entities[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
    for (const auto& [entity, character] : entities) {
        text = replaced(text, entity, character);
    }
    return text;
}

/// What lies between the two, the first time after `from`; empty where it does not.
std::string between(const std::string& text, std::size_t from, std::string_view begin,
                    std::string_view end)
{
    const auto at = text.find(begin, from);
    if (at == std::string::npos) {
        return {};
    }
    const auto inside = at + begin.size();
    std::string part = text.substr(inside, text.find(end, inside) - inside);
    const auto first = part.find_first_not_of(" \n");
    const auto last = part.find_last_not_of(" \n");
    return first == std::string::npos ? std::string{}
                                      : without_entities(part.substr(first, last - first + 1));
}

/// Of what Catch2 says in its XML, at the first thing that failed: why it did.
std::string reason_at(const std::string& said, std::size_t failed)
{
    if (said.compare(failed, 8, "success=") == 0) {
        return between(said, failed, "type=\"", "\"") + "( " +
               between(said, failed, "<Original>", "</Original>") + " )";
    }
    const std::string why = between(said, failed, ">", "</");
    return why.empty() ? "it does not say why" : why;
}

/// What a file of tests on the fault says: the first that fails is the last that ran. Catch2's XML,
/// since it keeps no memory of what went well, which some tests would count.
verdict answer_of_test(const std::string& said, int status)
{
    if (status == 0) {
        return {false, "SURVIVES", {}};
    }
    const std::string by =
        between(said, (std::min)(said.rfind("<TestCase"), said.size()), "name=\"", "\"");
    for (const auto* const kind :
         {"success=\"false\" type", "<Exception", "<Failure", "<FatalErrorCondition"}) {
        if (const auto failed = said.find(kind); failed != std::string::npos) {
            return {true, by + " (" + reason_at(said, failed) + ")", {}};
        }
    }
    // of a shell, or of what it ran
    const int signal = WIFSIGNALED(status)                              ? WTERMSIG(status)
                       : WIFEXITED(status) && WEXITSTATUS(status) > 128 ? WEXITSTATUS(status) - 128
                                                                        : 0;
    if (signal != 0 && !by.empty()) {
        return {true, by + " (ended by signal " + std::to_string(signal) + ")", {}};
    }
    return {false, "NO ANSWER, status " + std::to_string(status), {}};
}

/// How either kind is compiled.
struct commands {
    std::string models;
    std::string tests;
};

verdict try_finder(const finder& who, const fs::path& overlay, const commands& compile)
{
    const std::string name = fs::path(who.name).filename().string();
    const fs::path program = overlay / (name + ".out");
    const fs::path output = overlay / (name + ".txt");
    std::string command =
        replaced(who.is_test ? compile.tests : compile.models, "{overlay}", overlay.string());
    command = replaced(command, "{name}", who.name);
    command = replaced(command, "{program}", program.string());
    const std::string to_output = " > \"" + output.string() + "\" 2>&1";
    if (std::system((command + to_output).c_str()) != 0) {
        return {false, "NOT BUILT: see " + output.string(), {}};
    }
    const std::string run =
        "\"" + program.string() + "\"" + (who.is_test ? " --abort --reporter xml" : "");
    const int status = std::system((run + to_output).c_str());
    fs::remove(program);
    const std::string said = read(output);
    verdict got = who.is_test ? answer_of_test(said, status) : answer_of_model(said, status);
    if (got.by != "SURVIVES") {
        got.by = name + ": " + got.by;
    }
    got.where = got.found ? who.name : std::string{};
    return got;
}

verdict try_finders(const mutant& what, const fs::path& include, const fs::path& overlay,
                    const commands& compile)
{
    if (const std::string why = write_overlay(what, include, overlay); !why.empty()) {
        return {false, "NOT BUILT: " + why, {}};
    }
    for (const finder& each : what.finders) {
        if (verdict got = try_finder(each, overlay, compile); got.by != "SURVIVES") {
            return got;
        }
    }
    return {false, "SURVIVES", {}};
}

/// The columns of the report: file (none: the headers as they are), name, who found it where, what.
/// Lines of what was not tried stay.
void write_results(const fs::path& path, const std::vector<mutant>& mutants,
                   const std::vector<std::optional<verdict>>& verdicts, long long seconds)
{
    std::map<std::string, std::string> known;
    std::istringstream before(read(path));
    for (std::string line; std::getline(before, line);) {
        if (const auto spent = line.find("seconds\t"); spent == 0) {
            seconds += std::stoll(line.substr(8));
        } else {
            known[line.substr(0, line.find('\t', line.find('\t') + 1))] = line;
        }
    }
    std::ofstream results(path);
    for (std::size_t i = 0; i < mutants.size(); ++i) {
        const std::string key = mutants[i].file + '\t' + mutants[i].name;
        if (verdicts[i]) {
            known[key] = key + '\t' + verdicts[i]->where + '\t' + verdicts[i]->by;
        }
        if (const auto line = known.find(key); line != known.end()) {
            results << line->second << '\n';
        }
    }
    results << "seconds\t" << seconds << '\n';
}

/// Tries all, the headers as they are among them; how many are not as they should be.
int try_all(const fs::path& list, const fs::path& include, const fs::path& work, int jobs,
            const commands& compile)
{
    std::vector<mutant> mutants = read_list(list);
    const char* const only = std::getenv("GREGOR_MUTANT");
    std::set<finder> finders;
    for (const mutant& each : mutants) {
        finders.insert(each.finders.begin(), each.finders.end());
    }
    const auto faults = mutants.size();
    for (const finder& each : finders) {
        mutants.push_back({as_they_are + each.name, {}, {each}, {}, {}});
    }

    const auto began = std::chrono::steady_clock::now();
    std::vector<std::optional<verdict>> verdicts(mutants.size());
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
                verdict got = try_finders(each, include, work / std::to_string(i), compile);
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
    const long long seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began)
            .count();
    std::printf("%d tried, %d bad, %lld s\n", tried.load(), bad.load(), seconds);
    if (only == nullptr) {
        fs::remove(work / "results.txt");
    }
    write_results(work / "results.txt", mutants, verdicts, seconds);
    return bad;
}

} // namespace

int main(int count, char** arguments)
{
    const std::vector<std::string> given(arguments + 1, arguments + count);
    if (given.size() == 4 && given[0] == "--check") {
        return check_list(given[1], given[2], given[3]) == 0 ? 0 : 1;
    }
    if (given.size() < 5) {
        std::cerr << "driver LIST INCLUDE WORK JOBS MODELS... --tests TESTS...\n"
                     "driver --check LIST INCLUDE TESTS\n";
        return 2;
    }
    commands compile;
    std::string* part = &compile.models;
    for (std::size_t i = 4; i < given.size(); ++i) {
        if (given[i] == "--tests") {
            part = &compile.tests;
        } else {
            *part += (part->empty() ? "" : " ") + given[i];
        }
    }
    return try_all(given[0], given[1], given[2], std::stoi(given[3]), compile) == 0 ? 0 : 1;
}
