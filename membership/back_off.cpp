#include "membership/back_off.hpp"

namespace torc::membership {

void BackOff::excluded(Instant now, const Member& peer, Nanos episode) {
    Entry& entry = entries_[raw(peer.index)];
    // Counted from the end of the last back-off: a long one must not pass for good behaviour.
    const bool again = entry.length > Nanos{0} && now < entry.until + window_;
    const Nanos least = std::min<Nanos>(2 * std::min(episode, window_), window_);
    entry.length = again ? std::min<Nanos>(std::max(2 * entry.length, least), window_) : least;
    entry.incarnation = peer.incarnation;
    entry.until = now + entry.length;
}

bool BackOff::may_invite(Instant now, const Member& peer) const {
    const Entry& entry = entries_[raw(peer.index)];
    return entry.incarnation != peer.incarnation || now >= entry.until;
}

Instant BackOff::last() const {
    Instant last = Instant::min();
    for (const Entry& entry : entries_) last = std::max(last, entry.until);
    return last;
}

}  // namespace torc::membership
