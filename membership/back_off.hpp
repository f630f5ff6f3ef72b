// Whom I do not invite for a while: a peer that was just excluded is not written into the token's
// candidates on the strength of a MERGE until its back-off is over (protocol.md 4.7). It never
// limits whom I answer. One flapping link then cannot keep a ring out of its operational state.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace torc::membership {

class BackOff {
public:
    /// A failure within this time of the last back-off's end doubles it; also the longest back-off.
    static constexpr Nanos kWindow = std::chrono::seconds{10};

    /// Allocates one entry a daemon of the cluster.
    explicit BackOff(std::size_t nodes) : entries_(nodes) {}

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
};

}  // namespace torc::membership
