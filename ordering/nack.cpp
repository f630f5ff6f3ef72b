// Repair within microseconds, beside the token: who is certain of a loss asks for it by STATUS at
// once, and the frame's own sender answers. protocol.md 3.6, 7.5. Only on the installed ring, only
// in the operational state, and only where the cluster has `status_frames`. What is lost on this
// way, too, is repaired by the token.
#include "ordering/nack.hpp"

#include "base/mutants.hpp"
#include "ordering/ring_impl.hpp"
#include "wire/data.hpp"

namespace torc::ordering {

using telemetry::CounterId;

/// The counter of a stored frame's sender is not the next one.
void Ring::Impl::note_jump(const wire::DataView& view, const LossWatch::Place& frame) {
    // A copy goes its own way: it says nothing about the frames of its sender that are on theirs.
    const bool copy = view.has(wire::kHopRetransmitted) && !mutant(Mutant::nack_by_a_copy);
    if (copy || mode != Mode::operational || !context.settings.status_frames) return;
    context.count(CounterId::nack_deferred, losses.jumped(last_now, window, view.sender(), frame));
    if (last_now >= losses.due()) ask_for_lost(last_now);
}

void Ring::Impl::ask_for_lost(Instant now) {
    const Nack nack = losses.take_due(now, window);
    if (nack.empty()) return;
    context.count(CounterId::nack_sent);
    send_status(ring, kNoNode, nack);
}

/// `requester` may be anybody who can send frames, and ask for anything.
void Ring::Impl::hear_nack(NodeIndex requester, const Nack& nack) {
    if (nack.empty() || requester == context.me.index) return;
    context.count(CounterId::nack_deferred, losses.overhear(last_now, nack));
    nack.each([&](Seq seq) {
        if (!window.holds(seq)) return true;
        const bool mine = window.slot(seq).sender == context.me.index;
        if (!mine && !mutant(Mutant::nack_answered_by_all)) return true;
        return answer_nack(seq, requester);
    });
}

/// False: nothing more can be sent.
bool Ring::Impl::answer_nack(Seq seq, NodeIndex requester) {
    if (!answers.may_send(pass.accepted_seq(), flow.repairs_max())) {
        context.count(CounterId::nack_refused);
        return false;
    }
    const NackAnswers::To to = answers.answer(last_now, seq, requester);
    if (to == NackAnswers::To::nobody) {
        context.count(CounterId::nack_refused);
        return true;
    }
    const bool unicast = to == NackAnswers::To::requester;
    const int flags = wire::kHopRetransmitted | (unicast ? wire::kHopUnicastCopy : 0);
    const bool sent = resend(seq, unicast ? requester : kNoNode, static_cast<std::uint8_t>(flags));
    if (sent) context.count(CounterId::nack_answered);
    return sent;
}

}  // namespace torc::ordering
