#include "tests/sim/physical_host.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace torc::sim {
namespace {

constexpr std::size_t kArenaFrames = 3 * kWindowFrames;
constexpr std::string_view kGroup = "g";

using OpKind = engine::ClientOp::Kind;

PhysicalHost& host_of(void* host) { return *static_cast<PhysicalHost*>(host); }

}  // namespace

PhysicalOptions physical_options(std::uint32_t nodes, const config::Timers& timers) {
    PhysicalOptions options;
    for (std::uint16_t i = 0; i < nodes; ++i) {
        options.cluster.nodes.push_back({"n" + std::to_string(i), 0x7F000001u + i, NodeIndex{i}});
    }
    options.cluster.timers = timers;
    return options;
}

PhysicalHost::PhysicalHost(const PhysicalOptions& options, std::uint32_t index, PhysicalCpu& cpu,
                           Oracle& oracle)
    : options_(options),
      index_(index),
      private_name_("#s0#n" + std::to_string(index)),
      cpu_(cpu),
      oracle_(oracle),
      payload_(options.payload) {
    TORC_CHECK(payload_.size() >= sizeof(std::int64_t));
}

engine::Effects PhysicalHost::effects() {
    engine::Effects effects;
    effects.frames.driver = this;
    effects.frames.acquire_fn = [](void* host) { return host_of(host).arena_->lend(); };
    effects.frames.release_fn = [](void* host, void* cookie) {
        host_of(host).arena_->take_back(cookie);
    };
    effects.frames.transmit_fn = [](void* host, const wire::Transmit& transmit) {
        host_of(host).cpu_.transmit(host_of(host).index_, transmit);
    };
    effects.driver = this;
    effects.deliver_fn = [](void* host, const engine::Delivery& delivery) {
        host_of(host).received(delivery);
    };
    effects.view_fn = [](void*, const engine::ViewEvent&) {};
    effects.session_fn = [](void*, SessionId, engine::SessionOutcome) {};
    effects.trace_fn = [](void* host, const telemetry::TraceEvent& event) {
        host_of(host).traced(event);
    };
    return effects;
}

void PhysicalHost::boot(Instant now, std::uint64_t randomness) {
    ++boots_;
    if (options_.watched) oracle_.on_boot({index_, boots_});
    arena_ = std::make_unique<Arena>(options_.cluster.frame_bytes, kArenaFrames);
    counter_values_ = {};
    counters_ = std::make_unique<telemetry::CounterSet>(counter_values_);
    engine::EngineOptions mine;
    mine.me = NodeIndex{static_cast<std::uint16_t>(index_)};
    mine.incarnation = Incarnation{randomness | 1};
    mine.seed = randomness * 3;
    engine_ = std::make_unique<engine::Engine>(options_.cluster, mine, effects(), *counters_);
    stays_.clear();
    wishes_.clear();
    joined_ = in_transitional_ = false;
    joins_ = 0;
    engine_->start(now);
    for (std::uint32_t slot = 0; slot <= options_.population.sessions_of(index_); ++slot) {
        open(now, static_cast<std::uint16_t>(slot));
    }
}

void PhysicalHost::open(Instant now, std::uint16_t slot) {
    const std::string name = "s" + std::to_string(slot);
    engine::ClientOp open;
    open.kind = OpKind::open;
    open.session = SessionId{slot, 1};
    open.name = name;
    TORC_CHECK(engine_->on_client(now, open) == engine::Accept::accepted);
}

void PhysicalHost::crash() {
    arena_->abandon();
    engine_.reset();
}

void PhysicalHost::receive(Instant now, const std::vector<std::byte>& packet) {
    FrameRef frame = arena_->lend();
    TORC_CHECK(frame && "the engine holds more frames than its bounds allow");
    std::memcpy(frame.data, packet.data(), packet.size());
    frame.size = static_cast<std::uint32_t>(packet.size());
    frame.capacity = 0;
    engine_->on_frame(now, frame);
}

void PhysicalHost::want_to_send(Instant now) {
    if (wishes_.size() == kWishesMax) {
        ++unsent_;
        return;
    }
    wishes_.push_back(now);
}

