// What the physical simulator is asked: how long does a change of membership interrupt delivery,
// how much goes through a ring, how long does a message take?
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/sim/physical_cluster.hpp"

namespace torc::sim {

enum class Change : std::uint8_t {
    crash,  ///< a daemon is gone from one instant to the next
    leave,  ///< a daemon leaves in good order
    merge,  ///< a cluster in two halves is healed
    join,   ///< a daemon starts
};

struct Interruption {
    /// From the last delivery in the old configuration to the first in the new one, at the member
    /// for which it is longest. Clients of the old and the new ring send all the time.
    Nanos delivery{};
    /// From the event to the installed configuration, at the last member.
    Nanos view{};
};

/// One run; nothing if the ring that should come did not come.
std::optional<Interruption> interrupt(const PhysicalOptions& options, Change change);

/// What it takes to have many sessions in many groups.
struct Scale {
    std::size_t groups{0};
    std::size_t memberships{0};
    Nanos joining{};  ///< until everybody was in all groups, from an empty ring
    /// The cluster was cut into two halves and healed: from the ring, installed at the last member,
    /// to the joined directory, at the last member. No application message is ordered meanwhile.
    Nanos merging{};
    std::uint64_t sync_frames{0};
    std::uint64_t sync_bytes{0};
};

/// One run of the population of the options; nothing if the directories did not come to agree.
std::optional<Scale> scale(const PhysicalOptions& options);

struct Throughput {
    double gbit{0};  ///< payload that each member delivers, in 1e9 bit a second
    Nanos rotation{};
    std::uint64_t tail_drops{0};
    std::uint64_t descriptor_drops{0};
    std::size_t port_peak{0};
    std::uint64_t retransmissions{0};
};

/// All send all the time.
Throughput saturate(const PhysicalOptions& options, Nanos time);

struct Spread {
    Nanos median{};
    Nanos p99{};
    Nanos max{};
};
Spread spread_of(std::vector<Nanos> samples);

struct Latency {
    Spread spread;
    double gbit{0};  ///< payload that each member delivers
};

/// Messages at random instants, from a client's wish to each delivery.
Latency latency(const PhysicalOptions& options, Nanos time);

}  // namespace torc::sim
