// Sorts what the wire brings: frames of the ring by urgency, ARP and IGMP for the neighbourhood,
// and a counted refusal for all else. Pure and total; the fuzzers' and unit tests' way in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "config/settings.hpp"
#include "dataplane/dpdk/ethernet.hpp"
#include "dataplane/dpdk/peer_table.hpp"
#include "wire/frame_io.hpp"

namespace torc::dataplane::dpdk {

/// The UDP port of a channel: data on `data_port`, tokens and control on the next.
inline std::uint16_t port_of(wire::Channel channel, std::uint16_t data_port) {
    return channel == wire::Channel::data ? data_port : static_cast<std::uint16_t>(data_port + 1);
}

enum class Arrival : std::uint8_t { token, data, arp, igmp, refused };

struct Sorted {
    Arrival arrival{Arrival::refused};
    Refusal refusal{Refusal::none};
    NodeIndex from{kNoNode};
    EthernetView ethernet;
    Ipv4Packet packet;                   ///< of `igmp`
    std::span<const std::byte> payload;  ///< of `token` and `data`: never empty
};

class RxFilter {
public:
    RxFilter(const config::ClusterSettings& cluster, const PeerTable& peers);

    /// Takes one whole Ethernet frame. Gives where it belongs; payload points into the frame.
    /// Cost: header checks, plus one pass over the payload if `checksum` must be verified.
    Sorted sort(std::span<const std::byte> frame, RxChecksum checksum) const;

private:
    Refusal sort_udp(const Ipv4Packet& packet, RxChecksum checksum, Sorted& out) const;

    const PeerTable& peers_;
    std::uint32_t group_;
    std::uint16_t data_port_;
    std::size_t frame_bytes_;
};

/// How often each refusal was met.
class RefusalCounts {
public:
    void add(Refusal refusal) { ++counts_[static_cast<std::size_t>(refusal)]; }
    std::uint64_t of(Refusal refusal) const { return counts_[static_cast<std::size_t>(refusal)]; }
    /// All but our own multicasts, which are no fault.
    std::uint64_t total() const;
    /// "foreign_type 3, own_copy 10", or "none".
    std::string to_text() const;

private:
    std::array<std::uint64_t, kRefusals> counts_{};
};

}  // namespace torc::dataplane::dpdk
