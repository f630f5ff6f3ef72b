// See ethernet.hpp. Structs are copied in and out of the bytes; a packet is never cast.
#include "dataplane/dpdk/ethernet.hpp"

#include <cstdio>
#include <cstring>

namespace torc::dataplane::dpdk {

namespace {

template <typename T>
T take(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

std::uint16_t to_network(std::uint16_t value) {
    if constexpr (std::endian::native == std::endian::big) return value;
    return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

/// Sum of the words of an address, port or length that is written in network order.
std::uint64_t words_of(std::uint32_t value) {
    return std::uint64_t{to_network(static_cast<std::uint16_t>(value >> 16))} +
           to_network(static_cast<std::uint16_t>(value & 0xFFFF));
}

std::uint64_t pseudo_header_sum(std::uint32_t source, std::uint32_t destination,
                                std::uint16_t udp_length) {
    return words_of(source) + words_of(destination) + to_network(kProtocolUdp) +
           to_network(udp_length);
}

bool udp_checksum_good(const Ipv4Packet& packet, const UdpHeader& header, std::size_t udp_length,
                       bool partial_allowed) {
    if (header.checksum.get() == 0) return true;  // "not computed" (RFC 768)
    const std::uint64_t pseudo = pseudo_header_sum(packet.source, packet.destination,
                                                   static_cast<std::uint16_t>(udp_length));
    if (checksum_of(packet.body.first(udp_length), pseudo) == 0) return true;
    return partial_allowed && to_network(header.checksum.get()) == checksum_fold(pseudo);
}

}  // namespace

be16 checksum_field(std::uint16_t folded) { return be16{to_network(folded)}; }

MacAddress multicast_mac(std::uint32_t group) {
    return MacAddress{{0x01, 0x00, 0x5E, static_cast<std::uint8_t>(group >> 16 & 0x7F),
                       static_cast<std::uint8_t>(group >> 8), static_cast<std::uint8_t>(group)}};
}

MacAddress mesh_mac(std::uint32_t address) {
    return MacAddress{{0x02, 0x54, static_cast<std::uint8_t>(address >> 24),
                       static_cast<std::uint8_t>(address >> 16),
                       static_cast<std::uint8_t>(address >> 8),
                       static_cast<std::uint8_t>(address)}};
}

std::string to_text(const MacAddress& mac) {
    std::array<char, 18> text{};
    const auto& b = mac.bytes;
    std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
                  b[4], b[5]);
    return text.data();
}

std::string address_text(std::uint32_t address) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%u.%u.%u.%u", address >> 24, address >> 16 & 0xFF,
                  address >> 8 & 0xFF, address & 0xFF);
    return text.data();
}

