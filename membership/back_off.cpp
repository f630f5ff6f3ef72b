#include "membership/back_off.hpp"

#include <algorithm>

namespace torc::membership {

void BackOff::excluded(Instant now, const Member& peer, Nanos episode) {
    Entry& entry = entries_[raw(peer.index)];
    const bool again = entry.length > Nanos{0} && now - entry.failed_at < kWindow;
    const Nanos least = std::min<Nanos>(2 * std::min(episode, kWindow), kWindow);
    entry.length = again ? std::min<Nanos>(std::max(2 * entry.length, least), kWindow) : least;
    entry.incarnation = peer.incarnation;
    entry.failed_at = now;
    entry.until = now + entry.length;
}

bool BackOff::may_invite(Instant now, const Member& peer) const {
    const Entry& entry = entries_[raw(peer.index)];
    return entry.incarnation != peer.incarnation || now >= entry.until;
}

}  // namespace torc::membership
