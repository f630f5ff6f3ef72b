// ARP for a port that no kernel stands behind: answers who asks for our address, tells it at
// start, and asks for a peer's. Pure functions over bytes (RFC 826, RFC 5227).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

/// Ethernet header and ARP packet, padded to the least an Ethernet carries without its check sum.
inline constexpr std::size_t kArpFrameBytes = 60;
using ArpFrame = std::array<std::byte, kArpFrameBytes>;

struct ArpSelf {
    MacAddress mac;
    std::uint32_t address{0};
};

/// What a valid ARP packet says. The sender's pair is worth learning only if the caller knows the
/// address; anybody on the link can claim anything.
struct ArpMessage {
    bool is_request{false};
    MacAddress sender_mac;
    std::uint32_t sender{0};
    std::uint32_t target{0};
};

/// Takes the frame's body after the Ethernet header. Gives nothing for anything but Ethernet/IPv4
/// requests and replies, and for senders without a usable MAC.
std::optional<ArpMessage> parse_arp(const EthernetView& frame);

/// The answer to a request for our address.
ArpFrame make_arp_reply(const ArpSelf& self, const ArpMessage& request);
/// Asks everybody on the link who has `target`.
ArpFrame make_arp_request(const ArpSelf& self, std::uint32_t target);
/// Tells everybody our pair (a request for our own address): refreshes stale caches.
inline ArpFrame make_gratuitous_arp(const ArpSelf& self) {
    return make_arp_request(self, self.address);
}

}  // namespace torc::dataplane::dpdk
