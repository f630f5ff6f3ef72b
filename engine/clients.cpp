// What local sessions ask for: judged, put into an envelope, and given to the ring. What depends on
// the order of things is judged again when the ring hands it back (groups).
#include <algorithm>
#include <array>

#include "base/mutants.hpp"
#include "engine/engine.hpp"
#include "engine/running.hpp"

namespace torc::engine {
namespace {

std::uint8_t flags_of(groups::EnvelopeKind kind, const ClientOp& op) {
    const bool message = kind == groups::EnvelopeKind::message;
    const bool flush_join = kind == groups::EnvelopeKind::join && op.join_kind == JoinKind::flush;
    return static_cast<std::uint8_t>((message && op.self_discard ? groups::kSelfDiscard : 0) |
                                     (message && op.subgroup ? groups::kSubgroup : 0) |
                                     (flush_join ? groups::kFlushJoin : 0));
}

Accept refusal_of(SessionOutcome objection) {
    if (objection == SessionOutcome::group_kind) return Accept::group_kind;
    return objection == SessionOutcome::not_member ? Accept::not_member : Accept::flushed;
}

}  // namespace

bool Engine::wants_clients() const { return ring_.operational() && !groups_.merging(); }

Accept Engine::on_client(Instant now, const ClientOp& op) {
    const Running running(running_);
    const bool again = op.repeats && (speaker_ == op.session || mutant(Mutant::repeat_of_another));
    begin(now);
    if (op.kind == ClientOp::Kind::open) return open_session(op);
    if (!again && !groups_.sessions().is_open(op.session)) return Accept::illegal;
    const Accept accept = again ? send_again(now, op) : take(now, op);
    if (op.kind == ClientOp::Kind::send && accept == Accept::accepted) speaker_ = op.session;
    settle(now);
    return accept;
}

Accept Engine::take(Instant now, const ClientOp& op) {
    switch (op.kind) {
        case ClientOp::Kind::open:
            break;
        case ClientOp::Kind::close:
            return close_session(now, op.session);
        case ClientOp::Kind::join:
            if (!groups::is_group_name(op.name)) break;
            return submit(now, op, groups::EnvelopeKind::join, {&op.name, 1}, {});
        case ClientOp::Kind::leave:
            if (!groups::is_group_name(op.name)) break;
            return leave_group(now, op);
        case ClientOp::Kind::send:
            return send(now, op);
        case ClientOp::Kind::flush_ok:
            if (!groups::is_group_name(op.name)) break;
            return flush_ok(now, op);
    }
    return Accept::illegal;
}

Accept Engine::open_session(const ClientOp& op) {
    envelope_.forget();
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

Accept Engine::leave_group(Instant now, const ClientOp& op) {
    groups_.set_leaving(op.session, op.name, true);
    const Accept accept = submit(now, op, groups::EnvelopeKind::leave, {&op.name, 1}, {});
    if (accept != Accept::accepted) groups_.set_leaving(op.session, op.name, false);
    return accept;
}

Accept Engine::close_session(Instant now, SessionId session) {
    ClientOp op;
    op.session = session;
    const Accept accept = submit(now, op, groups::EnvelopeKind::disconnect, {}, {});
    if (accept == Accept::accepted) groups_.close_session(session);
    return accept;
}

// --- messages ------------------------------------------------------------------------------------

bool Engine::is_sendable(const ClientOp& op, bool same_names) const {
    if (op.groups.empty() || op.groups.size() > kGroupsPerMessageMax) return false;
    if (op.payload.size() > settings_.message_bytes || op.service > Service::safe) return false;
    const bool valid =
        same_names || std::all_of(op.groups.begin(), op.groups.end(), groups::is_destination);
    if (!valid) return false;
    return !op.subgroup || groups::is_subgroup(op.groups);
}

/// Refused for a flush group only as a whole: of a large message that is partly on its way the rest
/// must follow, and nothing can have come between.
Accept Engine::send(Instant now, const ClientOp& op) {
    const bool same_names = envelope_.is_to(op.groups);
    if (!is_sendable(op, same_names)) return Accept::illegal;
    const groups::Admission admission = groups_.admit(op.session, op.groups, op.subgroup);
    if (admission.objection && large_speaker_ != op.session) {
        return refusal_of(*admission.objection);
    }
    // A message that came up before its place in the order could be heard in a view that its sender
    // does not have yet, so flush groups know ordered messages only.
    const bool raise = admission.views != 0 && op.service < Service::causal &&
                       !mutant(Mutant::early_in_flush_group);
    const Accept accept =
        submit(now, op, groups::EnvelopeKind::message, op.groups,
               {raise ? Service::agreed : op.service, admission.views, same_names});
    return raise && accept == Accept::accepted ? Accept::raised : accept;
}

/// Nothing but this session's messages has come in since its last one, which was accepted as it
/// was: all that was judged then holds, and the envelope stands there still.
Accept Engine::send_again(Instant now, const ClientOp& op) {
    if (op.payload.size() > settings_.message_bytes) return Accept::illegal;
    const std::span<const std::byte> envelope = envelope_.written();
    const ordering::Alike alike{op.service, envelope_.number(), envelope.size(), op.payload};
    if (ring_.submit_alike(now, alike)) return Accept::accepted;
    return submit(now, op, envelope, envelope_.number(), op.service);
}

Accept Engine::submit(Instant now, const ClientOp& op, groups::EnvelopeKind kind,
                      std::span<const std::string_view> destinations, const Standing& standing) {
    const std::span<const std::byte> envelope =
        envelope_.write({op.session, kind, flags_of(kind, op), op.type, standing.views},
                        groups_.sessions().name(op.session), destinations, standing.same_names);
    const bool is_message = kind == groups::EnvelopeKind::message;
    return submit(now, op, envelope, is_message ? envelope_.number() : 0, standing.service);
}

/// `number`: of the envelope, where another message may have the same; else 0.
Accept Engine::submit(Instant now, const ClientOp& op, std::span<const std::byte> envelope,
                      std::uint32_t number, Service service) {
    const std::array<std::span<const std::byte>, 2> pieces{envelope, op.payload};
    ordering::Outgoing message;
    message.session = raw(op.session);
    message.service = service;
    message.envelope = number;
    message.pieces = pieces;
    const ordering::Submit answer = ring_.submit(now, message);
    if (answer == ordering::Submit::partial) {
        large_speaker_ = op.session;
    } else if (large_speaker_ == op.session && answer != ordering::Submit::would_block) {
        large_speaker_ = SessionId{};
    }
    switch (answer) {
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

// --- flush groups --------------------------------------------------------------------------------

/// While directories are joined nobody knows yet what there is to consent to.
Accept Engine::flush_ok(Instant now, const ClientOp& op) {
    if (groups_.merging()) return Accept::would_block;
    const groups::Admission consent = groups_.begin_consent(op.session, op.name);
    if (consent.objection) return refusal_of(*consent.objection);
    const Accept accept = submit(now, op, groups::EnvelopeKind::flush_ok, {&op.name, 1},
                                 {Service::agreed, consent.views, false});
    if (accept != Accept::accepted) groups_.withdraw_consent(op.session, op.name);
    return accept;
}

/// Only the time in which a consent could have been given counts.
Instant Engine::flush_deadline() const {
    if (!wants_clients() || mutant(Mutant::silence_borne)) return kNever;
    return std::max(groups_.next_flush_deadline(), expel_again_);
}

/// Who is overdue goes on as a session until the ring has room for its DISCONNECT. Where that has
/// its place at once (a ring of one), it is not reported as an operation of the driver.
void Engine::expel_overdue(Instant now) {
    while (!groups_.overdue_sessions().empty()) {
        const SessionId session = groups_.overdue_sessions()[0];
        expelled_ = session;
        const Accept accept = close_session(now, session);
        expelled_ = SessionId{};
        if (accept != Accept::accepted) {
            expel_again_ = now + settings_.timers.token_retransmit;
            return;
        }
        counters_.inc(telemetry::CounterId::flush_timeouts);
        effects_.session(session, SessionOutcome::flush_timeout);
    }
}

}  // namespace torc::engine
