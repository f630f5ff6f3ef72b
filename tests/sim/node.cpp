#include "tests/sim/node.hpp"

#include <cstring>

namespace torc::sim {
namespace {

constexpr std::size_t kArenaFrames = 3 * kWindowFrames;

using OpKind = engine::ClientOp::Kind;

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
    engine_ =
        std::make_unique<engine::Engine>(options_.cluster, engine_options, effects(), *counters_);
    clients_.assign(options_.load.sessions, Client{});
    engine_->start(now);
    for (std::uint16_t slot = 0; slot < clients_.size(); ++slot) open(now, clients_[slot], slot);
    check_loans();
}

/// A session begins, with the name and the counter of the one that had its slot before.
void SimNode::open(Instant now, Client& client, std::uint16_t slot) {
    client.id = SessionId{slot, ++sessions_so_far_};
    client.name = "s" + std::to_string(slot);
    client.closing = false;
    client.ops.clear();
    engine::ClientOp request;
    request.kind = OpKind::open;
    request.session = client.id;
    request.name = client.name;
    TORC_CHECK(engine_->on_client(now, request) == engine::Accept::accepted);
    Op join;
    join.kind = OpKind::join;
    join.name = group_name(slot % options_.load.groups);
    client.ops.push_back(join);
}

std::uint32_t SimNode::sender_of(const Client& client) const {
    return index_ << 24 | (boots_ & 0xFF) << 16 | client.id.slot;
}

void SimNode::check_loans() const {
    const std::string lent = std::to_string(arena_->lent());
    if (arena_->lent() != engine_->loans()) {
        fail(life(),
             lent + " frames are out, but the engine holds " + std::to_string(engine_->loans()));
    }
    if (arena_->lent() > kLoansMax) fail(life(), lent + " frames are out");
}

void SimNode::crash() {
    engine_.reset();
    clients_.clear();
}

void SimNode::leave(Instant now) {
    leaving_ = true;
    engine_->leave(now);
    check_loans();
}

void SimNode::receive(Instant now, const std::vector<std::byte>& packet) {
    FrameRef frame = arena_->lend();
    if (!frame) return;  // out of buffers: lost like on a real card
    std::memcpy(frame.data, packet.data(), packet.size());
    frame.size = static_cast<std::uint32_t>(packet.size());
    frame.capacity = 0;
    engine_->on_frame(now, frame);
    check_loans();
    offer(now);
}

void SimNode::timer(Instant now) {
    engine_->on_timer(now);
    check_loans();
    offer(now);
}

SimNode::Op SimNode::make_send(Client& client, Prng& prng) {
    Op op;
    op.service = static_cast<Service>(prng.below(6));
    op.message = std::uint64_t{sender_of(client)} << 32 | client.counter++;
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
    const std::uint64_t ideas = prng.between(1, options_.load.burst);
    for (std::uint64_t i = 0; i < ideas; ++i) think(client, prng);
    offer(now);
}

void SimNode::think(Client& client, Prng& prng) {
    if (client.closing || client.ops.size() >= kOpsMax) return;
    if (prng.chance(options_.load.reopen)) {
        // Gone at once, perhaps in the middle of a large message.
        client.ops.clear();
        client.ops.emplace_back().kind = OpKind::close;
        client.closing = true;
    } else if (prng.chance(options_.load.churn)) {
        Op& op = client.ops.emplace_back();
        op.kind = prng.chance(500'000) ? OpKind::join : OpKind::leave;
        op.name = group_name(prng.below(options_.load.groups));
    } else {
        client.ops.push_back(make_send(client, prng));
    }
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
    check_loans();
    if (accept == engine::Accept::would_block) return false;
    TORC_CHECK(accept == engine::Accept::accepted);
    // Unreliable messages may be lost; every other one must come back.
    if (op.kind == OpKind::send && op.service != Service::unreliable) {
        oracle_.on_accepted(life(), op.message);
    }
    if (op.kind == OpKind::close) {
        oracle_.on_closed(life(), client.id, sender_of(client));
        open(now, client, client.id.slot);
        return true;
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
        const Client& client = clients_.at(session.slot);
        if (client.id != session) fail(life(), "delivery to a session that is gone");
        oracle_.on_received(life(), session, message, delivery, message >> 32 == sender_of(client));
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
