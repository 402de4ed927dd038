// SPDX-License-Identifier: MIT
#include <gregor/gregor.hpp>
#include <gregor/mmap_log.hpp>

#if GREGOR_FILES

#    include <cstdint>
#    include <cstdio>
#    include <filesystem>
#    include <memory>
#    include <optional>
#    include <string>
#    include <vector>

#    include "support/catch.hpp"
#    include "support/forgetful_tree.hpp"
#    include "support/random.hpp"
#    include "support/scratch_directory.hpp"
#    include "support/storage_by.hpp"

// Topics of texts on a disk that forgets what it may, opened again and again after a kill or a
// power loss. What was said to be durable is there, with its blob, of which only the pages were
// made lasting that were written since the last time.

using gregor::offset_t;
using support::forgetful_files;
using support::forgetful_tree;
using support::scratch_directory;

namespace {

using text_topic = gregor::topic<std::string, support::storage_by<forgetful_files>>;

constexpr gregor::partition_id zero{0};

class history {
public:
    explicit history(std::uint64_t seed) : dice_(seed), disk_(folder_ / "0")
    {
        forgetful_files::boot = 1;
        std::filesystem::create_directory(disk_);
        tree_ = std::make_unique<forgetful_tree>(disk_);
    }
    ~history() { forgetful_files::tree = nullptr; }

    /// One life and its end; false where something was wrong.
    bool live()
    {
        forgetful_files::tree = tree_.get();
        tree_->kill_at_call(dice_.one_in(3) ? static_cast<long>(dice_.below(150)) : -1);
        open_and_work();
        tree_->kill_never();
        if (!dice_.one_in(4)) {
            disk_ = folder_ / std::to_string(++lives_);
            tree_->lose_power(dice_, disk_);
            tree_ = std::make_unique<forgetful_tree>(disk_);
            ++forgetful_files::boot;
            power_lost_ = true;
        }
        return wrong.empty();
    }

    std::string wrong;
    std::uint64_t lost = 0;

private:
    void open_and_work()
    {
        gregor::topic_options options;
        options.log.directory = disk_;
        options.log.segment_records = 512;
        options.log.blob_chunk_bytes = 16384;
        options.log.retention_bytes = 4 * (512 * 40 + 16384);
        auto topic = text_topic::create("texts", options);
        if (!topic) {
            wrong = tree_->dead() ? "" : topic.error().what();
            return;
        }
        check(*topic);
        if (wrong.empty() && !tree_->dead()) {
            work(*topic);
        }
        if (!dice_.one_in(4)) {
            tree_->kill_at_call(0); // else it closes
        }
    }

    void check(text_topic& topic)
    {
        const offset_t ends = topic.end_offset(zero);
        if (ends < durable_ || (!power_lost_ && ends < texts_.size())) {
            wrong = "it ends at " + std::to_string(ends);
            return;
        }
        gregor::consumer in{topic, {.auto_commit = false}};
        in.assign({zero});
        offset_t next = topic.begin_offset(zero);
        for (auto batch = in.try_poll(); !batch.empty(); batch = in.try_poll()) {
            for (const auto& record : batch) {
                if (record.offset() != next || next >= texts_.size() ||
                    record.value() != texts_[static_cast<std::size_t>(next)]) {
                    wrong = "another text at " + std::to_string(next);
                    return;
                }
                ++next;
            }
            batch.let_go();
        }
        if (next != ends && !tree_->dead()) {
            wrong = "it stops at " + std::to_string(next);
        }
        lost += texts_.size() - ends;
        texts_.resize(static_cast<std::size_t>(ends));
        durable_ = topic.durable_offset(zero);
        power_lost_ = false;
    }

    void work(text_topic& topic)
    {
        gregor::producer one{topic};
        std::optional<gregor::producer<text_topic>> other;
        for (std::uint64_t left = dice_.below(60); left != 0; --left) {
            if (dice_.one_in(6)) {
                static_cast<void>(topic.flush());
            } else if (dice_.one_in(20)) {
                other.emplace(topic);
            } else {
                const std::size_t length = dice_.below(dice_.one_in(4) ? 9000 : 400);
                std::string text(length, static_cast<char>('a' + dice_.below(26)));
                text += std::to_string(texts_.size());
                if ((other && dice_.one_in(2) ? *other : one).send(text)) {
                    texts_.push_back(text);
                }
            }
            durable_ = topic.durable_offset(zero);
        }
    }

    scratch_directory folder_;
    support::dice dice_;
    std::string disk_;
    std::unique_ptr<forgetful_tree> tree_;
    int lives_ = 0;
    std::vector<std::string> texts_; ///< by offset
    offset_t durable_ = 0;
    bool power_lost_ = false;
};

} // namespace

TEST_CASE(
    "the power goes, or the process, at any call of a topic of texts: what is durable is there",
    "[crash][encoded]")
{
    const support::fresh_seed seed;
    INFO(seed);
    support::dice dice{seed};
    int images = 0;
    std::uint64_t lost = 0;
    for (int round = 0; round != 150; ++round) {
        history one{dice.below(~std::uint64_t{0})};
        for (int life = 0; life != 10 && one.live(); ++life) {
            ++images;
        }
        INFO("round " << round);
        REQUIRE(one.wrong == "");
        lost += one.lost;
    }
    CHECK(lost > 0);
    std::printf("crash: %d images of a topic of texts, %llu lost that were not durable\n", images,
                static_cast<unsigned long long>(lost));
}

#endif
