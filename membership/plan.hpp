// From what each member holds of its old ring to what PLAN orders for that ring. Pure; the algebra
// of protocol.md 4.4: stable and high are maxima, holes the intersection of what is missing,
// obligations the union.
//
// Paper: Amir, "Replication using group communication over a partitioned network" (1995).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "wire/membership.hpp"

namespace torc::membership {

/// One member of the ring being formed and what it answered; `state` may be null where only the
/// grouping matters.
struct PlanInput {
    Member member;
    const wire::OldRingState* state{nullptr};
};

/// Numbers the old rings in the order of their first member and gives their count.
std::uint16_t group_by_old_ring(std::span<const PlanInput> inputs, std::span<std::uint16_t> set_of);

/// The order for old ring number `set`. Inputs sorted by member.
/// Fails: nothing if the states contradict each other (see contradicting()).
std::optional<wire::RecoveryOrder> order_for(std::uint64_t epoch, std::span<const PlanInput> inputs,
                                             std::span<const std::uint16_t> set_of,
                                             std::uint16_t set);

/// The first member whose state cannot be true beside those of the others that come from the same
/// ring: it lacks what somebody knows to be everywhere. Nothing among honest members. `me` is never
/// the one to blame.
std::optional<Member> contradicting(std::span<const PlanInput> inputs, const Member& me);

/// Whether a PLAN's order can be true of the state that I answered with: it loses nothing that I
/// hold and ends nowhere before what I have.
bool agrees_with(const wire::RecoveryOrder& order, const wire::OldRingState& mine);

/// Whether the numbers of a state can be those of one daemon.
bool is_sane(const wire::OldRingState& state);

}  // namespace torc::membership
