// What one seed decides: size of the cluster, network, faults, load. Everything random in a run
// comes from the seed, so that printing it is enough to repeat the run bit for bit.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "config/settings.hpp"
#include "tests/sim/hazards.hpp"
#include "tests/sim/physical_network.hpp"

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
/// schedule.hpp turns the menu into the faults of a run.
struct FaultMenu {
    bool partition{false};
    bool one_way{false};         ///< single directions cut; nodes that only hear or only speak
    bool non_transitive{false};  ///< A-B, B-C, not A-C; rings of majorities
    bool flapping{false};        ///< a side comes and goes about as often as a token counts as lost
    bool swizzle{false};         ///< links cut one by one, healed in another order
    bool crash{false};
    bool restart{false};
    bool restart_all{false};  ///< everybody dies and comes back at once
    bool pause{false};
    bool leave{false};
    bool dying{false};    ///< crash in the middle of a burst that the token already announces
    bool trap{false};     ///< partition, or tokens lost, when a chosen kind of frame was sent
    bool token{false};    ///< the next tokens lost, doubled, or held back until it is too late
    bool kind{false};     ///< one kind of frame lost for a while
    bool replay{false};   ///< packets of long ago once more
    bool cascade{false};  ///< traps and deaths in quick succession: one recovery upon the other
    Nanos interval{std::chrono::milliseconds{40}};  ///< mean time between faults
};

struct Load {
    Nanos interval{std::chrono::microseconds{400}};  ///< mean time between a node's client actions
    std::uint32_t acts{0};                           ///< client actions of a node; 0: no end
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
    bool physical{false};       ///< the network is `fabric`; packets and link hazards say nothing
    PhysicalParameters fabric;  ///< physical_network.hpp
    Nanos chaos{std::chrono::milliseconds{400}};
    config::ClusterSettings cluster;  ///< `nodes` of it follow from `nodes` above
};

/// Nodes that a run can have: one that can be parted, and as many as oracles have bits.
inline constexpr std::uint32_t kNodesLeast = 2;
inline constexpr std::uint32_t kNodesMost = 64;

/// Calls `visit(name, field)` for each field but the hazards, which have their own; the menu of
/// faults is not there either, it only makes the schedule. `Self` is Options or const Options.
template <class Self, class Visit>
void for_each_option(Self& options, Visit&& visit) {
    visit("seed", options.seed);
    visit("nodes", options.nodes);
    visit("chaos", options.chaos);
    auto& packets = options.packets;
    visit("loss", packets.loss);
    visit("duplicate", packets.duplicate);
    visit("late", packets.late);
    visit("corrupt", packets.corrupt);
    visit("kind", packets.kind);
    visit("kind_loss", packets.kind_loss);
    visit("delay_min", packets.delay_min);
    visit("delay_max", packets.delay_max);
    visit("late_max", packets.late_max);
    visit("replay", options.faults.replay);  // whether old packets are kept
    visit("physical", options.physical);
    auto& fabric = options.fabric;
    visit("gbit", fabric.gbit);
    visit("adapter", fabric.adapter);
    visit("switching", fabric.switching);
    visit("port_bytes", fabric.port_bytes);
    visit("rx_descriptors", fabric.rx_descriptors);
    visit("rx_frame", fabric.rx_frame);
    visit("tx_frame", fabric.tx_frame);
    visit("token", fabric.token);
    auto& load = options.load;
    visit("interval", load.interval);
    visit("acts", load.acts);
    visit("sessions", load.sessions);
    visit("groups", load.groups);
    visit("large", load.large);
    visit("churn", load.churn);
    visit("reopen", load.reopen);
    visit("burst", load.burst);
    auto& cluster = options.cluster;
    visit("frame_bytes", cluster.frame_bytes);
    visit("message_bytes", cluster.message_bytes);
    visit("in_flight_frames", cluster.in_flight_frames);
    visit("in_flight", cluster.in_flight);
    visit("burst_frames", cluster.burst_frames);
    visit("status_frames", cluster.status_frames);
    visit("flush_deadline", cluster.flush_deadline);
    auto& timers = cluster.timers;
    visit("token_retransmit", timers.token_retransmit);
    visit("token_loss", timers.token_loss);
    visit("join_interval", timers.join_interval);
    visit("consensus", timers.consensus);
    visit("form_step", timers.form_step);
    visit("recovery", timers.recovery);
    visit("merge_probe", timers.merge_probe);
    visit("hold_refresh", timers.hold_refresh);
    visit("hold_after", timers.hold_after);
}

/// `nodes` 0: the seed decides (3 to 9).
Options options_from_seed(std::uint64_t seed, std::uint32_t nodes = 0);

/// Makes the cluster one of so many daemons.
void set_nodes(Options& options, std::uint32_t nodes);

/// Virtual time within which HEAL must bring rest: one ring of the survivors, all delivered.
Nanos heal_limit(const Options& options);
/// After which no packet of before can arrive any more.
Nanos lateness_max(const Options& options);
/// What each node says then.
inline constexpr std::uint32_t kFreshThings = 4;
/// Within which messages to a ring at rest, on a good network, are delivered and stable everywhere.
Nanos fresh_limit(const Options& options);
/// How long the ring must then stay what it is.
Nanos calm_time(const Options& options);

/// One line that says what the seed came to.
std::string describe(const Options& options);

}  // namespace torc::sim
