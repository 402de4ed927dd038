// SPDX-License-Identifier: MIT
// One slot: what it is taken for, to who looks for one offset in it.

#include "fuzz/target.hpp"

namespace {

enum : unsigned char {
    puts_checksum_right = 1,
    puts_stamp_right = 2,
    is_recycled = 4,
    is_void = 8
};

} // namespace

void fuzz::look(const bytes& input)
{
    pieces from{input};
    const auto mode = from.take<unsigned char>();
    const auto salt = from.take<std::uint64_t>();
    const auto offset = from.take<std::uint64_t>() >> 2U;
    bytes slot((std::max)((from.left() + 7) / 8 * 8, std::size_t{24}));
    from.fill(slot.data(), slot.size());
    const disk::slot_kind kind =
        (mode & is_void) != 0 ? disk::slot_kind::skipped : disk::slot_kind::record;
    if ((mode & puts_stamp_right) != 0) {
        const std::uint64_t stamp = disk::stamp_of(offset, kind);
        std::memcpy(slot.data(), &stamp, sizeof stamp);
    }
    if ((mode & puts_checksum_right) != 0) {
        put_slot_right(salt, slot.data(), slot.size());
    }

    const bool recycled = (mode & is_recycled) != 0;
    const disk::slot_state state =
        disk::look_at_slot(disk::salted(salt), offset, recycled, slot.data(), slot.size());
    disk::slot_head head;
    std::memcpy(&head, slot.data(), sizeof head);
    if (state == disk::slot_state::record || state == disk::slot_state::skipped) {
        bytes again = slot;
        disk::finish_slot(disk::salted(salt), offset,
                          state == disk::slot_state::record ? disk::slot_kind::record
                                                            : disk::slot_kind::skipped,
                          again.data(), again.size());
        require(again == slot, "what counts is what a writer writes");
    } else if (state == disk::slot_state::empty) {
        require(head.stamp == 0 || recycled, "a slot with a stamp is not empty");
    } else {
        require(head.stamp != 0, "a slot without a stamp is not damaged");
    }
    if ((mode & puts_stamp_right) != 0) {
        require(state != disk::slot_state::empty, "a slot with its stamp is not empty");
        require((mode & puts_checksum_right) == 0 || head.reserved != 0 ||
                    state == (kind == disk::slot_kind::record ? disk::slot_state::record
                                                              : disk::slot_state::skipped),
                "a slot with its stamp and checksum counts");
    }
}

std::vector<fuzz::bytes> fuzz::seeds()
{
    std::vector<bytes> all;
    for (const std::size_t length : {24U, 32U, 200U}) {
        for (const int mode : {0, 1, 3, 6, 15}) {
            const std::uint64_t salt = 0x1122334455667788U;
            const std::uint64_t place = std::uint64_t{length} << 2U;
            bytes slot(length, 0x41);
            disk::finish_slot(disk::salted(salt), length, disk::slot_kind::record, slot.data(),
                              slot.size());
            bytes input{static_cast<unsigned char>(mode)};
            append(input, &salt, sizeof salt);
            append(input, &place, sizeof place);
            append(input, slot.data(), slot.size());
            all.push_back(std::move(input));
        }
    }
    return all;
}
