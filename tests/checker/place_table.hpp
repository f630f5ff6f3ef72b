// From a place in a ring's order to the number of its message: a hash table without nodes, because
// each record of a delivery looks here once.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/checker/daemons.hpp"

namespace torc::check {

class PlaceTable {
public:
    explicit PlaceTable(std::vector<Message>& messages)
        : messages_(messages), slots_(1024, kNone) {}

    /// The message at the place, made anew if there is none yet.
    std::uint32_t find(std::uint32_t ring, std::uint64_t seq, std::uint32_t index, bool& fresh) {
        if (messages_.size() * 2 >= slots_.size()) grow();
        std::uint32_t& slot = slot_of(ring, seq, index);
        fresh = slot == kNone;
        if (fresh) {
            slot = static_cast<std::uint32_t>(messages_.size());
            Message& message = messages_.emplace_back();
            message.ring = ring;
            message.seq = seq;
            message.index = index;
        }
        return slot;
    }

private:
    static std::uint64_t mix(std::uint64_t value) {
        value *= 0x9E3779B97F4A7C15u;
        return value ^ value >> 32;
    }
    std::uint32_t& slot_of(std::uint32_t ring, std::uint64_t seq, std::uint32_t index) {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = mix(mix(seq) + ring * std::uint64_t{0xBF58476D1CE4E5B9u} + index) & mask;
        while (slots_[at] != kNone) {
            const Message& there = messages_[slots_[at]];
            if (there.ring == ring && there.seq == seq && there.index == index) break;
            at = (at + 1) & mask;
        }
        return slots_[at];
    }
    void grow() {
        slots_.assign(slots_.size() * 4, kNone);
        for (std::uint32_t i = 0; i < messages_.size(); ++i) {
            const Message& message = messages_[i];
            slot_of(message.ring, message.seq, message.index) = i;
        }
    }

    std::vector<Message>& messages_;
    std::vector<std::uint32_t> slots_;
};

}  // namespace torc::check
