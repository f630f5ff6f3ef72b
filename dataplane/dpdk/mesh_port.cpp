// See mesh_port.hpp; the hand-over of links is written in mesh_link.hpp.
#include "dataplane/dpdk/mesh_port.hpp"

#include <rte_ethdev.h>
#include <sys/epoll.h>

#include <unistd.h>

#include "base/check.hpp"
#include "dataplane/dpdk/eal.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// See ether_port.cpp; here also the wait of a link that cannot wake (a peer that is coming up).
constexpr Nanos kSleepWithoutWake{std::chrono::microseconds{200}};
/// With all links armed: bounds how long the hand-over of a link waits for maintain().
constexpr Nanos kSleepWithWake{std::chrono::milliseconds{10}};
constexpr Nanos kStatisticsEvery{std::chrono::milliseconds{100}};

}  // namespace

MeshPort::MeshPort(const config::ClusterSettings& cluster, NodeIndex self, Parts parts)
    : group_(cluster.multicast_group),
      data_port_(cluster.data_port),
      parts_(std::move(parts)),
      peers_(cluster, self),
      intake_(RxFilter(cluster, peers_), peers_, *parts_.pool, RxChecksum::good),
      lanes_(parts_.links.size()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    lane_of_.fill(UINT8_MAX);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        lanes_[i].link = parts_.links[i].get();
        lane_of_[raw(lanes_[i].link->peer)] = static_cast<std::uint8_t>(i);
    }
}

MeshPort::~MeshPort() {
    const auto has_device = [](const Lane& lane) {
        return lane.link->phase.load(std::memory_order_acquire) != LinkPhase::absent;
    };
    for (Lane& lane : lanes_) {
        flush(lane);
        if (has_device(lane)) stop_device(lane.link->port);
    }
    settle();  // peers may be stopping at this very moment
    for (const Lane& lane : lanes_) {
        if (has_device(lane)) close_device(lane.link->port);
    }
    if (epoll_ >= 0) close(epoll_);
}

std::size_t MeshPort::receive(std::span<FrameRef> frames) {
    enter_ring_core();
    if (armed_) empty_bell();
    intake_.begin(frames);
    // The first link may fill the batch: another one is first at the next poll.
    const std::size_t lanes = lanes_.size();
    if (lanes == 0) return 0;
    if (++first_lane_ >= lanes) first_lane_ = 0;
    for (std::size_t i = 0; i < lanes && intake_.room() > 0; ++i) {
        const std::size_t place = first_lane_ + i;
        Lane& lane = lanes_[place < lanes ? place : place - lanes];
        if (lane.in_use) poll(lane);
    }
    const std::size_t found = intake_.finish();
    if (found != 0) armed_ = false;
    return found;
}

void MeshPort::poll(Lane& lane) {
    std::array<rte_mbuf*, kReceiveBurst> burst;
    const std::uint16_t count = rte_eth_rx_burst(lane.link->port, 0, burst.data(), intake_.room());
    lane.wake.after_poll(count != 0);
    if (count != 0) intake_.take({burst.data(), count}, lane.link->peer, nullptr);
}

void MeshPort::transmit(const wire::Transmit& transmit) {
    UdpPath path;
    path.source = peers_.own_address();
    path.source_mac = mesh_mac(path.source);
    path.port = port_of(transmit.channel, data_port_);
    const bool to_all = transmit.to == kNoNode;
    if (!to_all && (raw(transmit.to) >= peers_.size() || transmit.to == peers_.self())) return;
    path.destination = to_all ? group_ : peers_.address(transmit.to);
    path.destination_mac = to_all ? multicast_mac(group_) : mesh_mac(path.destination);
    // No checksum: the bytes do not leave this host's memory.
    HeaderBytes headers;
    write_udp_headers(headers, path, transmit.frame.size, UdpChecksum::none, 0);
    const std::span<Lane> targets =
        to_all ? std::span<Lane>(lanes_) : std::span<Lane>(&lanes_[lane_of_[raw(transmit.to)]], 1);
    for (Lane& lane : targets) {
        if (!lane.in_use || !lane.is_up) {
            ++to_absent_;
            continue;
        }
        rte_mbuf* mbuf = parts_.pool->dress(transmit.frame, headers);
        if (mbuf == nullptr) {
            ++tx_no_buffer_;
        } else {
            push(lane, mbuf);
        }
    }
}

void MeshPort::push(Lane& lane, rte_mbuf* mbuf) {
    if (lane.transmit_buffer.full()) flush(lane);
    lane.transmit_buffer.push(mbuf);
}

void MeshPort::flush() {
    for (Lane& lane : lanes_) flush(lane);
}

void MeshPort::flush(Lane& lane) {
    if (lane.transmit_buffer.empty()) return;
    if (!lane.in_use) {
        to_absent_ += lane.transmit_buffer.discard();
        return;
    }
    const TxBuffer::Outcome outcome = lane.transmit_buffer.flush(lane.link->port, false);
    sent_.tx_frames += outcome.frames;
    sent_.tx_bytes += outcome.bytes;
    sent_.tx_dropped += outcome.dropped;
}

