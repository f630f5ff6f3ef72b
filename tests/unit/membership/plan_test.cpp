// PLAN's algebra: maxima, intersections, unions, and what is refused.
#include "membership/plan.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "membership/episode.hpp"

namespace torc::membership::test {
namespace {

Member member(unsigned index) {
    return {NodeIndex{static_cast<std::uint16_t>(index)}, Incarnation{100 + index}};
}

constexpr RingId kRing{7 << 24, NodeIndex{0}};
constexpr RingId kOther{9 << 24, NodeIndex{3}};

/// A state with these seqs above its aru.
wire::OldRingState state_of(RingId ring, std::uint64_t stable, std::uint64_t aru,
                            std::uint64_t high, std::initializer_list<std::uint64_t> held = {}) {
    wire::OldRingState state;
    state.ring = ring;
    state.stable = Seq{stable};
    state.aru = Seq{aru};
    state.high = Seq{high};
    state.have.resize(high - aru);
    for (const std::uint64_t seq : held) state.have.set(seq - aru - 1);
    return state;
}

TEST(Plan, TakesMaximaAndKeepsAsHolesWhatNobodyHas) {
    auto a = state_of(kRing, 5, 10, 14, {12, 14});
    auto b = state_of(kRing, 8, 11, 16, {13, 16});
    a.obligations = {member(0), member(4)};
    b.obligations = {member(1), member(4)};
    const std::array<PlanInput, 2> inputs{PlanInput{member(0), &a}, PlanInput{member(1), &b}};
    std::array<std::uint16_t, 2> set_of{};
    ASSERT_EQ(group_by_old_ring(inputs, set_of), 1);
    const auto order = order_for(99, inputs, set_of, 0);
    ASSERT_TRUE(order.has_value());
    EXPECT_EQ(order->old_ring, kRing);
    EXPECT_EQ(order->transitional, (RingId{99, NodeIndex{0}}));
    EXPECT_EQ(order->low_aru, Seq{10});
    EXPECT_EQ(order->stable_max, Seq{8});
    EXPECT_EQ(order->high_max, Seq{16});
    ASSERT_EQ(order->final_holes.size(), 6u);
    EXPECT_EQ(order->final_holes.count(), 1u);
    EXPECT_TRUE(order->final_holes.test(15 - 10 - 1));
    EXPECT_EQ(order->obligations, (wire::EpisodeSet{member(0), member(1), member(4)}));
    EXPECT_TRUE(agrees_with(*order, a));
    EXPECT_TRUE(agrees_with(*order, b));
}

TEST(Plan, EachOldRingHasItsOwnOrder) {
    const auto a = state_of(kRing, 1, 2, 2);
    const auto b = state_of(kOther, 3, 4, 4);
    const auto c = state_of(kRing, 2, 2, 3, {3});
    const std::array<PlanInput, 3> inputs{PlanInput{member(1), &a}, PlanInput{member(3), &b},
                                          PlanInput{member(5), &c}};
    std::array<std::uint16_t, 3> set_of{};
    ASSERT_EQ(group_by_old_ring(inputs, set_of), 2);
    EXPECT_EQ(set_of, (std::array<std::uint16_t, 3>{0, 1, 0}));
    const auto first = order_for(50, inputs, set_of, 0);
    const auto second = order_for(50, inputs, set_of, 1);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->together, (wire::MemberList{member(1), member(5)}));
    EXPECT_EQ(first->transitional, (RingId{50, NodeIndex{1}}));
    EXPECT_EQ(second->together, (wire::MemberList{member(3)}));
    EXPECT_EQ(second->transitional, (RingId{50, NodeIndex{3}}));
    EXPECT_EQ(first->high_max, Seq{3});
}

TEST(Plan, AStateThatLacksWhatIsEverywhereIsALie) {
    const auto honest = state_of(kRing, 9, 10, 10);
    const auto lie = state_of(kRing, 1, 2, 3);
    const std::array<PlanInput, 2> inputs{PlanInput{member(0), &honest},
                                          PlanInput{member(1), &lie}};
    std::array<std::uint16_t, 2> set_of{};
    group_by_old_ring(inputs, set_of);
    EXPECT_FALSE(order_for(50, inputs, set_of, 0).has_value());
    EXPECT_EQ(contradicting(inputs, member(0)), member(1));
    // Whoever looks is never the one to go.
    EXPECT_EQ(contradicting(inputs, member(1)), member(0));
}

TEST(Plan, ASpanBeyondAnyWindowIsALie) {
    const auto honest = state_of(kRing, 1, 2, 2);
    const auto lie = state_of(kRing, 1, 2 + 5 * kWindowFrames, 2 + 5 * kWindowFrames);
    const std::array<PlanInput, 2> inputs{PlanInput{member(0), &honest},
                                          PlanInput{member(1), &lie}};
    std::array<std::uint16_t, 2> set_of{};
    group_by_old_ring(inputs, set_of);
    EXPECT_FALSE(order_for(50, inputs, set_of, 0).has_value());
    EXPECT_EQ(contradicting(inputs, member(0)), member(1));
}

TEST(Plan, AnOrderThatLosesWhatIHoldIsRefused) {
    const auto mine = state_of(kRing, 5, 10, 14, {12, 14});
    const std::array<PlanInput, 1> inputs{PlanInput{member(0), &mine}};
    std::array<std::uint16_t, 1> set_of{};
    group_by_old_ring(inputs, set_of);
    const wire::RecoveryOrder good = *order_for(50, inputs, set_of, 0);
    ASSERT_TRUE(agrees_with(good, mine));

    wire::RecoveryOrder bad = good;
    bad.final_holes.set(1);  // 12, which I hold
    EXPECT_FALSE(agrees_with(bad, mine));
    bad = good;
    bad.high_max = Seq{13};
    bad.final_holes.resize(3);
    EXPECT_FALSE(agrees_with(bad, mine));
    bad = good;
    bad.stable_max = Seq{11};
    EXPECT_FALSE(agrees_with(bad, mine));
    bad = good;
    bad.old_ring = kOther;
    EXPECT_FALSE(agrees_with(bad, mine));
    bad = good;
    bad.low_aru = Seq{11};
    EXPECT_FALSE(agrees_with(bad, mine));
}

TEST(Plan, InsaneStatesAreTold) {
    EXPECT_TRUE(is_sane(state_of(kRing, 1, 2, 5)));
    EXPECT_FALSE(is_sane(state_of(kRing, 3, 2, 5)));
    auto wrong_size = state_of(kRing, 1, 2, 5);
    wrong_size.have.resize(1);
    EXPECT_FALSE(is_sane(wrong_size));
    wire::OldRingState backwards;
    backwards.aru = Seq{9};
    EXPECT_FALSE(is_sane(backwards));
}

// --- properties --------------------------------------------------------------------------------

/// Honest states of one ring: every member holds everything up to a common stable point.
std::vector<wire::OldRingState> honest_states() {
    const auto count = *rc::gen::inRange<std::size_t>(1, 6);
    const auto stable_everywhere = *rc::gen::inRange<std::uint64_t>(0, 20);
    std::vector<wire::OldRingState> states;
    for (std::size_t i = 0; i < count; ++i) {
        wire::OldRingState state;
        state.ring = kRing;
        state.stable = Seq{*rc::gen::inRange<std::uint64_t>(0, stable_everywhere + 1)};
        state.aru = Seq{stable_everywhere + *rc::gen::inRange<std::uint64_t>(0, 10)};
        state.high = state.aru + *rc::gen::inRange<std::uint64_t>(0, 80);
        state.have.resize(distance(state.aru, state.high));
        for (std::size_t bit = 0; bit < state.have.size(); ++bit) {
            if (*rc::gen::inRange<int>(0, 3) != 0) state.have.set(bit);
        }
        insert(state.obligations, member(*rc::gen::inRange<unsigned>(0, 20)));
        states.push_back(state);
    }
    return states;
}

bool holds(const wire::OldRingState& state, Seq seq) {
    return seq <= state.aru || (seq <= state.high && state.have.test(distance(state.aru, seq) - 1));
}

RC_GTEST_PROP(PlanProperty, OrderIsWhatTheTextSays, ()) {
    const auto states = honest_states();
    FixedVec<PlanInput, 8> inputs;
    for (unsigned i = 0; i < states.size(); ++i) inputs.push_back({member(i), &states[i]});
    std::array<std::uint16_t, 8> set_of{};
    RC_ASSERT(group_by_old_ring(inputs.span(), set_of) == 1);
    RC_ASSERT(!contradicting(inputs.span(), member(0)).has_value());
    const auto order = order_for(77, inputs.span(), set_of, 0);
    RC_ASSERT(order.has_value());
    for (Seq seq = order->low_aru.next(); seq <= order->high_max; seq = seq.next()) {
        const bool held = std::any_of(states.begin(), states.end(),
                                      [&](const auto& state) { return holds(state, seq); });
        RC_ASSERT(order->final_holes.test(distance(order->low_aru, seq) - 1) != held);
    }
    for (const auto& state : states) {
        RC_ASSERT(state.stable <= order->stable_max && order->stable_max <= state.aru);
        RC_ASSERT(order->low_aru <= state.aru && state.high <= order->high_max);
        RC_ASSERT(is_within(state.obligations, order->obligations));
        RC_ASSERT(agrees_with(*order, state));
    }
}

RC_GTEST_PROP(PlanProperty, AnOrderAppliedTwiceIsTheSame, ()) {
    // A member that recovered holds everything but the holes; a second attempt changes nothing.
    const auto states = honest_states();
    FixedVec<PlanInput, 8> inputs;
    for (unsigned i = 0; i < states.size(); ++i) inputs.push_back({member(i), &states[i]});
    std::array<std::uint16_t, 8> set_of{};
    group_by_old_ring(inputs.span(), set_of);
    const wire::RecoveryOrder first = *order_for(77, inputs.span(), set_of, 0);

    std::vector<wire::OldRingState> recovered = states;
    for (auto& state : recovered) {
        state.aru = first.low_aru;
        state.high = first.high_max;
        state.stable = first.stable_max;
        state.obligations = first.obligations;
        state.have = wire::HaveBitmap{};
        state.have.resize(first.final_holes.size());
        for (std::size_t bit = 0; bit < state.have.size(); ++bit) {
            if (!first.final_holes.test(bit)) state.have.set(bit);
        }
    }
    FixedVec<PlanInput, 8> again;
    for (unsigned i = 0; i < recovered.size(); ++i) again.push_back({member(i), &recovered[i]});
    RC_ASSERT(*order_for(77, again.span(), set_of, 0) == first);
}

}  // namespace
}  // namespace torc::membership::test
