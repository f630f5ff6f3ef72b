// RECOVER: the members of the next ring fill each other's gaps on its token; ordering does that
// (protocol.md 4.4). Here is what ends it: the install, or something that makes it pointless.
//
// May arrive: JOIN of a member that already gave up. Leaves: the coordinator's PLAN, until the
// recovery token came back once.
#include "base/check.hpp"
#include "membership/impl.hpp"

namespace torc::membership {

void Former::Impl::join_in_recover(Instant now, const wire::Join& join) {
    const bool of_ring = place_of(join.control.sender).has_value();
    if (!of_ring || join.max_epoch_seen < form.attempt.epoch) return;
    back_to_gather(now, Cause::member_restarted_gather);
    join_in_gather(now, join);
}

/// From FORM or RECOVER: same episode, same sets; agreement begins anew.
void Former::Impl::back_to_gather(Instant now, Cause why) {
    if (state == State::recover) upcalls.abandon_recovery_fn(upcalls.engine);
    enter(now, State::gather, why);
    send_join(now);
}

/// Called from within ordering: sets timers, calls nobody.
void Former::Impl::installed(Instant now, const RingId& id, const wire::MemberList& of_ring) {
    TORC_CHECK(state == State::recover && of_ring.contains(me));
    ring = id;
    members = of_ring;
    for (const Member& member : episode.sets.fail) {
        // What it said before we went on without it must not open this ring at once.
        Presence& presence = peers.presence(member.index);
        if (presence.incarnation == member.incarnation) presence.spent = true;
        if (member_at(member.index) != nullptr || episode.leavers.contains(member)) continue;
        back_off.excluded(now, member, now - episode.since);
    }
    episode = {};
    enter(now, State::operational, Cause::installed);
}

}  // namespace torc::membership
