// See ether_port.hpp.
#include "dataplane/dpdk/ether_port.hpp"

#include <array>
#include <rte_ethdev.h>

#include "dataplane/dpdk/eal.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// How long the loop may sleep when nothing can wake it: one short sleep of this kernel, so that
/// an idle ring's token still turns several thousand times a second.
constexpr Nanos kSleepWithoutWake{std::chrono::microseconds{200}};
/// With a wake source only maintain() needs the loop: ARP and IGMP answers can wait this long.
constexpr Nanos kSleepWithWake{std::chrono::milliseconds{20}};
constexpr Nanos kStatisticsEvery{std::chrono::milliseconds{100}};

}  // namespace

EtherPort::EtherPort(const config::ClusterSettings& cluster, NodeIndex self, Parts parts)
    : dissemination_(cluster.dissemination),
      group_(cluster.multicast_group),
      data_port_(cluster.data_port),
      parts_(std::move(parts)),
      peers_(cluster, self),
      neighbourhood_({parts_.facts.mac, peers_.own_address(), group_,
                      dissemination_ == config::Dissemination::multicast},
                     peers_),
      intake_(RxFilter(cluster, peers_), peers_, *parts_.pool, parts_.unverified) {
    if (parts_.wake_socket < 0 && parts_.facts.receive_interrupt) wake_.open(parts_.port);
}

EtherPort::~EtherPort() {
    neighbourhood_.leave();
    send_link_frames();
    flush();
    stop_device(parts_.port);
    if (parts_.facts.driver.starts_with("net_virtio")) settle();
    close_device(parts_.port);
}

std::size_t EtherPort::receive(std::span<FrameRef> frames) {
    enter_ring_core();
    wake_.before_poll();
    std::array<rte_mbuf*, kReceiveBurst> burst;
    intake_.begin(frames);
    const std::uint16_t count = rte_eth_rx_burst(parts_.port, 0, burst.data(), intake_.room());
    wake_.after_poll(count != 0);
    if (count == 0) return 0;
    intake_.take({burst.data(), count}, kNoNode, &neighbourhood_);
    if (!neighbourhood_.out().empty()) {
        send_link_frames();  // who asks by ARP waits with a frame in hand
        flush();
    }
    return intake_.finish();
}

void EtherPort::transmit(const wire::Transmit& transmit) {
    const bool in_software = !parts_.facts.transmit_checksum;
    const std::uint64_t sum = in_software ? checksum_add(transmit.frame.bytes()) : 0;
    if (transmit.to != kNoNode) {
        send_to(transmit, transmit.to, sum);
        return;
    }
    if (dissemination_ == config::Dissemination::multicast) {
        UdpPath path;
        path.destination_mac = multicast_mac(group_);
        path.destination = group_;
        path.port = port_of(transmit.channel, data_port_);
        send(transmit.frame, path, sum);
        return;
    }
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        const auto peer = static_cast<NodeIndex>(i);
        if (peer != peers_.self()) send_to(transmit, peer, sum);
    }
}

void EtherPort::send_to(const wire::Transmit& transmit, NodeIndex peer, std::uint64_t payload_sum) {
    if (raw(peer) >= peers_.size() || peer == peers_.self()) return;
    const MacAddress* mac = peers_.mac(peer);
    // Until the answer comes everybody on the link gets the frame and all but one drop it.
    if (mac == nullptr) neighbourhood_.want(peer);
    UdpPath path;
    path.destination_mac = mac == nullptr ? kBroadcastMac : *mac;
    path.destination = peers_.address(peer);
    path.port = port_of(transmit.channel, data_port_);
    send(transmit.frame, path, payload_sum);
}

