// The frames of one ring by seq: a power-of-two ring of slots, and the numbers that say how far
// everything is. protocol.md 3.1. It keeps frames and never looks into them; who gives loans back
// is told through `FrameIo`.
//
// Invariants: discarded <= stable <= aru <= high <= discarded + capacity; every slot in
// (discarded, aru] is filled.
#pragma once

#include <cstdint>
#include <vector>

#include "base/frame_ref.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/frame_io.hpp"
#include "wire/have_bitmap.hpp"

namespace torc::ordering {

enum class SlotState : std::uint8_t {
    empty,
    have,
    delivered,  ///< kept for retransmission until everyone has it
    hole,       ///< final: nobody of those who move on together has it
};

struct Slot {
    FrameRef frame;
    std::uint32_t sender_seq{0};
    NodeIndex sender{kNoNode};
    Service service{};
    SlotState state{SlotState::empty};
};

class ReceiveWindow {
public:
    explicit ReceiveWindow(const wire::FrameIo& frames);

    /// Gives all loans back and starts anew at seq 0.
    void reset();

    Seq high() const { return high_; }
    Seq aru() const { return aru_; }
    Seq stable() const { return stable_; }
    Seq discarded() const { return discarded_; }

    /// Whether the seq has a slot at this time.
    bool in_reach(Seq seq) const {
        return seq > discarded_ && distance(discarded_, seq) <= kWindowFrames;
    }
    Slot& slot(Seq seq) { return slots_[seq.raw & (kWindowFrames - 1)]; }
    const Slot& slot(Seq seq) const { return slots_[seq.raw & (kWindowFrames - 1)]; }
    /// Whether I can send it again.
    bool holds(Seq seq) const { return in_reach(seq) && static_cast<bool>(slot(seq).frame); }
    bool missing(Seq seq) const { return in_reach(seq) && slot(seq).state == SlotState::empty; }

    /// Takes the loan. The slot must be in reach and empty. Advances high and aru.
    void store(Seq seq, const Slot& filled);
    /// Somebody told of a higher one. Must be in reach.
    void raise_high(Seq seq);
    /// Everyone is known to hold what is up to `seq`, which I hold as well.
    void raise_stable(Seq seq);
    /// Gives back what is up to `seq`, at most stable.
    void discard(Seq seq);

    // --- recovery ------------------------------------------------------------------------------
    /// Marks the bits of `holes` (base `base`) as lost and advances aru over them.
    void mark_holes(Seq base, const wire::HaveBitmap& holes);
    /// Takes every such mark back and recomputes aru.
    void unmark_holes();

    std::size_t loans() const { return loans_; }

private:
    void advance_aru();

    const wire::FrameIo& frames_;
    std::vector<Slot> slots_;
    Seq high_;
    Seq aru_;
    Seq stable_;
    Seq discarded_;
    std::size_t loans_{0};
};

}  // namespace torc::ordering
