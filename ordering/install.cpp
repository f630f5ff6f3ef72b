// From one configuration to the next in one step: the order of protocol.md 4.5.
#include "base/check.hpp"
#include "base/mutants.hpp"
#include "ordering/ring_impl.hpp"

namespace torc::ordering {

/// A fresh incarnation comes from a ring of its own that nobody ever heard of.
void Ring::Impl::boot(std::uint64_t incarnation_epoch) {
    TORC_CHECK(mode == Mode::dead && loans() == 0);
    RingMembers alone;
    alone.assign({incarnation_epoch, context.me.index}, {context.me}, context.me.index);
    start_ring(last_now, alone);
    mode = Mode::frozen;
}

/// Steps 1 to 5. The pass of the token goes on as it is: to the new ring, the recovery token that I
/// sent last is a token with seq = aru = 0.
void Ring::Impl::install(Instant now, Seq seq) {
    TORC_CHECK(mode == Mode::recovering && recovery.done && !recovery.failed);
    delivery.finish_regular();
    if (mutant(Mutant::all_in_regular)) delivery.finish_transitional(obliged_senders());
    context.upcalls.transitional_fn(context.upcalls.engine, recovery.order.transitional,
                                    recovery.order.together);
    if (!mutant(Mutant::tail_cut)) delivery.finish_transitional(obliged_senders());
    if (mutant(Mutant::queue_lost)) queue.clear();
    queue.change_ring();
    start_ring(now, recovery.ring);
    recovery.deadline = kNever;
    mode = Mode::operational;
    context.upcalls.regular_fn(context.upcalls.engine, ring.id(), ring.list());

    given_out = seq;
    for (const FrameRef& frame : recovery.early) {
        take_data(now, frame, wire::DataView::of_validated(frame.bytes()));
    }
    recovery.early.clear();
    given_out.reset();
}

/// Everything that counts from the beginning of a ring, except the pass of its token.
void Ring::Impl::start_ring(Instant now, const RingMembers& members) {
    ring = members;
    window.reset();
    delivery.start_ring(ring.id());
    flow.start_ring(ring.size());
    repair.start_ring();
    hold.start_ring(now);
    obligations.clear();
    obligations.push_back(context.me);
    sender_seq = unreliable_seq = 0;
    held_by_all.start_ring();
    losses.start_ring();
    answers.start_ring();
    last_of_mine = stable_by_token = newest_safe = Seq{};
    told = Told{};
    draining = drained = false;
    events.clear();
    suspect = kNoNode;
    stuck = Stuck{};
    ejected = Member{};
}

/// Of the old ring's senders those to whom I have an obligation; the incarnation counts.
NodeSet Ring::Impl::obliged_senders() const {
    NodeSet obliged;
    for (const Member& member : ring.list()) {
        if (obligations.contains(member)) obliged.add(member.index);
    }
    return obliged;
}

}  // namespace torc::ordering