void MeshPort::maintain(Instant now) {
    for (Lane& lane : lanes_) {
        switch (lane.link->phase.load(std::memory_order_acquire)) {  // pairs with MeshHealer
            case LinkPhase::offered:
                take(lane);
                break;
            case LinkPhase::leaving:
                let_go(lane);
                break;
            case LinkPhase::active:
                look_at(lane);
                break;
            case LinkPhase::absent:
            case LinkPhase::released:
                break;
        }
    }
    if (now < statistics_at_) return;
    statistics_at_ = now + kStatisticsEvery;
    read_statistics();
}

void MeshPort::read_statistics() {
    for (Lane& lane : lanes_) {
        rte_eth_stats statistics{};
        if (lane.in_use && rte_eth_stats_get(lane.link->port, &statistics) == 0) {
            lane.no_buffer = statistics.rx_nombuf;
        }
    }
}

void MeshPort::take(Lane& lane) {
    lane.in_use = true;
    lane.link->phase.store(LinkPhase::active, std::memory_order_release);  // pairs with MeshHealer
    look_at(lane);
}

void MeshPort::let_go(Lane& lane) {
    unwatch(lane);
    to_absent_ += lane.transmit_buffer.discard();
    no_buffer_before_ += lane.no_buffer;
    lane.no_buffer = 0;
    lane.in_use = false;
    lane.is_up = false;
    // From here on this thread does not touch the device: pairs with MeshHealer, which closes it.
    lane.link->phase.store(LinkPhase::released, std::memory_order_release);
}

void MeshPort::look_at(Lane& lane) {
    const bool was_up = lane.is_up;
    if (lane.link->role == LinkRole::owner) {
        lane.link->is_up.store(link_is_up(lane.link->port), std::memory_order_relaxed);
    }
    lane.is_up = lane.link->is_up.load(std::memory_order_relaxed);
    if (lane.is_up && !was_up) watch(lane);
    if (!lane.is_up && was_up) unwatch(lane);
}

void MeshPort::watch(Lane& lane) {
    lane.wake.open(lane.link->port);
    if (lane.wake.fd() < 0) return;
    epoll_event event{};
    // Edge-triggered, since net_vhost gives an epoll of its own, whose eventfd nobody but the
    // driver can empty: every kick is an edge, and empty_bell() takes them off our set.
    event.events = EPOLLIN | EPOLLET;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, lane.wake.fd(), &event) != 0) lane.wake.forget();
}

void MeshPort::unwatch(Lane& lane) {
    if (lane.wake.fd() < 0) return;
    // The driver may have closed it, which took it out of the set already.
    static_cast<void>(epoll_ctl(epoll_, EPOLL_CTL_DEL, lane.wake.fd(), nullptr));
    lane.wake.forget();
}

void MeshPort::empty_bell() {
    std::array<epoll_event, 16> events;
    // What does not fit is only a needless wake-up later.
    static_cast<void>(epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0));
}

void MeshPort::arm_wake() {
    armed_ = true;
    all_wake_ = true;
    for (Lane& lane : lanes_) {
        if (lane.in_use && lane.is_up && !lane.wake.arm()) all_wake_ = false;
    }
}

Nanos MeshPort::sleep_max() const { return all_wake_ ? kSleepWithWake : kSleepWithoutWake; }

PortCounters MeshPort::counters() const {
    PortCounters counters = sent_;
    intake_.count_into(counters);
    counters.rx_no_buffer = no_buffer_before_;
    for (const Lane& lane : lanes_) counters.rx_no_buffer += lane.no_buffer;
    counters.tx_dropped += tx_no_buffer_;
    return counters;
}

std::string MeshPort::describe() const {
    std::string text = "device: vhost-user mesh in " + parts_.folder + "\n";
    text += "memory: " + parts_.memory + "\n";
    text += "address: " + address_text(peers_.own_address()) + "\n";
    text += "to all: one buffer on " + std::to_string(lanes_.size()) + " links\n";
    text += "udp checksum: none, frames stay in memory\n";
    text += "descriptors: " + std::to_string(parts_.descriptors) + " a link and direction\n";
    text += "frames: " + std::to_string(parts_.pool->frames()) + "\n";
    for (const auto& link : parts_.links) {
        text += "link to node " + std::to_string(raw(link->peer)) + ": ";
        text += link->role == LinkRole::owner ? "owns " : "attaches to ";
        text += link->socket;
        text += link->is_up.load(std::memory_order_relaxed) ? ", up\n" : ", waiting\n";
    }
    return text;
}

std::string MeshPort::detail() const {
    return "refused: " + intake_.refusals().to_text() + "; to absent peers " +
           std::to_string(to_absent_) + ", copies " + std::to_string(parts_.pool->copies());
}

}  // namespace torc::dataplane::dpdk
