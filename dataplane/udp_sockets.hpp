// The sockets of the kernel-UDP port and everything that can go wrong while they are opened.
//
// Per channel (data; token and control) there is one socket bound to the node's own address, which
// also sends, and, with multicast dissemination, one bound to the group. A socket bound to the
// wildcard would not do: several daemons of one host share the port numbers and differ only in
// their address.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "dataplane/fd.hpp"

namespace torc::dataplane {

/// Bytes that each socket buffer is asked for: thousands of frames with the kernel's own
/// overhead, more than every peer's burst while we are off the core.
inline constexpr int kSocketBytes = 8 << 20;

struct UdpChannelSockets {
    Fd unicast;    ///< bound to the node's address; sends everything of this channel
    Fd multicast;  ///< bound to the group and joined; empty unless dissemination is multicast
    std::uint16_t port{0};
};

struct UdpSockets {
    UdpChannelSockets data;
    UdpChannelSockets control;  ///< tokens and membership
    std::string interface;
    int mtu{0};
    bool whole_frames{true};  ///< the largest frame fits the MTU: sent with DF, never fragmented
    bool loops{false};        ///< another daemon lives on this host: own multicasts come back
    bool segments{false};     ///< the kernel cuts one long send into frames (UDP_SEGMENT)
    int rcvbuf{0};            ///< bytes the kernel granted, per socket
    int sndbuf{0};
};

/// **Takes** the cluster, which node of it this is, and the interface by name (empty: the one that
/// has the node's address). **Fails** with what is wrong and what to do: no such node, mesh
/// dissemination, address not on this host, port taken, no permission, no multicast there.
/// **Cost**: some 30 system calls; waits up to kBindPatience for a port to become free.
Result<UdpSockets> open_udp_sockets(const config::ClusterSettings& cluster, NodeIndex node,
                                    const std::string& interface);

/// Whether multicasts sent from `address` come back to a member on the same interface: sends one
/// and waits for it, at most 100 ms. For set-ups that choose a dissemination by themselves.
bool multicast_supported(std::uint32_t address, std::uint32_t group);

/// Dotted form of an IPv4 address in host byte order.
std::string address_text(std::uint32_t address);

}  // namespace torc::dataplane
