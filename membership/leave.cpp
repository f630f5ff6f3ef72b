// Leaving in good order (protocol.md 4.6): the token tells all, the ring drains, the leaver says
// JOIN with LEAVING, and goes when the others have put it into their fail_set. Nobody waits for a
// timeout; the leaver itself waits a bounded time.
#include "membership/impl.hpp"

namespace torc::membership {

void Former::Impl::leave(Instant now) {
    if (leaving) return;
    leaving = true;
    switch (state) {
        case State::boot:  // start() goes at once
        case State::left:
            return;
        case State::gather:
        case State::form:
        case State::recover:
            return go(now, Cause::left);
        case State::operational:
            if (members.size() == 1) return go(now, Cause::left);
            // Time for the token to come by, be drained and come by again.
            timers.arm(Timer::leave_by, now + 2 * times.token_loss);
            return;
    }
}

void Former::Impl::leave_patience_over(Instant now) {
    if (state != State::operational) return go(now, Cause::left);
    leave_operational(now, {Cause::leave_seen, operational.draining, kNoNode, {}});
}

/// Who excludes me knows that I go.
void Former::Impl::note_farewell(Instant now, const wire::Join& join) {
    const Member& from = join.control.sender;
    const bool knows = contains(join.fail_set, me) || (join.flags & wire::kJoinLeaving) != 0;
    if (!knows || !is_member(from) || gather.farewells.contains(from)) return;
    gather.farewells.push_back(from);
    if (gather.farewells.size() + 1 == members.size()) go(now, Cause::left);
}

/// The end: one last JOIN says so, whatever the state was.
void Former::Impl::go(Instant now, Cause why) {
    leaving = true;
    switch (state) {
        case State::boot:
        case State::gather:
        case State::form:
        case State::left:
            break;
        case State::recover:
            upcalls.abandon_recovery_fn(upcalls.engine);
            break;
        case State::operational:
            upcalls.stop_ring_fn(upcalls.engine, now);
            for (const Member& member : members) insert(episode.sets.proc, member);
            break;
    }
    send_join(now);
    enter(now, State::left, why);
}

}  // namespace torc::membership
