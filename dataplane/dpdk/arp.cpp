// See arp.hpp.
#include "dataplane/dpdk/arp.hpp"

#include <cstring>

namespace torc::dataplane::dpdk {

namespace {

struct ArpPacket {
    be16 hardware{1};  ///< Ethernet
    be16 protocol{kEtherTypeIpv4};
    std::uint8_t hardware_bytes{6};
    std::uint8_t protocol_bytes{4};
    be16 operation;
    MacAddress sender_mac;
    be32 sender;
    MacAddress target_mac;
    be32 target;
};
static_assert(sizeof(ArpPacket) == 28);

constexpr std::uint16_t kRequest = 1;
constexpr std::uint16_t kReply = 2;

ArpFrame assemble(const MacAddress& to, const ArpPacket& packet) {
    ArpFrame frame{};
    const EthernetHeader header{to, packet.sender_mac, be16{kEtherTypeArp}};
    std::memcpy(frame.data(), &header, sizeof header);
    std::memcpy(frame.data() + sizeof header, &packet, sizeof packet);
    return frame;
}

}  // namespace

std::optional<ArpMessage> parse_arp(const EthernetView& frame) {
    if (frame.type != kEtherTypeArp || frame.body.size() < sizeof(ArpPacket)) return std::nullopt;
    ArpPacket packet;
    std::memcpy(&packet, frame.body.data(), sizeof packet);
    const std::uint16_t operation = packet.operation.get();
    if (packet.hardware.get() != 1 || packet.protocol.get() != kEtherTypeIpv4 ||
        packet.hardware_bytes != 6 || packet.protocol_bytes != 4) {
        return std::nullopt;
    }
    if (operation != kRequest && operation != kReply) return std::nullopt;
    if (packet.sender_mac.is_group() || packet.sender_mac.is_zero()) return std::nullopt;
    return ArpMessage{operation == kRequest, packet.sender_mac, packet.sender.get(),
                      packet.target.get()};
}

ArpFrame make_arp_reply(const ArpSelf& self, const ArpMessage& request) {
    ArpPacket packet;
    packet.operation = kReply;
    packet.sender_mac = self.mac;
    packet.sender = self.address;
    packet.target_mac = request.sender_mac;
    packet.target = request.sender;
    return assemble(request.sender_mac, packet);
}

ArpFrame make_arp_request(const ArpSelf& self, std::uint32_t target) {
    ArpPacket packet;
    packet.operation = kRequest;
    packet.sender_mac = self.mac;
    packet.sender = self.address;
    packet.target = target;
    return assemble(kBroadcastMac, packet);
}

}  // namespace torc::dataplane::dpdk
