#include "tests/sim/node.hpp"

#include <cstring>

namespace torc::sim {
namespace {

constexpr std::size_t kArenaFrames = 3 * kWindowFrames;

SimNode& node_of(void* node) { return *static_cast<SimNode*>(node); }

/// A payload whose bytes follow from its id and length, so that a receiver can check them.
std::vector<std::byte> make_payload(std::uint64_t message, std::size_t length) {
    std::vector<std::byte> payload(std::max(length, sizeof message));
    std::memcpy(payload.data(), &message, sizeof message);
    for (std::size_t i = sizeof message; i < payload.size(); ++i) {
        payload[i] = static_cast<std::byte>(message + i);
    }
    return payload;
}

bool is_intact(std::span<const std::byte> payload, std::uint64_t message) {
    for (std::size_t i = sizeof message; i < payload.size(); ++i) {
        if (payload[i] != static_cast<std::byte>(message + i)) return false;
    }
    return true;
}

std::string group_name(std::uint64_t number) { return "g" + std::to_string(number); }

}  // namespace

SimNode::SimNode(const Options& options, std::uint32_t index, Wire& wire, Oracle& oracle)
    : options_(options), index_(index), wire_(wire), oracle_(oracle) {}

engine::Effects SimNode::effects() {
    engine::Effects effects;
    effects.frames.driver = this;
    effects.frames.acquire_fn = [](void* node) { return node_of(node).arena_->lend(); };
    effects.frames.release_fn = [](void* node, void* cookie) {
        node_of(node).arena_->take_back(cookie);
    };
    effects.frames.transmit_fn = [](void* node, const wire::Transmit& transmit) {
        node_of(node).wire_.carry(node_of(node).index_, transmit);
    };
    effects.driver = this;
    effects.deliver_fn = [](void* node, const engine::Delivery& delivery) {
        node_of(node).received(delivery);
    };
    effects.view_fn = [](void* node, const engine::ViewEvent& event) {
        node_of(node).oracle_.on_view(node_of(node).life(), event);
    };
    effects.session_fn = [](void*, SessionId, engine::SessionOutcome) {};
    effects.trace_fn = [](void* node, const telemetry::TraceEvent& event) {
        node_of(node).oracle_.on_trace(node_of(node).life(), event);
    };
    return effects;
}

void SimNode::boot(Instant now, std::uint64_t randomness) {
    ++boots_;
    leaving_ = false;
    oracle_.on_boot(life());
    arena_ = std::make_unique<Arena>(options_.cluster.frame_bytes, kArenaFrames);
    counter_values_ = {};
    counters_ = std::make_unique<telemetry::CounterSet>(counter_values_);
    engine::EngineOptions engine_options;
    engine_options.me = NodeIndex{static_cast<std::uint16_t>(index_)};
    engine_options.incarnation = Incarnation{randomness | 1};
    engine_options.seed = randomness * 3;
    engine_ = std::make_unique<engine::Engine>(options_.cluster, engine_options, effects(),
                                               *counters_);
    clients_.assign(options_.load.sessions, Client{});
    engine_->start(now);
    for (std::uint16_t slot = 0; slot < clients_.size(); ++slot) {
        Client& client = clients_[slot];
        client.id = SessionId{slot, static_cast<std::uint16_t>(boots_)};
        client.name = "s" + std::to_string(slot);
        engine::ClientOp open;
        open.kind = engine::ClientOp::Kind::open;
        open.session = client.id;
        open.name = client.name;
        TORC_CHECK(engine_->on_client(now, open) == engine::Accept::accepted);
        client.ops.push_back({engine::ClientOp::Kind::join,
                              group_name(slot % options_.load.groups), {}, {}, {}, 0});
    }
}

void SimNode::crash() {
    engine_.reset();
    clients_.clear();
}

void SimNode::leave(Instant now) {
    leaving_ = true;
    engine_->leave(now);
}

void SimNode::receive(Instant now, const std::vector<std::byte>& packet) {
    FrameRef frame = arena_->lend();
    if (!frame) return;  // out of buffers: lost like on a real card
    std::memcpy(frame.data, packet.data(), packet.size());
    frame.size = static_cast<std::uint32_t>(packet.size());
    frame.capacity = 0;
    engine_->on_frame(now, frame);
    offer(now);
}

void SimNode::timer(Instant now) {
    engine_->on_timer(now);
    offer(now);
}

SimNode::Op SimNode::make_send(Client& client, Prng& prng) {
    Op op;
    op.kind = engine::ClientOp::Kind::send;
    op.service = static_cast<Service>(prng.below(6));
    op.message = (std::uint64_t{index_} << 24 | std::uint64_t{boots_ & 0xFF} << 16 |
                  client.id.slot) << 32 | client.counter++;
    std::size_t length = prng.below(400);
    if (prng.chance(options_.load.large)) length = prng.between(1500, 40'000);
    op.payload = make_payload(op.message, length);
    op.groups.push_back("#" + client.name + "#n" + std::to_string(index_));
    op.groups.push_back(group_name(prng.below(options_.load.groups)));
    return op;
}

void SimNode::client_acts(Instant now, Prng& prng) {
    if (quiet_ || leaving_) return;
    Client& client = clients_[prng.below(clients_.size())];
    if (client.ops.size() >= kOpsMax) return;
    if (prng.chance(options_.load.churn)) {
        client.ops.push_back({prng.chance(500'000) ? engine::ClientOp::Kind::join
                                                   : engine::ClientOp::Kind::leave,
                              group_name(prng.below(options_.load.groups)), {}, {}, {}, 0});
    } else {
        client.ops.push_back(make_send(client, prng));
    }
    offer(now);
}

void SimNode::offer(Instant now) {
    bool progress = engine_->wants_clients();
    while (progress && engine_->wants_clients()) {
        progress = false;
        for (Client& client : clients_) progress = offer_one(now, client) || progress;
    }
}

bool SimNode::offer_one(Instant now, Client& client) {
    if (client.ops.empty()) return false;
    const Op& op = client.ops.front();
    const std::vector<std::string_view> groups(op.groups.begin(), op.groups.end());
    engine::ClientOp request;
    request.kind = op.kind;
    request.session = client.id;
    request.name = op.name;
    request.groups = groups;
    request.service = op.service;
    request.payload = op.payload;
    const engine::Accept accept = engine_->on_client(now, request);
    if (accept == engine::Accept::would_block) return false;
    TORC_CHECK(accept == engine::Accept::accepted);
    // Unreliable messages may be lost; every other one must come back.
    if (op.kind == engine::ClientOp::Kind::send && op.service != Service::unreliable) {
        oracle_.on_accepted(life(), op.message);
    }
    client.ops.pop_front();
    return true;
}

void SimNode::received(const engine::Delivery& delivery) {
    std::uint64_t message = 0;
    TORC_CHECK(delivery.payload.size() >= sizeof message);
    std::memcpy(&message, delivery.payload.data(), sizeof message);
    if (!is_intact(delivery.payload, message)) throw Violation("payload damaged");
    for (const SessionId session : delivery.sessions) {
        const std::uint64_t sender = std::uint64_t{index_} << 24 |
                                     std::uint64_t{boots_ & 0xFF} << 16 | session.slot;
        oracle_.on_received(life(), session, message, delivery.service, message >> 32 == sender);
    }
}

std::size_t SimNode::pending_ops() const {
    std::size_t pending = 0;
    for (const Client& client : clients_) pending += client.ops.size();
    return pending;
}

void SimNode::shutdown() {
    engine_->shutdown();
    if (arena_->lent() != 0) throw Violation("loans were not returned");
    engine_.reset();
}

}  // namespace torc::sim
