// See rx_filter.hpp. Cheap checks first: most foreign frames go before their payload is touched.
#include "dataplane/dpdk/rx_filter.hpp"

namespace torc::dataplane::dpdk {

RxFilter::RxFilter(const config::ClusterSettings& cluster, const PeerTable& peers)
    : peers_(peers),
      group_(cluster.multicast_group),
      data_port_(cluster.data_port),
      frame_bytes_(cluster.frame_bytes) {}

Sorted RxFilter::sort(std::span<const std::byte> frame, RxChecksum checksum) const {
    Sorted sorted;
    sorted.refusal = parse_ethernet(frame, sorted.ethernet);
    if (sorted.refusal != Refusal::none) return sorted;
    if (sorted.ethernet.type == kEtherTypeArp) {
        sorted.arrival = Arrival::arp;
        return sorted;
    }
    if (sorted.ethernet.type != kEtherTypeIpv4) {
        sorted.refusal = Refusal::foreign_type;
        return sorted;
    }
    sorted.refusal = parse_ipv4(sorted.ethernet, sorted.packet);
    if (sorted.refusal != Refusal::none) return sorted;
    if (sorted.packet.source == peers_.own_address()) {
        sorted.refusal = Refusal::own_copy;
        return sorted;
    }
    if (sorted.packet.protocol == kProtocolIgmp) {
        sorted.arrival = Arrival::igmp;
        return sorted;
    }
    sorted.refusal = sort_udp(sorted.packet, checksum, sorted);
    return sorted;
}

Refusal RxFilter::sort_udp(const Ipv4Packet& packet, RxChecksum checksum, Sorted& out) const {
    if (packet.destination != group_ && packet.destination != peers_.own_address()) {
        return Refusal::foreign_destination;
    }
    out.from = peers_.find(packet.source);
    if (out.from == kNoNode) return Refusal::foreign_source;
    UdpDatagram datagram;
    const Refusal refusal = parse_udp(packet, checksum, datagram);
    if (refusal != Refusal::none) return refusal;
    const auto port_offset = static_cast<std::uint16_t>(datagram.destination_port - data_port_);
    if (port_offset > 1) return Refusal::foreign_port;
    if (datagram.payload.empty() || datagram.payload.size() > frame_bytes_) {
        return Refusal::bad_length;
    }
    out.payload = datagram.payload;
    out.arrival = port_offset == 1 ? Arrival::token : Arrival::data;
    return Refusal::none;
}

std::uint64_t RefusalCounts::total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum - of(Refusal::own_copy);
}

std::string RefusalCounts::to_text() const {
    std::string text;
    for (std::size_t i = 0; i < kRefusals; ++i) {
        if (counts_[i] == 0) continue;
        if (!text.empty()) text += ", ";
        text += dpdk::to_text(static_cast<Refusal>(i));
        text += ' ';
        text += std::to_string(counts_[i]);
    }
    return text.empty() ? "none" : text;
}

}  // namespace torc::dataplane::dpdk
