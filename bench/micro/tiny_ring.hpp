// One ring of ordering::Ring objects in one thread, without membership: formed by hand, then driven
// packet by packet, so that a benchmark can stop the world at the step that it measures.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "bench/micro/tiny_wire.hpp"
#include "config/settings.hpp"
#include "ordering/ring.hpp"
#include "telemetry/counters.hpp"

namespace torc::bench {

/// An idle token keeps going round: holding it is not what is measured.
inline config::ClusterSettings restless_cluster_of(std::uint16_t nodes) {
    config::ClusterSettings settings = cluster_of(nodes);
    settings.timers.hold_after = std::chrono::hours{1};
    return settings;
}

class TinyRing {
public:
    explicit TinyRing(std::uint16_t nodes)
        : settings_(restless_cluster_of(nodes)),
          wire_(nodes, settings_.frame_bytes),
          nodes_(nodes) {
        for (std::uint16_t i = 0; i < nodes; ++i) boot(i);
        form();
    }
    ~TinyRing() {
        while (!wire_.empty()) {
            const Packet packet = wire_.take();
            wire_.end(packet.to).release(packet.frame);
        }
        for (Node& node : nodes_) node.ring->shutdown();
        TORC_CHECK(wire_.lent() == 0);
    }
    TinyRing(const TinyRing&) = delete;
    TinyRing& operator=(const TinyRing&) = delete;

    std::size_t size() const { return nodes_.size(); }
    ordering::Ring& ring(std::size_t node) { return *nodes_[node].ring; }
    std::uint32_t burst_frames() const { return settings_.burst_frames; }
    /// Messages that `node` has handed up.
    std::uint64_t delivered(std::size_t node) const { return nodes_[node].messages; }
    std::uint64_t count(std::size_t node, telemetry::CounterId id) const {
        return nodes_[node].counters->get(id);
    }

    ordering::Submit submit(std::size_t node, std::span<const std::byte> payload,
                            Service service = Service::agreed) {
        const std::array<std::span<const std::byte>, 1> pieces{payload};
        ordering::Outgoing message;
        message.session = 1;
        message.service = service;
        message.pieces = pieces;
        return nodes_[node].ring->submit(now_, message);
    }
    void hand_over(const Packet& packet) {
        now_ += std::chrono::microseconds{1};
        ordering::Ring& to = *nodes_[packet.to].ring;
        switch (packet.kind()) {
            case wire::Kind::data:
                return to.on_data(now_, packet.frame);
            case wire::Kind::token:
                return to.on_token(now_, packet.frame);
            case wire::Kind::status:
                return to.on_status(now_, packet.frame);
            case wire::Kind::wake:
                return to.on_wake(now_, packet.frame);
            case wire::Kind::join:
            case wire::Kind::propose:
            case wire::Kind::state:
            case wire::Kind::plan:
            case wire::Kind::merge:
                break;
        }
        TORC_CHECK(false && "a ring sends no control frames");
    }
    Packet take() { return wire_.take(); }
    bool idle() const { return wire_.empty(); }

    /// Runs until the token is before `node`, and everything else has arrived.
    Packet catch_token(std::size_t node) {
        Packet token;
        while (!wire_.empty()) {
            const Packet packet = wire_.take();
            if (packet.kind() == wire::Kind::token && packet.to == node) {
                token = packet;
            } else {
                hand_over(packet);
            }
        }
        TORC_CHECK(token.frame);
        return token;
    }

private:
    struct Node {
        telemetry::CounterValues values;
        std::unique_ptr<telemetry::CounterSet> counters;
        std::unique_ptr<ordering::Ring> ring;
        std::uint64_t messages{0};
        std::uint64_t bytes{0};
    };

    static Member member(std::size_t node) {
        return {NodeIndex{static_cast<std::uint16_t>(node)}, Incarnation{100 + node}};
    }
    static Node& node_of(void* node) { return *static_cast<Node*>(node); }

    void boot(std::uint16_t index) {
        Node& node = nodes_[index];
        node.counters = std::make_unique<telemetry::CounterSet>(node.values);
        ordering::RingUpcalls upcalls;
        upcalls.engine = &node;
        upcalls.deliver_fn = [](void* self, const ordering::OrderedMessage& message) {
            ++node_of(self).messages;
            node_of(self).bytes += message.payload.size();
        };
        upcalls.transitional_fn = [](void*, const RingId&, const wire::MemberList&) {};
        upcalls.regular_fn = [](void*, const RingId&, const wire::MemberList&) {};
        upcalls.visit_fn = [](void*, Instant, wire::Token&) {};
        node.ring = std::make_unique<ordering::Ring>(settings_, member(index), kHash,
                                                     wire_.end(index), upcalls, *node.counters);
        node.ring->boot(now_, 0);
    }
    /// What membership would do for daemons that meet for the first time.
    void form() {
        const RingId ring{1 << 24, NodeIndex{0}};
        wire::MemberList members;
        for (std::size_t i = 0; i < nodes_.size(); ++i) members.push_back(member(i));
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            const wire::OldRingState old = nodes_[i].ring->snapshot();
            ordering::RecoveryStart start;
            start.ring = ring;
            start.members = members;
            start.order.old_ring = old.ring;
            start.order.transitional = {ring.epoch, member(i).index};
            start.order.together = {member(i)};
            start.start_token = i == 0;
            nodes_[i].ring->begin_recovery(now_, start);
        }
        while (!operational()) {
            if (!wire_.empty()) {
                hand_over(wire_.take());
            } else {
                for (Node& node : nodes_) node.ring->on_timer(now_);  // a ring of one has no token
            }
        }
    }
    bool operational() const {
        for (const Node& node : nodes_) {
            if (!node.ring->operational()) return false;
        }
        return true;
    }

    static constexpr std::uint32_t kHash = 0x1234;

    config::ClusterSettings settings_;
    TinyWire wire_;
    std::vector<Node> nodes_;
    Instant now_{std::chrono::seconds{1}};
};

}  // namespace torc::bench
