#include "membership/episode.hpp"

#include <algorithm>

#include "base/mutants.hpp"

namespace torc::membership {
namespace {

/// False if there is no room.
bool unite(wire::EpisodeSet& into, const wire::EpisodeSet& from) {
    for (const Member& member : from) {
        if (contains(into, member)) continue;
        if (into.full()) return false;
        insert(into, member);
    }
    return true;
}

/// An index has one living incarnation; every other one that was named has failed.
bool fail_other_incarnations(Episode& episode, const Member& living) {
    for (const Member& member : episode.proc) {
        if (member.index != living.index || member == living) continue;
        if (mutant(Mutant::incarnations_confused)) continue;
        if (contains(episode.fail, member)) continue;
        if (episode.fail.full()) return false;
        insert(episode.fail, member);
    }
    return true;
}

bool merge_into(Episode& next, const Member& me, const Claim& claim) {
    if (!unite(next.proc, {claim.sender})) return false;
    // A daemon under my own index is never believed either: one of us two is a mistake.
    const bool excludes_me = contains(claim.fail, me) && !mutant(Mutant::exclusion_not_mutual);
    if (claim.leaving || excludes_me || claim.sender.index == me.index) {
        if (!unite(next.fail, {claim.sender})) return false;
    } else {
        if (!unite(next.proc, claim.proc) || !unite(next.proc, claim.fail)) return false;
        if (!unite(next.fail, claim.fail)) return false;
        if (!fail_other_incarnations(next, claim.sender)) return false;
    }
    return fail_other_incarnations(next, me);
}

}  // namespace

bool contains(const wire::EpisodeSet& sorted, const Member& member) {
    return std::binary_search(sorted.begin(), sorted.end(), member);
}

bool insert(wire::EpisodeSet& sorted, const Member& member) {
    if (sorted.full() || contains(sorted, member)) return false;
    const auto place = std::upper_bound(sorted.begin(), sorted.end(), member) - sorted.begin();
    sorted.push_back(member);
    std::rotate(sorted.begin() + place, sorted.end() - 1, sorted.end());
    return true;
}

bool is_within(const wire::EpisodeSet& part, const wire::EpisodeSet& whole) {
    return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

bool fail_member(Episode& episode, const Member& member) {
    const bool in_proc = insert(episode.proc, member);
    const bool in_fail = insert(episode.fail, member);
    return in_proc || in_fail;
}

Merged merge_claim(Episode& mine, const Member& me, const Claim& claim) {
    if (claim.sender == me || contains(mine.fail, claim.sender)) return Merged::ignored;
    if (contains(claim.fail, claim.sender)) return Merged::ignored;
    Episode next = mine;
    if (!merge_into(next, me, claim)) return Merged::overflow;
    if (next == mine) return Merged::unchanged;
    mine = next;
    return Merged::grew;
}

bool would_widen(const Episode& mine, const Member& me, const Claim& claim) {
    Episode copy = mine;
    return merge_claim(copy, me, claim) == Merged::grew;
}

std::optional<wire::MemberList> members_of(const Episode& episode) {
    wire::MemberList members;
    for (const Member& member : episode.proc) {
        if (contains(episode.fail, member)) continue;
        if (!members.empty() && members.back().index == member.index) return std::nullopt;
        if (members.full()) return std::nullopt;
        members.push_back(member);
    }
    return members;
}

}  // namespace torc::membership
