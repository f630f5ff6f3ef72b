// Operational: a ring runs. Here stands what makes it end, and how the episode begins then.
//
// May arrive: JOIN of a member (it left), of its next incarnation (it restarted), of an outsider;
// MERGE of an outsider. Leaves: MERGE while a configured daemon is missing.
#include <algorithm>

#include "base/mutants.hpp"
#include "membership/impl.hpp"

namespace torc::membership {

void Former::Impl::join_in_operational(Instant now, const wire::Join& join) {
    const Member& from = join.control.sender;
    const bool goes = (join.flags & wire::kJoinLeaving) != 0;
    if (from.index == me.index) return;
    if (is_member(from)) {
        if (mutant(Mutant::departure_unheard)) return;
        if (join.max_epoch_seen < ring.epoch) return count(CounterId::control_stale);
        const bool alive = (join.flags & wire::kJoinTokenAlive) != 0;
        Departure departure{goes ? Cause::leave_seen : Cause::join_from_member, alive};
        departure.ask_ring = !alive && !goes;
        leave_operational(now, departure);
        return join_in_gather(now, join);
    }
    if (goes) return;
    const bool echoed = hears_me(now, peers.presence(from.index));
    if (!echoed) return answer(now);
    if (const Member* old = member_at(from.index)) {
        leave_operational(now, {Cause::new_incarnation, false, kNoNode, *old});
        return join_in_gather(now, join);
    }
    admit_alone(now);
}

void Former::Impl::merge_in_operational(Instant now, const wire::Merge& merge) {
    const Member& from = merge.control.sender;
    if (is_member(from)) return;
    if (!hears_me(now, peers.presence(from.index))) return answer(now);
    admit_alone(now);
}

/// The member of my ring with that index, if any.
const Member* Former::Impl::member_at(NodeIndex index) const {
    const auto has_index = [index](const Member& member) { return member.index == index; };
    const auto found = std::find_if(members.begin(), members.end(), has_index);
    return found == members.end() ? nullptr : found;
}

/// The veto (protocol.md 3.5): whatever the reason, from here on no token of this ring is taken.
void Former::Impl::leave_operational(Instant now, const Departure& departure) {
    upcalls.stop_ring_fn(upcalls.engine, now);
    if (operational.draining) upcalls.set_draining_fn(upcalls.engine, now, false);
    episode = {};
    episode.since = now;
    episode.token_alive = departure.token_alive;
    NodeIndex suspect = departure.suspect;
    if (departure.ask_ring) suspect = upcalls.suspect_fn(upcalls.engine);
    episode.suspect = suspect == me.index ? kNoNode : suspect;
    for (const Member& member : members) insert(episode.sets.proc, member);
    for (const Member& outsider : operational.outsiders) insert(episode.sets.proc, outsider);
    if (departure.failed) fail_member(episode.sets, *departure.failed);
    const bool leaver_kept = mutant(Mutant::leaver_kept);
    if (operational.leaver && *operational.leaver != me && !leaver_kept) {
        fail_member(episode.sets, *operational.leaver);
        episode.leavers.push_back(*operational.leaver);
    }
    enter(now, State::gather, departure.cause);
    gather.announced = departure.token_alive && members.size() > 1;
    if (leaving) timers.arm(Timer::leave_by, now + kFarewellJoins * times.join_interval);
    send_join(now);
}

/// Asked for by a token visit, done when the ring may be called again.
void Former::Impl::start_drain(Instant now) {
    operational.draining = true;
    timers.arm(Timer::operational_drained_by, now + times.token_loss);
    upcalls.set_draining_fn(upcalls.engine, now, true);
}

/// Everything is stable, or patience is over: nothing depends on the drain being complete (4.6).
void Former::Impl::on_drained(Instant now) {
    if (!operational.draining) return;
    const Cause why = operational.leaver ? Cause::leave_seen : Cause::merge_seen;
    leave_operational(now, {why, true, kNoNode, {}});
}

}  // namespace torc::membership
