// Ethernet/IPv4/UDP, ARP and IGMP as bytes: what we write is what the RFCs say, what we read may be
// anything. Test packets live in heap buffers of their exact size, so that a sanitizer sees an
// overrun.
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "base/prng.hpp"
#include "dataplane/dpdk/arp.hpp"
#include "dataplane/dpdk/ethernet.hpp"
#include "dataplane/dpdk/igmp.hpp"
#include "dataplane/dpdk/neighbourhood.hpp"
#include "dataplane/dpdk/rx_filter.hpp"

namespace torc::dataplane::dpdk {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kOwn = 0x0A540001;   // 10.84.0.1
constexpr std::uint32_t kPeer = 0x0A540002;  // 10.84.0.2
constexpr std::uint32_t kGroup = 0xEF540001;
constexpr MacAddress kOwnMac{{2, 0, 0, 0, 0, 1}};
constexpr MacAddress kPeerMac{{2, 0, 0, 0, 0, 2}};

config::ClusterSettings cluster_of(std::size_t nodes) {
    config::ClusterSettings cluster;
    for (std::size_t i = 0; i < nodes; ++i) {
        cluster.nodes.push_back({"n" + std::to_string(i), static_cast<std::uint32_t>(kOwn + i),
                                 static_cast<NodeIndex>(i)});
    }
    return cluster;
}

struct FrameSpec {
    std::uint32_t source{kPeer};
    std::uint32_t destination{kGroup};
    std::uint16_t port{4803};
    std::size_t payload{100};
    UdpChecksum checksum{UdpChecksum::full};
};

Bytes make_frame(const FrameSpec& spec) {
    Bytes frame(kHeaderBytes + spec.payload);
    for (std::size_t i = 0; i < spec.payload; ++i) {
        frame[kHeaderBytes + i] = static_cast<std::byte>(i * 7 + 3);
    }
    const UdpPath path{kPeerMac, multicast_mac(kGroup), spec.source, spec.destination, spec.port};
    write_udp_headers(std::span(frame).first<kHeaderBytes>(), path, spec.payload, spec.checksum,
                      checksum_add(std::span(frame).subspan(kHeaderBytes)));
    return frame;
}

/// Recomputes the IP header checksum after a test has changed the header.
void mend_ip(Bytes& frame) {
    frame[24] = frame[25] = std::byte{0};
    const std::uint16_t sum = checksum_of(std::span(frame).subspan(14, 20));
    std::memcpy(frame.data() + 24, &sum, sizeof sum);
}

class FilterTest : public testing::Test {
protected:
    Sorted sort(const Bytes& frame, RxChecksum checksum = RxChecksum::verify) {
        return filter_.sort(frame, checksum);
    }
    Refusal refusal_of(const Bytes& frame, RxChecksum checksum = RxChecksum::verify) {
        const Sorted sorted = sort(frame, checksum);
        EXPECT_EQ(sorted.arrival, Arrival::refused);
        return sorted.refusal;
    }
    config::ClusterSettings cluster_{cluster_of(3)};
    PeerTable peers_{cluster_, NodeIndex{0}};
    RxFilter filter_{cluster_, peers_};
};

TEST(Checksum, KnownHeaderGivesItsPublishedChecksum) {
    // The worked example of many textbooks: 45 00 00 73 ... gives b861.
    const std::array<unsigned char, 20> header{0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
                                               0x00, 0x40, 0x11, 0x00, 0x00, 0xc0, 0xa8,
                                               0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
    EXPECT_EQ(checksum_field(checksum_of(std::as_bytes(std::span(header)))).get(), 0xB861);
}

TEST(Checksum, AgreesWithTheDefinitionForEveryLength) {
    Prng random(7);
    for (std::size_t size = 0; size < 200; ++size) {
        Bytes bytes(size);
        for (auto& byte : bytes) byte = static_cast<std::byte>(random.next());
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const auto value = std::to_integer<std::uint32_t>(bytes[i]);
            sum += i % 2 == 0 ? value << 8 : value;
        }
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        EXPECT_EQ(checksum_field(checksum_fold(checksum_add(bytes))).get(), sum) << size;
    }
}

TEST(Headers, GoldenBytes) {
    Bytes frame = make_frame({.payload = 4});
    const std::array<unsigned char, 42> golden{
        0x01, 0x00, 0x5E, 0x54, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00,
        0x45, 0x00, 0x00, 0x20, 0x00, 0x00, 0x40, 0x00, 0x01, 0x11, 0x00, 0x00, 0x0A, 0x54,
        0x00, 0x02, 0xEF, 0x54, 0x00, 0x01, 0x12, 0xC3, 0x12, 0xC3, 0x00, 0x0C, 0x00, 0x00};
    std::array<unsigned char, 42> written;
    std::memcpy(written.data(), frame.data(), written.size());
    written[24] = written[25] = written[40] = written[41] = 0;  // checked by parsing below
    EXPECT_EQ(written, golden);
}

TEST(Headers, MulticastMacTakesTheLow23Bits) {
    EXPECT_EQ(to_text(multicast_mac(0xEFFF0203)), "01:00:5e:7f:02:03");
    EXPECT_EQ(address_text(kGroup), "239.84.0.1");
}

TEST_F(FilterTest, OwnFramesAreReadBack) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{63}, std::size_t{1472}}) {
        for (const auto checksum : {UdpChecksum::full, UdpChecksum::none}) {
            const Bytes frame = make_frame({.payload = size, .checksum = checksum});
            const Sorted sorted = sort(frame);
            ASSERT_EQ(sorted.arrival, Arrival::data) << to_text(sorted.refusal);
            EXPECT_EQ(sorted.from, NodeIndex{1});
            EXPECT_EQ(sorted.payload.size(), size);
            EXPECT_EQ(sorted.payload.data(), frame.data() + kHeaderBytes);
            EXPECT_EQ(sorted.ethernet.source, kPeerMac);
        }
    }
    EXPECT_EQ(sort(make_frame({.destination = kOwn, .port = 4804})).arrival, Arrival::token);
}

