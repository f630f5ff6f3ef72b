// What one seed decides: size of the cluster, network, faults, load. Everything random in a run
// comes from the seed, so that printing it is enough to repeat the run bit for bit.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "config/settings.hpp"
#include "tests/sim/hazards.hpp"

namespace torc::sim {

/// Probabilities are per million packets.
struct PacketFaults {
    std::uint32_t loss{0};
    std::uint32_t duplicate{0};
    std::uint32_t late{0};     ///< delayed by up to `late_max` instead of `delay_max`
    std::uint32_t corrupt{0};  ///< one bit flipped
    std::uint32_t kind{0};     ///< wire::Kind that has it worse, or 0; see kind_loss
    std::uint32_t kind_loss{0};
    Nanos delay_min{std::chrono::microseconds{5}};
    Nanos delay_max{std::chrono::microseconds{40}};
    Nanos late_max{std::chrono::milliseconds{20}};
};

/// Which kinds of fault the CHAOS phase may use (swarm testing: each seed takes a random subset).
struct FaultMenu {
    bool partition{false};
    bool one_way{false};  ///< cut single directions, which also makes non-transitive nets
    bool crash{false};
    bool restart{false};
    bool pause{false};
    bool leave{false};
    bool dying{false};    ///< crash in the middle of a burst that the token already announces
    bool trap{false};     ///< partition, or tokens lost, when a chosen kind of frame was sent
    bool replay{false};   ///< packets of long ago once more
    bool cascade{false};  ///< traps and deaths in quick succession: one recovery upon the other
    Nanos interval{std::chrono::milliseconds{40}};  ///< mean time between faults
};

struct Load {
    Nanos interval{std::chrono::microseconds{400}};  ///< mean time between messages of a session
    std::uint32_t sessions{2};                       ///< a node
    std::uint32_t groups{3};
    std::uint32_t large{20'000};  ///< per million: a message of many fragments
    std::uint32_t churn{10'000};  ///< per million: a join or leave instead
    std::uint32_t reopen{2'000};  ///< per million: close, come back as another
    std::uint32_t burst{1};       ///< messages at a time, at most
};

struct Options {
    std::uint64_t seed{0};
    std::uint32_t nodes{3};
    PacketFaults packets;
    FaultMenu faults;
    Load load;
    Hazards hazards;
    Nanos chaos{std::chrono::milliseconds{400}};
    Nanos heal_limit{std::chrono::seconds{20}};
    config::ClusterSettings cluster;
};

/// `nodes` 0: the seed decides (3 to 7).
Options options_from_seed(std::uint64_t seed, std::uint32_t nodes = 0);

/// One line that says what the seed came to.
std::string describe(const Options& options);

}  // namespace torc::sim
