// Digest of the ring: what it holds, what waits, where the token is.
#include "ordering/ring_impl.hpp"
#include "tests/explore/digest.hpp"

namespace torc::explore {

void Hasher::add(const NodeSet& set) {
    for (std::uint16_t i = 0; i < 64; ++i) {
        if (set.contains(NodeIndex{i})) add(i);
    }
    add(set.size());
}

void Hasher::add(const wire::HaveBitmap& have) {
    add(have.size());
    for (std::size_t i = 0; i < have.size(); ++i) add(have.test(i));
}

void Hasher::add(const wire::Token& token) {
    add(token.ring, token.flags, token.retransmission, token.aru_setter, token.done_run);
    add(token.token_seq, token.seq, token.aru, token.fcc_frames, token.fcc_bytes, token.backlog);
    add(token.candidates_by, token.leaver, token.candidates, token.requests);
}

void Hasher::add(const wire::OldRingState& state) {
    add(state.ring, state.stable, state.aru, state.high, state.have, state.obligations);
}

void Hasher::add(const wire::RecoveryOrder& order) {
    add(order.old_ring, order.transitional, order.together, order.low_aru, order.stable_max);
    add(order.high_max, order.final_holes, order.obligations);
}

namespace {

using namespace ordering;

void add(Hasher& hash, const FrameRef& frame) { hash.add(frame.bytes()); }

void add(Hasher& hash, const ReceiveWindow& window) {
    hash.add(window.high_, window.aru_, window.stable_, window.discarded_);
    for (Seq seq = window.discarded_.next(); seq <= window.high_; seq = seq.next()) {
        const Slot& slot = window.slot(seq);
        hash.add(slot.state);
        if (slot.state == SlotState::empty) continue;
        hash.add(slot.sender, slot.sender_seq, slot.service);
        add(hash, slot.frame);
    }
}

void add(Hasher& hash, const Reassembly& reassembly) {
    for (const Reassembly::Partial& partial : reassembly.partials_) {
        hash.add(partial.open);
        if (!partial.open) continue;
        hash.add(partial.total);
        hash.add(std::span<const std::byte>{partial.bytes.get(), partial.filled});
    }
}

void add(Hasher& hash, const Delivery& delivery) {
    add(hash, delivery.application_);
    add(hash, delivery.control_);
    for (const std::uint32_t released : delivery.senders_.released_) hash.add(released);
    for (const auto& seen : delivery.unreliable_) hash.add(seen.newest, seen.before);
    hash.add(delivery.ring_, delivery.delivered_, delivery.early_);
}

void add(Hasher& hash, const SendLane& lane) {
    hash.add(lane.count_, lane.fragments_, lane.units_);
    for (std::size_t i = 0; i < lane.count_; ++i) {
        const auto& pending = lane.pending_[(lane.head_ + i) & lane.mask_];
        hash.add(pending.fragment, pending.last_fragment, pending.unit, pending.builder.messages_,
                 pending.builder.service_flags_);
        // Its header is written when it goes.
        hash.add(pending.builder.frame_.bytes().subspan(wire::kDataOverhead));
    }
    const auto& large = lane.large_;
    hash.add(large.active, large.finished);
    if (!large.active && !large.finished) return;
    hash.add(large.tag.session, large.tag.service, large.tag.control, large.total, large.built);
}

void add(Hasher& hash, const TokenPass& pass) {
    hash.add(pass.last_);
    hash.add(pass.expected_, pass.accepted_seq_, pass.members_, pass.visits_ != 0);
    // The typical rotation decides the first interval only; accepted_at_ feeds the rotation only,
    // which is averaged into that, and otherwise a figure for people.
    hash.add(pass.first_interval(), pass.longest_interval());
    if (pass.longest_interval() > pass.timers_.token_retransmit) {
        hash.add(pass.typical_rotation_, pass.rotation_);
        hash.add_exact(pass.accepted_at_);
    }
    hash.add(pass.repeat_at_, pass.interval_, pass.repetitions_, pass.loss_at_,
             pass.unheard_since_);
}

void add(Hasher& hash, const IdleHold& hold) {
    hash.add(hold.busy_at_, std::min(hold.quiet_visits_, kQuietVisits), hold.wake_at_, hold.wakes_);
}

void add(Hasher& hash, const Ring::Impl::Recovery& recovery) {
    hash.add(recovery.ring.id(), recovery.ring.list(), recovery.order, recovery.owed_left,
             recovery.owed_next, recovery.all_heard, recovery.done, recovery.token_returned,
             recovery.failed, recovery.deadline);
    for (const std::uint64_t word : recovery.owed) hash.add(word);
    hash.add(recovery.early.size());
    for (const FrameRef& frame : recovery.early) add(hash, frame);
}

void add_token(Hasher& hash, const Ring::Impl& ring) {
    hash.add(ring.kept.has_value(), ring.given_out.has_value(), ring.burst);
    if (ring.kept) hash.add(ring.kept->token, ring.kept->until, ring.kept->idle);
    if (ring.given_out) hash.add(*ring.given_out);
    hash.add(ring.stuck.member, ring.stuck.aru, ring.stuck.visits, ring.ejected);
    hash.add(ring.flow.sent_.frames, ring.flow.sent_.bytes, ring.flow.sent_.backlog);
    hash.add(ring.repair.asked_.size());
    for (const auto& asked : ring.repair.asked_) hash.add(asked.seq, asked.attempts, asked.waited);
}

}  // namespace

void add(Hasher& hash, const ordering::Ring& outside) {
    const Ring::Impl& ring = *outside.impl_;
    add(hash, ring.window);
    add(hash, ring.delivery);
    add(hash, ring.queue.control_);
    add(hash, ring.queue.application_);
    hash.add(ring.queue.held_);
    add(hash, ring.pass);
    add(hash, ring.hold);
    hash.add(ring.mode, ring.ring.id(), ring.ring.list(), ring.obligations, ring.sender_seq,
             ring.unreliable_seq, ring.last_of_mine, ring.stable_by_token, ring.newest_safe,
             ring.told.aru, ring.told.at, ring.draining, ring.drained, ring.visiting, ring.events,
             ring.suspect);
    for (const Seq said : ring.held_by_all.said_) hash.add(said);
    add_token(hash, ring);
    add(hash, ring.recovery);
}

}  // namespace torc::explore