TEST_F(FilterTest, EthernetPaddingIsNotPayload) {
    Bytes frame = make_frame({.payload = 3});
    frame.resize(60);
    const Sorted sorted = sort(frame);
    ASSERT_EQ(sorted.arrival, Arrival::data);
    EXPECT_EQ(sorted.payload.size(), 3U);
}

TEST_F(FilterTest, PriorityTagIsSkippedAnotherVlanIsNot) {
    Bytes frame = make_frame({});
    const std::array<std::byte, 4> tag{std::byte{0x81}, std::byte{0}, std::byte{0xE0},
                                       std::byte{0}};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    EXPECT_EQ(sort(frame).arrival, Arrival::data);
    frame[15] = std::byte{5};
    EXPECT_EQ(refusal_of(frame), Refusal::foreign_type);
}

TEST_F(FilterTest, EachForeignFrameHasItsReason) {
    EXPECT_EQ(refusal_of(make_frame({.source = 0x0A5400FE})), Refusal::foreign_source);
    EXPECT_EQ(refusal_of(make_frame({.source = kOwn})), Refusal::own_copy);
    EXPECT_EQ(refusal_of(make_frame({.destination = kPeer})), Refusal::foreign_destination);
    EXPECT_EQ(refusal_of(make_frame({.port = 4802})), Refusal::foreign_port);
    EXPECT_EQ(refusal_of(make_frame({.port = 4805})), Refusal::foreign_port);
    EXPECT_EQ(refusal_of(make_frame({.payload = 0})), Refusal::bad_length);
    EXPECT_EQ(refusal_of(make_frame({.payload = 1473})), Refusal::bad_length);

    Bytes frame = make_frame({});
    frame[12] = std::byte{0x86};
    EXPECT_EQ(refusal_of(frame), Refusal::foreign_type);
    frame = make_frame({});
    frame[23] = std::byte{6};  // TCP
    mend_ip(frame);
    EXPECT_EQ(refusal_of(frame), Refusal::not_udp);
    frame = make_frame({});
    frame[20] = std::byte{0x20};  // more fragments
    mend_ip(frame);
    EXPECT_EQ(refusal_of(frame), Refusal::fragment);
    frame = make_frame({});
    frame[21] = std::byte{0x01};  // an offset
    mend_ip(frame);
    EXPECT_EQ(refusal_of(frame), Refusal::fragment);
    frame = make_frame({});
    frame[22] = std::byte{9};  // TTL changed, checksum not
    EXPECT_EQ(refusal_of(frame), Refusal::bad_ip_header);
    frame = make_frame({});
    frame[14] = std::byte{0x44};  // header length 16
    mend_ip(frame);
    EXPECT_EQ(refusal_of(frame), Refusal::bad_ip_header);
    frame = make_frame({});
    frame[39] = static_cast<std::byte>(std::to_integer<int>(frame[39]) + 1);  // UDP length
    EXPECT_EQ(refusal_of(frame), Refusal::bad_length);
    frame = make_frame({});
    frame.resize(frame.size() - 1);  // IP length beyond the frame
    EXPECT_EQ(refusal_of(frame), Refusal::bad_length);
}

