// How a running ring opens for outsiders: only if every member hears them and is heard, now. The
// token carries the candidates once around; what comes back to the writer was accepted by all
// (protocol.md 4.3, "Admission of outsiders").
#include <algorithm>

#include "base/mutants.hpp"
#include "membership/impl.hpp"

namespace torc::membership {
namespace {

std::uint32_t low(Incarnation incarnation) { return static_cast<std::uint32_t>(raw(incarnation)); }

}  // namespace

/// Called from within ordering: changes the token, sets timers, calls nobody.
void Former::Impl::visit_token(Instant now, wire::Token& token) {
    if (leaving && !token.has(wire::kTokenLeaving)) {
        token.leaver = me.index;
        token.flags |= wire::kTokenLeaving;
    }
    if (token.has(wire::kTokenLeaving) && !operational.leaver) {
        if (const Member* leaver = member_at(token.leaver)) operational.leaver = *leaver;
    }
    if (!token.has(wire::kTokenMergeSeen) && !leaving) rotate_candidates(now, token);
    if (token.has(wire::kTokenMergeSeen)) note_outsiders(token);
    const bool must_drain = token.has(wire::kTokenMergeSeen) || token.has(wire::kTokenLeaving);
    if (must_drain && !operational.draining) timers.arm_no_later(Timer::operational_drain, now);
}

void Former::Impl::rotate_candidates(Instant now, wire::Token& token) {
    const bool back_at_writer = !token.candidates.empty() && token.candidates_by == me.index;
    for (std::size_t i = token.candidates.size(); i-- > 0;) {
        const wire::Candidate candidate = token.candidates[i];
        const bool admissible = is_admissible(now, candidate.index, candidate.incarnation_low);
        if (!admissible && !mutant(Mutant::admission_veto_removed)) {
            token.candidates.erase_at(i);
        }
    }
    if (back_at_writer && !token.candidates.empty()) {
        token.flags |= wire::kTokenMergeSeen;
        count(CounterId::outsiders_admitted);
        return;
    }
    if (!token.candidates.empty()) return;
    token.candidates_by = kNoNode;
    if (!some_daemon_is_missing()) return;  // a visit of each token: at 128 nodes it tells
    for (std::size_t i = 0; i < nodes && !token.candidates.full(); ++i) {
        const NodeIndex index{static_cast<std::uint16_t>(i)};
        if (!may_invite(now, index)) continue;
        token.candidates.push_back({index, low(peers.presence(index).incarnation)});
        token.candidates_by = me.index;
    }
}

/// Admissible, and no back-off speaks against writing it down; who gathers is let in regardless.
bool Former::Impl::may_invite(Instant now, NodeIndex index) const {
    const Presence& presence = peers.presence(index);
    if (!is_admissible(now, index, low(presence.incarnation))) return false;
    return presence.kind == Presence::Kind::join ||
           back_off.may_invite(now, Member{index, presence.incarnation});
}

/// Heard within three merge probes and since it was last excluded, hears me, stays, and its index
/// is free.
bool Former::Impl::is_reachable_outsider(Instant now, NodeIndex index) const {
    const Presence& presence = peers.presence(index);
    return presence.kind != Presence::Kind::none && !presence.leaving && !presence.spent &&
           now - presence.at <= 3 * times.merge_probe && hears_me(now, presence) &&
           member_at(index) == nullptr;
}

/// protocol.md's "acceptable". A JOIN must not exclude one of us; of a MERGE's ring every member
/// must be in reach of mine.
bool Former::Impl::is_admissible(Instant now, NodeIndex index,
                                 std::uint32_t incarnation_low) const {
    if (raw(index) >= nodes || !is_reachable_outsider(now, index)) return false;
    const Presence& presence = peers.presence(index);
    if (low(presence.incarnation) != incarnation_low) return false;
    if (presence.kind == Presence::Kind::join) {
        return std::none_of(members.begin(), members.end(),
                            [&](const Member& member) { return contains(presence.fail, member); });
    }
    return std::all_of(presence.members.begin(), presence.members.end(), [&](const Member& other) {
        return raw(other.index) < nodes && is_reachable_outsider(now, other.index) &&
               peers.presence(other.index).incarnation == other.incarnation;
    });
}

/// MERGE_SEEN tells all members in order whom to expect.
void Former::Impl::note_outsiders(const wire::Token& token) {
    for (const wire::Candidate& candidate : token.candidates) {
        if (raw(candidate.index) >= nodes || member_at(candidate.index) != nullptr) continue;
        const Presence& presence = peers.presence(candidate.index);
        const Member outsider{candidate.index, presence.incarnation};
        if (presence.kind == Presence::Kind::none) continue;
        if (low(presence.incarnation) != candidate.incarnation_low) continue;
        if (!operational.outsiders.contains(outsider)) operational.outsiders.push_back(outsider);
    }
}

/// A ring of one has no token to ask with, and nobody else to ask; nothing to drain either.
void Former::Impl::admit_alone(Instant now) {
    if (state != State::operational || members.size() != 1 || leaving) return;
    for (std::size_t i = 0; i < nodes; ++i) {
        const NodeIndex index{static_cast<std::uint16_t>(i)};
        if (!may_invite(now, index)) continue;
        operational.outsiders.push_back({index, peers.presence(index).incarnation});
    }
    if (operational.outsiders.empty()) return;
    count(CounterId::outsiders_admitted);
    leave_operational(now, {Cause::merge_seen, true, kNoNode, {}});
}

/// While a configured daemon is missing, every member says MERGE each probe, give or take a
/// quarter.
void Former::Impl::schedule_merge(Instant now) {
    if (!some_daemon_is_missing()) return;
    const auto probe = static_cast<std::uint64_t>(times.merge_probe.count());
    const std::uint64_t wait = probe - probe / 4 + prng.below(probe / 2 + 1);
    timers.arm(Timer::operational_merge, now + Nanos{static_cast<std::int64_t>(wait)});
}

}  // namespace torc::membership
