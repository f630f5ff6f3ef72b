// Which frames a STATUS asks for: a base and 128 bits, as on the wire (wire/status.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/ids.hpp"
#include "wire/status.hpp"

namespace torc::ordering {

class Nack {
public:
    static constexpr std::uint64_t kBits = 128;

    /// Nothing is asked for; seqs base + 1 to base + kBits have a bit.
    explicit Nack(Seq base = Seq{}) : base_(base) {}
    explicit Nack(const wire::StatusFrame& status)
        : base_{status.nack_base.get()}, words_{status.nack[0].get(), status.nack[1].get()} {}

    bool empty() const { return (words_[0] | words_[1]) == 0; }
    bool covers(Seq seq) const { return seq > base_ && distance(base_, seq) <= kBits; }
    void add(Seq seq) { words_[bit(seq) / 64] |= std::uint64_t{1} << bit(seq) % 64; }
    bool asks_for(Seq seq) const {
        return covers(seq) && (words_[bit(seq) / 64] >> bit(seq) % 64 & 1) != 0;
    }
    /// Every seq that is asked for, in order, until `visit` gives false. Any base will do: what
    /// wraps around is not in reach of a window. At most kBits steps.
    template <class Visit>
    void each(Visit visit) const {
        for (std::uint64_t i = 0; i < kBits; ++i) {
            if ((words_[i / 64] >> i % 64 & 1) != 0 && !visit(base_ + i + 1)) return;
        }
    }
    void put(wire::StatusFrame& status) const {
        status.nack_base = base_.raw;
        status.nack[0] = words_[0];
        status.nack[1] = words_[1];
    }

private:
    std::uint64_t bit(Seq seq) const { return distance(base_, seq) - 1; }

    Seq base_;
    std::array<std::uint64_t, 2> words_{};
};
static_assert(sizeof(wire::StatusFrame::nack) * 8 == Nack::kBits);

}  // namespace torc::ordering
