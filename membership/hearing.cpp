// JOIN and MERGE as every state hears them: freshness, who hears whom, answers, and a second daemon
// under my own index. Then the state decides (gather.cpp, form.cpp, recover.cpp, operational.cpp).
#include "membership/epoch.hpp"
#include "membership/impl.hpp"

namespace torc::membership {
namespace {

/// Indices that this cluster has; a decoder cannot know that.
bool are_known(const wire::EpisodeSet& set, std::size_t nodes) {
    for (const Member& member : set) {
        if (raw(member.index) >= nodes || raw(member.incarnation) == 0) return false;
    }
    return true;
}

}  // namespace

void Former::Impl::on_join(Instant now, const wire::Join& join) {
    if (!is_plausible(join.max_epoch_seen) || !are_known(join.proc_set, nodes) ||
        !are_known(join.fail_set, nodes)) {
        return count(CounterId::control_malformed);
    }
    if (!peers.note_presence(join.control)) return count(CounterId::control_stale);
    Presence& presence = note_presence(now, join.control, join.hears, Presence::Kind::join);
    presence.leaving = (join.flags & wire::kJoinLeaving) != 0;
    presence.ring = join.old_ring;
    presence.fail = join.fail_set;
    highest_heard = std::max(highest_heard, join.max_epoch_seen);
    if (join.control.sender.index == me.index) on_own_index(now, presence);
    switch (state) {
        case State::boot:
        case State::left:
            return;
        case State::gather:
            return join_in_gather(now, join);
        case State::form:
            return join_in_form(now, join);
        case State::recover:
            return join_in_recover(now, join);
        case State::operational:
            return join_in_operational(now, join);
    }
}

void Former::Impl::on_merge(Instant now, const wire::Merge& merge) {
    if (!is_plausible(merge.max_epoch_seen) || !is_plausible(merge.ring.epoch) ||
        !merge.members.contains(merge.control.sender)) {
        return count(CounterId::control_malformed);
    }
    if (!peers.note_presence(merge.control)) return count(CounterId::control_stale);
    Presence& presence = note_presence(now, merge.control, merge.hears, Presence::Kind::merge);
    presence.leaving = false;
    presence.ring = merge.ring;
    presence.members = merge.members;
    highest_heard = std::max({highest_heard, merge.max_epoch_seen, merge.ring.epoch});
    if (merge.control.sender.index == me.index) return on_own_index(now, presence);
    switch (state) {
        case State::boot:
        case State::left:
        case State::form:
        case State::recover:
            return;
        case State::gather:
            if (!hears_me(now, presence)) answer(now);
            return;
        case State::operational:
            return merge_in_operational(now, merge);
    }
}

Presence& Former::Impl::note_presence(Instant now, const wire::Control& control,
                                      const wire::HearsList& hears, Presence::Kind kind) {
    Presence& presence = peers.presence(control.sender.index);
    presence.kind = kind;
    presence.incarnation = control.sender.incarnation;
    presence.at = now;
    presence.spent = false;
    presence.ctl = control.ctl;
    presence.echo = echo_in(hears);
    return presence;
}

std::uint64_t Former::Impl::echo_in(const wire::HearsList& hears) const {
    for (const wire::Hears& entry : hears) {
        if (entry.index == me.index &&
            entry.incarnation_low == static_cast<std::uint32_t>(raw(me.incarnation))) {
            return echoes.resolve(entry.ctl_low);
        }
    }
    return 0;
}

/// "y hears me": its newest message echoes one that I sent less than three merge probes ago.
bool Former::Impl::hears_me(Instant now, const Presence& presence) const {
    return presence.kind != Presence::Kind::none && echoes.is_recent(presence.echo, now);
}

/// Tells one who does not hear me that I am here; at most twice a join interval.
void Former::Impl::answer(Instant now) {
    const Instant soonest = answered_at + times.join_interval / 2;
    switch (state) {
        case State::boot:
        case State::form:
        case State::recover:
        case State::left:
            return;
        case State::gather:
            if (now >= soonest) send_join(now);
            return;  // the next JOIN is less than an interval away
        case State::operational:
            if (now >= soonest) return send_merge(now);
            timers.arm_no_later(Timer::operational_merge, soonest);
            return;
    }
}

/// A second daemon runs under my index, or did a moment ago. Whoever of the two never installed a
/// ring gives way to the one who did; between equals the larger incarnation goes. Nobody
/// goes on hearsay or for a ghost: the other must echo what I sent just now.
void Former::Impl::on_own_index(Instant now, const Presence& other) {
    count(CounterId::own_index_heard);
    if (other.leaving) return;
    if (!hears_me(now, other)) return answer(now);
    const bool other_installed = other.ring.epoch != 0;
    const bool i_go =
        (ring.epoch != 0) == other_installed ? other.incarnation < me.incarnation : other_installed;
    if (i_go) return go(now, Cause::duplicate_index);
    answer(now);
}

}  // namespace torc::membership
