// SPDX-License-Identifier: MIT

// word_count: the job of examples/word_count on two cores, M words/s. A reader cuts a text into
// lines, tokenizers cut the lines into words, counters count them, by the code of the example; each
// core has a tokenizer and a counter, the first one the reader, too. Lines and words are handed on
// by whatever is compared; what was counted is compared with what one loop counts.
//
//     gregor/boxes          as the example does it: 256 words of a partition are sent together
//     gregor/one_by_one     words are sent when they are found
//     std/deque_mutex       a std::deque, a mutex and two condition variables a stage
//     std/vector_swapped    the same by 64 lines and 256 words, and all is taken at once
//     limit/work_alone      the same threads, each with its work laid out before it: what others
//                           take beyond that is for passing records, and for who waits for whom
//     limit/one_loop        one thread that passes nothing: a word is counted where it is found
//
// The records are the same for all: a line is a std::string, a word lies in 24 bytes with its hash.
// word_count_1core has all threads on one core, where nobody waits while others work;
// word_count_16cores is there where so many are. Beside each figure stands what the stages took of
// a processor, in ns a word.
//
// Left out: reading files, adding up what several counters have counted (with gregor a word is in
// one partition, and so with one counter), making the links and the threads.

#include "links.hpp"
#include "preloaded.hpp"
#include "registry.hpp"
#include "text.hpp"
#include "threads.hpp"
#include "ticks.hpp"

#include "../../examples/word_count/counts.hpp"
#include "../../examples/word_count/lines.hpp"
#include "../../examples/word_count/words.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace benchmarks {
namespace {

using clock = std::chrono::steady_clock;
using word_count::word_counts;

/// What this thread has had of a processor; 0 where the system does not tell.
double processor_seconds()
{
#if defined(CLOCK_THREAD_CPUTIME_ID)
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
#else
    return 0;
#endif
}

void add(word_counts& counts, const word_count::word& each)
{
    counts.add(each.letters(), each.hash());
}
/// Where no record came with the hash.
void add(word_counts& counts, std::string_view letters)
{
    counts.add(letters, word_count::hash_of(letters));
}

// The three stages. Not inlined, so that each is compiled on its own.

template <class Lines>
[[gnu::noinline]] void read(const job& what, Lines& lines)
{
    constexpr std::size_t block_bytes = std::size_t{256} << 10; // as much as the example reads
    auto out = lines.sender();
    const auto send = [&](std::string_view line) { out.send(line); };
    for (std::uint64_t pass = 0; pass != what.passes; ++pass) {
        word_count::line_splitter splitter;
        for (std::string_view left = made_text::get(); !left.empty();) {
            splitter.feed(left.substr(0, block_bytes), send);
            left.remove_prefix(std::min(block_bytes, left.size()));
        }
        splitter.finish(send);
    }
    out.send_all();
    lines.close();
}

template <class LinesIn, class WordsOut>
[[gnu::noinline]] void tokenize(LinesIn& in, WordsOut& out)
{
    while (in.read([&](std::string_view line) {
        word_count::for_each_word(line, [&](std::string_view word) { out.send(word); });
    }))
        out.send_all();
}

template <class WordsIn>
[[gnu::noinline]] void count(WordsIn& in, word_counts& counts)
{
    while (in.read([&](const auto& word) { add(counts, word); })) {}
}

void count_in_one_loop(const job& what, word_counts& counts)
{
    for (std::uint64_t pass = 0; pass != what.passes; ++pass)
        word_count::for_each_word(made_text::get(), [&](std::string_view w) { add(counts, w); });
}

/// Empty when the counters have counted what is there; else a sentence.
std::string difference(const job& what, const std::vector<word_counts>& parts)
{
    static const word_counts expected = [] {
        word_counts counts;
        count_in_one_loop({.passes = 1, .threads = 1}, counts);
        return counts;
    }();
    word_counts found;
    for (const word_counts& part : parts)
        part.for_each([&](std::string_view word, std::uint64_t n) {
            found.add(word, word_count::hash_of(word), n);
        });
    std::string sentence;
    if (found.distinct() != expected.distinct())
        sentence = fmt::format("{} different words were counted, of {}", found.distinct(),
                               expected.distinct());
    expected.for_each([&](std::string_view word, std::uint64_t n) {
        const std::uint64_t times = found.count(word);
        if (times != n * what.passes)
            sentence = fmt::format("{} was counted {} times, and is there {} times", word, times,
                                   n * what.passes);
    });
    return sentence;
}

outcome in_words_a_second(const job& what, double seconds, const std::vector<word_counts>& counts)
{
    outcome result;
    result.seconds = seconds;
    result.value = static_cast<double>(what.passes * made_text::words) / seconds / 1e6;
    result.failure = difference(what, counts);
    return result;
}

/// One round of the pipeline, on so many cores: each has a tokenizer and a counter, the first one
/// the reader, too.
template <class Lines, class Words>
outcome pipeline_round(const std::string& name, const job& what, std::size_t on_cores)
{
    Lines lines{what};
    Words words{what};
    const std::size_t all = 1 + 2 * what.threads;
    meeting_point meeting{all};
    std::atomic<std::uint32_t> tokenizers{what.threads};
    std::vector<clock::time_point> began(all);
    std::vector<clock::time_point> ended(all);
    std::vector<double> processor(all);
    std::vector<word_counts> counts(what.threads);

    // They outlive the threads: who is done goes at once, and leaves the core to the others.
    std::deque<decltype(lines.receiver(0))> lines_in;
    std::deque<decltype(words.sender())> words_out;
    std::deque<decltype(words.receiver(0))> words_in;
    for (std::size_t i = 0; i != what.threads; ++i) {
        lines_in.push_back(lines.receiver(i));
        words_out.push_back(words.sender());
        words_in.push_back(words.receiver(i));
    }

    const auto measured = [&](std::size_t index, auto&& stage) {
        meeting.arrive_and_wait();
        began[index] = clock::now();
        const double before = processor_seconds();
        stage();
        processor[index] = processor_seconds() - before;
        ended[index] = clock::now();
    };
    const auto core = [&](std::size_t index) { return core_list::get().in_turn(index % on_cores); };

    std::vector<worker> workers;
    workers.push_back({core(0), [&] { measured(0, [&] { read(what, lines); }); }});
    for (std::size_t i = 0; i != what.threads; ++i) {
        workers.push_back({core(i), [&, i] {
                               measured(1 + i, [&] {
                                   tokenize(lines_in[i], words_out[i]);
                                   // acq_rel: the last one closes after what the others have sent
                                   if (tokenizers.fetch_sub(1, std::memory_order_acq_rel) == 1)
                                       words.close();
                               });
                           }});
    }
    for (std::size_t i = 0; i != what.threads; ++i) {
        const std::size_t index = 1 + what.threads + i;
        workers.push_back(
            {core(i), [&, i, index] { measured(index, [&] { count(words_in[i], counts[i]); }); }});
    }
    run_pinned(name, workers);

    outcome result =
        in_words_a_second(what,
                          seconds_between(*std::min_element(began.begin(), began.end()),
                                          *std::max_element(ended.begin(), ended.end())),
                          counts);
    const auto ns_a_word = [&](std::size_t first, std::size_t last) {
        double seconds = 0;
        for (; first != last; ++first)
            seconds += processor[first];
        return seconds * 1e9 / static_cast<double>(what.passes * made_text::words);
    };
    result.extras = {{"read_ns", ns_a_word(0, 1)},
                     {"tokenize_ns", ns_a_word(1, 1 + what.threads)},
                     {"count_ns", ns_a_word(1 + what.threads, all)}};
    return result;
}

outcome one_loop_round(const std::string& name, const job& what)
{
    std::vector<word_counts> counts(1);
    clock::time_point began;
    clock::time_point ended;
    run_pinned(name, {{core_list::get().first(), [&] {
                           began = clock::now();
                           count_in_one_loop(what, counts[0]);
                           ended = clock::now();
                       }}});
    return in_words_a_second(what, seconds_between(began, ended), counts);
}

class scenario {
public:
    scenario(registry& all, std::string name, std::size_t cores)
        : all_{all}, name_{std::move(name)}, cores_{cores}
    {
    }

