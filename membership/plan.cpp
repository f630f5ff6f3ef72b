#include "membership/plan.hpp"

#include <algorithm>

#include "base/mutants.hpp"
#include "membership/episode.hpp"

namespace torc::membership {
namespace {

bool holds(const wire::OldRingState& state, Seq seq) {
    if (seq <= state.aru) return true;
    if (seq > state.high) return false;
    return state.have.test(static_cast<std::size_t>(distance(state.aru, seq) - 1));
}

/// What one member of a ring knows to be everywhere is everywhere.
Seq joint_stable(Seq one, Seq other) {
    if (mutant(Mutant::stable_max_is_min)) return std::min(one, other);
    return std::max(one, other);
}

/// Marks in (low_aru, high_max] what none of the set holds.
void mark_holes(wire::RecoveryOrder& order, std::span<const PlanInput> inputs,
                std::span<const std::uint16_t> set_of, std::uint16_t set) {
    const std::uint64_t length = distance(order.low_aru, order.high_max);
    order.final_holes.resize(static_cast<std::size_t>(length));
    for (std::uint64_t bit = 0; bit < length; ++bit) {
        const Seq seq = order.low_aru + (bit + 1);
        bool held = false;
        for (std::size_t i = 0; i < inputs.size() && !held; ++i) {
            held = set_of[i] == set && holds(*inputs[i].state, seq);
        }
        if (!held) order.final_holes.set(static_cast<std::size_t>(bit));
    }
}

}  // namespace

std::uint16_t group_by_old_ring(std::span<const PlanInput> inputs,
                                std::span<std::uint16_t> set_of) {
    std::uint16_t sets = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::size_t first = 0;
        while (inputs[first].state->ring != inputs[i].state->ring) ++first;
        set_of[i] = first == i ? sets++ : set_of[first];
    }
    return sets;
}

std::optional<wire::RecoveryOrder> order_for(std::uint64_t epoch, std::span<const PlanInput> inputs,
                                             std::span<const std::uint16_t> set_of,
                                             std::uint16_t set) {
    wire::RecoveryOrder order;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (set_of[i] != set) continue;
        const wire::OldRingState& state = *inputs[i].state;
        if (order.together.empty()) {
            order.old_ring = state.ring;
            order.transitional = RingId{epoch, inputs[i].member.index};
            order.low_aru = state.aru;
            order.stable_max = state.stable;
        }
        order.together.push_back(inputs[i].member);
        order.low_aru = std::min(order.low_aru, state.aru);
        order.stable_max = joint_stable(order.stable_max, state.stable);
        order.high_max = std::max(order.high_max, state.high);
        for (const Member& member : state.obligations) {
            if (contains(order.obligations, member)) continue;
            if (!insert(order.obligations, member)) return std::nullopt;
        }
    }
    if (order.together.empty() || order.stable_max > order.low_aru ||
        distance(order.low_aru, order.high_max) > kWindowFrames) {
        return std::nullopt;
    }
    mark_holes(order, inputs, set_of, set);
    return order;
}

std::optional<Member> contradicting(std::span<const PlanInput> inputs, const Member& me) {
    for (const PlanInput& one : inputs) {
        for (const PlanInput& other : inputs) {
            if (one.state->ring != other.state->ring) continue;
            if (one.state->aru < other.state->stable ||
                (one.state->aru < other.state->high &&
                 distance(one.state->aru, other.state->high) > kWindowFrames)) {
                return one.member == me ? other.member : one.member;
            }
        }
    }
    return std::nullopt;
}

bool agrees_with(const wire::RecoveryOrder& order, const wire::OldRingState& mine) {
    if (order.old_ring != mine.ring || order.low_aru > mine.aru || order.high_max < mine.high ||
        order.stable_max < mine.stable || order.stable_max > mine.aru ||
        order.high_max < order.low_aru) {
        return false;
    }
    const std::uint64_t length = distance(order.low_aru, order.high_max);
    if (order.final_holes.size() != length) return false;
    for (std::uint64_t bit = 0; bit < length; ++bit) {
        if (!order.final_holes.test(static_cast<std::size_t>(bit))) continue;
        if (holds(mine, order.low_aru + (bit + 1))) return false;
    }
    for (const Member& member : mine.obligations) {
        if (!contains(order.obligations, member)) return false;
    }
    return true;
}

bool is_sane(const wire::OldRingState& state) {
    return state.stable <= state.aru && state.aru <= state.high &&
           distance(state.aru, state.high) <= kWindowFrames &&
           state.have.size() == distance(state.aru, state.high);
}

}  // namespace torc::membership
