// See igmp.hpp.
#include "dataplane/dpdk/igmp.hpp"

#include <cstring>
#include <span>

namespace torc::dataplane::dpdk {

namespace {

constexpr std::uint8_t kTypeQuery = 0x11;
constexpr std::uint8_t kTypeReportV2 = 0x16;
constexpr std::uint8_t kTypeLeaveV2 = 0x17;
constexpr std::uint8_t kTypeReportV3 = 0x22;
constexpr std::uint8_t kModeIsExclude = 2;
constexpr std::uint8_t kChangeToInclude = 3;
constexpr std::uint8_t kChangeToExclude = 4;
constexpr std::uint32_t kAllRouters = 0xE0000002;  // 224.0.0.2
constexpr std::uint32_t kAllIgmpV3 = 0xE0000016;   // 224.0.0.22
constexpr std::uint8_t kTosInternetworkControl = 0xC0;

/// Versions 1 and 2 whole; also the head of a version 3 query.
struct IgmpV2 {
    std::uint8_t type{0};
    std::uint8_t max_response{0};
    be16 checksum;
    be32 group;
};
struct IgmpV3Report {
    std::uint8_t type{kTypeReportV3};
    std::uint8_t reserved{0};
    be16 checksum;
    be16 reserved2;
    be16 records{1};
    std::uint8_t record_type{0};
    std::uint8_t auxiliary_words{0};
    be16 sources;
    be32 group;
};
static_assert(sizeof(IgmpV2) == 8 && sizeof(IgmpV3Report) == 16);
constexpr std::size_t kV3QueryBytes = 12;

/// IPv4 header with the four bytes of Router Alert that every IGMP message carries.
struct AlertedIpv4 {
    Ipv4Header ip;
    std::array<std::uint8_t, 4> router_alert{0x94, 0x04, 0x00, 0x00};
};

IgmpFrame assemble(const IgmpSelf& self, std::uint32_t to, std::span<const std::byte> message) {
    IgmpFrame frame{};
    const EthernetHeader ethernet{multicast_mac(to), self.mac, be16{kEtherTypeIpv4}};
    AlertedIpv4 header;
    header.ip.version_ihl = 0x46;
    header.ip.tos = kTosInternetworkControl;
    header.ip.total_length = static_cast<std::uint16_t>(sizeof header + message.size());
    header.ip.fragment = kDoNotFragment;
    header.ip.ttl = 1;
    header.ip.protocol = kProtocolIgmp;
    header.ip.source = self.address;
    header.ip.destination = to;
    header.ip.checksum = checksum_field(checksum_of(std::as_bytes(std::span{&header, 1})));
    std::byte* place = frame.data();
    std::memcpy(place, &ethernet, sizeof ethernet);
    std::memcpy(place + sizeof ethernet, &header, sizeof header);
    std::memcpy(place + sizeof ethernet + sizeof header, message.data(), message.size());
    return frame;
}

template <typename Message>
IgmpFrame finish(const IgmpSelf& self, std::uint32_t to, Message message) {
    message.checksum = checksum_field(checksum_of(std::as_bytes(std::span{&message, 1})));
    return assemble(self, to, std::as_bytes(std::span{&message, 1}));
}

/// RFC 3376 4.1.1: codes from 128 are a small floating point number of tenths of a second.
Nanos response_time(std::uint8_t code, IgmpVersion version) {
    std::int64_t tenths = code;
    if (version == IgmpVersion::v3 && code >= 128) {
        tenths = std::int64_t{(code & 0x0F) | 0x10} << ((code >> 4 & 0x07) + 3);
    }
    if (code == 0) tenths = 100;  // version 1 has no such field: ten seconds
    return std::chrono::milliseconds{100} * tenths;
}

}  // namespace

std::optional<IgmpQuery> parse_igmp_query(const Ipv4Packet& packet) {
    if (packet.protocol != kProtocolIgmp || packet.body.size() < sizeof(IgmpV2)) {
        return std::nullopt;
    }
    IgmpV2 head;
    std::memcpy(&head, packet.body.data(), sizeof head);
    if (head.type != kTypeQuery || checksum_of(packet.body) != 0) return std::nullopt;
    const bool is_v2 = packet.body.size() == sizeof(IgmpV2);
    if (!is_v2 && packet.body.size() < kV3QueryBytes) return std::nullopt;
    const IgmpVersion version = is_v2 ? IgmpVersion::v2 : IgmpVersion::v3;
    return IgmpQuery{version, head.group.get(), response_time(head.max_response, version)};
}

IgmpFrame make_igmp_report(const IgmpSelf& self, IgmpVersion version, bool joining) {
    if (version == IgmpVersion::v2) {
        return finish(self, self.group, IgmpV2{kTypeReportV2, 0, be16{}, self.group});
    }
    IgmpV3Report report;
    report.record_type = joining ? kChangeToExclude : kModeIsExclude;
    report.group = self.group;
    return finish(self, kAllIgmpV3, report);
}

IgmpFrame make_igmp_leave(const IgmpSelf& self, IgmpVersion version) {
    if (version == IgmpVersion::v2) {
        return finish(self, kAllRouters, IgmpV2{kTypeLeaveV2, 0, be16{}, self.group});
    }
    IgmpV3Report report;
    report.record_type = kChangeToInclude;
    report.group = self.group;
    return finish(self, kAllIgmpV3, report);
}

}  // namespace torc::dataplane::dpdk
