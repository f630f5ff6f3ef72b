// What was in flight when the old ring broke: said in the snapshot, exchanged under PLAN among
// those who move on together, until everybody holds the same. protocol.md 4.4.
#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "ordering/ring_impl.hpp"

namespace torc::ordering {

using telemetry::CounterId;
using telemetry::TraceKind;

namespace {

bool holds(const wire::OldRingState& state, Seq seq) {
    return seq <= state.aru || state.have.test(distance(state.aru, seq) - 1);
}

/// Sorted insertion; false if the set is full.
bool add_member(wire::EpisodeSet& set, const Member& member) {
    if (set.contains(member)) return true;
    if (set.full()) return false;
    set.push_back(member);
    std::sort(set.begin(), set.end());
    return true;
}

}  // namespace

wire::OldRingState Ring::Impl::snapshot() {
    abandon_recovery();
    stop();
    mode = Mode::frozen;
    wire::OldRingState state;
    state.ring = ring.id();
    state.stable = window.stable();
    state.aru = window.aru();
    state.high = window.high();
    state.obligations = obligations;
    state.have.resize(distance(window.aru(), window.high()));
    for (std::size_t bit = 0; bit < state.have.size(); ++bit) {
        const bool held = window.holds(window.aru() + bit + 1);
        if (held || mutant(Mutant::snapshot_overstated)) state.have.set(bit);
    }
    context.trace(TraceKind::snapshot, state.aru.raw, state.high.raw, state.stable.raw);
    return state;
}

/// PLAN comes from outside. What it says of my ring must agree with what I said in my STATE.
bool Ring::Impl::plan_fits(const wire::RecoveryOrder& order) const {
    const bool sane = order.old_ring == ring.id() && order.low_aru <= window.aru() &&
                      order.low_aru <= order.high_max && window.high() <= order.high_max &&
                      order.stable_max <= window.aru() &&
                      distance(window.discarded(), order.high_max) <= kWindowFrames &&
                      order.final_holes.size() == distance(order.low_aru, order.high_max) &&
                      order.together.contains(context.me);
    if (!sane) return false;
    for (std::size_t bit = 0; bit < order.final_holes.size(); ++bit) {
        const Seq seq = order.low_aru + bit + 1;
        if (order.final_holes.test(bit) && (seq <= window.aru() || window.holds(seq))) return false;
    }
    return true;
}

void Ring::Impl::begin_recovery(Instant now, const RecoveryStart& start) {
    TORC_CHECK(mode == Mode::frozen);
    TORC_CHECK(recovery.early.empty());
    mode = Mode::recovering;
    recovery.ring.assign(start.ring, start.members, context.me.index);
    recovery.order = start.order;
    recovery.owed_left = recovery.owed_next = 0;
    recovery.all_heard = recovery.done = recovery.token_returned = recovery.failed = false;
    recovery.deadline = now + context.settings.timers.recovery;
    if (!plan_fits(start.order) && !mutant(Mutant::not_frozen)) {
        recovery.failed = true;
        return report(RingEvent::recovery_lost);
    }
    apply_plan();
    find_owed(start.holders);
    repair.start_ring();
    pass.start_ring(now, recovery.ring);
    update_done();
    if (recovery.ring.alone()) {
        pass.stop();
        recovery.deadline = now;  // installed by the timer: nobody is called back from here
        return;
    }
    if (!start.start_token) return;
    wire::Token token;
    token.ring = recovery.ring.id();
    token.flags = wire::kTokenRecovery;
    receive_token(now, token);
}

void Ring::Impl::apply_plan() {
    const wire::RecoveryOrder& order = recovery.order;
    window.raise_high(order.high_max);
    // Stable at one of us means held by all of the ring.
    if (!mutant(Mutant::stable_max_ignored)) window.raise_stable(order.stable_max);
    delivery.set_early(mutant(Mutant::early_in_recovery));
    delivery.advance(order.stable_max);
    for (std::size_t bit = 0; bit < order.final_holes.size(); ++bit) {
        if (!order.final_holes.test(bit)) continue;
        context.count(CounterId::holes_final);
        context.trace(TraceKind::hole, (order.low_aru + bit + 1).raw);
    }
    window.mark_holes(order.low_aru, order.final_holes);
    if (mutant(Mutant::obligations_at_plan)) take_obligations();
    context.trace(TraceKind::plan, order.high_max.raw, order.final_holes.count(),
                  recovery.ring.id().epoch);
}

/// Owner of a frame that somebody lacks: the k-th lowest of its holders, k = seq mod their number.
/// Needs every state; without them all is left to the requests on the token.
void Ring::Impl::find_owed(std::span<const Holder> holders) {
    const wire::RecoveryOrder& order = recovery.order;
    recovery.owed.fill(0);
    FixedVec<const wire::OldRingState*, kNodesMax> states;
    std::size_t mine = 0;
    for (const Member& member : order.together) {
        const auto heard = std::find_if(holders.begin(), holders.end(), [&](const Holder& holder) {
            return holder.member == member && holder.state != nullptr &&
                   holder.state->ring == ring.id();
        });
        if (heard == holders.end()) return;
        if (member == context.me) mine = states.size();
        states.push_back(heard->state);
    }
    recovery.all_heard = true;
    const std::uint64_t frames = distance(order.low_aru, order.high_max);
    for (std::uint64_t bit = 0; bit < frames; ++bit) {
        const Seq seq = order.low_aru + bit + 1;
        if (!window.holds(seq)) continue;
        std::size_t holding = 0;
        std::size_t before_me = 0;
        for (std::size_t i = 0; i < states.size(); ++i) {
            if (!holds(*states[i], seq)) continue;
            ++holding;
            if (i < mine) ++before_me;
        }
        if (holding == states.size() || holding == 0) continue;
        const std::size_t owner = (seq.raw + (mutant(Mutant::owner_wrong) ? mine : 0)) % holding;
        if (owner != before_me) continue;
        recovery.owed[bit / 64] |= std::uint64_t{1} << (bit % 64);
        ++recovery.owed_left;
    }
}

/// Verbatim copies, a burst a visit.
std::uint32_t Ring::Impl::send_owed(std::uint32_t most) {
    std::uint32_t sent = 0;
    for (; recovery.owed_left != 0 && sent < most; ++recovery.owed_next) {
        const std::size_t bit = recovery.owed_next;
        if ((recovery.owed[bit / 64] >> (bit % 64) & 1) == 0) continue;
        const Seq seq = recovery.order.low_aru + bit + 1;
        if (!resend(seq, kNoNode, wire::kHopRetransmitted | wire::kHopRecovery)) break;
        context.count(CounterId::recovery_sent);
        --recovery.owed_left;
        ++sent;
    }
    return sent;
}

/// Obligations are taken when I hold everything, not when PLAN comes: taken earlier, I would one
/// day deliver frames of departed senders without those that they depend on.
void Ring::Impl::update_done() {
    if (recovery.done || recovery.failed || window.aru() < recovery.order.high_max) return;
    if (!take_obligations()) {
        recovery.failed = true;
        return report(RingEvent::recovery_lost);
    }
    recovery.done = true;
}

/// Those of everybody who comes along, and those who come along. False if there are too many.
bool Ring::Impl::take_obligations() {
    wire::EpisodeSet all = obligations;
    bool room = true;
    for (const Member& member : recovery.order.obligations) {
        if (mutant(Mutant::obligations_of_others_ignored)) break;
        room = add_member(all, member) && room;
    }
    for (const Member& member : recovery.order.together) room = add_member(all, member) && room;
    if (room) obligations = all;
    return room;
}

void Ring::Impl::recovery_visit(Instant now, wire::Token& token) {
    if (pass.visits() != 0 && recovery.ring.represented_by_me()) recovery.token_returned = true;
    const std::uint32_t answered =
        answer_requests(token, recovery.ring, wire::kHopRetransmitted | wire::kHopRecovery);
    const std::uint32_t burst_max = context.settings.burst_frames;
    const std::uint32_t owed = send_owed(burst_max > answered ? burst_max - answered : 0);
    update_done();
    // Whoever owes a frame sends it on its first visit; asking before that would double it.
    if (!recovery.all_heard || pass.visits() > 1) {
        const std::uint32_t asked =
            repair.request(window, recovery.order.high_max, ring.id(), recovery.ring, token);
        context.count(CounterId::retransmissions_asked, asked);
    }
    flow.report({answered + owed, 0, 0}, token);
    const int broken = mutant(Mutant::done_run_not_reset) ? token.done_run : 0;
    const int run = recovery.done ? std::min(token.done_run + 1, 0xFFFF) : broken;
    token.done_run = static_cast<std::uint16_t>(run);
    const std::size_t enough = recovery.ring.size() - (mutant(Mutant::installed_one_short) ? 1 : 0);
    if (token.done_run < enough) return pass_on(now, token, recovery.ring);

    if (token.has(wire::kTokenRecovery)) {
        token.flags = static_cast<std::uint8_t>(token.flags & ~wire::kTokenRecovery);
        token.requests.clear();
    }
    install(now, token.seq);
    visit(now, token);
}

void Ring::Impl::abandon_recovery() {
    if (mode != Mode::recovering) return;
    // A hole must never be reported as held in the next STATE.
    if (!mutant(Mutant::holes_kept)) window.unmark_holes();
    if (mutant(Mutant::obligations_forgotten)) obligations.clear();
    release_early();
    pass.stop();
    forget_token();
    events.clear();
    delivery.set_early(true);
    recovery.deadline = kNever;
    recovery.token_returned = false;
    mode = Mode::stopped;
}

void Ring::Impl::release_early() {
    for (const FrameRef& frame : recovery.early) context.frames.release(frame);
    recovery.early.clear();
}

}  // namespace torc::ordering
