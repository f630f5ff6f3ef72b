// What an operator decides, as plain data. `ClusterSettings` must be equal on every daemon and is
// hashed into every frame; `NodeSettings` is local. Loading, checking and printing them is the
// business of the .cpp files beside this one; the core sees only these structs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

namespace torc::config {

/// How one frame reaches all daemons.
enum class Dissemination : std::uint8_t {
    multicast,  ///< one IP multicast, the switch copies
    unicast,    ///< a copy to each daemon: clouds without multicast
    mesh,       ///< point-to-point ports, one to each daemon (vhost-user pairs)
};

struct NodeEntry {
    std::string name;          ///< unique; at most kNameMax bytes of [A-Za-z0-9._-]
    std::uint32_t address{0};  ///< IPv4 address on the ring network, host byte order
    NodeIndex index{kNoNode};  ///< place in the file, from 0; stable for the cluster's life
};

/// Who says how many frames may be in flight on a ring.
enum class InFlight : std::uint8_t {
    fixed,     ///< `in_flight_frames`
    adaptive,  ///< the ring's representative, by trial, up to `in_flight_frames`
};

/// Timers of protocol.md 3.5. The defaults are the profile `lan` (kernel ports, shared cores).
struct Timers {
    Nanos token_retransmit{std::chrono::milliseconds{2}};
    Nanos token_loss{std::chrono::milliseconds{300}};
    Nanos join_interval{std::chrono::milliseconds{20}};
    Nanos consensus{std::chrono::milliseconds{150}};
    Nanos form_step{std::chrono::milliseconds{150}};
    Nanos recovery{std::chrono::seconds{2}};
    Nanos merge_probe{std::chrono::seconds{1}};
    Nanos hold_refresh{std::chrono::milliseconds{50}};
    Nanos hold_after{std::chrono::microseconds{100}};  ///< idle time after which the token is held
};

struct ClusterSettings {
    std::string name{"torc"};
    std::vector<NodeEntry> nodes;  ///< nodes[i].index == i; 1..kNodesMax
    Dissemination dissemination{Dissemination::multicast};
    std::uint32_t multicast_group{0xEF540001};  ///< 239.84.0.1
    std::uint16_t data_port{4803};  ///< UDP; tokens and control frames go to data_port + 1
    std::uint32_t frame_bytes{kFrameBytesMin};  ///< UDP payload of the largest frame
    std::size_t message_bytes{kMessageBytesDefault};
    std::uint32_t in_flight_frames{768};  ///< G: unstable frames on a ring; at most kInFlightMax
    InFlight in_flight{InFlight::fixed};  ///< ordering/in_flight_window.hpp
    std::uint32_t burst_frames{64};       ///< new frames of one token visit; at most kBurstMax
    bool status_frames{true};             ///< STATUS multicasts (protocol.md 7.5)
    std::size_t groups{kGroupsDefault};   ///< process groups; at most kGroupsMax
    std::size_t memberships{kMembershipsDefault};  ///< (group, member) pairs of all groups
    Timers timers;
    Nanos flush_deadline{std::chrono::seconds{10}};  ///< for flush_ok; then disconnected; 0: none
};

enum class PortKind : std::uint8_t { udp, dpdk };
enum class IdleStrategy : std::uint8_t { spin, adaptive, sleepy };
/// What happens to a client that does not read (architecture.md 3.7).
enum class SlowReaderPolicy : std::uint8_t { disconnect, block, drop_unreliable };
/// Whose sessions read messages from one memory (docs/decisions/0013-delivery-log.md).
enum class LogSharing : std::uint8_t { off, user, all };

/// Loss on purpose (dataplane/lossy_port.hpp). A million parts are all frames received.
struct LossySettings {
    bool enabled{false};
    std::uint32_t loss_ppm{0};
    std::uint32_t duplicate_ppm{0};
    std::uint32_t delay_ppm{0};
    Nanos delay{std::chrono::milliseconds{1}};  ///< longest; of duplicates as well
    std::uint64_t seed{0};                      ///< 0: another one at each start
};

struct NodeSettings {
    std::string node;                      ///< which entry of `nodes` this daemon is
    std::string runtime_dir{"/run/torc"};  ///< sockets, counters file, lock
    PortKind port{PortKind::udp};
    std::string interface;         ///< kernel UDP: leave empty to follow the address
    std::vector<std::string> eal;  ///< DPDK: EAL arguments as given
    std::string device;            ///< DPDK: port to use, or "vhost-mesh"
    std::string mesh_dir;          ///< DPDK vhost-mesh: folder of the pair sockets
    IdleStrategy idle{IdleStrategy::adaptive};
    Nanos idle_yield{std::chrono::milliseconds{2}};  ///< adaptive: yield this long, then sleep
    int core{-1};                                    ///< ring core's CPU, or -1 to float
    int client_core{-1};                             ///< clients' CPU, or -1: on the ring core
    std::size_t session_ring_bytes{std::size_t{4} << 20};  ///< each direction, a power of two
    std::uint32_t session_messages{0};  ///< records that may wait for a session; 0: any number
    std::uint32_t high_water{75};       ///< per cent of either limit at which it is warned
    std::uint32_t sessions{256};        ///< at most kSessionsMax
    SlowReaderPolicy slow_reader{SlowReaderPolicy::disconnect};
    std::uint32_t frame_pool{16384};  ///< frames the port owns
    LossySettings lossy;
    LogSharing delivery_log{LogSharing::user};
};

/// 64-bit hash of what must be equal everywhere; its low 32 bits stand in every frame.
/// Pure, deterministic across compilers and hosts. Cost: one pass, start-up only.
std::uint64_t fingerprint(const ClusterSettings& settings);

}  // namespace torc::config
