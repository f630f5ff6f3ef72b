// Compile-time bounds of Torc, and the relations between them. A bound that an operator may lower
// stands in config/settings.hpp; nothing may raise one past the values here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace torc {

/// Daemons of one cluster. A set of them is a 128-bit bitmap.
inline constexpr std::size_t kNodesMax = 128;

/// (index, incarnation) pairs that one membership episode can name: every index, and as many
/// again for daemons that restarted while it went on.
inline constexpr std::size_t kEpisodeMembersMax = 2 * kNodesMax;

/// Bytes of a UDP payload: what an MTU of 9000 leaves after IPv4 (20) and UDP (8).
inline constexpr std::size_t kFrameBytesMax = 8972;
/// The same for an MTU of 1500, the least that a ring runs with.
inline constexpr std::size_t kFrameBytesMin = 1472;

/// Slots of the window that holds frames by `seq`; a power of two.
inline constexpr std::uint64_t kWindowFrames = 4096;
/// Frames of a ring that may be unstable at once (G of protocol.md 3.7). Half of the window, so
/// that a member one rotation behind still finds a slot for everything that is sent.
inline constexpr std::uint64_t kInFlightMax = kWindowFrames / 2;
static_assert((kWindowFrames & (kWindowFrames - 1)) == 0);

/// New frames of one token visit.
inline constexpr std::uint32_t kBurstMax = 256;
/// Retransmission requests on a token.
inline constexpr std::size_t kRtrMax = 16;

/// Sessions of one daemon.
inline constexpr std::size_t kSessionsMax = 4096;
/// Bytes of a session's or daemon's name, without terminator.
inline constexpr std::size_t kNameMax = 31;
/// Bytes of a private name `#session#daemon`.
inline constexpr std::size_t kPrivateNameMax = 2 * kNameMax + 2;
/// Bytes of a group name, and of one for sessions that did not ask for long names.
inline constexpr std::size_t kGroupNameMax = 255;
inline constexpr std::size_t kShortGroupNameMax = 66;
/// Bytes of the group names that Spread knows.
inline constexpr std::size_t kSpreadGroupNameMax = 31;
static_assert(kShortGroupNameMax >= kPrivateNameMax && kGroupNameMax <= 0xFF);
/// Destination groups of one message.
inline constexpr std::size_t kGroupsPerMessageMax = 100;
/// Groups of a cluster, and (group, member) pairs in all of them: what an operator may allow, and
/// the defaults. Enough for every session of every daemon to be in two groups.
inline constexpr std::size_t kGroupsMax = std::size_t{1} << 16;
inline constexpr std::size_t kGroupsDefault = std::size_t{1} << 14;
inline constexpr std::size_t kMembershipsMax = std::size_t{1} << 20;
inline constexpr std::size_t kMembershipsDefault = std::size_t{1} << 17;
static_assert(kMembershipsMax >= 2 * kNodesMax * kSessionsMax);

/// Payload bytes of one message: the default and the most an operator may configure.
inline constexpr std::size_t kMessageBytesDefault = std::size_t{1} << 20;
inline constexpr std::size_t kMessageBytesMax = std::size_t{16} << 20;

/// Cache line that layouts shared between processes are padded to. Not
/// `hardware_destructive_interference_size`: the number is part of an ABI.
inline constexpr std::size_t kCacheLine = 64;

}  // namespace torc