std::uint64_t checksum_add(std::span<const std::byte> bytes, std::uint64_t sum) {
    // 32-bit words in four 64-bit sums: 2^32 words may be added before one overflows, and the
    // carries that one's complement wants are all folded at the end.
    std::array<std::uint64_t, 4> lanes{sum, 0, 0, 0};
    while (bytes.size() >= 16) {
        const auto words = take<std::array<std::uint32_t, 4>>(bytes);
        for (std::size_t i = 0; i < 4; ++i) lanes[i] += words[i];
        bytes = bytes.subspan(16);
    }
    while (bytes.size() >= 2) {
        lanes[0] += take<std::uint16_t>(bytes);
        bytes = bytes.subspan(2);
    }
    if (!bytes.empty()) {
        const std::array<std::byte, 2> padded{bytes[0], std::byte{0}};
        lanes[1] += take<std::uint16_t>(padded);
    }
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

std::uint16_t checksum_fold(std::uint64_t sum) {
    sum = (sum & 0xFFFFFFFF) + (sum >> 32);
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

void write_udp_headers(std::span<std::byte, kHeaderBytes> out, const UdpPath& path,
                       std::size_t payload_bytes, UdpChecksum checksum, std::uint64_t payload_sum) {
    struct Headers {
        EthernetHeader ethernet;
        Ipv4Header ip;
        UdpHeader udp;
    } headers;
    static_assert(sizeof(Headers) == kHeaderBytes);
    const auto udp_length = static_cast<std::uint16_t>(payload_bytes + sizeof(UdpHeader));
    headers.ethernet = {path.destination_mac, path.source_mac, be16{kEtherTypeIpv4}};
    headers.ip.total_length = static_cast<std::uint16_t>(payload_bytes + kIpUdpBytes);
    headers.ip.fragment = kDoNotFragment;
    headers.ip.ttl = kTtl;
    headers.ip.protocol = kProtocolUdp;
    headers.ip.source = path.source;
    headers.ip.destination = path.destination;
    headers.ip.checksum = checksum_field(checksum_of(std::as_bytes(std::span{&headers.ip, 1})));
    headers.udp = {path.port, path.port, udp_length, be16{}};
    const std::uint64_t pseudo = pseudo_header_sum(path.source, path.destination, udp_length);
    if (checksum == UdpChecksum::partial) {
        headers.udp.checksum = checksum_field(checksum_fold(pseudo));
    }
    if (checksum == UdpChecksum::full) {
        const std::uint64_t sum = pseudo + payload_sum;
        const std::uint16_t sent = checksum_of(std::as_bytes(std::span{&headers.udp, 1}), sum);
        headers.udp.checksum = checksum_field(sent == 0 ? std::uint16_t{0xFFFF} : sent);
    }
    std::memcpy(out.data(), &headers, sizeof headers);
}

const char* to_text(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "none";
        case Refusal::truncated:
            return "truncated";
        case Refusal::foreign_type:
            return "foreign_type";
        case Refusal::bad_ip_header:
            return "bad_ip_header";
        case Refusal::fragment:
            return "fragment";
        case Refusal::bad_length:
            return "bad_length";
        case Refusal::not_udp:
            return "not_udp";
        case Refusal::bad_checksum:
            return "bad_checksum";
        case Refusal::foreign_destination:
            return "foreign_destination";
        case Refusal::foreign_port:
            return "foreign_port";
        case Refusal::foreign_source:
            return "foreign_source";
        case Refusal::own_copy:
            return "own_copy";
        case Refusal::chained:
            return "chained";
    }
    return "?";
}

Refusal parse_ethernet(std::span<const std::byte> frame, EthernetView& out) {
    if (frame.size() < sizeof(EthernetHeader)) return Refusal::truncated;
    const auto header = take<EthernetHeader>(frame);
    out = {header.type.get(), header.source, header.destination,
           frame.subspan(sizeof(EthernetHeader))};
    if (out.type != kEtherTypeVlan) return Refusal::none;

    if (out.body.size() < 4) return Refusal::truncated;
    const auto tag = take<be16>(out.body).get();
    if ((tag & 0x0FFF) != 0) return Refusal::foreign_type;
    out.type = take<be16>(out.body.subspan(2)).get();
    out.body = out.body.subspan(4);
    return Refusal::none;
}

Refusal parse_ipv4(const EthernetView& frame, Ipv4Packet& out) {
    if (frame.body.size() < sizeof(Ipv4Header)) return Refusal::truncated;
    const auto header = take<Ipv4Header>(frame.body);
    const std::size_t header_bytes = std::size_t{4} * (header.version_ihl & 0x0F);
    if (header.version_ihl >> 4 != 4 || header_bytes < sizeof(Ipv4Header)) {
        return Refusal::bad_ip_header;
    }
    const std::size_t total = header.total_length.get();
    if (total > frame.body.size() || total < header_bytes) return Refusal::bad_length;
    if (checksum_of(frame.body.first(header_bytes)) != 0) return Refusal::bad_ip_header;
    if ((header.fragment.get() & 0x3FFF) != 0) return Refusal::fragment;
    out = {frame.source,
           frame.destination,
           header.source.get(),
           header.destination.get(),
           header.protocol,
           header.ttl,
           frame.body.subspan(header_bytes, total - header_bytes)};
    return Refusal::none;
}

Refusal parse_udp(const Ipv4Packet& packet, RxChecksum checksum, UdpDatagram& out) {
    if (packet.protocol != kProtocolUdp) return Refusal::not_udp;
    if (packet.body.size() < sizeof(UdpHeader)) return Refusal::truncated;
    const auto header = take<UdpHeader>(packet.body);
    const std::size_t length = header.length.get();
    if (length != packet.body.size()) return Refusal::bad_length;
    if (checksum == RxChecksum::bad) return Refusal::bad_checksum;
    if (checksum != RxChecksum::good &&
        !udp_checksum_good(packet, header, length, checksum == RxChecksum::verify_partial)) {
        return Refusal::bad_checksum;
    }
    out = {header.source_port.get(), header.destination_port.get(),
           packet.body.subspan(sizeof(UdpHeader))};
    return Refusal::none;
}

}  // namespace torc::dataplane::dpdk
