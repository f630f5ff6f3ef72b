// Where the frames of one sender lie in the window: from (daemon, its own frame counter) to the
// slot. It answers "is the next frame of this sender here?" in one step, which early delivery of
// FIFO asks for every frame. protocol.md 3.4.
#pragma once

#include <cstdint>
#include <vector>

#include "ordering/receive_window.hpp"

namespace torc::ordering {

class SenderIndex {
public:
    explicit SenderIndex(std::size_t daemons)
        : places_(daemons * kWindowFrames), released_(daemons) {}

    void reset() { released_.assign(released_.size(), 0); }

    void note(Seq seq, const Slot& slot) {
        place(slot.sender, slot.sender_seq) =
            static_cast<std::uint16_t>(seq.raw & (kWindowFrames - 1));
    }
    /// The slot of that frame, or null. Old entries are not taken out: the slot itself tells
    /// whether it is meant.
    Slot* find(ReceiveWindow& window, NodeIndex sender, std::uint32_t sender_seq) {
        Slot& slot = window.slot(Seq{place(sender, sender_seq)});
        const bool meant = slot.frame && slot.sender == sender && slot.sender_seq == sender_seq;
        return meant ? &slot : nullptr;
    }
    /// Frames 1 .. released of this sender are all here, and delivered.
    std::uint32_t& released(NodeIndex sender) { return released_[raw(sender)]; }

private:
    std::uint16_t& place(NodeIndex sender, std::uint32_t sender_seq) {
        return places_[raw(sender) * kWindowFrames + (sender_seq & (kWindowFrames - 1))];
    }

    std::vector<std::uint16_t> places_;
    std::vector<std::uint32_t> released_;
};
static_assert(kWindowFrames <= 0x10000);

}  // namespace torc::ordering
