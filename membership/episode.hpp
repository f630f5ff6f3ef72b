// The sets that an episode of membership change grows: who might be in the next ring, and who will
// not. Pure functions; sets only ever grow, which is why gathering ends (protocol.md 4.3, 4.7).
//
// Paper: Amir, Moser, Melliar-Smith, Agarwal, Ciarfella (1995), proc_set and fail_set.
#pragma once

#include <optional>

#include "base/ids.hpp"
#include "wire/membership.hpp"

namespace torc::membership {

/// Both sets sorted; `fail` is within `proc`.
struct Episode {
    wire::EpisodeSet proc;
    wire::EpisodeSet fail;
    friend bool operator==(const Episode&, const Episode&) = default;
};

bool contains(const wire::EpisodeSet& sorted, const Member& member);
/// Keeps the order. Gives false if the member was there already, or if there is no room for it.
bool insert(wire::EpisodeSet& sorted, const Member& member);
bool is_within(const wire::EpisodeSet& part, const wire::EpisodeSet& whole);

/// Puts a member into both sets. Gives true if one of them grew.
bool fail_member(Episode& episode, const Member& member);

enum class Merged : std::uint8_t {
    ignored,    ///< the sender is in my fail_set, or contradicts itself
    unchanged,  ///< nothing in it was new
    grew,
    overflow,  ///< more members than an episode can name; mine is untouched
};

/// What a JOIN says, without the rest of it.
struct Claim {
    Member sender;
    bool leaving{false};
    const wire::EpisodeSet& proc;
    const wire::EpisodeSet& fail;
};

/// The GATHER row "JOIN j" of protocol.md 4.3. `me` never enters my own fail_set; who excludes me
/// or leaves is excluded and believed nothing else; an index lives in one incarnation, the one that
/// was heard last. Idempotent and monotone.
Merged merge_claim(Episode& mine, const Member& me, const Claim& claim);

/// Whether the claim, merged, would change mine: what takes a daemon from FORM back to GATHER.
bool would_widen(const Episode& mine, const Member& me, const Claim& claim);

/// proc without fail, sorted; nothing while an index stands in it with two incarnations.
std::optional<wire::MemberList> members_of(const Episode& episode);

}  // namespace torc::membership
