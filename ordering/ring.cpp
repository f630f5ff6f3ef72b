// Life of a ring object: set up, timers, facts, end. The face that ring.hpp promises.
#include "ordering/ring.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "ordering/ring_impl.hpp"

namespace torc::ordering {

using telemetry::CounterId;

Ring::Impl::Impl(const config::ClusterSettings& settings, Member me, std::uint32_t config_hash,
                 const wire::FrameIo& frames, const RingUpcalls& upcalls,
                 telemetry::CounterSet& counters)
    : context{settings, me, config_hash, frames, upcalls, counters},
      window(context.frames),
      delivery(context, window),
      queue(context),
      pass(settings.timers),
      flow(settings),
      hold(settings.timers),
      token_frames(context.frames) {
    TORC_CHECK(settings.in_flight_frames >= 1 && settings.in_flight_frames <= kInFlightMax);
    TORC_CHECK(settings.burst_frames >= 1 && settings.burst_frames <= kBurstMax);
    TORC_CHECK(settings.frame_bytes >= kFrameBytesMin && settings.frame_bytes <= kFrameBytesMax);
    TORC_CHECK(settings.message_bytes <= kMessageBytesMax);
    TORC_CHECK(settings.nodes.size() <= kNodesMax && raw(me.index) < settings.nodes.size());
    TORC_CHECK(upcalls.deliver_fn != nullptr && upcalls.transitional_fn != nullptr &&
               upcalls.regular_fn != nullptr && upcalls.visit_fn != nullptr);
}

Ring::Impl::~Impl() { shutdown(); }

void Ring::Impl::set_draining(Instant now, bool drain) {
    last_now = now;
    if (draining != drain) drained = false;
    draining = drain;
    if (!drain || mode != Mode::operational || visiting) return;
    if (ring.alone()) return check_drained(window.high());
    something_to_send(now, 0);
}

void Ring::Impl::stop() {
    if (mode != Mode::operational) return;
    mode = Mode::stopped;
    suspect = pass.successor_suspect(last_now) ? ring.next() : kNoNode;
    forget_token();
    pass.stop();
    hold.stop();
    losses.stop();
    draining = drained = false;
    events.clear();
}

// --- time --------------------------------------------------------------------------------------

const RingMembers& Ring::Impl::token_ring() const {
    return mode == Mode::recovering ? recovery.ring : ring;
}

void Ring::Impl::on_timer(Instant now) {
    last_now = now;
    if (mode == Mode::recovering && now >= recovery.deadline) {
        if (recovery.ring.alone() && recovery.done) {
            install(now, Seq{});
        } else if (!recovery.failed) {
            context.count(CounterId::recovery_timeouts);
            return on_loss();
        }
    }
    if (mode == Mode::operational && ring.alone()) {
        flush_alone();
        check_drained(window.high());
    }
    if (kept && now >= kept->until) resume_token(now);
    if (hold.must_wake(now)) send_wake(now);
    if (now >= losses.due()) ask_for_lost(now);
    if (pass.lost(now)) {
        if (mode == Mode::recovering) context.count(CounterId::recovery_token_lost);
        return on_loss();
    }
    if (pass.must_repeat(now)) repeat_token(now);
}

void Ring::Impl::on_loss() {
    if (mode == Mode::recovering) {
        suspect = pass.successor_suspect(last_now) ? recovery.ring.next() : kNoNode;
        pass.stop();
        forget_token();
        recovery.failed = true;
        recovery.deadline = kNever;
        return report(RingEvent::recovery_lost);
    }
    stop();
    report(RingEvent::token_lost);
}

Instant Ring::Impl::next_deadline() const {
    Instant next = std::min({pass.next_deadline(), hold.next_deadline(), losses.due()});
    if (kept) next = std::min(next, kept->until);
    if (mode == Mode::recovering && !recovery.failed) next = std::min(next, recovery.deadline);
    const bool alone = mode == Mode::operational && ring.alone();
    if (alone && !draining && queue.sendable() != 0) next = std::min(next, last_now);
    return next;
}

void Ring::Impl::report(RingEvent event) {
    if (!events.contains(event) && !events.full()) events.push_back(event);
}

// --- the end -----------------------------------------------------------------------------------

std::size_t Ring::Impl::loans() const {
    return window.loans() + queue.loans() + token_frames.loans() + recovery.early.size();
}

void Ring::Impl::shutdown() {
    stop();
    release_early();
    window.reset();
    queue.clear();
    token_frames.clear();
    pass.stop();
    forget_token();
    mode = Mode::dead;
    TORC_CHECK(loans() == 0);
}

// --- the face ----------------------------------------------------------------------------------

Ring::Ring(const config::ClusterSettings& settings, Member me, std::uint32_t config_hash,
           const wire::FrameIo& frames, const RingUpcalls& upcalls, telemetry::CounterSet& counters)
    : impl_(std::make_unique<Impl>(settings, me, config_hash, frames, upcalls, counters)),
      events_(&impl_->events) {}

Ring::~Ring() = default;

void Ring::boot(Instant now, std::uint64_t incarnation_epoch) {
    impl_->last_now = now;
    impl_->boot(incarnation_epoch);
}

void Ring::on_data(Instant now, FrameRef frame) {
    impl_->last_now = now;
    impl_->on_data(now, frame);
}

void Ring::on_token(Instant now, FrameRef frame) {
    impl_->last_now = now;
    impl_->on_token(now, frame);
}

void Ring::on_status(Instant now, FrameRef frame) {
    impl_->last_now = now;
    impl_->on_status(frame);
}

void Ring::on_wake(Instant now, FrameRef frame) {
    impl_->last_now = now;
    impl_->on_wake(now, frame);
}

Submit Ring::submit(Instant now, const Outgoing& message) { return impl_->submit(now, message); }

bool Ring::submit_alike(Instant now, const Alike& message) {
    return impl_->submit_alike(now, message);
}

void Ring::hold_application(bool hold) { impl_->queue.hold_application(hold); }

std::size_t Ring::backlog() const { return impl_->queue.backlog(); }

void Ring::set_draining(Instant now, bool draining) { impl_->set_draining(now, draining); }

void Ring::stop(Instant now) {
    impl_->last_now = now;
    impl_->stop();
}

wire::OldRingState Ring::snapshot() { return impl_->snapshot(); }

void Ring::begin_recovery(Instant now, const RecoveryStart& start) {
    impl_->last_now = now;
    impl_->begin_recovery(now, start);
}

void Ring::abandon_recovery() { impl_->abandon_recovery(); }

bool Ring::recovery_token_returned() const { return impl_->recovery.token_returned; }

void Ring::on_timer(Instant now) { impl_->on_timer(now); }

void Ring::on_pause(Instant now) {
    impl_->last_now = now;
    impl_->pass.on_pause(now);
}

Instant Ring::next_deadline() const { return impl_->next_deadline(); }

RingEvent Ring::take_event() {
    if (impl_->events.empty()) return RingEvent::none;
    const RingEvent event = impl_->events.front();
    impl_->events.erase_at(0);
    return event;
}

Member Ring::ejected() const { return impl_->ejected; }
NodeIndex Ring::suspect() const { return impl_->suspect; }
bool Ring::operational() const { return impl_->mode == Mode::operational; }
bool Ring::holds_token() const { return impl_->kept.has_value(); }
RingId Ring::id() const { return impl_->ring.id(); }
const wire::MemberList& Ring::members() const { return impl_->ring.list(); }
Seq Ring::high() const { return impl_->window.high(); }
Seq Ring::aru() const { return impl_->window.aru(); }
Seq Ring::stable() const { return impl_->window.stable(); }
Seq Ring::delivered() const { return impl_->delivery.delivered(); }
Nanos Ring::last_rotation() const { return impl_->pass.rotation(); }
std::size_t Ring::loans() const { return impl_->loans(); }
void Ring::shutdown() { impl_->shutdown(); }

}  // namespace torc::ordering
