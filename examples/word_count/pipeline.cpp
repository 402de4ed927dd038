// SPDX-License-Identifier: MIT
#include "pipeline.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <thread>
#include <utility>

#include "lines.hpp"
#include "words.hpp"

namespace word_count {
namespace {

// A line takes up to longest_line bytes, so this is 4 MiB a partition at the very most. Words are
// many and short.
constexpr std::size_t lines_in_a_partition = 1 << 10;
constexpr std::size_t words_in_a_partition = 1 << 13;

/// The inputs of a stage. As a group has one member in this version, its partitions are dealt out
/// by hand: of n workers the first reads 0, n, 2n ..., the next 1, n + 1 ...
template <class Topic>
std::vector<gregor::consumer<Topic>> deal_out(Topic& topic, std::uint32_t workers)
{
    std::vector<gregor::consumer<Topic>> inputs;
    for (std::uint32_t worker = 0; worker != workers; ++worker) {
        std::vector<gregor::partition_id> mine;
        for (std::uint32_t p = worker; p < topic.partitions(); p += workers) {
            mine.push_back(gregor::partition_id{p});
        }
        inputs.emplace_back(topic).assign(mine.begin(), mine.end());
    }
    return inputs;
}

template <class Topic>
std::uint64_t sent_to(const Topic& topic)
{
    std::uint64_t records = 0;
    for (std::uint32_t p = 0; p != topic.partitions(); ++p) {
        records += topic.end_offset(gregor::partition_id{p});
    }
    return records;
}

/// Words on their way into the topic, put together by the partition that their key leads to. A box
/// is published at once, so tokenizers meet at a partition once a box and not once a word, which is
/// twice as fast when there are four of them.
class outbox {
public:
    explicit outbox(word_topic& words) : out_{words}, boxes_(words.partitions()) {}

    void add(std::string_view word)
    {
        const auto key = gregor::key_bytes<std::string_view>::of(word);
        const auto partition = gregor::partition_of(key, static_cast<std::uint32_t>(boxes_.size()));
        boxes_[partition.value].emplace_back(word);
        if (boxes_[partition.value].size() == full) {
            send(partition);
        }
    }

    void send_all()
    {
        for (std::uint32_t p = 0; p != boxes_.size(); ++p) {
            send(gregor::partition_id{p});
        }
    }

private:
    static constexpr std::size_t full = 256;

    void send(gregor::partition_id partition)
    {
        std::vector<std::string>& box = boxes_[partition.value];
        // waits while the counters are behind
        out_.send_batch(std::move(box), {.partition = partition});
        box.clear();
    }

    gregor::producer<word_topic> out_;
    std::vector<std::vector<std::string>> boxes_; // one for each partition
};

} // namespace

pipeline::pipeline(const options& chosen)
    : chosen_(chosen),
      lines_("lines", {.partitions = chosen.partitions, .capacity_records = lines_in_a_partition}),
      words_("words", {.partitions = chosen.partitions, .capacity_records = words_in_a_partition}),
      tokenizer_inputs_(deal_out(lines_, chosen.threads)),
      counter_inputs_(deal_out(words_, chosen.threads)), tokenized_(chosen.threads),
      counted_(chosen.threads)
{
}

result pipeline::run(std::vector<input>& texts)
{
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [start] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };

    result all;
    all.counts.resize(chosen_.threads);

    std::exception_ptr problem;
    std::thread reader{[&] {
        try {
            read_all(texts);
        } catch (const input_error&) {
            problem = std::current_exception();
        }
        lines_.close();
    }};
    std::vector<std::thread> tokenizers;
    std::vector<std::thread> counters;
    for (std::uint32_t worker = 0; worker != chosen_.threads; ++worker) {
        tokenizers.emplace_back([this, worker] { tokenize(worker); });
        counters.emplace_back([this, worker, &all] { count(worker, all.counts[worker]); });
    }

    reader.join();
    all.stages.push_back({"read", "lines", 1, read_.get(), seconds()});
    for (std::thread& each : tokenizers) {
        each.join();
    }
    words_.close(); // nobody is left who sends words
    all.stages.push_back({"tokenize", "lines", chosen_.threads, sum(tokenized_), seconds()});
    for (std::thread& each : counters) {
        each.join();
    }
    all.stages.push_back({"count", "words", chosen_.threads, sum(counted_), seconds()});

    if (problem) {
        std::rethrow_exception(problem);
    }
    return all;
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

void pipeline::tokenize(std::uint32_t worker)
{
    auto& in = tokenizer_inputs_[worker];
    outbox out{words_};
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return;
        }
        std::uint64_t bytes = 0;
        for (const std::string& line : batch.values()) {
            for_each_word(line, [&](std::string_view word) { out.add(word); });
            bytes += line.size();
        }
        out.send_all(); // a word is not kept waiting for the next line
        tokenized_[worker].add(batch.size(), bytes);
    }
}

void pipeline::count(std::uint32_t worker, word_counts& counts)
{
    auto& in = counter_inputs_[worker];
    for (;;) {
        auto batch = in.poll();
        if (batch.status() == gregor::poll_status::closed) {
            return;
        }
        std::uint64_t bytes = 0;
        for (const std::string& word : batch.values()) {
            counts.add(word);
            bytes += word.size();
        }
        counted_[worker].add(batch.size(), bytes);
    }
}

snapshot pipeline::look() const
{
    // what was read first, then what was sent: so a lag is never negative
    const progress tokenized = sum(tokenized_);
    const progress counted = sum(counted_);
    return {read_.get(), sent_to(lines_) - tokenized.records, sent_to(words_) - counted.records};
}

} // namespace word_count
