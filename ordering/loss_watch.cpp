#include "ordering/loss_watch.hpp"

#include <algorithm>

namespace torc::ordering {
namespace {

/// Whether the place cannot be one of `sender`'s: another's frame is there, or everybody has it.
bool taken_by_another(const ReceiveWindow& window, Seq seq, NodeIndex sender) {
    if (!window.in_reach(seq)) return true;
    const Slot& slot = window.slot(seq);
    return slot.state != SlotState::empty && slot.sender != sender;
}

}  // namespace

void LossWatch::start_ring() {
    last_.fill(Place{});
    stop();
}

void LossWatch::stop() {
    wanted_.clear();
    overheard_ = Nack{};
    due_ = kNever;
}

/// The frames of one visit are neighbours. So what is lost are the rest of the visit that `last`
/// belongs to, up to the next sender's frames, and the beginning of the visit that `frame` belongs
/// to. If whole visits are lost between them, less is found; never more frames than the counter
/// says, or than one NACK names.
std::uint32_t LossWatch::jumped(Instant now, const ReceiveWindow& window, NodeIndex sender,
                                const Place& frame) {
    Place& last = last_[raw(sender)];
    const std::uint32_t ahead = frame.sender_seq - last.sender_seq;
    // A late one, which as a distance is huge, or a jump that no honest sender can make.
    if (ahead == 0 || ahead > kInFlightMax) return 0;
    std::uint32_t deferred = 0;
    std::uint64_t lost = std::min<std::uint64_t>(ahead - 1, Nack::kBits);
    Seq seq = last.seq.next();
    for (; !last.ends_visit && lost != 0 && seq < frame.seq; seq = seq.next(), --lost) {
        if (taken_by_another(window, seq, sender)) break;
        deferred += want(now, window, seq);
    }
    for (seq = frame.seq.prev(); lost != 0 && seq > last.seq; seq = seq.prev(), --lost) {
        if (taken_by_another(window, seq, sender)) break;
        deferred += want(now, window, seq);
    }
    last = frame;
    settle_due();
    return deferred;
}

std::uint32_t LossWatch::want(Instant now, const ReceiveWindow& window, Seq seq) {
    const auto same = [seq](const Wanted& wanted) { return wanted.seq == seq; };
    if (!window.missing(seq) || wanted_.full()) return 0;
    if (std::any_of(wanted_.begin(), wanted_.end(), same)) return 0;
    const Instant answered_by = overheard_at_ + kStatusInterval;
    const bool wait = now < answered_by && overheard_.asks_for(seq);
    wanted_.push_back({seq, wait ? answered_by : now, wait});
    return wait ? 1 : 0;
}

std::uint32_t LossWatch::overhear(Instant now, const Nack& nack) {
    overheard_ = nack;
    overheard_at_ = now;
    std::uint32_t deferred = 0;
    for (Wanted& wanted : wanted_) {
        if (wanted.waited || !nack.asks_for(wanted.seq)) continue;
        wanted = {wanted.seq, now + kStatusInterval, true};
        ++deferred;
    }
    settle_due();
    return deferred;
}

/// From the lowest on, as far as the bits reach; the rest at the next interval.
Nack LossWatch::take_due(Instant now, const ReceiveWindow& window) {
    Seq lowest{UINT64_MAX};
    for (std::size_t i = wanted_.size(); i-- > 0;) {
        if (!window.missing(wanted_[i].seq)) {
            wanted_.erase_at(i);
        } else if (wanted_[i].ask_at <= now) {
            lowest = std::min(lowest, wanted_[i].seq);
        }
    }
    Nack nack(lowest.prev());
    for (std::size_t i = wanted_.size(); i-- > 0;) {
        if (wanted_[i].ask_at > now || !nack.covers(wanted_[i].seq)) continue;
        nack.add(wanted_[i].seq);
        wanted_.erase_at(i);
    }
    if (!nack.empty()) asked_at_ = now;
    settle_due();
    return nack;
}

void LossWatch::settle_due() {
    due_ = kNever;
    for (const Wanted& wanted : wanted_) due_ = std::min(due_, wanted.ask_at);
    if (!wanted_.empty()) due_ = std::max(due_, asked_at_ + kStatusInterval);
}

}  // namespace torc::ordering