TEST_F(FilterTest, ChecksumIsVerifiedAsFarAsItIsKnown) {
    Bytes frame = make_frame({});
    frame.back() ^= std::byte{1};
    EXPECT_EQ(refusal_of(frame), Refusal::bad_checksum);
    EXPECT_EQ(sort(frame, RxChecksum::good).arrival, Arrival::data);  // the NIC said so
    EXPECT_EQ(refusal_of(make_frame({}), RxChecksum::bad), Refusal::bad_checksum);
    // A kernel sender on the same host leaves the pseudo header's sum only.
    const Bytes partial = make_frame({.checksum = UdpChecksum::partial});
    EXPECT_EQ(refusal_of(partial), Refusal::bad_checksum);
    EXPECT_EQ(sort(partial, RxChecksum::verify_partial).arrival, Arrival::data);
    EXPECT_EQ(refusal_of(frame, RxChecksum::verify_partial), Refusal::bad_checksum);
}

TEST_F(FilterTest, EveryTruncationIsRefused) {
    const Bytes whole = make_frame({});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(sort(cut).arrival, Arrival::refused) << size;
    }
}

TEST_F(FilterTest, RandomDamageNeverEscapesTheFrame) {
    Prng random(11);
    std::size_t accepted = 0;
    for (int round = 0; round < 50000; ++round) {
        Bytes frame = make_frame({.payload = random.next() % 80 + 1});
        for (std::uint64_t i = 0; i < random.next() % 4; ++i) {
            frame[random.next() % 46 % frame.size()] = static_cast<std::byte>(random.next());
        }
        frame.resize(frame.size() - random.next() % 8 % frame.size());
        frame.shrink_to_fit();
        if (random.next() % 2 == 0 && frame.size() >= 34) mend_ip(frame);
        const Sorted sorted = sort(frame, RxChecksum::good);
        if (sorted.arrival == Arrival::igmp) static_cast<void>(parse_igmp_query(sorted.packet));
        if (sorted.arrival == Arrival::arp) static_cast<void>(parse_arp(sorted.ethernet));
        if (sorted.arrival != Arrival::data && sorted.arrival != Arrival::token) continue;
        ++accepted;
        ASSERT_GE(sorted.payload.data(), frame.data() + kHeaderBytes);
        ASSERT_LE(sorted.payload.data() + sorted.payload.size(), frame.data() + frame.size());
    }
    EXPECT_GT(accepted, 1000U);
}

TEST(PeerTableTest, FindsEveryNodeOfAFullCluster) {
    auto cluster = cluster_of(kNodesMax);
    const PeerTable peers(cluster, NodeIndex{5});
    for (const auto& node : cluster.nodes) EXPECT_EQ(peers.find(node.address), node.index);
    EXPECT_EQ(peers.find(kOwn + kNodesMax), kNoNode);
    EXPECT_EQ(peers.find(0), kNoNode);
    EXPECT_EQ(peers.own_address(), kOwn + 5);
}

