// How lives went from one ring to the next, kept to the end of the run: promises that only
// hindsight can judge, because they speak of messages that the others delivered later, or in other
// partitions.
//
//  * Behind a gap: who delivered a message delivered before it everything of FIFO or more that its
//    sender had sent before it, and everything ordered that its sender had delivered when it sent.
//  * SAFE in the regular configuration: every member that left the ring alive delivered it too.
//    SAFE in a transitional configuration: the same for the members of that one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_set>
#include <vector>

#include "base/ids.hpp"
#include "tests/sim/life.hpp"

namespace torc::sim {

/// What stands at a place, as the trace tells it.
struct Body {
    std::uint64_t sender{0};
    Service service{};
    std::uint64_t hash{0};
    bool operator==(const Body&) const = default;
};

/// What those who move together from one regular configuration to the next share.
struct Passage {
    Life first;  ///< who came through first, to name in a failure
    Ring to{};
    std::unordered_set<Place> delivered;
    std::set<Place> safe_transitional;
    std::uint64_t together{0};  ///< nodes of the transitional configuration
    std::uint64_t takers{0};    ///< those of them that went all the way
    std::uint64_t ordered_hash{0};
    std::uint64_t ordered_split{0};
};

/// All that is known of one ring.
struct RingRecord {
    std::uint64_t members_hash{0};
    std::map<Place, Body> bodies;
    std::vector<Place> order;                        ///< causal+ of the regular configuration
    std::map<std::uint64_t, std::uint64_t> holders;  ///< seq -> nodes
    std::map<std::uint64_t, Place> known_at_send;    ///< seq -> last that its sender delivered
    std::set<Place> safe_regular;                    ///< delivered as SAFE by anybody
    std::map<Ring, Passage> passages;                ///< by transitional configuration
};

/// Throws at the first promise that was broken.
void check_passages(const RingRecord& ring);

}  // namespace torc::sim
