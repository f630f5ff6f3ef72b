#include "tests/sim/node.hpp"

#include <cstring>

namespace torc::sim {
namespace {

constexpr std::size_t kArenaFrames = 3 * kWindowFrames;

SimNode& node_of(void* node) { return *static_cast<SimNode*>(node); }

/// Of a host: somewhere between the slowest and the fastest.
HostClock clock_of(const Options& options, std::uint32_t index) {
    const HostHazards& host = options.hazards.host;
    const std::uint64_t ppm =
        Prng(options.seed + 0x636C6F636Bu + index).below(2 * host.clock_ppm + 1);
    return {static_cast<std::int32_t>(ppm) - static_cast<std::int32_t>(host.clock_ppm),
            std::chrono::microseconds{host.timer_tick}};
}

}  // namespace

SimNode::SimNode(const Options& options, std::uint32_t index, Wire& wire, Oracle& oracle)
    : options_(options),
      index_(index),
      wire_(wire),
      oracle_(oracle),
      clients_(options, index, oracle),
      clock_(clock_of(options, index)),
      drought_(options.hazards.host, options.seed + 0x647279u + index) {}

std::size_t SimNode::frames_at_most() const {
    const std::size_t frames = options_.hazards.host.frames;
    return calm_ || frames == 0 ? kArenaFrames : frames;
}

void SimNode::calm() {
    calm_ = true;
    clients_.calm();
    drought_.end();
    if (arena_) arena_->set_limit(frames_at_most());
}

Instant SimNode::wake(Instant now) {
    arena_->set_dry(drought_.is_dry(now));
    return clock_.local(now);
}

/// Does what an engine asks for in the middle of a step: what is thrown stays on this side.
template <class Step>
void SimNode::inside_engine(Step&& step) noexcept {
    if (wire_.is_over()) return;
    try {
        step();
    } catch (const std::exception& violation) {
        wire_.violated(violation.what());
    }
}

engine::Effects SimNode::effects() {
    engine::Effects effects;
    effects.frames.driver = this;
    effects.frames.acquire_fn = [](void* node) { return node_of(node).arena_->lend(); };
    effects.frames.release_fn = [](void* node, void* cookie) {
        node_of(node).arena_->take_back(cookie);
    };
    effects.frames.transmit_fn = [](void* node, const wire::Transmit& transmit) {
        SimNode& self = node_of(node);
        self.inside_engine([&] { self.wire_.carry(self.index_, transmit); });
    };
    effects.driver = this;
    effects.deliver_fn = [](void* node, const engine::Delivery& delivery) {
        SimNode& self = node_of(node);
        if (self.is_judged()) self.inside_engine([&] { self.clients_.received(delivery); });
    };
    effects.view_fn = [](void* node, const engine::ViewEvent& event) {
        SimNode& self = node_of(node);
        if (!self.is_judged()) return;
        self.inside_engine([&] {
            self.oracle_.on_view(self.life(), event);
            self.clients_.viewed(event);
        });
    };
    effects.flush_fn = [](void* node, const engine::FlushRequest& request) {
        SimNode& self = node_of(node);
        if (self.is_judged()) self.inside_engine([&] { self.clients_.asked(request); });
    };
    effects.ordered_fn = [](void* node, SessionId session, Service service) {
        SimNode& self = node_of(node);
        if (self.is_judged()) {
            self.inside_engine([&] { self.clients_.ordered(session, service); });
        }
    };
    effects.session_fn = [](void* node, SessionId session, engine::SessionOutcome outcome) {
        SimNode& self = node_of(node);
        if (self.is_judged()) self.inside_engine([&] { self.clients_.told(session, outcome); });
    };
    effects.trace_fn = [](void* node, const telemetry::TraceEvent& event) {
        SimNode& self = node_of(node);
        if (!self.is_judged()) return;
        self.inside_engine([&] { self.oracle_.on_trace(self.life(), event); });
    };
    effects.trace_sends = oracle_.is_watched();
    effects.trace_bodies = true;
    return effects;
}

void SimNode::boot(Instant now, std::uint64_t randomness) {
    ++boots_;
    leaving_ = false;
    oracle_.on_boot(life());
    arena_ = std::make_unique<Arena>(options_.cluster.frame_bytes, frames_at_most());
    counter_values_ = {};
    counters_ = std::make_unique<telemetry::CounterSet>(counter_values_);
    engine::EngineOptions engine_options;
    engine_options.me = NodeIndex{static_cast<std::uint16_t>(index_)};
    engine_options.incarnation = Incarnation{randomness | 1};
    engine_options.seed = randomness * 3;
    engine_ =
        std::make_unique<engine::Engine>(options_.cluster, engine_options, effects(), *counters_);
    const Instant local = wake(now);
    engine_->start(local);
    clients_.open_all(local, *engine_, life());
    check_loans();
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
    clients_.vanish();
}

void SimNode::leave(Instant now) {
    leaving_ = true;
    engine_->leave(wake(now));
    check_loans();
}

void SimNode::receive(Instant now, const std::vector<std::byte>& packet) {
    const Instant local = wake(now);
    FrameRef frame = arena_->lend();
    if (!frame) return;  // out of buffers: lost like on a real card
    std::memcpy(frame.data, packet.data(), packet.size());
    frame.size = static_cast<std::uint32_t>(packet.size());
    frame.capacity = 0;
    engine_->on_frame(local, frame);
    check_loans();
    offer(local);
}

void SimNode::timer(Instant now) {
    const Instant local = wake(now);
    if (engine_->next_deadline() <= local) engine_->on_timer(local);
    check_loans();
    offer(local);
}

void SimNode::client_acts(Instant now, Prng& prng) {
    if (quiet_ || leaving_) return;
    clients_.act(wake(now), prng);
    check_loans();
}

void SimNode::offer(Instant local) {
    clients_.offer(local);
    check_loans();
}

void SimNode::shutdown() {
    engine_->shutdown();
    if (arena_->lent() != 0) throw Violation("loans were not returned");
    engine_.reset();
}

}  // namespace torc::sim
