// DATA from the wire: into the window, or dropped and counted. protocol.md 3.2.
#include <algorithm>
#include <cstring>

#include "base/mutants.hpp"
#include "ordering/ring_impl.hpp"

namespace torc::ordering {

using telemetry::CounterId;
using telemetry::TraceKind;
namespace {

LossWatch::Place place_of(const wire::DataView& view) {
    return {view.seq(), view.sealed().sender_seq, view.has(wire::kLastOfVisit)};
}

}  // namespace

void Ring::Impl::drop(const FrameRef& frame, CounterId why) {
    context.count(why);
    if (why == CounterId::data_duplicate && mutant(Mutant::loan_leaked)) return;
    context.frames.release(frame);
}

void Ring::Impl::on_data(Instant now, FrameRef frame) {
    const wire::DataView view = wire::DataView::of_validated(frame.bytes());
    context.count(CounterId::data_received);
    context.count(CounterId::data_bytes_received, frame.size);
    const bool takes = mode == Mode::operational || mode == Mode::stopped ||
                       mode == Mode::recovering || mutant(Mutant::not_frozen);
    const bool of_mine =
        view.ring() == ring.id() ||
        (mutant(Mutant::old_ring_taken) && view.ring().representative == ring.id().representative);
    if (takes && of_mine) return take_data(now, frame, view);
    if (mode == Mode::recovering && view.ring() == recovery.ring.id()) {
        return keep_early(now, frame, view);
    }
    drop(frame, CounterId::data_foreign);
}

void Ring::Impl::take_data(Instant now, const FrameRef& frame, const wire::DataView& view) {
    if (!ring.contains(view.sender())) return drop(frame, CounterId::data_impossible);
    if (mode == Mode::operational && !view.has(wire::kHopRetransmitted)) {
        pass.heard_of(now, view.sealed().round);
    }
    if (view.service() != Service::unreliable) return store(frame, view);
    if (mode == Mode::operational) delivery.unreliable(view);
    context.frames.release(frame);
}

void Ring::Impl::store(const FrameRef& frame, const wire::DataView& view) {
    const Seq seq = view.seq();
    if (mode == Mode::recovering) {
        // PLAN's filter: a frame that the others did not reckon with must not slip in.
        const bool reckoned = seq <= recovery.order.high_max || mutant(Mutant::plan_filter_removed);
        if (!reckoned) return drop(frame, CounterId::data_foreign);
        if (window.missing(seq)) context.count(CounterId::recovery_stored);
    }
    if (!window.missing(seq)) return note_copy(frame, view);
    // What I sent I hold; nobody else has this counter. And nobody gives out seqs while the token
    // is with me: taken in, such a frame would have the place of my own next one.
    const bool invented = given_out && seq > *given_out;
    // Under a PLAN even that must be taken: the others hold it, and nobody gets on without it.
    const bool not_mine = view.sender() == context.me.index && mode != Mode::recovering;
    if (invented || not_mine) {
        return drop(frame, CounterId::data_impossible);
    }
    window.store(seq,
                 {frame, view.sealed().sender_seq, view.sender(), view.service(), SlotState::have});
    context.trace(TraceKind::frame_stored, seq.raw, raw(view.sender()), ring.id().epoch);
    if (!losses.follows(view.sender(), place_of(view))) note_jump(view, place_of(view));
    if (view.service() == Service::safe) newest_safe = std::max(newest_safe, seq);
    if (view.has(wire::kLastOfVisit) || view.has(wire::kHopRetransmitted)) {
        tell_what_i_hold(last_now);
    }
    delivery.stored(seq);
    if (mode != Mode::recovering) deliver_in_order();
}

/// A frame whose place is taken, gone, a hole, or out of reach.
void Ring::Impl::note_copy(const FrameRef& frame, const wire::DataView& view) {
    const Seq seq = view.seq();
    if (seq > window.discarded() && !window.in_reach(seq)) {
        return drop(frame, CounterId::data_beyond_window);
    }
    if (!window.holds(seq)) return drop(frame, CounterId::data_duplicate);
    const wire::DataView stored = wire::DataView::of_validated(window.slot(seq).frame.bytes());
    const auto mine = stored.sealed_bytes();
    const auto other = view.sealed_bytes();
    if (std::equal(mine.begin(), mine.end(), other.begin(), other.end())) {
        return drop(frame, CounterId::data_duplicate);
    }
    drop(frame, CounterId::inconsistent_frames);
    if (mode == Mode::operational) report(RingEvent::inconsistent);
}

/// A peer installed first. What it sends counts for nothing before I install.
void Ring::Impl::keep_early(Instant now, const FrameRef& frame, const wire::DataView& view) {
    if (!recovery.ring.contains(view.sender())) return drop(frame, CounterId::data_impossible);
    if (view.service() == Service::unreliable || recovery.early.full()) {
        return drop(frame, CounterId::early_dropped);
    }
    if (!view.has(wire::kHopRetransmitted)) pass.heard_of(now, view.sealed().round);
    context.count(CounterId::data_early);
    recovery.early.push_back(frame);
}

void Ring::Impl::deliver_in_order() {
    delivery.advance(window.high());
    window.discard(std::min(window.stable(), delivery.delivered()));
}

}  // namespace torc::ordering
