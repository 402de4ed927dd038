// SPDX-License-Identifier: MIT
#include "pipeline.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <thread>
#include <utility>

#include "lines.hpp"
#include "outbox.hpp"
#include "words.hpp"

namespace word_count {
namespace {

template <class Topic>
std::uint64_t sent_to(const Topic& topic)
{
    std::uint64_t records = 0;
    for (std::uint32_t p = 0; p != topic.partitions(); ++p) {
        records += topic.end_offset(gregor::partition_id{p});
    }
    return records;
}

} // namespace

// The groups are declared, so they hold back whoever sends before their members are there.
pipeline::pipeline(const options& chosen)
    : chosen_(chosen), lines_("lines", {.partitions = chosen.partitions,
                                        .capacity_records = lines_in_a_partition,
                                        .groups = {"tokenizers"}}),
      words_("words", {.partitions = chosen.partitions,
                       .capacity_records = words_in_a_partition,
                       .groups = {"counters"}}),
      tokenized_(chosen.partitions), counted_(chosen.partitions),
      tokenizers_(lines_, "tokenizers", [this](auto& in) { return tokenize(in); }),
      counters_(words_, "counters", [this](auto& in) { return count(in); })
{
}

result pipeline::run(std::vector<input>& texts)
{
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [start] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };

    std::exception_ptr problem;
    double read_seconds = 0;
    std::thread reader;
    struct all_end { // also when there is no thread to be had: then nobody is left waiting
        pipeline& self;
        std::thread& reader;
        ~all_end()
        {
            self.lines_.close();
            self.words_.close();
            if (reader.joinable()) {
                reader.join();
            }
        }
    } const in_any_case{*this, reader};

    for (std::uint32_t worker = 0; worker != chosen_.threads; ++worker) {
        tokenizers_.add();
        counters_.add();
    }
    reader = std::thread{[&] {
        try {
            read_all(texts);
        } catch (const input_error&) {
            problem = std::current_exception();
        }
        lines_.close();
        read_seconds = seconds();
    }};

    const auto change = [this] { change_workers(); };
    const std::chrono::milliseconds every{chosen_.elastic_ms};
    tokenizers_.wait_for_end(every, change);
    tokenizers_.join();
    words_.close(); // nobody is left who sends words
    const double tokenize_seconds = seconds();
    counters_.wait_for_end(every, [&] { counters_.change(2 * chosen_.threads); });
    counters_.join();
    const double count_seconds = seconds();
    reader.join();

    if (problem) {
        std::rethrow_exception(problem);
    }
    return results(read_seconds, tokenize_seconds, count_seconds);
}

void pipeline::read_all(std::vector<input>& texts)
{
    gregor::producer out{lines_};
    for (std::uint32_t pass = 0; pass != chosen_.repeat; ++pass) {
        for (input& text : texts) {
            line_splitter splitter;
            std::uint64_t lines = 0;
            const auto send = [&](std::string_view line) {
                out.emplace(line); // waits while the tokenizers are behind
                ++lines;
            };
            text.read([&](std::string_view block) {
                splitter.feed(block, send);
                read_.add(std::exchange(lines, 0), block.size());
            });
            splitter.finish(send);
            read_.add(lines, 0);
        }
    }
}

result pipeline::results(double read_seconds, double tokenize_seconds, double count_seconds)
{
    result all;
    all.stages.push_back({"read", "lines", 1, 1, 0, read_.get(), read_seconds});
    all.stages.push_back({"tokenize", "lines", tokenizers_.most(), tokenizers_.joined(),
                          tokenizers_.left(), sum(tokenized_), tokenize_seconds});
    all.stages.push_back({"count", "words", counters_.most(), counters_.joined(), counters_.left(),
                          counted(), count_seconds});
    for (counted_partition& each : counted_) {
        all.counts.push_back(std::move(each.counts));
    }
    return all;
}

void pipeline::change_workers()
{
    tokenizers_.change(2 * chosen_.threads);
    counters_.change(2 * chosen_.threads);
}

gregor::poll_status pipeline::tokenize(gregor::consumer<line_topic>& in)
{
    outbox out{words_};
    for (;;) {
        auto batch = in.poll(); // commits what the poll before it returned
        if (batch.status() != gregor::poll_status::records) {
            return batch.status();
        }
        std::uint64_t bytes = 0;
        for (const std::string& line : batch.values()) {
            for_each_word(line, [&](std::string_view word) { out.add(word); });
            bytes += line.size();
        }
        out.send_all(); // all words of a line are sent before the line is committed
        tokenized_[batch.partition().value].add(batch.size(), bytes);
    }
}

gregor::poll_status pipeline::count(gregor::consumer<word_topic>& in)
{
    for (;;) {
        auto batch = in.poll();
        if (batch.status() != gregor::poll_status::records) {
            return batch.status();
        }
        counted_partition& mine = counted_[batch.partition().value];
        std::uint64_t bytes = 0;
        for (const word& each : batch.values()) {
            mine.counts.add(each.letters(), each.hash());
            bytes += each.letters().size();
        }
        mine.seen.add(batch.size(), bytes);
    }
}

progress pipeline::counted() const noexcept
{
    progress all;
    for (const counted_partition& each : counted_) {
        all += each.seen.get();
    }
    return all;
}

snapshot pipeline::look() const
{
    // what was read first, then what was sent: so a lag is never negative
    const progress tokenized = sum(tokenized_);
    const progress done = counted();
    return {read_.get(), sent_to(lines_) - tokenized.records, sent_to(words_) - done.records,
            tokenizers_.size(), counters_.size()};
}

} // namespace word_count