void EtherPort::send(const FrameRef& frame, const UdpPath& path, std::uint64_t payload_sum) {
    UdpPath whole = path;
    whole.source_mac = parts_.facts.mac;
    whole.source = peers_.own_address();
    const bool offload = parts_.facts.transmit_checksum;
    HeaderBytes headers;
    write_udp_headers(headers, whole, frame.size,
                      offload ? UdpChecksum::partial : UdpChecksum::full, payload_sum);
    rte_mbuf* mbuf = parts_.pool->dress(frame, headers);
    if (mbuf == nullptr) {
        ++tx_no_buffer_;
        return;
    }
    if (offload) {
        mbuf->l2_len = sizeof(EthernetHeader);
        mbuf->l3_len = sizeof(Ipv4Header);
        mbuf->l4_len = sizeof(UdpHeader);
        mbuf->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
    }
    push(mbuf);
}

void EtherPort::push(rte_mbuf* mbuf) {
    if (transmit_buffer_.full()) flush();
    transmit_buffer_.push(mbuf);
}

void EtherPort::send_link_frames() {
    for (const LinkFrame& frame : neighbourhood_.out()) {
        rte_mbuf* mbuf = parts_.pool->fill(frame);
        if (mbuf == nullptr) break;  // the asker asks again
        push(mbuf);
    }
    neighbourhood_.out().clear();
}

void EtherPort::flush() {
    if (transmit_buffer_.empty()) return;
    const TxBuffer::Outcome outcome =
        transmit_buffer_.flush(parts_.port, parts_.facts.transmit_checksum);
    sent_.tx_frames += outcome.frames;
    sent_.tx_bytes += outcome.bytes;
    sent_.tx_dropped += outcome.dropped;
}

void EtherPort::maintain(Instant now) {
    neighbourhood_.maintain(now);
    if (!neighbourhood_.out().empty()) {
        send_link_frames();
        flush();
    }
    if (now < statistics_at_) return;
    statistics_at_ = now + kStatisticsEvery;
    rte_eth_stats statistics{};
    if (rte_eth_stats_get(parts_.port, &statistics) == 0) no_buffer_ = statistics.rx_nombuf;
}

int EtherPort::wake_fd() const { return parts_.wake_socket >= 0 ? parts_.wake_socket : wake_.fd(); }

void EtherPort::arm_wake() { static_cast<void>(wake_.arm()); }

Nanos EtherPort::sleep_max() const { return wake_fd() >= 0 ? kSleepWithWake : kSleepWithoutWake; }

PortCounters EtherPort::counters() const {
    PortCounters counters = sent_;
    intake_.count_into(counters);
    counters.rx_no_buffer = no_buffer_;
    counters.tx_dropped += tx_no_buffer_;
    return counters;
}

std::string EtherPort::describe() const {
    const DeviceFacts& facts = parts_.facts;
    const char* wake = "nothing: sleeps are short";
    if (wake_.fd() >= 0) wake = "its receive interrupt";
    if (parts_.wake_socket >= 0) wake = "its packet socket";
    const char* copies = "one multicast, the switch copies";
    if (dissemination_ != config::Dissemination::multicast) copies = "a unicast to each daemon";
    const auto line = [](const char* fact, const std::string& value) {
        return std::string(fact) + ": " + value + "\n";
    };
    return line("device", parts_.device) + line("driver", facts.driver) +
           line("memory", parts_.memory) + line("mac", to_text(facts.mac)) +
           line("address", address_text(peers_.own_address())) + line("to all", copies) +
           line("multicast in", to_text(facts.multicast)) +
           line("udp checksum out", facts.transmit_checksum ? "device" : "software") +
           line("udp checksum in", facts.receive_checksum ? "device" : "software") +
           line("mtu", std::to_string(facts.mtu)) +
           line("descriptors in/out", std::to_string(facts.receive_descriptors) + "/" +
                                          std::to_string(facts.transmit_descriptors)) +
           line("frames", std::to_string(parts_.pool->frames())) + line("woken by", wake) +
           line("arp, igmp", "answered by this port");
}

std::string EtherPort::detail() const {
    return "refused: " + intake_.refusals().to_text() + "; arp answers " +
           std::to_string(neighbourhood_.arp_answers()) + ", igmp reports " +
           std::to_string(neighbourhood_.igmp_reports()) + ", address conflicts " +
           std::to_string(neighbourhood_.address_conflicts()) + ", copies " +
           std::to_string(parts_.pool->copies());
}

}  // namespace torc::dataplane::dpdk
