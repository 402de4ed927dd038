// SPDX-License-Identifier: MIT
#pragma once

#include "payload.hpp"
#include "store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace benchmarks {

/// The logs that are read back in one table: each is written once, before its first round, and
/// stays until another table wants others.
class shelf {
public:
    static shelf& get()
    {
        static shelf one;
        return one;
    }

    /// The folder of a store with so many records of `payload<Bytes>::make(0, id)`. `same` says for
    /// which subjects of the table that may be one folder.
    template <class Store, std::size_t Bytes>
    const std::filesystem::path& written(const std::string& table, const std::string& same,
                                         std::uint64_t records)
    {
        if (table != table_) {
            folders_.clear();
            table_ = table;
        }
        const bool there = folders_.count(same) != 0;
        const scratch_folder& folder = folders_[same];
        if (!there) {
            write<Store, Bytes>(folder.path(), records);
        }
        return folder.path();
    }

private:
    shelf() = default;

    template <class Store, std::size_t Bytes>
    static void write(const std::filesystem::path& folder, std::uint64_t records)
    {
        constexpr std::size_t batch = 256;
        Store store{folder, Bytes};
        std::vector<payload<Bytes>> made(batch);
        for (std::uint64_t id = 0; id < records; id += batch) {
            for (std::size_t i = 0; i != batch; ++i) {
                made[i] = payload<Bytes>::make(0, id + i);
            }
            store.append(std::as_bytes(std::span{made}), false);
        }
        store.flush();
    }

    std::string table_;
    std::map<std::string, scratch_folder> folders_;
};

} // namespace benchmarks