    template <class Lines, class Words>
    void add(const std::string& subject)
    {
        add(subject, [cores = cores_](const std::string& name, const job& what) {
            return pipeline_round<Lines, Words>(name, what, cores);
        });
    }

    void add_one_loop() { add("limit/one_loop", one_loop_round); }

private:
    template <class Round>
    void add(const std::string& subject, Round round)
    {
        const auto threads = static_cast<std::uint32_t>(cores_);
        all_.push_back(
            {.scenario = name_,
             .subject = subject,
             .payload_bytes = sizeof(word_count::word),
             .batch = 1,
             .unit = "M words/s",
             .direction = better::higher,
             .round = [name = name_ + " " + subject, threads, round](std::uint64_t words) {
                 const job what{.passes = std::max<std::uint64_t>(words / made_text::words, 1),
                                .threads = threads};
                 return round(name, what);
             }});
    }

    registry& all_;
    std::string name_;
    std::size_t cores_;
};

} // namespace

void add_word_count(registry& all)
{
    for (const std::size_t cores : {2U, 1U, 16U}) {
        if (cores > core_list::get().count() && cores != 2)
            continue;
        scenario here{all,
                      cores == 2   ? "word_count"
                      : cores == 1 ? "word_count_1core"
                                   : fmt::format("word_count_{}cores", cores),
                      std::min(cores, core_list::get().count())};
        here.add<gregor_lines, gregor_words>("gregor/boxes");
        here.add<gregor_lines, gregor_words_one_by_one>("gregor/one_by_one");
        here.add<deque_lines, deque_words>("std/deque_mutex");
        here.add<swapped_lines, swapped_words>("std/vector_swapped");
        here.add<preloaded_lines, preloaded_words>("limit/work_alone");
        here.add_one_loop();
    }
}

} // namespace benchmarks
