// Membership of our one multicast group towards snooping switches and routers: reports at start,
// answers to queries. Version 3 until an older querier is heard (RFC 3376, RFC 2236). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

enum class IgmpVersion : std::uint8_t { v2, v3 };

struct IgmpQuery {
    IgmpVersion version{IgmpVersion::v3};
    std::uint32_t group{0};  ///< 0: all groups
    Nanos answer_within{0};  ///< the querier's maximum response time
};

/// Gives the query in an IPv4 packet, or nothing if it is not a valid one (check sum, length,
/// type). Version 1 queriers are answered as version 2.
std::optional<IgmpQuery> parse_igmp_query(const Ipv4Packet& packet);

/// A report is Ethernet, IPv4 with the Router Alert option, and the report; padded to 60 bytes.
inline constexpr std::size_t kIgmpFrameBytes = 60;
using IgmpFrame = std::array<std::byte, kIgmpFrameBytes>;

struct IgmpSelf {
    MacAddress mac;
    std::uint32_t address{0};
    std::uint32_t group{0};
};

/// "I am a member": version 2 goes to the group itself; version 3 to 224.0.0.22 as a change to
/// "exclude nothing" (`joining`) or as the current state.
IgmpFrame make_igmp_report(const IgmpSelf& self, IgmpVersion version, bool joining);
/// "I am leaving": spares the switch from flooding until its timers end.
IgmpFrame make_igmp_leave(const IgmpSelf& self, IgmpVersion version);

}  // namespace torc::dataplane::dpdk
