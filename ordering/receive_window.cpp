#include "ordering/receive_window.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace torc::ordering {

ReceiveWindow::ReceiveWindow(const wire::FrameIo& frames)
    : frames_(frames), slots_(kWindowFrames) {}

void ReceiveWindow::reset() {
    // Nothing lies outside (discarded, high]: an install need not walk, and wash through the cache,
    // slots that no frame of this ring ever reached.
    for (Seq seq = discarded_.next(); seq <= high_; seq = seq.next()) {
        Slot& left = slot(seq);
        if (left.frame) frames_.release(left.frame);
        left = Slot{};
    }
    high_ = aru_ = stable_ = discarded_ = Seq{};
    loans_ = 0;
}

void ReceiveWindow::store(Seq seq, const Slot& filled) {
    TORC_CHECK(missing(seq) && filled.frame);
    Slot& to = slot(seq);
    to.frame = filled.frame;
    to.sender_seq = filled.sender_seq;
    to.sender = filled.sender;
    to.service = filled.service;
    to.state = filled.state;
    ++loans_;
    high_ = std::max(high_, seq);
    advance_aru();
}

void ReceiveWindow::raise_high(Seq seq) {
    TORC_CHECK(seq <= high_ || in_reach(seq));
    high_ = std::max(high_, seq);
}

void ReceiveWindow::raise_stable(Seq seq) {
    TORC_CHECK(seq <= aru_);
    stable_ = std::max(stable_, seq);
}

/// How many frames ahead of its return one's memory is fetched.
constexpr std::uint64_t kDiscardAhead = 3;

void ReceiveWindow::discard(Seq seq) {
    TORC_CHECK(seq <= stable_);
    while (discarded_ < seq) {
        discarded_ = discarded_.next();
        // What describes a frame was touched last when it came, a window ago.
        __builtin_prefetch(slot(discarded_ + kDiscardAhead).frame.cookie);
        Slot& gone = slot(discarded_);
        if (gone.frame) {
            frames_.release(gone.frame);
            --loans_;
        }
        gone = Slot{};
    }
}

void ReceiveWindow::mark_holes(Seq base, const wire::HaveBitmap& holes) {
    for (std::size_t bit = 0; bit < holes.size(); ++bit) {
        const Seq seq = base + bit + 1;
        if (holes.test(bit) && missing(seq)) slot(seq).state = SlotState::hole;
    }
    advance_aru();
}

void ReceiveWindow::unmark_holes() {
    Seq lowest = aru_;
    for (Seq seq = discarded_.next(); in_reach(seq) && seq <= high_; seq = seq.next()) {
        if (slot(seq).state != SlotState::hole) continue;
        slot(seq) = Slot{};
        lowest = std::min(lowest, seq.prev());
    }
    aru_ = lowest;
    TORC_CHECK(stable_ <= aru_);
}

void ReceiveWindow::advance_aru() {
    while (aru_ < high_ && slot(aru_.next()).state != SlotState::empty) aru_ = aru_.next();
}

}  // namespace torc::ordering
