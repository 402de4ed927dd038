// SPDX-License-Identifier: MIT
#include "topic.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <gregor/log/blob_format.hpp>
#include <gregor/log/file_handle.hpp>
#include <gregor/log/file_lock.hpp>
#include <gregor/log/offsets_file.hpp>
#include <gregor/log/segment_header.hpp>

namespace log_tool {
namespace {

void need(disk::outcome did, const std::string& path)
{
    if (!did.ok()) {
        throw did.on(path);
    }
}

/// Fills in the format, from the first header that can be read.
void find_format(topic& of)
{
    for (const std::uint32_t number : of.partitions) {
        const partition each = open_partition(of, number);
        for (const offset_t base : each.bases) {
            disk::file_handle<reading_files> file;
            disk::header_page page{};
            const std::string name = disk::segment_name(base);
            if (reading_files::open(each.in.get(), name.c_str(), disk::open_mode::read, file.fill())
                    .ok() &&
                reading_files::read(file.get(), &page, sizeof page, 0).ok()) {
                of.format = disk::format_in(page.header);
                of.byte_order = page.header.byte_order;
            }
            if (of.format) {
                return;
            }
        }
    }
}

} // namespace

std::optional<std::uint32_t> partition_in(std::string_view name)
{
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, problem] = std::from_chars(name.data(), end, number);
    const bool one_spelling = name == "0" || !name.starts_with('0');
    return problem == std::errc{} && stop == end && one_spelling ? std::optional{number}
                                                                 : std::nullopt;
}

topic open_topic(const std::string& path)
{
    std::string trimmed = path;
    while (trimmed.size() > 1 && trimmed.ends_with('/')) {
        trimmed.pop_back();
    }
    topic found{.in = *directory::open(std::move(trimmed)),
                .partitions = {},
                .strangers = {},
                .format = std::nullopt};
    const disk::outcome did = reading_files::list(found.in.get(), [&](std::string_view name) {
        if (const auto number = partition_in(name)) {
            found.partitions.push_back(*number);
        } else if (name != "." && name != ".." && name != disk::file_lock<>::name) {
            found.strangers.emplace_back(name);
        }
    });
    need(did, found.in.path);
    std::sort(found.partitions.begin(), found.partitions.end());
    std::sort(found.strangers.begin(), found.strangers.end());
    if (found.partitions.empty()) {
        throw gregor::error{gregor::errc::wrong_format, "topic \"" + found.in.path + "\"",
                            "folders of partitions: 0, 1, ...", "none"};
    }
    find_format(found);
    return found;
}

partition open_partition(const topic& of, std::uint32_t number)
{
    partition found{.in = *of.in.make(std::to_string(number)),
                    .number = number,
                    .bases = {},
                    .chunks = {},
                    .unfinished = {},
                    .asides = {},
                    .strangers = {}};
    const disk::outcome did = reading_files::list(found.in.get(), [&](std::string_view name) {
        if (const auto base = disk::base_in(name)) {
            found.bases.push_back(*base);
        } else if (const auto position = disk::chunk_in(name)) {
            found.chunks.push_back(*position);
        } else if (name == checkpoint::name) {
            found.has_checkpoint = true;
        } else if (name == disk::offsets_file<reading_files>::name) {
            found.has_offsets = true;
        } else if (name.ends_with(disk::unfinished_ending)) {
            found.unfinished.emplace_back(name);
        } else if (name.ends_with(disk::aside_ending)) {
            found.asides.emplace_back(name);
        } else if (name != "." && name != "..") {
            found.strangers.emplace_back(name);
        }
    });
    need(did, found.in.path);
    std::sort(found.bases.begin(), found.bases.end());
    std::sort(found.chunks.begin(), found.chunks.end());
    for (auto* names : {&found.unfinished, &found.asides, &found.strangers}) {
        std::sort(names->begin(), names->end());
    }
    return found;
}

