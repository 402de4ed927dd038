// SPDX-License-Identifier: MIT
#include "archive.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "options.hpp"

#if GREGOR_FILES

template <>
inline constexpr std::string_view gregor::type_name<word_count::archived_word> =
    "word of word_count";

namespace word_count {
namespace {

constexpr gregor::partition_id only{0};
constexpr std::size_t most_letters = sizeof archived_word{}.letters;

gregor::topic_options options_in(const std::string& directory)
{
    gregor::topic_options options;
    options.log.directory = directory;
    options.log.segment_bytes = std::size_t{1} << 20U;
    return options;
}

/// The records of one word.
void append(std::vector<archived_word>& records, std::string_view word, std::uint64_t count)
{
    do {
        const std::string_view part = word.substr(0, most_letters);
        word.remove_prefix(part.size());
        archived_word& made = records.emplace_back();
        made.what = word.empty() ? archived_word::kind::word : archived_word::kind::part;
        made.count = count;
        made.length = static_cast<std::uint8_t>(part.size());
        std::copy(part.begin(), part.end(), made.letters);
    } while (!word.empty());
}

/// Puts runs together again, record by record.
class reader {
public:
    void take(const archived_word& record)
    {
        switch (record.what) {
        case archived_word::kind::begin:
            all_.unfinished += in_a_run_ ? 1U : 0U;
            in_a_run_ = true;
            words_.clear();
            word_.clear();
            break;
        case archived_word::kind::part:
            word_.append(record.letters, std::min<std::size_t>(record.length, most_letters));
            break;
        case archived_word::kind::word:
            word_.append(record.letters, std::min<std::size_t>(record.length, most_letters));
            words_.emplace_back(std::exchange(word_, {}), record.count);
            break;
        case archived_word::kind::end:
            in_a_run_ = false;
            ++all_.runs;
            for (const auto& [word, count] : std::exchange(words_, {})) {
                all_.counts.front().add(word, hash_of(word), count);
                all_.words += count;
            }
            break;
        }
    }

    [[nodiscard]] archived all() &&
    {
        all_.unfinished += in_a_run_ ? 1U : 0U;
        return std::move(all_);
    }

private:
    archived all_;
    bool in_a_run_ = false;
    std::vector<std::pair<std::string, std::uint64_t>> words_; // of the run
    std::string word_;                                         // as far as it is there
};

} // namespace

archive::archive(const std::string& directory) : words_("word_counts", options_in(directory)) {}

archived archive::read()
{
    reader runs;
    gregor::consumer in{words_};
    in.assign({only});
    for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
        for (const auto& record : batch) {
            runs.take(record.value());
        }
        batch.let_go();
    }
    return std::move(runs).all();
}

void archive::add(const std::vector<word_counts>& counts)
{
    std::uint64_t all = 0;
    std::vector<archived_word> records{{.what = archived_word::kind::begin}};
    for (const word_counts& part : counts) {
        part.for_each([&](std::string_view word, std::uint64_t count) {
            append(records, word, count);
            all += count;
        });
    }
    gregor::producer out{words_};
    if (!out.send_batch(records) || !out.send({.count = all, .what = archived_word::kind::end}, {},
                                              gregor::acknowledged::durable)) {
        throw *words_.failure(only);
    }
}

} // namespace word_count

#else

namespace word_count {

archive::archive(const std::string&)
{
    throw usage_error{"--log: there are no logs on disk on this system yet"};
}

} // namespace word_count

#endif
