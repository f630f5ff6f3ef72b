#include "tests/explore/node.hpp"

#include <array>
#include <cstring>

#include "tests/sim/flushing.hpp"

namespace torc::explore {
namespace {

using OpKind = engine::ClientOp::Kind;

constexpr std::string_view kSession = "s";
constexpr std::string_view kGroup = "g";
constexpr std::size_t kArenaFrames = 2 * kWindowFrames;

Node& node_of(void* node) { return *static_cast<Node*>(node); }

}  // namespace

engine::Effects Node::effects() {
    engine::Effects effects;
    effects.frames.driver = this;
    effects.frames.acquire_fn = [](void* node) { return node_of(node).arena_->lend(); };
    effects.frames.release_fn = [](void* node, void* cookie) {
        node_of(node).arena_->take_back(cookie);
    };
    effects.frames.transmit_fn = [](void* node, const wire::Transmit& transmit) {
        if (!node_of(node).dying_) node_of(node).wire_.carry(node_of(node).index_, transmit);
    };
    effects.driver = this;
    effects.deliver_fn = [](void* node, const engine::Delivery& delivery) {
        node_of(node).watch([&] { node_of(node).received(delivery); });
    };
    effects.view_fn = [](void* node, const engine::ViewEvent& event) {
        Node& self = node_of(node);
        self.watch([&] { self.viewed(event); });
    };
    effects.flush_fn = [](void* node, const engine::FlushRequest&) {
        node_of(node).ops_.emplace_back().kind = OpKind::flush_ok;
    };
    effects.session_fn = [](void*, SessionId, engine::SessionOutcome) {};
    effects.trace_fn = [](void* node, const telemetry::TraceEvent& event) {
        Node& self = node_of(node);
        self.watch([&] { self.oracle_.on_trace(self.life(), event); });
    };
    effects.trace_bodies = true;
    return effects;
}

void Node::boot(Instant now) {
    ++boots_;
    leaving_ = dying_ = false;
    oracle_.on_boot(life());
    arena_ = std::make_unique<sim::Arena>(cluster_.frame_bytes, kArenaFrames);
    counter_values_ = {};
    counters_ = std::make_unique<telemetry::CounterSet>(counter_values_);
    engine::EngineOptions options;
    options.me = NodeIndex{static_cast<std::uint16_t>(index_)};
    const std::uint64_t unlike = sim::mix(sim::mix(0x746F7263u, index_ + 1), boots_);
    options.incarnation = Incarnation{unlike | 1};
    options.seed = unlike * 3;
    engine_ = std::make_unique<engine::Engine>(cluster_, options, effects(), *counters_);
    engine_->start(now);
    id_ = SessionId{0, static_cast<std::uint16_t>(boots_)};
    messages_ = 0;
    has_view_ = flushed_ = false;
    ops_.clear();
    engine::ClientOp request;
    request.kind = OpKind::open;
    request.session = id_;
    request.name = kSession;
    TORC_CHECK(engine_->on_client(now, request) == engine::Accept::accepted);
    ops_.emplace_back().kind = OpKind::join;
}

void Node::crash() {
    engine_.reset();
    ops_.clear();
    dying_ = leaving_ = false;
}

void Node::receive(Instant now, const std::vector<std::byte>& packet) {
    FrameRef frame = arena_->lend();
    TORC_CHECK(frame && "frames of the explorer never run out");
    std::memcpy(frame.data, packet.data(), packet.size());
    frame.size = static_cast<std::uint32_t>(packet.size());
    frame.capacity = 0;
    engine_->on_frame(now, frame);
    after_step(now);
}

void Node::timer(Instant now) {
    engine_->on_timer(now);
    after_step(now);
}

void Node::leave(Instant now) {
    leaving_ = true;
    engine_->leave(now);
    after_step(now);
}

/// A payload whose bytes follow from its id, so that receivers can check them.
void Node::say(Instant now, Service service, std::size_t bytes) {
    Op& op = ops_.emplace_back();
    op.service = service;
    op.message = std::uint64_t{sender()} << 32 | messages_++;
    op.payload.resize(std::max(bytes, sizeof op.message));
    std::memcpy(op.payload.data(), &op.message, sizeof op.message);
    for (std::size_t i = sizeof op.message; i < op.payload.size(); ++i) {
        op.payload[i] = static_cast<std::byte>(op.message + i);
    }
    after_step(now);
}

void Node::after_step(Instant now) {
    while (!dying_ && engine_->wants_clients() && offer_one(now)) {
    }
    if (!broken_.empty()) throw sim::Violation(broken_);
    if (dying_) return;
    if (arena_->lent() != engine_->loans()) {
        sim::fail(life(), std::to_string(arena_->lent()) +
                              " frames are out, but the engine holds " +
                              std::to_string(engine_->loans()));
    }
}

bool Node::offer_one(Instant now) {
    if (ops_.empty() || leaving_) return false;
    const Op& op = ops_.front();
    if (flush_ && op.kind == OpKind::send && (!has_view_ || flushed_)) return false;
    const std::string mine = "#s#" + cluster_.nodes[index_].name;
    const std::array<std::string_view, 2> groups{mine, kGroup};
    engine::ClientOp request;
    request.kind = op.kind;
    request.session = id_;
    request.name = kGroup;
    request.groups = groups;
    request.service = op.service;
    request.payload = op.payload;
    request.join_kind = flush_ ? engine::JoinKind::flush : engine::JoinKind::open;
    if (op.kind == OpKind::send) {
        oracle_.on_said(life(), id_, op.message, op.service, {mine, std::string{kGroup}});
    }
    if (op.kind == OpKind::flush_ok) {  // the view may come within the call
        flushed_ = true;
        oracle_.on_flushed(life(), id_, kGroup);
    }
    const engine::Accept accept = engine_->on_client(now, request);
    if (accept == engine::Accept::would_block) return false;
    TORC_CHECK(accept == engine::Accept::accepted || accept == engine::Accept::raised);
    if (dying_) return false;
    if (op.kind == OpKind::send && (flush_ || op.service != Service::unreliable)) {
        oracle_.on_accepted(life(), op.message);
    }
    ops_.pop_front();
    return true;
}

void Node::viewed(const engine::ViewEvent& event) {
    oracle_.on_view(life(), event);
    if (event.cause == engine::ViewCause::transitional) return;
    has_view_ = event.cause != engine::ViewCause::self_leave;
    flushed_ = false;
}

void Node::received(const engine::Delivery& delivery) {
    std::uint64_t message = 0;
    TORC_CHECK(delivery.payload.size() >= sizeof message);
    std::memcpy(&message, delivery.payload.data(), sizeof message);
    for (std::size_t i = sizeof message; i < delivery.payload.size(); ++i) {
        if (delivery.payload[i] != static_cast<std::byte>(message + i)) {
            sim::fail(life(), "payload damaged");
        }
    }
    for (const SessionId session : delivery.sessions) {
        oracle_.on_received(life(), session, message, delivery, message >> 32 == sender());
    }
}

bool Node::at_rest() const {
    const ordering::Ring& ring = engine_->ring();
    return !leaving_ && engine_->operational() && !engine_->groups().merging() &&
           !sim::is_flushing(*engine_) && ops_.empty() && ring.backlog() == 0 &&
           ring.stable() == ring.high() && oracle_.outstanding(life()) == 0;
}

void Node::shutdown() {
    engine_->shutdown();
    if (arena_->lent() != 0) sim::fail(life(), "loans were not returned");
    crash();
}

}  // namespace torc::explore