std::vector<disk::cell_contents> read_offsets(const partition& of)
{
    const char* const name = disk::offsets_file<reading_files>::name;
    const std::string path = of.in.of(name);
    disk::file_handle<reading_files> file;
    need(reading_files::open(of.in.get(), name, disk::open_mode::read, file.fill()), path);
    disk::offsets_owner owner{.partition = of.number};
    const disk::offsets_owner* known = nullptr; // without a checkpoint, nothing says whose it is
    if (of.has_checkpoint) {
        if (auto opened = checkpoint::open(of.in)) {
            owner.log = opened->values().log;
            known = &owner;
        }
    }
    const auto page = disk::read_offsets_page<reading_files>(file.get(), path, known).value();
    std::vector<disk::cell_contents> cells;
    for (std::uint64_t i = 0; i != page.state->cells; ++i) {
        std::array<unsigned char, disk::cell_bytes> bytes{};
        need(reading_files::read(file.get(), bytes.data(), bytes.size(),
                                 disk::page_bytes + i * disk::cell_bytes),
             path);
        auto found = disk::look_at_cell(bytes.data(), page.header.salt);
        if (!found.name().empty() || found.lost_group) {
            cells.push_back(std::move(found));
        }
    }
    return cells;
}

std::vector<std::uint32_t> chosen(const topic& of, std::optional<std::uint32_t> partition)
{
    if (!partition) {
        return of.partitions;
    }
    if (!std::binary_search(of.partitions.begin(), of.partitions.end(), *partition)) {
        throw gregor::error{gregor::errc::invalid_option, "topic \"" + of.in.path + "\"",
                            "a partition that is there", std::to_string(*partition)};
    }
    return {*partition};
}

void refuse_denied(const gregor::error& problem)
{
    if (problem.code() == std::errc::permission_denied ||
        problem.code() == std::errc::operation_not_permitted) {
        throw problem;
    }
}

std::uint64_t bytes_of(const directory& in, const std::string& name)
{
    disk::file_handle<reading_files> file;
    disk::file_facts facts;
    const disk::outcome did =
        reading_files::open(in.get(), name.c_str(), disk::open_mode::read, file.fill());
    return did.ok() && reading_files::look(file.get(), facts).ok() ? facts.bytes : 0;
}

held_topic<disk::os_files> hold_to_change(const topic& of)
{
    auto in = disk::directory<disk::os_files>::open(of.in.path);
    auto lock = disk::file_lock<disk::os_files>::take(in.value().get(), of.in.path);
    return {*std::move(in), std::move(lock.value())};
}

held_topic<pretending_files> hold_to_tell(const topic& of)
{
    auto in = disk::directory<pretending_files>::open(of.in.path);
    pretending_files::confine(in.value().handle.fill());
    auto lock = disk::file_lock<pretending_files>::share(in->get(), of.in.path);
    return {*std::move(in), std::move(lock.value())};
}

std::string writer_of(const topic& of)
{
    disk::file_handle<reading_files> file;
    disk::file_facts facts;
    if (!reading_files::open(of.in.get(), disk::file_lock<>::name, disk::open_mode::read,
                             file.fill())
             .ok() ||
        !reading_files::look(file.get(), facts).ok()) {
        return {};
    }
    // To try the lock would be to take it, and to stand in the way of who opens the topic just now.
    // 1: FLOCK  ADVISORY  WRITE 4711 08:01:1234567 0 EOF
    std::ifstream locks{"/proc/locks"};
    std::string line;
    while (std::getline(locks, line)) {
        std::istringstream words{line};
        std::string number;
        std::string kind;
        std::string how;
        std::string what;
        std::string process;
        std::string place;
        words >> number >> kind >> how >> what >> process >> place;
        const std::size_t colon = place.rfind(':');
        if (kind == "FLOCK" && what == "WRITE" && colon != std::string::npos &&
            place.substr(colon + 1) == std::to_string(facts.inode)) {
            return process;
        }
    }
    return {};
}

} // namespace log_tool
