// FORM: the agreed members become a ring, by a star around the lowest of them (protocol.md 4.3).
//
// May arrive: PROPOSE (answered once per attempt with a frozen snapshot), STATE (the coordinator
// collects, everybody overhears), PLAN (only of the attempt answered last), JOIN (widens: back).
// Leaves: the coordinator's PROPOSE and PLAN, a member's STATE; JOIN until PROPOSE comes, and none
// after it: with the raised epoch it would be read as a departure.
#include <algorithm>

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "membership/epoch.hpp"
#include "membership/impl.hpp"

namespace torc::membership {

void Former::Impl::join_in_form(Instant now, const wire::Join& join) {
    const bool goes = (join.flags & wire::kJoinLeaving) != 0;
    const Claim claim{join.control.sender, goes, join.proc_set, join.fail_set};
    if (!would_widen(episode.sets, me, claim)) return;
    back_to_gather(now, Cause::join_widened);
    join_in_gather(now, join);
}

// --- coordinator: PROPOSE ----------------------------------------------------------------------

void Former::Impl::propose(Instant now) {
    enter(now, State::form, Cause::agreed);
    const auto agreed = members_of(episode.sets);
    TORC_CHECK(agreed && agreed->front() == me);
    form.members = *agreed;
    form.coordinator = true;
    const std::uint64_t epoch = next_epoch(std::max(max_epoch_seen, highest_heard), prng);
    if (!mutant(Mutant::epoch_not_raised)) max_epoch_seen = epoch;
    form.attempt = {epoch, me.index, prng.next()};
    timers.disarm(Timer::form_join);
    timers.arm(Timer::form_propose, now + times.join_interval);
    take_snapshot(now);
    send_propose(now);
    plan_if_complete(now);
}

// --- member: STATE -----------------------------------------------------------------------------

void Former::Impl::on_propose(Instant now, const wire::Propose& proposal) {
    const wire::AttemptId& attempt = proposal.attempt;
    if (!is_plausible(attempt.epoch) || attempt.coordinator != proposal.control.sender.index) {
        return count(CounterId::control_malformed);
    }
    highest_heard = std::max(highest_heard, attempt.epoch);
    if (state != State::gather && state != State::form) return;
    if (leaving) {
        if (contains(proposal.fail_set, me)) go(now, Cause::left);
        return;
    }
    if (state == State::form && form.answered && attempt == form.attempt) {
        if (!form.coordinator) send_state(now);
        return;
    }
    if (!may_answer(now, proposal)) return;
    if (state == State::gather) enter(now, State::form, Cause::propose_accepted);
    timers.disarm(Timer::form_join);
    timers.arm(Timer::form_step, now + times.form_step);
    max_epoch_seen = attempt.epoch;
    form.attempt = attempt;
    form.members = *members_of(episode.sets);
    take_snapshot(now);
    send_state(now);
}

bool Former::Impl::may_answer(Instant now, const wire::Propose& proposal) {
    const auto agreed = members_of(episode.sets);
    if (!agreed || agreed->front() != proposal.control.sender) return false;
    if (proposal.proc_set != episode.sets.proc || proposal.fail_set != episode.sets.fail) {
        return false;
    }
    const bool is_new = proposal.attempt.epoch > max_epoch_seen;
    if (!is_new && !mutant(Mutant::old_proposal_answered)) {
        // The coordinator has not heard how far I am.
        if (state == State::form && !form.answered && !form.objected) {
            form.objected = true;
            send_join(now);
        }
        return false;
    }
    if (state == State::form) return true;
    // In GATHER only if I heard everybody: a coordinator that hears two who do not hear each other
    // would form, lose the recovery token and form again for ever.
    return std::all_of(agreed->begin(), agreed->end(), [&](const Member& member) {
        return member == me || now - peers.heard_at(member) <= times.consensus;
    });
}

/// Once per attempt: from here to the next install or back-off my old ring is frozen.
void Former::Impl::take_snapshot(Instant now) {
    wire::State& mine = states[raw(me.index)];
    mine = wire::State{};
    upcalls.snapshot_fn(upcalls.engine, mine);
    TORC_CHECK(is_sane(mine.old_ring));
    mine.control = {me, echoes.newest(), fingerprint};
    mine.attempt = form.attempt;
    form.answered = true;
    timers.arm(Timer::form_step, now + times.form_step);
}

// --- everybody: STATEs -------------------------------------------------------------------------

void Former::Impl::on_state(Instant now, const wire::State& answer_of) {
    if (state != State::gather && state != State::form) return;
    const Member& from = answer_of.control.sender;
    if (from.index == me.index) return;
    if (!is_sane(answer_of.old_ring)) return count(CounterId::attempt_contradicted);
    wire::State& kept = states[raw(from.index)];
    const bool formed = state == State::form && form.answered;
    if (formed && answer_of.attempt != form.attempt) return count(CounterId::attempt_stale);
    if (formed && kept.attempt == form.attempt && kept.control.sender == from) return;
    kept = answer_of;  // before PROPOSE came it may be of the attempt that I am going to answer
    plan_if_complete(now);
}

// --- coordinator: PLAN -------------------------------------------------------------------------

void Former::Impl::plan_if_complete(Instant now) {
    if (state != State::form || !form.coordinator) return;
    FixedVec<PlanInput, kNodesMax> inputs;
    for (const Member& member : form.members) {
        const wire::State& answer_of = states[raw(member.index)];
        const bool of_this =
            answer_of.attempt == form.attempt ||
            (mutant(Mutant::state_of_other_attempt) && answer_of.attempt.epoch != 0);
        if (!of_this || answer_of.control.sender != member) return;
        inputs.push_back({member, &answer_of.old_ring});
    }
    if (const auto liar = contradicting(inputs.span(), me)) {
        count(CounterId::attempt_contradicted);
        back_to_gather(now, Cause::join_widened);
        if (fail_member(episode.sets, *liar)) sets_changed(now, false);
        return;
    }
    wire::PlanHead head;
    head.attempt = form.attempt;
    head.ring = RingId{form.attempt.epoch, me.index};
    head.members = form.members;
    head.orders = group_by_old_ring(inputs.span(), set_of);
    for (const Member& member : form.members) {
        head.lease_wait_ns = std::max(head.lease_wait_ns, states[raw(member.index)].lease_wait_ns);
    }
    if (make_plan(head, inputs.span())) recover(now, head);
}

/// Encodes PLAN once for all its repetitions. Gives false if it has no room; the attempt then ends
/// with its step timeout.
bool Former::Impl::make_plan(const wire::PlanHead& head, std::span<const PlanInput> inputs) {
    const std::span<std::byte> room{plan_body};
    plan_length = wire::encode_body(head, room);
    for (std::uint16_t set = 0; set < head.orders; ++set) {
        const auto one = order_for(form.attempt.epoch, inputs, set_of, set);
        const std::size_t length =
            one && plan_length != 0 ? wire::encode_order(*one, room.subspan(plan_length)) : 0;
        if (length == 0) {
            count(CounterId::control_unsent);
            return false;
        }
        plan_length += length;
        if (one->together.contains(me)) order = *one;
    }
    return plan_length != 0;
}

// --- member: PLAN ------------------------------------------------------------------------------

void Former::Impl::on_plan(Instant now, const wire::PlanHead& head,
                           std::span<const std::byte> body) {
    const bool waits = state == State::form || mutant(Mutant::plan_accepted_twice);
    const bool of_mine = head.attempt == form.attempt || mutant(Mutant::plan_of_other_attempt);
    if (!waits && state == State::recover && of_mine) return;  // repeated
    if (!waits || !form.answered || form.coordinator || !of_mine ||
        head.control.sender != form.members.front()) {
        return count(CounterId::attempt_stale);
    }
    const wire::AttemptId& attempt =
        mutant(Mutant::plan_of_other_attempt) ? head.attempt : form.attempt;
    const RingId expected{attempt.epoch, attempt.coordinator};
    if (head.ring != expected || head.members != form.members || !read_orders(head, body)) {
        return count(CounterId::attempt_contradicted);
    }
    recover(now, head);
}

/// Every member must come from exactly one old ring, and what concerns mine must be possible.
bool Former::Impl::read_orders(const wire::PlanHead& head, std::span<const std::byte> body) {
    std::size_t covered = 0;
    bool mine_found = false;
    for (std::uint16_t set = 0; set < head.orders; ++set) {
        const auto one = wire::decode_order(body, set);
        if (!one || one->transitional != RingId{head.ring.epoch, one->together.front().index}) {
            return false;
        }
        for (const Member& member : one->together) {
            const auto place = place_of(member);
            if (!place) return false;
            set_of[*place] = set;
            ++covered;
        }
        if (!one->together.contains(me)) continue;
        if (!agrees_with(*one, states[raw(me.index)].old_ring)) return false;
        order = *one;
        mine_found = true;
    }
    return mine_found && covered == head.members.size();
}

std::optional<std::size_t> Former::Impl::place_of(const Member& member) const {
    const auto found = std::find(form.members.begin(), form.members.end(), member);
    if (found == form.members.end()) return std::nullopt;
    return static_cast<std::size_t>(found - form.members.begin());
}

/// PLAN stands: into RECOVER. A ring of one is installed before this returns.
void Former::Impl::recover(Instant now, const wire::PlanHead& head) {
    for (std::size_t i = 0; i < form.members.size(); ++i) {
        const Member& member = form.members[i];
        const wire::State& answer_of = states[raw(member.index)];
        const bool heard = answer_of.attempt == form.attempt && answer_of.control.sender == member;
        state_of[i] = heard ? &answer_of.old_ring : nullptr;
    }
    enter(now, State::recover, Cause::plan_received);
    if (form.coordinator) send_plan(now);
    PlanForMe plan;
    plan.head = head;
    plan.order = order;
    plan.set_of = {set_of.data(), form.members.size()};
    plan.state_of = {state_of.data(), form.members.size()};
    plan.coordinator = form.coordinator;
    upcalls.recover_fn(upcalls.engine, now, plan);
}

}  // namespace torc::membership
