// The face of membership: construction, dispatch of messages and timers, and the one place where a
// state is entered. What a state does stands in its own file.
#include "membership/former.hpp"

#include <cstring>

#include "base/check.hpp"
#include "membership/epoch.hpp"
#include "membership/impl.hpp"
#include "wire/validate.hpp"

namespace torc::membership {
namespace {

/// Shorter ones would make timers fire in the very instant that arms them.
config::Timers checked(const config::Timers& timers) {
    TORC_CHECK(timers.join_interval > Nanos{1} && timers.consensus > Nanos{0} &&
               timers.form_step > Nanos{0} && timers.merge_probe > Nanos{8} &&
               timers.token_loss > Nanos{0});
    return timers;
}

/// A booting daemon says nothing about whom it hears for so many join intervals: time for an older
/// daemon under the same index to speak up (duplicates, README.md).
constexpr int kQuietJoins = 4;

}  // namespace

Former::Impl::Impl(const config::ClusterSettings& settings, Member myself, std::uint64_t seed,
                   const wire::FrameIo& frame_io, const FormerUpcalls& calls,
                   telemetry::CounterSet& counter_set)
    : times(checked(settings.timers)),
      nodes(settings.nodes.size()),
      fingerprint(config::fingerprint(settings)),
      me(myself),
      upcalls(calls),
      frames(frame_io),
      counters(counter_set),
      prng(seed),
      assembler(nodes),
      sender(frame_io, settings.frame_bytes, myself.index, static_cast<std::uint32_t>(fingerprint)),
      scratch(wire::kControlBytesMax),
      peers(nodes),
      echoes(3 * times.merge_probe),
      back_off(nodes, times.token_loss),
      states(nodes),
      plan_body(wire::kControlBytesMax) {
    TORC_CHECK(nodes <= kNodesMax && raw(me.index) < nodes && raw(me.incarnation) != 0);
    ring = RingId{0, me.index};
    members.push_back(me);
}

void Former::Impl::start(Instant now) {
    TORC_CHECK(state == State::boot);
    if (leaving) return go(now, Cause::left);
    hears_from = now + kQuietJoins * times.join_interval;
    episode.sets.proc = {me};
    episode.since = now;
    enter(now, State::gather, Cause::boot);
    send_join(now);
}

// --- messages ----------------------------------------------------------------------------------

void Former::Impl::on_control(Instant now, const FrameRef& frame) {
    if (state == State::boot || state == State::left) return;
    const auto hop = wire::peek_hop(frame.bytes());
    const std::size_t heads = sizeof(wire::HopHeader) + sizeof(wire::ControlHeader);
    if (!hop || frame.size < heads) return count(CounterId::control_malformed);
    const auto kind = static_cast<wire::Kind>(hop->kind);
    if (!wire::is_control(kind)) return count(CounterId::control_malformed);
    const auto bytes = frame.bytes().subspan(sizeof(wire::HopHeader));
    wire::ControlHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (!is_acceptable(header)) return;
    if (const auto message = assembler.add(kind, bytes)) on_message(now, *message);
}

bool Former::Impl::is_acceptable(const wire::ControlHeader& header) {
    if (header.config_fingerprint != fingerprint) {
        count(CounterId::control_wrong_fingerprint);
        return false;
    }
    if (header.sender >= nodes || header.incarnation == 0) {
        count(CounterId::control_unknown_node);
        return false;
    }
    if (header.sender == raw(me.index) && header.incarnation == raw(me.incarnation)) {
        count(CounterId::control_own);
        return false;
    }
    return true;
}

void Former::Impl::on_message(Instant now, const wire::ControlAssembler::Message& message) {
    const wire::Control& control = message.control;
    peers.note_any(now, control);
    switch (message.kind) {
        case wire::Kind::join:
            count(CounterId::join_received);
            if (const auto join = wire::decode_join(control, message.body)) {
                return on_join(now, *join);
            }
            break;
        case wire::Kind::merge:
            count(CounterId::merge_received);
            if (const auto merge = wire::decode_merge(control, message.body)) {
                return on_merge(now, *merge);
            }
            break;
        case wire::Kind::propose:
            count(CounterId::propose_received);
            if (const auto proposal = wire::decode_propose(control, message.body)) {
                return on_propose(now, *proposal);
            }
            break;
        case wire::Kind::state:
            count(CounterId::state_received);
            if (const auto answer_of = wire::decode_state(control, message.body)) {
                return on_state(now, *answer_of);
            }
            break;
        case wire::Kind::plan:
            count(CounterId::plan_received);
            if (const auto head = wire::decode_plan(control, message.body)) {
                return on_plan(now, *head, message.body);
            }
            break;
        case wire::Kind::data:
        case wire::Kind::token:
        case wire::Kind::status:
        case wire::Kind::wake:
            break;
    }
    count(CounterId::control_malformed);
}

// --- states and their timers -------------------------------------------------------------------

void Former::Impl::enter(Instant now, State next, Cause why) {
    TORC_CHECK(is_edge(state, next, why));
    if (upcalls.trace_fn != nullptr) {
        upcalls.trace_fn(upcalls.engine, telemetry::TraceKind::state,
                         static_cast<std::uint64_t>(state) << 16 | static_cast<std::uint64_t>(next),
                         static_cast<std::uint64_t>(why), ring.epoch);
    }
    count(telemetry::counter_at(telemetry::kFirstCauseCounter, why));
    counters.set(CounterId::state, static_cast<std::uint64_t>(next));
    state = next;
    cause = why;
    arm_for(now, next);
}

/// Resets what belongs to the state, and sets every timer that it starts with.
void Former::Impl::arm_for(Instant now, State entered) {
    timers.clear_for_state();
    switch (entered) {
        case State::boot:
            break;
        case State::gather:
            gather = Gather{};
            gather.since = gather.changed_at = gather.proc_grew_at = now;
            timers.arm(Timer::gather_join, now + times.join_interval);
            timers.arm(Timer::gather_settle, now + times.join_interval / 2);
            timers.arm(Timer::gather_consensus, now + times.consensus);
            note_suspect(now, episode.suspect);
            break;
        case State::form:
            form = Form{};
            timers.arm(Timer::form_step, now + times.form_step);
            timers.arm(Timer::form_join, now + times.join_interval);
            break;
        case State::recover:
            if (form.coordinator) timers.arm(Timer::recover_plan, now + times.join_interval);
            break;
        case State::operational:
            operational = Operational{};
            schedule_merge(now);
            break;
        case State::left:
            timers.clear();
            break;
    }
}

void Former::Impl::on_timer(Instant now) {
    if (timers.take_due(Timer::gather_join, now)) gather_join_tick(now);
    if (timers.take_due(Timer::gather_suspect, now)) fail_suspects(now);
    if (timers.take_due(Timer::gather_consensus, now)) gather_consensus_tick(now);
    if (timers.take_due(Timer::gather_settle, now)) check_agreed(now);
    if (timers.take_due(Timer::form_step, now)) back_to_gather(now, Cause::form_timeout);
    if (timers.take_due(Timer::form_join, now)) {
        timers.arm(Timer::form_join, now + times.join_interval);
        send_join(now);
    }
    if (timers.take_due(Timer::form_propose, now)) {
        timers.arm(Timer::form_propose, now + times.join_interval);
        send_propose(now);
    }
    if (timers.take_due(Timer::recover_plan, now) &&
        !upcalls.recovery_token_returned_fn(upcalls.engine)) {
        timers.arm(Timer::recover_plan, now + times.join_interval);
        send_plan(now);
    }
    if (timers.take_due(Timer::operational_merge, now)) {
        schedule_merge(now);
        send_merge(now);
        admit_alone(now);
    }
    if (timers.take_due(Timer::operational_drain, now)) start_drain(now);
    if (timers.take_due(Timer::operational_drained_by, now)) on_drained(now);
    if (timers.take_due(Timer::leave_by, now)) leave_patience_over(now);
}

/// JOIN and PROPOSE are repeated as they fall due; only what would be held against others waits.
void Former::Impl::on_pause(Instant now) {
    if (state == State::gather) {
        gather.since = gather.proc_grew_at = now;
        gather.suspects.reset();
        timers.disarm(Timer::gather_suspect);
        timers.arm(Timer::gather_consensus, now + times.consensus);
    }
    if (state == State::form) timers.arm(Timer::form_step, now + times.form_step);
}

// --- the public face ---------------------------------------------------------------------------

Former::Former(const config::ClusterSettings& settings, Member me, std::uint64_t seed,
               const wire::FrameIo& frames, const FormerUpcalls& upcalls,
               telemetry::CounterSet& counters)
    : impl_(std::make_unique<Impl>(settings, me, seed, frames, upcalls, counters)) {}

Former::~Former() = default;

void Former::start(Instant now) { impl_->start(now); }

void Former::on_control(Instant now, FrameRef frame) {
    impl_->on_control(now, frame);
    impl_->frames.release(frame);
}

void Former::on_foreign_frame(Instant now) {
    impl_->count(CounterId::foreign_frames);
    if (impl_->state != State::operational) return;
    const Instant soonest = impl_->answered_at + impl_->times.merge_probe / 4;
    if (impl_->timers.armed(Timer::operational_merge)) {
        impl_->timers.arm_no_later(Timer::operational_merge, std::max(now, soonest));
    }
}

void Former::on_token_lost(Instant now, NodeIndex suspect) {
    if (impl_->state != State::operational) return;
    impl_->leave_operational(now, {Cause::token_lost, false, suspect, {}});
}

void Former::on_recovery_lost(Instant now) {
    if (impl_->state == State::recover) impl_->back_to_gather(now, Cause::recovery_lost);
}

void Former::on_ejected(Instant now, Member member) {
    if (impl_->state != State::operational || member == impl_->me) return;
    impl_->leave_operational(now, {Cause::member_ejected, false, kNoNode, member});
}

void Former::on_inconsistent(Instant now) {
    if (impl_->state == State::recover) return impl_->back_to_gather(now, Cause::recovery_lost);
    if (impl_->state != State::operational) return;
    impl_->leave_operational(now, {Cause::ring_inconsistent, false, kNoNode, {}});
}

void Former::on_drained(Instant now) {
    if (impl_->state == State::operational) impl_->on_drained(now);
}

void Former::visit_token(Instant now, wire::Token& token) {
    if (impl_->state == State::operational) impl_->visit_token(now, token);
}

void Former::installed(Instant now, const RingId& ring, const wire::MemberList& members) {
    impl_->installed(now, ring, members);
}

void Former::leave(Instant now) { impl_->leave(now); }
void Former::on_timer(Instant now) { impl_->on_timer(now); }
void Former::on_pause(Instant now) { impl_->on_pause(now); }
Instant Former::back_off_until() const { return impl_->back_off.last(); }

Instant Former::next_deadline() const { return impl_->timers.next(); }
State Former::state() const { return impl_->state; }
Cause Former::last_cause() const { return impl_->cause; }
std::size_t Former::loans() const { return 0; }

}  // namespace torc::membership
