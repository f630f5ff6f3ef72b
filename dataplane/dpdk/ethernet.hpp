// Ethernet II, IPv4 and UDP headers as bytes: written for frames of ours, parsed from whatever the
// wire brings. Pure and total: no DPDK, no clock, and hostile bytes give a refusal, never a crash.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace torc::dataplane::dpdk {

/// Integer in network order, alignment 1; the counterpart of torc::Le.
template <std::unsigned_integral T>
class Be {
public:
    constexpr Be() = default;
    constexpr Be(T value) {  // NOLINT: reads as the integer it stores
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            bytes_[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
        }
    }
    constexpr T get() const {
        T value{};
        for (const std::uint8_t byte : bytes_) value = static_cast<T>(value << 8 | byte);
        return value;
    }

private:
    std::array<std::uint8_t, sizeof(T)> bytes_{};
};
using be16 = Be<std::uint16_t>;
using be32 = Be<std::uint32_t>;
static_assert(sizeof(be32) == 4 && alignof(be32) == 1);

struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};
    friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
    bool is_group() const { return (bytes[0] & 1) != 0; }
    bool is_zero() const { return *this == MacAddress{}; }
};
inline constexpr MacAddress kBroadcastMac{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

/// The MAC that carries an IPv4 multicast group (RFC 1112: 01:00:5e and the low 23 bits).
MacAddress multicast_mac(std::uint32_t group);
/// A locally administered MAC made of an IPv4 address: what point-to-point ports go by.
MacAddress mesh_mac(std::uint32_t address);
std::string to_text(const MacAddress& mac);
std::string address_text(std::uint32_t address);

struct EthernetHeader {
    MacAddress destination;
    MacAddress source;
    be16 type;
};
struct Ipv4Header {
    std::uint8_t version_ihl{0x45};
    std::uint8_t tos{0};
    be16 total_length;
    be16 id;
    be16 fragment;  ///< flags:3 | offset:13
    std::uint8_t ttl{0};
    std::uint8_t protocol{0};
    be16 checksum;
    be32 source;
    be32 destination;
};
struct UdpHeader {
    be16 source_port;
    be16 destination_port;
    be16 length;
    be16 checksum;
};
static_assert(sizeof(EthernetHeader) == 14 && sizeof(Ipv4Header) == 20 && sizeof(UdpHeader) == 8);

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint8_t kProtocolIgmp = 2;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint16_t kDoNotFragment = 0x4000;
/// Multicasts of the ring stay on their link, as the kernel's default for multicast sockets.
inline constexpr std::uint8_t kTtl = 1;

/// Ethernet + IPv4 + UDP, all without options: what stands before each payload of ours.
inline constexpr std::size_t kHeaderBytes = 42;
/// What an IPv4 datagram has more than its UDP payload.
inline constexpr std::size_t kIpUdpBytes = 28;
using HeaderBytes = std::array<std::byte, kHeaderBytes>;

/// Running one's complement sum of 16-bit words in memory order (RFC 1071), not yet folded.
/// Takes any number of bytes; an odd last byte counts as the first of a padded pair.
/// Cost: about 0.05 ns a byte; parts of even length may be summed apart and added.
std::uint64_t checksum_add(std::span<const std::byte> bytes, std::uint64_t sum = 0);
/// Folds a sum to 16 bits in network order. Does not complement.
std::uint16_t checksum_fold(std::uint64_t sum);
/// The checksum field for these bytes, in network order.
inline std::uint16_t checksum_of(std::span<const std::byte> bytes, std::uint64_t sum = 0) {
    return static_cast<std::uint16_t>(~checksum_fold(checksum_add(bytes, sum)));
}

/// A folded sum, whose memory image is network order, as a header field.
be16 checksum_field(std::uint16_t folded);

/// What the UDP checksum field of a frame of ours holds.
enum class UdpChecksum : std::uint8_t {
    none,     ///< 0, "not computed": between processes that share memory
    full,     ///< over pseudo header, header and payload
    partial,  ///< the pseudo header only: the NIC completes it
};

struct UdpPath {
    MacAddress source_mac;
    MacAddress destination_mac;
    std::uint32_t source{0};
    std::uint32_t destination{0};
    std::uint16_t port{0};  ///< source and destination: both ends of a ring use the same two
};

/// Writes the 42 bytes before a payload. The IP id is 0 with DF set (RFC 6864: an atomic datagram
/// needs none), so equal arguments give equal bytes and a frame on several queues may share them.
/// Takes the payload's size (at most kFrameBytesMax) and, for `full`, checksum_add of its bytes.
void write_udp_headers(std::span<std::byte, kHeaderBytes> out, const UdpPath& path,
                       std::size_t payload_bytes, UdpChecksum checksum, std::uint64_t payload_sum);

/// Why a received frame is not for the ring. Each has a counter.
enum class Refusal : std::uint8_t {
    none,
    truncated,            ///< ends inside a header it announces
    foreign_type,         ///< neither IPv4 nor ARP, or a tagged VLAN
    bad_ip_header,        ///< version, header length or header checksum
    fragment,             ///< we never fragment and never reassemble
    bad_length,           ///< IP or UDP length disagrees with the frame, or above frame_bytes
    not_udp,              ///< another protocol
    bad_checksum,         ///< UDP checksum
    foreign_destination,  ///< neither our address nor our group
    foreign_port,         ///< neither data_port nor data_port + 1
    foreign_source,       ///< no daemon of this cluster, or not the one this link leads to
    own_copy,             ///< our own multicast came back
    chained,              ///< spread over several buffers; ours are sized so that none is
};
inline constexpr std::size_t kRefusals = 13;
const char* to_text(Refusal refusal);

/// How far the UDP checksum of a received frame is known.
enum class RxChecksum : std::uint8_t {
    verify,          ///< nobody looked: compute it
    verify_partial,  ///< compute it, and accept a bare pseudo-header sum: a kernel sender on the
                     ///< same host leaves completing it to hardware that a veth does not have
    good,            ///< the NIC verified it, or memory cannot corrupt it
    bad,             ///< the NIC found it wrong
};

struct Ipv4Packet {
    MacAddress source_mac;
    MacAddress destination_mac;
    std::uint32_t source{0};
    std::uint32_t destination{0};
    std::uint8_t protocol{0};
    std::uint8_t ttl{0};
    std::span<const std::byte> body;  ///< after the IP header, without Ethernet padding
};

/// The ether type and where its payload begins; skips one priority tag (VLAN 0).
struct EthernetView {
    std::uint16_t type{0};
    MacAddress source;
    MacAddress destination;
    std::span<const std::byte> body;
};
Refusal parse_ethernet(std::span<const std::byte> frame, EthernetView& out);

/// Checks version, lengths, header checksum and that it is no fragment. Options are skipped.
Refusal parse_ipv4(const EthernetView& frame, Ipv4Packet& out);

struct UdpDatagram {
    std::uint16_t source_port{0};
    std::uint16_t destination_port{0};
    std::span<const std::byte> payload;
};
Refusal parse_udp(const Ipv4Packet& packet, RxChecksum checksum, UdpDatagram& out);

}  // namespace torc::dataplane::dpdk
