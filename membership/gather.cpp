// GATHER: who lives, and do all who live say the same? (protocol.md 4.3; Totem 1995, section 5.)
//
// May arrive: JOIN (merged), MERGE (answered, hearing.cpp), PROPOSE of a coordinator that is one
// message ahead (form.cpp). Leaves: JOIN. Ends in FORM; or, for a leaver, when the others know.
#include <algorithm>

#include "membership/impl.hpp"

namespace torc::membership {

void Former::Impl::join_in_gather(Instant now, const wire::Join& join) {
    if (leaving) return note_farewell(now, join);
    const Member& from = join.control.sender;
    const bool goes = (join.flags & wire::kJoinLeaving) != 0;
    const std::size_t proc_before = episode.sets.proc.size();
    switch (merge_claim(episode.sets, me, {from, goes, join.proc_set, join.fail_set})) {
        case Merged::ignored:
            return;
        case Merged::overflow:
            return count(CounterId::episode_overflow);
        case Merged::unchanged:
            if (join.proc_set != episode.sets.proc || join.fail_set != episode.sets.fail) {
                tell_soon(now);
            }
            break;
        case Merged::grew:
            if (goes && !episode.leavers.full()) episode.leavers.push_back(from);
            sets_changed(now, episode.sets.proc.size() != proc_before);
            break;
    }
    note_suspect(now, join.suspect);
    if (join.proc_set == episode.sets.proc && join.fail_set == episode.sets.fail) {
        gather.agreed[raw(from.index)] = from.incarnation;
    }
    check_agreed(now);
}

/// Agreement begins anew, and everybody must hear why.
void Former::Impl::sets_changed(Instant now, bool proc_grew) {
    gather.agreed = {};
    gather.announced = false;
    gather.changed_at = now;
    gather.disagreeing_timeouts = 0;
    if (proc_grew) gather.proc_grew_at = now;
    timers.arm(Timer::gather_settle, now + times.join_interval / 2);
    timers.arm(Timer::gather_join, now + times.join_interval);
    send_join(now);
}

/// Somebody knows less than I do: the next JOIN need not wait for its whole interval.
void Former::Impl::tell_soon(Instant now) {
    timers.arm_no_later(Timer::gather_join, std::max(now, answered_at + times.join_interval / 4));
}

bool Former::Impl::has_agreed(const Member& member) const {
    return member == me || gather.agreed[raw(member.index)] == member.incarnation;
}

/// Not heard for a consensus timeout, counted from when it could be expected to speak.
bool Former::Impl::is_silent(Instant now, const Member& member) const {
    const Instant expected = std::max(gather.since, gather.proc_grew_at);
    return now - std::max(peers.heard_at(member), expected) >= times.consensus;
}

void Former::Impl::fail_silent(Instant now) {
    bool changed = false;
    const wire::EpisodeSet proc = episode.sets.proc;
    for (const Member& member : proc) {
        if (contains(episode.sets.fail, member) || has_agreed(member)) continue;
        if (!is_silent(now, member)) continue;
        if (!fail_member(episode.sets, member)) continue;
        count(CounterId::members_silent);
        changed = true;
    }
    if (changed) sets_changed(now, false);
}

/// Each survivor may name another one: the last hop before the dead member the right one, the
/// others their own living successor, who only has to speak.
void Former::Impl::note_suspect(Instant now, NodeIndex index) {
    if (index == me.index || raw(index) >= nodes || gather.suspects.test(raw(index))) return;
    gather.suspects.set(raw(index));
    timers.arm_no_later(Timer::gather_suspect,
                        std::max(now, gather.since + 2 * times.join_interval));
}

/// After whose hop the token vanished, and who said nothing since: need not be waited for (4.7).
void Former::Impl::fail_suspects(Instant now) {
    if (leaving || state != State::gather) return;
    bool changed = false;
    for (const Member& suspect : members) {
        if (suspect == me || !gather.suspects.test(raw(suspect.index))) continue;
        if (has_agreed(suspect) || peers.heard_at(suspect) >= gather.since) continue;
        if (contains(episode.sets.fail, suspect) || !fail_member(episode.sets, suspect)) continue;
        count(CounterId::members_silent);
        changed = true;
    }
    if (changed) sets_changed(now, false);
}

void Former::Impl::gather_join_tick(Instant now) {
    timers.arm(Timer::gather_join, now + times.join_interval);
    if (!leaving) {
        fail_silent(now);
        check_agreed(now);
        if (state != State::gather || gather.changed_at == now) return;
    }
    send_join(now);
}

/// The silent have fallen with the ticks of JOIN. Who speaks and still disagrees for the second
/// whole timeout without any change is excluded, the lowest first: everybody breaks the tie alike.
void Former::Impl::gather_consensus_tick(Instant now) {
    timers.arm(Timer::gather_consensus, now + times.consensus);
    if (leaving) return;
    fail_silent(now);
    const wire::EpisodeSet& proc = episode.sets.proc;
    const auto disagrees = [this](const Member& member) {
        return !contains(episode.sets.fail, member) && !has_agreed(member);
    };
    const auto lowest = std::find_if(proc.begin(), proc.end(), disagrees);
    if (lowest != proc.end() && gather.changed_at != now && ++gather.disagreeing_timeouts >= 2) {
        count(CounterId::members_disagreed);
        fail_member(episode.sets, Member{*lowest});
        sets_changed(now, false);
    }
    check_agreed(now);
}

void Former::Impl::check_agreed(Instant now) {
    if (state != State::gather || leaving) return;
    const auto agreed = members_of(episode.sets);
    if (!agreed) return;
    for (const Member& member : *agreed) {
        if (!has_agreed(member)) return;
    }
    // Half an interval of quiet for all, unless the token announced the sets and nobody knew more;
    // alone, a whole consensus timeout: the others may be late.
    Instant ready = gather.changed_at;
    if (!gather.announced) ready += times.join_interval / 2;
    if (agreed->size() == 1) ready = std::max(ready, gather.since + times.consensus);
    if (now < ready) return timers.arm(Timer::gather_settle, ready);
    if (agreed->front() == me) return propose(now);
    enter(now, State::form, Cause::agreed);
    form.members = *agreed;
}

}  // namespace torc::membership