class NeighbourhoodTest : public testing::Test {
protected:
    /// What stands in the outbox, as ARP; fails if it is something else.
    ArpMessage arp_out(std::size_t place) {
        EthernetView view;
        EXPECT_EQ(parse_ethernet(neighbourhood_.out()[place], view), Refusal::none);
        const auto message = parse_arp(view);
        EXPECT_TRUE(message.has_value());
        return message.value_or(ArpMessage{});
    }
    void hear(const ArpFrame& frame) {
        EthernetView view;
        ASSERT_EQ(parse_ethernet(frame, view), Refusal::none);
        neighbourhood_.on_arp(view);
    }
    void query(std::uint32_t group, std::size_t bytes, std::uint8_t code) {
        Bytes message(bytes);
        message[0] = std::byte{0x11};
        message[1] = std::byte{code};
        const be32 field{group};
        std::memcpy(message.data() + 4, &field, sizeof field);
        const std::uint16_t sum = checksum_of(message);
        std::memcpy(message.data() + 2, &sum, sizeof sum);
        Ipv4Packet packet;
        packet.protocol = kProtocolIgmp;
        packet.body = message;
        neighbourhood_.on_igmp(packet);
    }
    /// The announcements of the first seconds, out of the way.
    void settle() {
        for (int i = 0; i < 5; ++i) {
            time_ += std::chrono::seconds(1);
            neighbourhood_.maintain(time_);
            neighbourhood_.out().clear();
        }
    }
    std::uint8_t igmp_type(std::size_t place) {
        return std::to_integer<std::uint8_t>(neighbourhood_.out()[place][38]);
    }

    config::ClusterSettings cluster_{cluster_of(3)};
    PeerTable peers_{cluster_, NodeIndex{0}};
    Neighbourhood neighbourhood_{{kOwnMac, kOwn, kGroup, true}, peers_};
    Instant time_{instant_from_ns(1)};
};

TEST_F(NeighbourhoodTest, AnnouncesAddressAndGroupAtStart) {
    neighbourhood_.maintain(time_);
    ASSERT_EQ(neighbourhood_.out().size(), 3U);
    EXPECT_EQ(arp_out(0).sender, kOwn);
    EXPECT_EQ(arp_out(0).target, kOwn);
    EXPECT_EQ(igmp_type(1), 0x22);
    EXPECT_EQ(igmp_type(2), 0x16);
    neighbourhood_.out().clear();
    neighbourhood_.maintain(time_ + std::chrono::milliseconds(10));
    EXPECT_TRUE(neighbourhood_.out().empty());
}

TEST_F(NeighbourhoodTest, ReportsAreValidIpWithRouterAlertToTheRightPlace) {
    for (const auto version : {IgmpVersion::v2, IgmpVersion::v3}) {
        const IgmpFrame frame = make_igmp_report({kOwnMac, kOwn, kGroup}, version, true);
        EthernetView view;
        Ipv4Packet packet;
        ASSERT_EQ(parse_ethernet(frame, view), Refusal::none);
        ASSERT_EQ(parse_ipv4(view, packet), Refusal::none);
        EXPECT_EQ(checksum_of(packet.body), 0);
        EXPECT_EQ(packet.ttl, 1);
        EXPECT_EQ(packet.destination, version == IgmpVersion::v2 ? kGroup : 0xE0000016U);
        EXPECT_EQ(view.destination, multicast_mac(packet.destination));
        EXPECT_EQ(packet.body.size(), version == IgmpVersion::v2 ? 8U : 16U);
    }
}

TEST_F(NeighbourhoodTest, AnswersWhoAsksForUsAndNobodyElse) {
    hear(make_arp_request({kPeerMac, kPeer}, kOwn));
    ASSERT_EQ(neighbourhood_.out().size(), 1U);
    const ArpMessage reply = arp_out(0);
    EXPECT_FALSE(reply.is_request);
    EXPECT_EQ(reply.sender_mac, kOwnMac);
    EXPECT_EQ(reply.target, kPeer);
    ASSERT_NE(peers_.mac(NodeIndex{1}), nullptr);
    EXPECT_EQ(*peers_.mac(NodeIndex{1}), kPeerMac);
    neighbourhood_.out().clear();
    hear(make_arp_request({kPeerMac, kPeer}, kPeer + 1));
    EXPECT_TRUE(neighbourhood_.out().empty());
}

TEST_F(NeighbourhoodTest, StrangersAreAnsweredButNotLearnt) {
    hear(make_arp_request({{{2, 9, 9, 9, 9, 9}}, 0x0A5400FE}, kOwn));
    EXPECT_EQ(neighbourhood_.out().size(), 1U);
    EXPECT_EQ(peers_.mac(NodeIndex{1}), nullptr);
    EXPECT_EQ(peers_.mac(NodeIndex{2}), nullptr);
}

