// The token: accepted, worked on, passed on before the burst it announces. protocol.md 3.3, 3.5.
#include <algorithm>

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "ordering/ring_impl.hpp"
#include "wire/status.hpp"

namespace torc::ordering {

using telemetry::CounterId;
using telemetry::TraceKind;

// --- arrival -----------------------------------------------------------------------------------

void Ring::Impl::on_token(Instant now, FrameRef frame) {
    context.count(CounterId::token_received);
    TORC_CHECK(frame.size >= sizeof(wire::HopHeader));
    std::optional<wire::Token> token =
        wire::decode_token(frame.bytes().subspan(sizeof(wire::HopHeader)));
    context.frames.release(frame);
    if (!token) return context.count(CounterId::token_implausible);
    const bool of_forming =
        mode == Mode::recovering && !recovery.failed && token->ring == recovery.ring.id();
    const bool works =
        mode == Mode::operational || (mode == Mode::stopped && mutant(Mutant::no_veto));
    const bool of_mine = works && token->ring == ring.id();
    if (!of_forming && !of_mine) {
        return context.count(token->ring == ring.id() ? CounterId::token_swallowed
                                                      : CounterId::token_foreign);
    }
    switch (pass.judge(token->token_seq)) {
        case TokenPass::Verdict::next:
            break;
        case TokenPass::Verdict::repeated:
            context.count(CounterId::token_duplicate);
            if (token->retransmission != 0) acknowledge_token(token_ring());
            return;
        case TokenPass::Verdict::old:
            return context.count(CounterId::token_duplicate);
        case TokenPass::Verdict::impossible:
            return context.count(CounterId::token_implausible);
    }
    if (!is_plausible(*token)) return context.count(CounterId::token_implausible);
    pass.accepted(now, token->token_seq);
    context.count(CounterId::token_accepted);
    context.trace(TraceKind::token_accepted, token->token_seq, token->seq.raw, token->ring.epoch);
    receive_token(now, *token);
}

/// What no honest token says: less than I know to be given out or the token said to be stable, or
/// more than anyone may have given out.
bool Ring::Impl::is_plausible(const wire::Token& token) const {
    if (token.aru > token.seq) return false;
    const RingMembers& of = token_ring();
    if (token.aru_setter != kNoNode && !of.contains(token.aru_setter)) return false;
    if (mode == Mode::recovering) {
        if (token.has(wire::kTokenRecovery)) return token.seq == Seq{} && token.aru == Seq{};
        // Some have installed: only possible if everybody was done, and so was I.
        return recovery.done && token.done_run >= of.size() && token.seq.raw <= kWindowFrames;
    }
    return !token.has(wire::kTokenRecovery) && token.seq >= window.high() &&
           token.aru >= stable_by_token && distance(window.discarded(), token.seq) <= kWindowFrames;
}

void Ring::Impl::receive_token(Instant now, wire::Token& token) {
    if (!token_frames.ready()) {
        context.count(CounterId::pool_dry);
        return keep_token(token, now + context.settings.timers.token_retransmit, false);
    }
    if (mode == Mode::recovering) return recovery_visit(now, token);
    if (may_hold(now, token)) {
        context.count(CounterId::token_held);
        return keep_token(token, hold.hold_until(now), true);
    }
    visit(now, token);
}

bool Ring::Impl::may_hold(Instant now, const wire::Token& token) {
    // By the token: then the others know it, too, when it has gone around.
    const bool all_stable = stable_by_token == token.seq && queue.backlog() == 0;
    if (!hold.quiet() && pass.rotation() > Nanos{0}) pass.learn_rotation(pass.rotation());
    hold.visit(now, token, all_stable && !draining);
    return rests_here(token) && hold.may_hold(now);
}

/// An idle ring's token rests with who spoke last: a lone sender need not wait for it.
bool Ring::Impl::rests_here(const wire::Token& token) const {
    return token.seq == Seq{} ? ring.represented_by_me() : token.seq == last_of_mine;
}

void Ring::Impl::keep_token(const wire::Token& token, Instant until, bool idle) {
    kept = Kept{token, until, idle};
    if (mode == Mode::operational) given_out = token.seq;
    pass.held();
}

void Ring::Impl::forget_token() {
    kept.reset();
    given_out.reset();
}

void Ring::Impl::resume_token(Instant now) {
    wire::Token token = kept->token;
    forget_token();
    if (!token_frames.ready()) {
        return keep_token(token, now + context.settings.timers.token_retransmit, false);
    }
    if (mode == Mode::recovering) return recovery_visit(now, token);
    visit(now, token);
}

// --- the visit ---------------------------------------------------------------------------------

void Ring::Impl::visit(Instant now, wire::Token& token) {
    visiting = true;
    context.upcalls.visit_fn(context.upcalls.engine, now, token);
    const Seq seq_in = token.seq;
    const Seq aru_before = pass.last().aru;
    const Seq seq_before = pass.last().seq;
    window.raise_high(token.seq);
    watch_progress(token);
    const std::uint32_t repairs = answer_requests(token, ring, wire::kHopRetransmitted);
    give_out(token, repairs);
    // One round late: what was given out since may simply be on its way (6.4).
    const std::uint32_t asked = repair.request(window, seq_before, ring.id(), ring, token);
    context.count(CounterId::retransmissions_asked, asked);
    settle_aru(token, mutant(Mutant::seq_in_read_late) ? token.seq : seq_in);
    pass_on(now, token, ring);
    send_burst();

    stable_by_token = std::max(stable_by_token, std::min(aru_before, token.aru));
    window.raise_stable(stable_by_token);
    if (mutant(Mutant::stable_is_max)) window.raise_stable(std::max(aru_before, token.aru));
    if (mutant(Mutant::stable_from_one_visit)) window.raise_stable(token.aru);
    context.trace(TraceKind::stable, window.stable().raw, window.aru().raw, window.high().raw);
    deliver_in_order();
    visiting = false;
    check_drained(token.seq);
}

/// Gives the frames that may go now their places. They leave after the token.
void Ring::Impl::give_out(wire::Token& token, std::uint32_t repairs) {
    FlowControl::Visit now_here;
    now_here.in_flight = distance(window.stable(), token.seq);
    now_here.backlog = queue.backlog();
    now_here.sendable = draining ? 0 : queue.sendable();
    now_here.repairs = repairs;
    if (ring.represented_by_me()) {
        const bool wanting = token.backlog != 0 || now_here.backlog != 0;
        flow.lead({last_now, token.seq, window.stable(), wanting}, token);
    }
    context.counters.set(CounterId::in_flight_window, flow.window(token));
    const std::uint32_t allowed = flow.allowance(now_here, token);
    const auto given = static_cast<std::uint32_t>(queue.frames_for(allowed));
    if (given < now_here.sendable) context.count(CounterId::flow_limited);

    FlowControl::Sent sent;
    sent.frames = repairs + given;
    const auto round = static_cast<std::uint32_t>(token.token_seq + 1);
    burst.clear();
    for (std::uint32_t i = 0; i < given; ++i) {
        const FrameRef frame = queue.pop();
        sent.bytes += frame.size;
        token.seq = token.seq.next();
        place(frame, token.seq, round, i + 1 == given);
        burst.push_back(token.seq);
    }
    sent.backlog = static_cast<std::uint32_t>(queue.backlog());
    flow.report(sent, token);
    context.counters.set(CounterId::backlog, queue.backlog());
    context.counters.set(CounterId::in_flight, distance(window.stable(), token.seq));
    context.counters.raise(CounterId::in_flight_peak, distance(window.stable(), token.seq));
}

/// Nobody between two visits of the setter held less than the aru. `seq_in` must be the seq as the
/// token came in: read after my own additions the last condition never holds at a sender.
void Ring::Impl::settle_aru(wire::Token& token, Seq seq_in) {
    const bool too_high = token.aru > window.aru() && !mutant(Mutant::aru_never_lowered);
    if (too_high || token.aru_setter == context.me.index || token.aru == seq_in) {
        token.aru = mutant(Mutant::aru_at_seq) ? token.seq : window.aru();
        token.aru_setter = context.me.index;
    }
}

void Ring::Impl::send_burst() {
    for (const Seq seq : burst) {
        context.frames.transmit({window.slot(seq).frame, kNoNode, wire::Channel::data});
        trace_frame_sent(seq);
    }
    if (!burst.empty()) tell_what_i_hold(last_now);
    for (const Seq seq : burst) delivery.stored(seq);
    burst.clear();
}

std::uint32_t Ring::Impl::answer_requests(wire::Token& token, const RingMembers& of,
                                          std::uint8_t hop_flags) {
    std::uint32_t sent = 0;
    for (std::size_t i = 0; i < token.requests.size();) {
        const wire::Request request = token.requests[i];
        const bool answerable = request.ring == ring.id() &&
                                request.requester != context.me.index &&
                                window.holds(request.seq) && Repair::may_answer(request, of);
        if (!answerable) {
            ++i;
            continue;
        }
        if (sent == flow.repairs_max()) {
            context.count(CounterId::retransmissions_deferred);
            break;
        }
        if (mutant(Mutant::requests_dropped)) {
            token.requests.erase_at(i);
            continue;
        }
        const bool unicast = Repair::by_unicast(request);
        const int flags = hop_flags | (unicast ? wire::kHopUnicastCopy : 0);
        if (!resend(request.seq, unicast ? request.requester : kNoNode,
                    static_cast<std::uint8_t>(flags))) {
            break;
        }
        context.count(CounterId::retransmissions_answered);
        token.requests.erase_at(i);
        ++sent;
    }
    return sent;
}

/// Totem's fail-to-receive: the others must not be held up for ever by one that gets nothing.
void Ring::Impl::watch_progress(const wire::Token& token) {
    const bool behind = token.aru < token.seq && token.aru_setter != kNoNode &&
                        token.aru_setter != context.me.index;
    if (!behind || token.aru_setter != stuck.member || token.aru != stuck.aru) {
        stuck = {behind ? token.aru_setter : kNoNode, token.aru, 0};
        return;
    }
    if (++stuck.visits != kFailToReceiveVisits) return;
    for (const Member& member : ring.list()) {
        if (member.index == stuck.member) ejected = member;
    }
    report(RingEvent::eject);
}

/// Everything that was given out is everywhere, and the token went on so that the next one sees the
/// same: this member may leave the ring (4.6).
void Ring::Impl::check_drained(Seq seq) {
    const Seq known = ring.alone() ? window.stable() : stable_by_token;
    const bool stable = known == seq || mutant(Mutant::drained_too_early);
    if (!draining || drained || !stable || mode != Mode::operational) return;
    drained = true;
    report(RingEvent::drained);
}

// --- hop to hop --------------------------------------------------------------------------------

void Ring::Impl::pass_on(Instant now, wire::Token& token, const RingMembers& of) {
    ++token.token_seq;
    token.retransmission = 0;
    send_token(token, of);
    pass.passed(now, token);
    context.count(CounterId::token_sent);
    context.counters.set(CounterId::rotation, static_cast<std::uint64_t>(pass.rotation().count()));
    context.counters.raise(CounterId::rotation_peak,
                           static_cast<std::uint64_t>(pass.rotation().count()));
    context.trace(TraceKind::token_passed, token.token_seq, token.seq.raw, token.aru.raw);
}

void Ring::Impl::send_token(const wire::Token& token, const RingMembers& of) {
    FrameRef frame = token_frames.take();
    wire::encode_token(token, context.me.index, context.config_hash, frame);
    context.frames.transmit({frame, of.next(), wire::Channel::token});
    context.frames.release(frame);
}

void Ring::Impl::repeat_token(Instant now) {
    wire::Token token = pass.last();
    token.retransmission = pass.repeat(now);
    if (!token_frames.ready()) return context.count(CounterId::pool_dry);
    send_token(token, token_ring());
    context.count(CounterId::token_resent);
    context.trace(TraceKind::token_resent, token.token_seq, token.retransmission);
}

void Ring::Impl::on_wake(Instant now, FrameRef frame) {
    context.count(CounterId::wake_received);
    const auto wake = wire::decode_wake(frame.bytes().subspan(sizeof(wire::HopHeader)));
    context.frames.release(frame);
    const bool mine = wake && mode == Mode::operational &&
                      RingId{wake->epoch, NodeIndex{wake->representative.get()}} == ring.id() &&
                      ring.contains(NodeIndex{wake->sender.get()});
    if (!mine) return context.count(CounterId::status_foreign);
    hold.busy(now);
    if (kept && kept->idle) resume_token(now);
}

}  // namespace torc::ordering