void PhysicalHost::offer(Instant now) {
    more_ = false;
    if (!engine_->wants_clients() || client_cpu_.holds_back(now)) return;
    if (!joined_) joined_ = join(now, 0, kGroup);
    join_population(now);
    std::uint32_t taken = 0;
    while (joined_ && has_message() && engine_->wants_clients()) {
        more_ = options_.records_a_pass != 0 && taken == options_.records_a_pass;
        if (more_ || !send(now, options_.saturate ? now : wishes_.front())) return;
        if (!options_.saturate) wishes_.pop_front();
        ++taken;
    }
}

bool PhysicalHost::join(Instant now, std::uint16_t slot, std::string_view group) {
    engine::ClientOp join;
    join.kind = OpKind::join;
    join.session = SessionId{slot, 1};
    join.name = group;
    return engine_->on_client(now, join) == engine::Accept::accepted;
}

/// Slot 0 is the session that sends.
void PhysicalHost::join_population(Instant now) {
    const Population& population = options_.population;
    while (joined_ && joins_ < population.joins_of(index_) && engine_->wants_clients()) {
        const auto slot = static_cast<std::uint16_t>(1 + joins_ / population.memberships);
        const std::string group = Population::group_name(population.group_of(index_, joins_));
        if (!join(now, slot, group)) return;
        ++joins_;
    }
}

bool PhysicalHost::send(Instant now, Instant wished) {
    const std::int64_t stamp = ns_of(wished);
    std::memcpy(payload_.data(), &stamp, sizeof stamp);
    engine::ClientOp send;
    send.kind = OpKind::send;
    send.session = SessionId{0, 1};
    send.groups = {&kGroup, 1};
    send.service = options_.service;
    send.payload = payload_;
    send.repeats = said_;
    const engine::Accept accept = engine_->on_client(now, send);
    said_ = accept == engine::Accept::accepted || (said_ && accept == engine::Accept::would_block);
    TORC_CHECK(accept != engine::Accept::illegal);
    if (accept != engine::Accept::accepted) return false;
    cpu_.spend(options_.costs.in);
    hand_over(options_.costs.client_in);
    return true;
}

/// Work for the second CPU; the first waits if too much is there. Gives: when it is done.
Instant PhysicalHost::hand_over(Nanos cost) {
    if (!options_.costs.has_client_core()) return cpu_.clock();
    cpu_.spend(client_cpu_.wait_for_room(cpu_.clock()));
    return client_cpu_.work(cpu_.clock(), cost);
}

void PhysicalHost::traced(const telemetry::TraceEvent& event) {
    try {  // nothing may be thrown through the core, which is built without exceptions
        if (options_.watched) oracle_.on_trace({index_, boots_}, event);
    } catch (const Violation& violation) {
        cpu_.violated(violation.what());
    }
    if (event.kind == telemetry::TraceKind::transitional) in_transitional_ = true;
    if (event.kind != telemetry::TraceKind::regular) return;
    in_transitional_ = false;
    stays_.push_back({event.d, cpu_.clock(), kNever, kNever});
}

void PhysicalHost::received(const engine::Delivery& delivery) {
    const bool own = delivery.sender == private_name_;
    cpu_.spend(own ? options_.costs.own : options_.costs.out);
    const Instant now = hand_over(own ? options_.costs.client_own : options_.costs.client_out);
    if (!in_transitional_ && !stays_.empty()) {
        Stay& stay = stays_.back();
        if (stay.first == kNever) stay.first = now;
        stay.last = now;
    }
    std::int64_t stamp = 0;
    TORC_CHECK(delivery.payload.size() == payload_.size());
    std::memcpy(&stamp, delivery.payload.data(), sizeof stamp);
    latencies_.push_back(now - instant_from_ns(stamp));
    bytes_delivered_ += delivery.payload.size();
}

void PhysicalHost::forget_deliveries() {
    latencies_.clear();
    bytes_delivered_ = unsent_ = 0;
}

}  // namespace torc::sim
