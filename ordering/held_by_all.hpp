// What the members say they hold, each of itself, in STATUS: what the least of them says is
// everywhere (protocol.md 7.5). The token knows the same only after two rotations.
//
// Only for the ring that is installed, and only from members that have installed it: a statement
// about another ring says nothing about this one's numbers.
#pragma once

#include <algorithm>
#include <array>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/mutants.hpp"
#include "ordering/context.hpp"

namespace torc::ordering {

class HeldByAll {
public:
    void start_ring() {
        if (!mutant(Mutant::status_outlives_ring)) said_.fill(Seq{});
    }

    /// "I hold everything up to `aru`." What a member holds it does not lose: an older statement
    /// that comes late changes nothing.
    void heard(NodeIndex member, Seq aru) {
        Seq& said = said_[raw(member)];
        said = std::max(said, aru);
    }

    /// Everything up to here is with every member, me with my `aru` included. O(members).
    Seq everywhere(const RingMembers& ring, NodeIndex me, Seq aru) const {
        Seq least = aru;
        for (const Member& member : ring.list()) {
            const Seq said = said_[raw(member.index)];
            if (said == Seq{} && mutant(Mutant::status_of_silent_assumed)) continue;
            if (member.index != me) least = std::min(least, said);
        }
        return least;
    }

private:
    std::array<Seq, kNodesMax> said_{};
};

}  // namespace torc::ordering