TEST_F(NeighbourhoodTest, CountsWhoClaimsOurAddress) {
    hear(make_gratuitous_arp({kPeerMac, kOwn}));
    EXPECT_EQ(neighbourhood_.address_conflicts(), 1U);
    hear(make_gratuitous_arp({kOwnMac, kOwn}));
    EXPECT_EQ(neighbourhood_.address_conflicts(), 1U);
}

TEST_F(NeighbourhoodTest, AFloodOfRequestsIsBoundedAndCounted) {
    for (std::size_t i = 0; i < Neighbourhood::kOutMax + 5; ++i) {
        hear(make_arp_request({kPeerMac, kPeer}, kOwn));
    }
    EXPECT_EQ(neighbourhood_.out().size(), Neighbourhood::kOutMax);
    EXPECT_EQ(neighbourhood_.answers_dropped(), 5U);
}

TEST_F(NeighbourhoodTest, AsksForAMissingMacAtMostEvery100ms) {
    settle();
    for (int i = 0; i < 50; ++i) {
        neighbourhood_.want(NodeIndex{2});
        neighbourhood_.maintain(time_ + std::chrono::milliseconds(i));
    }
    ASSERT_EQ(neighbourhood_.out().size(), 1U);
    EXPECT_TRUE(arp_out(0).is_request);
    EXPECT_EQ(arp_out(0).target, kOwn + 2);
    neighbourhood_.maintain(time_ + std::chrono::milliseconds(200));
    EXPECT_EQ(neighbourhood_.out().size(), 2U);
}

TEST_F(NeighbourhoodTest, AnswersQueriesInTheirVersionWithinTheirTime) {
    settle();
    query(0, 12, 10);
    neighbourhood_.maintain(time_);
    neighbourhood_.maintain(time_ + std::chrono::seconds(1));
    ASSERT_EQ(neighbourhood_.out().size(), 1U);
    EXPECT_EQ(igmp_type(0), 0x22);
    neighbourhood_.out().clear();
    query(kGroup, 8, 10);
    neighbourhood_.maintain(time_);
    neighbourhood_.maintain(time_ + std::chrono::seconds(1));
    ASSERT_EQ(neighbourhood_.out().size(), 1U);
    EXPECT_EQ(igmp_type(0), 0x16);
    neighbourhood_.out().clear();
    query(kGroup + 1, 8, 10);
    neighbourhood_.maintain(time_ + std::chrono::seconds(20));
    EXPECT_TRUE(neighbourhood_.out().empty());
}

TEST_F(NeighbourhoodTest, DamagedQueriesAreIgnored) {
    settle();
    Bytes message(8);
    message[0] = std::byte{0x11};
    Ipv4Packet packet;
    packet.protocol = kProtocolIgmp;
    for (std::size_t size = 0; size <= message.size(); ++size) {
        packet.body = std::span(message).first(size);  // checksum 0 is wrong for 0x11
        EXPECT_FALSE(parse_igmp_query(packet).has_value()) << size;
    }
    message.assign(10, std::byte{0});  // between version 2 and version 3
    message[0] = std::byte{0x11};
    const std::uint16_t sum = checksum_of(message);
    std::memcpy(message.data() + 2, &sum, sizeof sum);
    packet.body = message;
    EXPECT_FALSE(parse_igmp_query(packet).has_value());
}

TEST(Arp, EveryTruncationAndForeignKindIsNothing) {
    const ArpFrame frame = make_arp_request({kPeerMac, kPeer}, kOwn);
    for (std::size_t size = 0; size < 42; ++size) {
        const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
        EthernetView view;
        if (parse_ethernet(cut, view) != Refusal::none) continue;
        EXPECT_FALSE(parse_arp(view).has_value()) << size;
    }
    for (std::size_t place = 14; place < 22; ++place) {
        ArpFrame wrong = frame;
        wrong[place] = std::byte{0x77};
        EthernetView view;
        ASSERT_EQ(parse_ethernet(wrong, view), Refusal::none);
        EXPECT_FALSE(parse_arp(view).has_value()) << place;
    }
}

}  // namespace
}  // namespace torc::dataplane::dpdk
