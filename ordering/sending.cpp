// From a submitted message to a frame with a place in the order. protocol.md 3.8, 3.9.
#include "base/check.hpp"
#include "ordering/ring_impl.hpp"
#include "wire/status.hpp"

namespace torc::ordering {

using telemetry::CounterId;
using telemetry::TraceKind;

Submit Ring::Impl::submit(Instant now, const Outgoing& message) {
    last_now = now;
    if (mode != Mode::operational) return Submit::would_block;
    const wire::MessageTag tag{message.session, message.service, message.control, message.envelope};
    const std::size_t length = message.pieces.length();
    const bool whole = length <= wire::whole_message_bytes_max(context.settings.frame_bytes);
    SendLane& lane = queue.lane(message.control);
    Submit answer = Submit::would_block;
    if (message.service == Service::unreliable && whole && !message.control) {
        answer = submit_unreliable(tag, message.pieces);
    } else {
        answer = lane.submit(tag, message.pieces);
        const bool may_wait = message.envelope != 0 && lane.is_open();
        if (!lane.empty()) something_to_send(now, may_wait ? 1 : 0);
        if (answer == Submit::partial && lane.take_finished()) answer = Submit::queued;
    }
    if (answer == Submit::queued && !message.control) {
        context.count(telemetry::counter_at(CounterId::submitted_unreliable, message.service));
        context.count(CounterId::submitted_bytes, length);
    }
    if (answer == Submit::would_block) context.count(CounterId::submit_blocked);
    return answer;
}

/// In the frame of the last one only: what else there is to decide, `submit` decides.
bool Ring::Impl::submit_alike(Instant now, const Alike& message) {
    if (mode != Mode::operational || message.service == Service::unreliable) return false;
    if (!queue.lane(false).append_alike(message.envelope, message.payload)) return false;
    last_now = now;
    something_to_send(now, 1);
    context.count(telemetry::counter_at(CounterId::submitted_unreliable, message.service));
    context.count(CounterId::submitted_bytes, message.envelope_bytes + message.payload.size());
    return true;
}

/// No seq, no token, no second try; my own sessions hear it at once. One that is too large for a
/// frame goes in order, like reliable ones.
Submit Ring::Impl::submit_unreliable(const wire::MessageTag& tag, const wire::Pieces& pieces) {
    if (queue.holds_application()) return Submit::would_block;
    const FrameRef frame = context.frames.acquire();
    if (!frame) {
        context.count(CounterId::pool_dry);
        return Submit::would_block;
    }
    wire::FrameBuilder builder(frame, context.settings.frame_bytes, context.me.index,
                               context.config_hash);
    TORC_CHECK(builder.append(tag, pieces));
    wire::Stamp stamp;
    stamp.ring = ring.id();
    stamp.sender_seq = ++unreliable_seq;
    stamp.round = static_cast<std::uint32_t>(pass.last().token_seq);
    wire::stamp(builder.frame(), stamp);
    if (!ring.alone()) context.frames.transmit({builder.frame(), kNoNode, wire::Channel::data});
    context.count(CounterId::data_sent);
    context.count(CounterId::data_bytes_sent, builder.frame().size);
    if (context.upcalls.trace_messages) {
        sent_trace.frame(context, wire::DataView::of_validated(builder.frame().bytes()));
    }
    delivery.unreliable(wire::DataView::of_validated(builder.frame().bytes()));
    context.frames.release(builder.frame());
    return Submit::queued;
}

void Ring::Impl::something_to_send(Instant now, std::size_t open_frames) {
    if (ring.alone()) return flush_alone(open_frames);
    if (kept) {
        if (kept->idle) resume_token(now);
        return;
    }
    hold.want(now);
    if (hold.must_wake(now)) send_wake(now);
}

void Ring::Impl::send_wake(Instant now) {
    hold.woke(now);
    FrameRef frame = context.frames.acquire();
    if (!frame) return context.count(CounterId::pool_dry);
    wire::WakeFrame wake;
    wake.epoch = ring.id().epoch;
    wake.representative = raw(ring.id().representative);
    wake.sender = raw(context.me.index);
    wire::encode_wake(wake, context.me.index, context.config_hash, frame);
    context.frames.transmit({frame, kNoNode, wire::Channel::control});
    context.frames.release(frame);
    context.count(CounterId::wake_sent);
}

/// On a ring of one there is no token: everything has its place, and is everywhere, at once; but
/// for a frame that more messages may share, which waits until its driver has offered them
/// (on_timer).
void Ring::Impl::flush_alone(std::size_t open_frames) {
    while (!draining && queue.sendable() > open_frames) {
        const Seq seq = window.high().next();
        place(queue.pop(), seq, 0, queue.sendable() == 0);
        trace_frame_sent(seq);
        delivery.stored(seq);
        window.raise_stable(window.aru());
        deliver_in_order();
    }
}

void Ring::Impl::trace_frame_sent(Seq seq) {
    const Slot& slot = window.slot(seq);
    context.trace(
        TraceKind::frame_sent, seq.raw,
        std::uint64_t{raw(context.me.index)} << 8 | static_cast<std::uint64_t>(slot.service),
        ring.id().epoch);
    if (!context.upcalls.trace_messages) return;
    sent_trace.frame(context, wire::DataView::of_validated(slot.frame.bytes()));
}

void Ring::Impl::place(const FrameRef& frame, Seq seq, std::uint32_t round, bool last_of_visit) {
    wire::Stamp stamp;
    stamp.ring = ring.id();
    stamp.seq = seq;
    stamp.sender_seq = ++sender_seq;
    last_of_mine = seq;
    stamp.round = round;
    stamp.last_of_visit = last_of_visit;
    stamp.post_token = true;
    wire::stamp(frame, stamp);
    const Service service = wire::DataView::of_validated(frame.bytes()).service();
    window.store(seq, {frame, sender_seq, context.me.index, service, SlotState::have});
    if (service == Service::safe) newest_safe = std::max(newest_safe, seq);
    context.count(CounterId::data_sent);
    context.count(CounterId::data_bytes_sent, frame.size);
}

/// A copy: the NIC may still read the stored bytes, and a copy has a hop header of its own.
bool Ring::Impl::resend(Seq seq, NodeIndex to, std::uint8_t hop_flags) {
    FrameRef fresh = context.frames.acquire();
    if (!fresh) {
        context.count(CounterId::pool_dry);
        return false;
    }
    const bool fits =
        wire::copy_for_resend(window.slot(seq).frame, fresh, context.me.index, hop_flags);
    if (fits) context.frames.transmit({fresh, to, wire::Channel::data});
    context.frames.release(fresh);
    return fits;
}

}  // namespace torc::ordering
