#include "engine/engine.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "engine/running.hpp"
#include "wire/validate.hpp"

namespace torc::engine {
namespace {

Engine& engine_of(void* engine) { return *static_cast<Engine*>(engine); }

std::uint64_t hash_of(const wire::MemberList& members) {
    std::uint64_t hash = members.size();
    for (const Member& member : members) {
        hash = (hash ^ raw(member.index)) * 0x100000001B3u;
        hash = (hash ^ raw(member.incarnation)) * 0x9E3779B97F4A7C15u;
    }
    return hash;
}

}  // namespace

Engine::Engine(const config::ClusterSettings& settings, const EngineOptions& options,
               const Effects& effects, telemetry::CounterSet& counters)
    : settings_(settings),
      me_{options.me, options.incarnation},
      config_hash_(static_cast<std::uint32_t>(config::fingerprint(settings))),
      effects_(effects),
      counters_(counters),
      groups_(settings_, options.me, group_upcalls(), counters),
      ring_(settings_, me_, config_hash_, effects.frames, ring_upcalls(), counters),
      former_(settings_, me_, options.seed, effects.frames, former_upcalls(), counters) {
    TORC_CHECK(raw(options.me) < settings.nodes.size() && raw(options.incarnation) != 0);
    holders_.reserve(kNodesMax);
}

void Engine::begin(Instant now) {
    now_ = now;
    speaker_ = SessionId{};
    groups_.set_now(now);
}

void Engine::start(Instant now) {
    const Running running(running_);
    begin(now);
    ring_.boot(now, 0);
    former_.start(now);
    settle(now);
}

// --- frames --------------------------------------------------------------------------------------

void Engine::on_frame(Instant now, FrameRef frame) {
    const Running running(running_);
    begin(now);
    const wire::RejectReason reason = wire::validate(frame.bytes(), config_hash_);
    counters_.inc(telemetry::counter_at(telemetry::kFirstRejectCounter, reason));
    if (reason != wire::RejectReason::none) {
        effects_.frames.release(frame);
        return;
    }
    dispatch(now, frame);
    settle(now);
}

/// DATA, TOKEN, STATUS and WAKE begin with the ring's id, at different places.
bool Engine::is_foreign(const FrameRef& frame) const {
    if (!ring_.operational()) return false;
    wire::SealedHeader sealed;
    std::memcpy(&sealed, frame.data + sizeof(wire::HopHeader), sizeof sealed);
    return wire::ring_of(sealed) != ring_.id();
}

void Engine::dispatch(Instant now, FrameRef frame) {
    switch (static_cast<wire::Kind>(std::to_integer<std::uint8_t>(frame.data[2]))) {
        case wire::Kind::data:
            if (is_foreign(frame)) former_.on_foreign_frame(now);
            return ring_.on_data(now, frame);
        case wire::Kind::token:
            return ring_.on_token(now, frame);
        case wire::Kind::status:
            return ring_.on_status(now, frame);
        case wire::Kind::wake:
            return ring_.on_wake(now, frame);
        case wire::Kind::join:
        case wire::Kind::propose:
        case wire::Kind::state:
        case wire::Kind::plan:
        case wire::Kind::merge:
            return former_.on_control(now, frame);
    }
    TORC_CHECK(false && "validate lets known kinds through only");
}

// --- between the siblings ------------------------------------------------------------------------

void Engine::carry_news(Instant now) {
    speaker_ = SessionId{};
    while (ring_.has_event()) pass_on(now, ring_.take_event());
    if (groups_.owes_chunk()) send_owed_chunks(now);
}

void Engine::pass_on(Instant now, ordering::RingEvent event) {
    switch (event) {
        case ordering::RingEvent::none:
            return;
        case ordering::RingEvent::token_lost:
            return former_.on_token_lost(now, ring_.suspect());
        case ordering::RingEvent::recovery_lost:
            return former_.on_recovery_lost(now);
        case ordering::RingEvent::drained:
            return former_.on_drained(now);
        case ordering::RingEvent::eject:
            return former_.on_ejected(now, ring_.ejected());
        case ordering::RingEvent::inconsistent:
            return former_.on_inconsistent(now);
    }
}

void Engine::send_owed_chunks(Instant now) {
    while (ring_.operational()) {
        const std::span<const std::byte> chunk = groups_.chunk_to_send();
        if (chunk.empty()) return;
        OutgoingEnvelope::Head head;
        head.kind = groups::EnvelopeKind::sync;
        const std::array<std::span<const std::byte>, 2> pieces{envelope_.write(head, {}, {}),
                                                               chunk};
        ordering::Outgoing message;
        message.service = Service::agreed;
        message.control = true;
        message.pieces = pieces;
        if (ring_.submit(now, message) != ordering::Submit::queued) return;
        groups_.chunk_sent();
    }
}

void Engine::start_recovery(Instant now, const membership::PlanForMe& plan) {
    ordering::RecoveryStart start;
    start.ring = plan.head.ring;
    start.members = plan.head.members;
    start.order = plan.order;
    start.start_token = plan.coordinator;
    holders_.clear();
    for (std::size_t i = 0; i < plan.state_of.size(); ++i) {
        if (plan.state_of[i] == nullptr) continue;
        if (!plan.order.together.contains(plan.head.members[i])) continue;
        holders_.push_back({plan.head.members[i], plan.state_of[i]});
    }
    start.holders = holders_;
    ring_.begin_recovery(now, start);
}

ordering::RingUpcalls Engine::ring_upcalls() {
    ordering::RingUpcalls upcalls;
    upcalls.engine = this;
    upcalls.deliver_fn = [](void* engine, const ordering::OrderedMessage& message) {
        Engine& self = engine_of(engine);
        if (self.traces(message)) self.trace_message(message);
        if (message.sender == self.me_.index && !message.control &&
            session_id(message.session) != self.expelled_) {
            self.effects_.ordered(session_id(message.session), message.service);
        }
        self.groups_.on_message({message.sender, session_id(message.session), message.service,
                                 message.ring, message.seq, message.index, message.payload,
                                 message.same_envelope});
        self.ring_.hold_application(self.groups_.merging());
    };
    upcalls.transitional_fn = [](void* engine, const RingId& id, const wire::MemberList& members) {
        Engine& self = engine_of(engine);
        self.trace_configuration(telemetry::TraceKind::transitional, id, members);
        self.groups_.on_transitional(id, members);
    };
    upcalls.regular_fn = [](void* engine, const RingId& id, const wire::MemberList& members) {
        Engine& self = engine_of(engine);
        self.trace_configuration(telemetry::TraceKind::regular, id, members);
        self.counters_.inc(telemetry::CounterId::configurations);
        self.counters_.set(telemetry::CounterId::members, members.size());
        self.former_.installed(self.now_, id, members);
        self.groups_.on_regular(id, members);
        self.ring_.hold_application(self.groups_.merging());
    };
    upcalls.visit_fn = [](void* engine, Instant now, wire::Token& token) {
        engine_of(engine).former_.visit_token(now, token);
    };
    upcalls.trace_messages = effects_.trace_fn != nullptr && effects_.trace_sends;
    upcalls.trace_fn = [](void* engine, telemetry::TraceKind kind, std::uint64_t a, std::uint64_t b,
                          std::uint64_t c) { engine_of(engine).trace(kind, a, b, c); };
    return upcalls;
}

membership::FormerUpcalls Engine::former_upcalls() {
    membership::FormerUpcalls upcalls;
    upcalls.engine = this;
    upcalls.stop_ring_fn = [](void* engine, Instant now) { engine_of(engine).ring_.stop(now); };
    upcalls.suspect_fn = [](void* engine) { return engine_of(engine).ring_.suspect(); };
    upcalls.set_draining_fn = [](void* engine, Instant now, bool draining) {
        engine_of(engine).ring_.set_draining(now, draining);
    };
    upcalls.snapshot_fn = [](void* engine, wire::State& state) {
        Engine& self = engine_of(engine);
        state.old_ring = self.ring_.snapshot();
        state.group_digest = self.groups_.directory().digest();
    };
    upcalls.recover_fn = [](void* engine, Instant now, const membership::PlanForMe& plan) {
        engine_of(engine).start_recovery(now, plan);
    };
    upcalls.abandon_recovery_fn = [](void* engine) { engine_of(engine).ring_.abandon_recovery(); };
    upcalls.recovery_token_returned_fn = [](void* engine) {
        return engine_of(engine).ring_.recovery_token_returned();
    };
    upcalls.trace_fn = [](void* engine, telemetry::TraceKind kind, std::uint64_t a, std::uint64_t b,
                          std::uint64_t c) { engine_of(engine).trace(kind, a, b, c); };
    return upcalls;
}

groups::GroupUpcalls Engine::group_upcalls() const {
    groups::GroupUpcalls upcalls;
    upcalls.driver = effects_.driver;
    upcalls.deliver_fn = effects_.deliver_fn;
    upcalls.view_fn = effects_.view_fn;
    upcalls.flush_fn = effects_.flush_fn;
    upcalls.session_fn = effects_.session_fn;
    return upcalls;
}

void Engine::trace(telemetry::TraceKind kind, std::uint64_t a, std::uint64_t b,
                   std::uint64_t c) const {
    if (effects_.traces()) effects_.trace({kind, me_.index, now_, a, b, c, 0});
}

void Engine::trace_message(const ordering::OrderedMessage& message) const {
    if (effects_.recorder != nullptr && is_first(message)) {
        describe(effects_.recorder->next(), message, message.payload.size());
    }
    if (effects_.trace_fn != nullptr) {
        telemetry::TraceEvent event;
        describe(event, message,
                 effects_.trace_bodies ? telemetry::trace_hash(message.payload)
                                       : std::uint64_t{message.payload.size()});
        effects_.trace_fn(effects_.driver, event);
    }
}

void Engine::describe(telemetry::TraceEvent& event, const ordering::OrderedMessage& message,
                      std::uint64_t body) const {
    event.kind = telemetry::TraceKind::message;
    event.node = me_.index;
    event.at = now_;
    event.a = message.seq.raw;
    event.b = std::uint64_t{message.index} << 32 | std::uint64_t{raw(message.sender)} << 16 |
              static_cast<std::uint64_t>(message.service);
    event.c = body;
    event.d = message.ring.epoch;
}

void Engine::trace_configuration(telemetry::TraceKind kind, const RingId& id,
                                 const wire::MemberList& members) const {
    if (!effects_.traces()) return;
    std::uint64_t bitmap = 0;
    for (const Member& member : members) {
        if (raw(member.index) < 64) bitmap |= std::uint64_t{1} << raw(member.index);
    }
    effects_.trace({kind, me_.index, now_, members.size() << 16 | raw(id.representative),
                    hash_of(members), id.epoch, bitmap});
}

// --- time and the end ----------------------------------------------------------------------------

void Engine::on_timer(Instant now) {
    const Running running(running_);
    begin(now);
    ring_.on_timer(now);
    settle(now);
    former_.on_timer(now);
    settle(now);
    if (now >= flush_deadline()) {
        expel_overdue(now);
        settle(now);
    }
}

void Engine::on_pause(Instant now) {
    const Running running(running_);
    begin(now);
    ring_.on_pause(now);
    former_.on_pause(now);
    groups_.restart_flush_waits();
}

Instant Engine::next_deadline() const {
    return std::min({ring_.next_deadline(), former_.next_deadline(), flush_deadline()});
}

void Engine::leave(Instant now) {
    const Running running(running_);
    begin(now);
    former_.leave(now);
    settle(now);
}

void Engine::shutdown() {
    ring_.shutdown();
    TORC_CHECK(loans() == 0);
}

}  // namespace torc::engine
