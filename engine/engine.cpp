#include "engine/engine.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "wire/validate.hpp"

namespace torc::engine {
namespace {

/// Guards the rule that no effect calls back into the engine.
class Running {
public:
    explicit Running(bool& flag) : flag_(flag) {
        TORC_CHECK(!flag_);
        flag_ = true;
    }
    ~Running() { flag_ = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    bool& flag_;
};

Engine& engine_of(void* engine) { return *static_cast<Engine*>(engine); }

std::uint64_t hash_of(const wire::MemberList& members) {
    std::uint64_t hash = members.size();
    for (const Member& member : members) {
        hash = (hash ^ raw(member.index)) * 0x100000001B3u;
        hash = (hash ^ raw(member.incarnation)) * 0x9E3779B97F4A7C15u;
    }
    return hash;
}

std::uint8_t flags_of(groups::EnvelopeKind kind, const ClientOp& op) {
    const bool message = kind == groups::EnvelopeKind::message;
    const bool flush_join = kind == groups::EnvelopeKind::join && op.join_kind == JoinKind::flush;
    return static_cast<std::uint8_t>((message && op.self_discard ? groups::kSelfDiscard : 0) |
                                     (message && op.subgroup ? groups::kSubgroup : 0) |
                                     (flush_join ? groups::kFlushJoin : 0));
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
      former_(settings_, me_, options.seed, effects.frames, former_upcalls(), counters),
      envelope_(groups::kEnvelopeBytesMax) {
    TORC_CHECK(raw(options.me) < settings.nodes.size() && raw(options.incarnation) != 0);
    holders_.reserve(kNodesMax);
}

void Engine::start(Instant now) {
    const Running running(running_);
    now_ = now;
    ring_.boot(now, 0);
    former_.start(now);
    settle(now);
}

// --- frames --------------------------------------------------------------------------------------

void Engine::on_frame(Instant now, FrameRef frame) {
    const Running running(running_);
    now_ = now;
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

// --- between the siblings
// --------------------------------------------------------------------------

/// Carries what one sibling found out to the others, until nobody has news.
void Engine::settle(Instant now) {
    for (ordering::RingEvent event = ring_.take_event(); event != ordering::RingEvent::none;
         event = ring_.take_event()) {
        pass_on(now, event);
    }
    send_owed_chunks(now);
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
        const std::size_t length =
            groups::write_envelope(groups::EnvelopeKind::sync, 0, 0, {}, {}, envelope_);
        const std::array<std::span<const std::byte>, 2> pieces{
            std::span<const std::byte>{envelope_.data(), length}, chunk};
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
        self.trace_message(message);
        self.groups_.on_message({message.sender, session_id(message.session), message.service,
                                 message.ring, message.seq, message.index, message.payload});
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
    if (effects_.trace_fn == nullptr) return;
    effects_.trace({kind, me_.index, now_, a, b, c, 0});
}

void Engine::trace_message(const ordering::OrderedMessage& message) const {
    if (effects_.trace_fn == nullptr) return;
    effects_.trace({telemetry::TraceKind::message, me_.index, now_, message.seq.raw,
                    std::uint64_t{message.index} << 32 | std::uint64_t{raw(message.sender)} << 16 |
                        static_cast<std::uint64_t>(message.service),
                    telemetry::trace_hash(message.payload), message.ring.epoch});
}

void Engine::trace_configuration(telemetry::TraceKind kind, const RingId& id,
                                 const wire::MemberList& members) const {
    if (effects_.trace_fn == nullptr) return;
    std::uint64_t bitmap = 0;
    for (const Member& member : members) {
        if (raw(member.index) < 64) bitmap |= std::uint64_t{1} << raw(member.index);
    }
    effects_.trace({kind, me_.index, now_, members.size() << 16 | raw(id.representative),
                    hash_of(members), id.epoch, bitmap});
}

// --- clients -------------------------------------------------------------------------------------

bool Engine::wants_clients() const { return ring_.operational() && !groups_.merging(); }

Accept Engine::on_client(Instant now, const ClientOp& op) {
    const Running running(running_);
    now_ = now;
    if (op.kind == ClientOp::Kind::open) return open_session(op);
    if (!groups_.sessions().is_open(op.session)) return Accept::illegal;

    Accept accept = Accept::illegal;
    switch (op.kind) {
        case ClientOp::Kind::open:
            break;
        case ClientOp::Kind::close:
            accept = submit(now, op, groups::EnvelopeKind::disconnect, {});
            if (accept == Accept::accepted) groups_.close_session(op.session);
            break;
        case ClientOp::Kind::join:
        case ClientOp::Kind::leave:
            if (!groups::is_group_name(op.name)) break;
            accept = submit(now, op,
                            op.kind == ClientOp::Kind::join ? groups::EnvelopeKind::join
                                                            : groups::EnvelopeKind::leave,
                            {&op.name, 1});
            break;
        case ClientOp::Kind::send:
            if (op.groups.empty() || op.groups.size() > kGroupsPerMessageMax) break;
            if (op.payload.size() > settings_.message_bytes) break;
            if (op.service > Service::safe) break;
            if (!std::all_of(op.groups.begin(), op.groups.end(), groups::is_destination)) break;
            accept = submit(now, op, groups::EnvelopeKind::message, op.groups);
            break;
        case ClientOp::Kind::flush_ok:
            if (!groups::is_group_name(op.name)) break;
            accept = submit(now, op, groups::EnvelopeKind::flush_ok, {&op.name, 1});
            break;
    }
    settle(now);
    return accept;
}

Accept Engine::open_session(const ClientOp& op) {
    switch (groups_.sessions().open(op.session, op.name)) {
        case groups::Sessions::Open::opened:
            return Accept::accepted;
        case groups::Sessions::Open::name_taken:
            effects_.session(op.session, SessionOutcome::name_taken);
            return Accept::illegal;
        case groups::Sessions::Open::bad_name:
        case groups::Sessions::Open::slot_taken:
            return Accept::illegal;
    }
    return Accept::illegal;
}

Accept Engine::submit(Instant now, const ClientOp& op, groups::EnvelopeKind kind,
                      std::span<const std::string_view> destinations) {
    const std::size_t length =
        groups::write_envelope(kind, flags_of(kind, op), op.type,
                               groups_.sessions().name(op.session), destinations, envelope_);
    const std::array<std::span<const std::byte>, 2> pieces{
        std::span<const std::byte>{envelope_.data(), length}, op.payload};
    ordering::Outgoing message;
    message.session = raw(op.session);
    message.service = kind == groups::EnvelopeKind::message ? op.service : Service::agreed;
    message.pieces = pieces;
    switch (ring_.submit(now, message)) {
        case ordering::Submit::queued:
            return Accept::accepted;
        case ordering::Submit::would_block:
        case ordering::Submit::partial:
            return Accept::would_block;
        case ordering::Submit::too_large:
            return Accept::illegal;
    }
    return Accept::illegal;
}

// --- time and the end
// ------------------------------------------------------------------------------

void Engine::on_timer(Instant now) {
    const Running running(running_);
    now_ = now;
    ring_.on_timer(now);
    settle(now);
    former_.on_timer(now);
    settle(now);
}

void Engine::on_pause(Instant now) {
    const Running running(running_);
    now_ = now;
    ring_.on_pause(now);
    former_.on_pause(now);
}

Instant Engine::next_deadline() const {
    return std::min(ring_.next_deadline(), former_.next_deadline());
}

void Engine::leave(Instant now) {
    const Running running(running_);
    now_ = now;
    former_.leave(now);
    settle(now);
}

void Engine::shutdown() {
    ring_.shutdown();
    TORC_CHECK(loans() == 0);
}

}  // namespace torc::engine
