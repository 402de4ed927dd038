// SPDX-License-Identifier: MIT
#pragma once

// How the stages of word_count hand texts (lines, words) on, a *link*:
//
//     Link link{what};                          for the threads of this job
//     auto out = link.sender();                 on the thread that sends
//     out.send(text);  out.send_all();          waits for room; send_all: nothing is kept back
//     link.close();                             nothing more comes
//     auto in = link.receiver(thread);          the first thread of the stage is 0
//     while (in.read(visit)) ...                visit(text) for some; false: closed and all read

#include "../../examples/word_count/outbox.hpp"
#include "../../examples/word_count/topics.hpp"

#include <gregor/gregor.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace benchmarks {

/// What there is to do.
struct job {
    std::uint64_t passes;  ///< over the text
    std::uint32_t threads; ///< tokenizers, and as many counters

    /// As many as the example chooses.
    std::uint32_t partitions() const { return std::max(4 / threads, 2U) * threads; }
};

/// A line is a string, a word what the example makes of it.
template <class Text>
Text made_of(std::string_view text)
{
    if constexpr (std::is_same_v<Text, word_count::word>)
        return {text, word_count::hash_of(text)};
    else
        return Text{text};
}

/// A topic, read as the example reads it.
template <class Topic, class Sender, std::size_t Capacity>
class topic_link {
public:
    explicit topic_link(const job& what)
        : topic_{
              "link",
              {.partitions = what.partitions(), .capacity_records = Capacity, .groups = {"stage"}}}
    {
    }

    class receiver_type {
    public:
        explicit receiver_type(Topic& topic)
            : in_{topic, "stage", {.max_poll_interval = gregor::no_timeout}}
        {
        }

        template <class Visit>
        bool read(Visit&& visit)
        {
            const auto batch = in_.poll();
            for (const auto& text : batch.values())
                visit(text);
            return batch.status() == gregor::poll_status::records;
        }

    private:
        gregor::consumer<Topic> in_;
    };

    Sender sender() { return Sender{topic_}; }
    receiver_type receiver(std::size_t /*thread*/) { return receiver_type{topic_}; }
    void close() { topic_.close(); }

private:
    Topic topic_;
};

/// A record at a time, which goes where its key leads.
template <class Topic>
class one_by_one {
public:
    explicit one_by_one(Topic& topic) : out_{topic} {}

    void send(std::string_view text) { out_.send(made_of<typename Topic::value_type>(text)); }
    void send_all() {}

private:
    gregor::producer<Topic> out_;
};

/// As the example's tokenizers do.
class in_boxes {
public:
    explicit in_boxes(word_count::word_topic& topic) : out_{topic} {}

    void send(std::string_view text) { out_.add(text); }
    void send_all() { out_.send_all(); }

private:
    word_count::outbox out_;
};

using gregor_lines = topic_link<word_count::line_topic, one_by_one<word_count::line_topic>,
                                word_count::lines_in_a_partition>;
using gregor_words = topic_link<word_count::word_topic, in_boxes, word_count::words_in_a_partition>;
using gregor_words_one_by_one =
    topic_link<word_count::word_topic, one_by_one<word_count::word_topic>,
               word_count::words_in_a_partition>;

/// What most programs have: a std::deque, a mutex and two condition variables, with room for as
/// much as the topic has. With a `Box` of 1, texts are pushed and taken one by one. Else it is the
/// most that can be made of it: so many are pushed at a time, all that is there is taken at once,
/// and a std::vector holds them, which keeps its memory.
template <class Text, std::size_t CapacityOfAPartition, std::size_t Box>
class locked_link {
    using texts_type = std::conditional_t<Box == 1, std::deque<Text>, std::vector<Text>>;

public:
    explicit locked_link(const job& what) : capacity_{CapacityOfAPartition * what.partitions()} {}

    class sender_type {
    public:
        explicit sender_type(locked_link& link) : link_{link} {}

        void send(std::string_view text)
        {
            if constexpr (Box == 1) {
                link_.push(made_of<Text>(text));
            } else {
                box_.push_back(made_of<Text>(text));
                if (box_.size() == Box)
                    send_all();
            }
        }

        void send_all()
        {
            if (!box_.empty())
                link_.push_all(box_);
            box_.clear();
        }

    private:
        locked_link& link_;
        std::vector<Text> box_;
    };

    class receiver_type {
    public:
        explicit receiver_type(locked_link& link) : link_{link} {}

        template <class Visit>
        bool read(Visit&& visit)
        {
            if constexpr (Box == 1) {
                Text text;
                if (!link_.pop(text))
                    return false;
                visit(text);
            } else {
                taken_.clear();
                if (!link_.take_all(taken_))
                    return false;
                for (const Text& text : taken_)
                    visit(text);
            }
            return true;
        }

    private:
        locked_link& link_;
        texts_type taken_;
    };

    sender_type sender() { return sender_type{*this}; }
    receiver_type receiver(std::size_t /*thread*/) { return receiver_type{*this}; }

    void close()
    {
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
        }
        not_empty_.notify_all();
    }

private:
    void push(Text&& text)
    {
        {
            std::unique_lock lock{mutex_};
            not_full_.wait(lock, [&] { return texts_.size() < capacity_; });
            texts_.push_back(std::move(text));
        }
        not_empty_.notify_one();
    }

    void push_all(std::vector<Text>& box)
    {
        {
            std::unique_lock lock{mutex_};
            not_full_.wait(lock, [&] { return texts_.size() + box.size() <= capacity_; });
            texts_.insert(texts_.end(), std::move_iterator{box.begin()},
                          std::move_iterator{box.end()});
        }
        not_empty_.notify_one();
    }

    bool pop(Text& text)
    {
        {
            std::unique_lock lock{mutex_};
            not_empty_.wait(lock, [&] { return !texts_.empty() || closed_; });
            if (texts_.empty())
                return false;
            text = std::move(texts_.front());
            texts_.pop_front();
        }
        not_full_.notify_one();
        return true;
    }

    bool take_all(texts_type& taken)
    {
        {
            std::unique_lock lock{mutex_};
            not_empty_.wait(lock, [&] { return !texts_.empty() || closed_; });
            if (texts_.empty())
                return false;
            taken.swap(texts_);
        }
        not_full_.notify_all();
        return true;
    }

    const std::size_t capacity_;
    std::mutex mutex_;
    std::condition_variable not_empty_;
    std::condition_variable not_full_;
    texts_type texts_;
    bool closed_ = false;
};

using deque_lines = locked_link<std::string, word_count::lines_in_a_partition, 1>;
using deque_words = locked_link<word_count::word, word_count::words_in_a_partition, 1>;
using swapped_lines = locked_link<std::string, word_count::lines_in_a_partition, 64>;
using swapped_words = locked_link<word_count::word, word_count::words_in_a_partition, 256>;

} // namespace benchmarks
