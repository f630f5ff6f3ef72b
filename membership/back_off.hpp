// Whom I do not invite for a while: a peer that was just excluded is not written into the token's
// candidates on the strength of a MERGE until its back-off is over (protocol.md 4.7). It never
// limits whom I answer. One flapping link then cannot keep a ring out of its operational state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace torc::membership {

class BackOff {
public:
    /// A loss and the return cost the others some two token_loss: at the longest back-off, whose
    /// length is so many of them, the worst peer takes a few per cent of their time.
    static constexpr int kTokenLosses = 32;
    /// Also of clusters with slow timers.
    static constexpr Nanos kLongest = std::chrono::seconds{10};

    /// Allocates one entry a daemon of the cluster.
    BackOff(std::size_t nodes, Nanos token_loss)
        : entries_(nodes), window_(std::min<Nanos>(kTokenLosses * token_loss, kLongest)) {}

    /// The peer was excluded by an episode that took `episode`.
    void excluded(Instant now, const Member& peer, Nanos episode);
    /// A fresh incarnation may always be invited: it has done nothing wrong yet.
    bool may_invite(Instant now, const Member& peer) const;
    /// When the peer may be invited again; past instants mean now.
    Instant until(NodeIndex peer) const { return entries_[raw(peer)].until; }
    /// When everybody may be invited again.
    Instant last() const;

private:
    struct Entry {
        Incarnation incarnation{};
        Instant until{Instant::min()};
        Nanos length{0};
    };
    std::vector<Entry> entries_;
    /// A failure within this time of the last back-off's end doubles it; also the longest back-off.
    Nanos window_;
};

}  // namespace torc::membership
