// SPDX-License-Identifier: MIT
#pragma once

// Links that hand nothing on: what is sent is looked at and forgotten, what is read was laid out
// beforehand. What is left of the job is its work.

#include "links.hpp"
#include "text.hpp"

#include "../../examples/word_count/lines.hpp"
#include "../../examples/word_count/words.hpp"

#include <gregor/gregor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace benchmarks {

/// The lines of the text, and all its words, in order.
struct laid_out {
    std::vector<std::string_view> lines;
    std::vector<std::string_view> words;

    static const laid_out& get()
    {
        static const laid_out all;
        return all;
    }

private:
    laid_out()
    {
        letters_.reserve(made_text::get().size());
        word_count::line_splitter{}.feed(made_text::get(), [&](std::string_view line) {
            lines.push_back(line);
            word_count::for_each_word(line, [&](std::string_view word) {
                words.push_back({letters_.data() + letters_.size(), word.size()});
                letters_ += word;
            });
        });
    }

    std::string letters_;
};

class preloaded_link {
public:
    /// Looks at what it is given: nothing of it can be left out.
    class sender_type {
    public:
        void send(std::string_view text)
        {
            seen_ = seen_ + text.size() + static_cast<unsigned char>(text.back());
        }
        void send_all() {}

    private:
        volatile std::size_t seen_ = 0;
    };

    /// A thread's share, once for each pass.
    class receiver_type {
    public:
        receiver_type(const std::vector<std::string_view>& share, std::uint64_t passes)
            : share_{share}, left_{passes}
        {
        }

        template <class Visit>
        bool read(Visit&& visit)
        {
            if (left_ == 0)
                return false;
            --left_;
            for (const std::string_view text : share_)
                visit(text);
            return true;
        }

    private:
        const std::vector<std::string_view>& share_;
        std::uint64_t left_;
    };

    sender_type sender() { return {}; }
    receiver_type receiver(std::size_t thread) { return {shares_[thread], passes_}; }
    void close() {}

protected:
    explicit preloaded_link(const job& what) : shares_(what.threads), passes_{what.passes} {}

    std::vector<std::vector<std::string_view>> shares_; // one a thread

private:
    std::uint64_t passes_;
};

/// The lines in turn.
struct preloaded_lines : preloaded_link {
    explicit preloaded_lines(const job& what) : preloaded_link{what}
    {
        std::size_t next = 0;
        for (const std::string_view line : laid_out::get().lines)
            shares_[next++ % shares_.size()].push_back(line);
    }
};

/// A word to the counter that it goes to by its key.
struct preloaded_words : preloaded_link {
    explicit preloaded_words(const job& what) : preloaded_link{what}
    {
        for (const std::string_view word : laid_out::get().words) {
            const auto partition = gregor::partition_of(
                gregor::key_bytes<std::string_view>::of(word), what.partitions());
            shares_[partition.value % shares_.size()].push_back(word);
        }
    }
};

} // namespace benchmarks
