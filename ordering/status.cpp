// STATUS: "this is what I hold", beside the token. It answers a repeated token, and where the
// cluster has `status_frames` it makes SAFE messages stable after one way there and one back
// instead of two rotations. protocol.md 7.5. Loss is harmless: the token says the same, later.
// What it asks for: nack.cpp.
#include "wire/status.hpp"

#include "base/mutants.hpp"
#include "ordering/ring_impl.hpp"

namespace torc::ordering {

using telemetry::CounterId;
using telemetry::TraceKind;

void Ring::Impl::send_status(const RingMembers& of, NodeIndex to, const Nack& nack) {
    FrameRef frame = context.frames.acquire();
    if (!frame) return context.count(CounterId::pool_dry);
    wire::StatusFrame status;
    status.epoch = of.id().epoch;
    status.representative = raw(of.id().representative);
    status.sender = raw(context.me.index);
    status.token_seq = pass.accepted_seq();
    if (mode == Mode::operational) {
        status.aru = window.aru().raw;
        status.high = window.high().raw;
        status.delivered = delivery.delivered().raw;
    }
    nack.put(status);
    wire::encode_status(status, context.me.index, context.config_hash, frame);
    context.frames.transmit({frame, to, wire::Channel::control});
    context.frames.release(frame);
    context.count(CounterId::status_sent);
}

/// The predecessor does not know that its token arrived: it has seen nothing of me since. A STATUS
/// tells it; only a token or DATA would count as progress.
void Ring::Impl::acknowledge_token(const RingMembers& of) { send_status(of, of.previous()); }

/// A visit's frames are here: if somebody may wait for SAFE ones among them, all should know that I
/// hold them. Soon after the last time nothing is said: the next, or the token, says it as well.
void Ring::Impl::tell_what_i_hold(Instant now) {
    if (!context.settings.status_frames || mode != Mode::operational) return;
    const bool news = newest_safe > window.stable() && window.aru() > told.aru;
    if (!news || now < told.at + kStatusInterval || ring.size() > kStatusMembersMax) return;
    told = {window.aru(), now};
    send_status(ring, kNoNode);
}

void Ring::Impl::on_status(FrameRef frame) {
    context.count(CounterId::status_received);
    const auto status = wire::decode_status(frame.bytes().subspan(sizeof(wire::HopHeader)));
    context.frames.release(frame);
    const bool works =
        mode == Mode::operational || (mode == Mode::stopped && mutant(Mutant::status_when_stopped));
    const bool takes = works || mode == Mode::recovering;
    if (!status || !takes || token_ring().alone()) return context.count(CounterId::status_foreign);
    const RingId about{status->epoch, NodeIndex{status->representative.get()}};
    if (about != token_ring().id() && !mutant(Mutant::status_of_other_ring)) {
        return context.count(CounterId::status_foreign);
    }
    const NodeIndex sender{status->sender.get()};
    if (sender == token_ring().next()) pass.acknowledged(status->token_seq);
    if (!context.settings.status_frames || !works || !ring.contains(sender)) return;
    hear_what_is_held(sender, Seq{status->aru.get()});
    hear_nack(sender, Nack(*status));
}

void Ring::Impl::hear_what_is_held(NodeIndex sender, Seq aru) {
    held_by_all.heard(sender, aru);
    const Seq everywhere = held_by_all.everywhere(ring, context.me.index, window.aru());
    if (everywhere <= window.stable()) return;
    window.raise_stable(everywhere);
    context.count(CounterId::status_stable);
    context.trace(TraceKind::stable, window.stable().raw, window.aru().raw, window.high().raw);
    deliver_in_order();
}

}  // namespace torc::ordering
