// FORM and RECOVER, message by message, as a member and as the coordinator.
#include <gtest/gtest.h>

#include "membership/epoch.hpp"
#include "tests/unit/membership/solo.hpp"

namespace torc::membership::test {
namespace {

constexpr std::uint64_t kEpoch = std::uint64_t{5} << kSaltBits;

/// Daemon 1 has agreed with 0 and 2 and waits for the PROPOSE of 0.
class Member1 : public testing::Test {
protected:
    Member1() {
        solo.receive(solo.join_of(member(0), three));
        solo.receive(solo.join_of(member(2), three));
        solo.run_for(11ms);
        EXPECT_EQ(solo.state(), State::form);
    }
    wire::EpisodeSet three = set_of({member(0), member(1), member(2)});
    Solo solo{1};
};

TEST_F(Member1, AnswersOncePerAttemptAndRepeatsTheSame) {
    solo.ring.old.aru = solo.ring.old.high = Seq{9};
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive(propose);
    ASSERT_EQ(solo.sent(wire::Kind::state), 1u);
    EXPECT_EQ(solo.last<wire::State>()->attempt, propose.attempt);
    EXPECT_EQ(solo.last<wire::State>()->old_ring.aru, Seq{9});
    solo.ring.old.aru = solo.ring.old.high = Seq{12};  // must not show: frozen
    solo.receive(propose);
    ASSERT_EQ(solo.sent(wire::Kind::state), 2u);
    EXPECT_EQ(solo.last<wire::State>()->old_ring.aru, Seq{9});
    EXPECT_EQ(solo.ring.snapshots, 1);
}

TEST_F(Member1, SaysNoJoinAfterItAnswered) {
    solo.receive(solo.propose_of(member(0), kEpoch, three));
    solo.forget_sent();
    solo.run_for(140ms);
    EXPECT_EQ(solo.sent(wire::Kind::join), 0u);
    solo.run_for(20ms);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::form_timeout);
    EXPECT_EQ(solo.last<wire::Join>()->max_epoch_seen, kEpoch);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, three);
}

TEST_F(Member1, SaysJoinUntilProposeComes) {
    solo.forget_sent();
    solo.run_for(90ms);
    EXPECT_EQ(solo.state(), State::form);
    EXPECT_EQ(solo.sent(wire::Kind::join), 4u);
}

TEST_F(Member1, RefusesProposesThatAreNotItsOwnRing) {
    solo.receive(solo.propose_of(member(0), kEpoch, set_of({member(0), member(1)})));
    solo.receive(solo.propose_of(member(2), kEpoch, three));  // not the lowest
    auto stranger = solo.propose_of(member(0), kEpoch, three);
    stranger.attempt.coordinator = NodeIndex{2};
    solo.receive(stranger);
    EXPECT_EQ(solo.sent(wire::Kind::state), 0u);
    EXPECT_EQ(solo.ring.snapshots, 0);
}

TEST_F(Member1, AUsedEpochIsAnsweredWithOneJoin) {
    solo.receive(solo.propose_of(member(0), kEpoch, three));
    solo.run_for(151ms);  // timed out, epoch used
    solo.receive(solo.join_of(member(0), three));
    solo.receive(solo.join_of(member(2), three));
    solo.run_for(15ms);
    ASSERT_EQ(solo.state(), State::form);
    solo.forget_sent();
    auto again = solo.propose_of(member(0), kEpoch, three);
    again.attempt.nonce = 78;
    solo.receive(again);
    solo.receive(again);
    EXPECT_EQ(solo.sent(wire::Kind::state), 0u);
    ASSERT_EQ(solo.sent(wire::Kind::join), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->max_epoch_seen, kEpoch);
}

TEST_F(Member1, ANewerAttemptIsAnsweredAnew) {
    solo.receive(solo.propose_of(member(0), kEpoch, three));
    const auto next = solo.propose_of(member(0), kEpoch + (1 << kSaltBits), three);
    solo.receive(next);
    EXPECT_EQ(solo.ring.snapshots, 2);
    EXPECT_EQ(solo.last<wire::State>()->attempt, next.attempt);
}

TEST_F(Member1, PlanOfTheAttemptAnsweredLastBringsRecover) {
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive(propose);
    solo.receive(solo.state_of(member(2), propose.attempt));  // overheard
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1), member(2)});
    EXPECT_EQ(solo.state(), State::recover);
    EXPECT_TRUE(solo.ring.recovering);
    EXPECT_EQ(solo.ring.plan.ring, (RingId{kEpoch, NodeIndex{0}}));
    EXPECT_EQ(solo.ring.holders, 2u);  // mine and the overheard one
}

TEST_F(Member1, PlanOfAnOlderAttemptIsVoidForEver) {
    const auto first = solo.propose_of(member(0), kEpoch, three);
    solo.receive(first);
    solo.receive(solo.propose_of(member(0), kEpoch + (1 << kSaltBits), three));
    solo.receive_plan_for(member(0), first.attempt, {member(0), member(1), member(2)});
    EXPECT_EQ(solo.state(), State::form);
    EXPECT_EQ(solo.counter(CounterId::attempt_stale), 1u);
}

TEST_F(Member1, PlanAfterBackingOutIsVoid) {
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive(propose);
    solo.run_for(151ms);
    ASSERT_EQ(solo.state(), State::gather);
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1), member(2)});
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_FALSE(solo.ring.recovering);
}

TEST_F(Member1, PlanBeforeAnyAnswerIsVoid) {
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1), member(2)});
    EXPECT_EQ(solo.state(), State::form);
}

TEST_F(Member1, PlanThatCannotBeTrueIsRefused) {
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive(propose);
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1)});  // lacks 2
    solo.ring.old.aru = solo.ring.old.high = Seq{3};  // not what the snapshot said
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1), member(2)});
    EXPECT_EQ(solo.state(), State::form);
    EXPECT_EQ(solo.counter(CounterId::attempt_contradicted), 2u);
}

TEST_F(Member1, AWiderJoinGoesBackAndAnEqualOneDoesNot) {
    solo.receive(solo.propose_of(member(0), kEpoch, three));
    solo.receive(solo.join_of(member(2), three));
    solo.receive(solo.join_of(member(2), set_of({member(2)})));
    EXPECT_EQ(solo.state(), State::form);
    solo.receive(solo.join_of(member(3), set_of({member(3)})));
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::join_widened);
    EXPECT_TRUE(solo.last<wire::Join>()->proc_set.contains(member(3)));
}

TEST_F(Member1, JoinOfAMemberThatGaveUpEndsRecovery) {
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive(propose);
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1), member(2)});
    ASSERT_EQ(solo.state(), State::recover);
    auto join = solo.join_of(member(2), three);
    join.max_epoch_seen = kEpoch - 1;  // sent before the attempt: says nothing
    solo.receive(join);
    auto stranger = solo.join_of(member(3), set_of({member(3)}));
    stranger.max_epoch_seen = kEpoch;
    solo.receive(stranger);
    EXPECT_EQ(solo.state(), State::recover);
    join.max_epoch_seen = kEpoch;
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::member_restarted_gather);
    EXPECT_EQ(solo.ring.abandoned, 1);
}

TEST_F(Member1, ALostRecoveryKeepsTheSets) {
    const auto propose = solo.propose_of(member(0), kEpoch, three);
    solo.receive(propose);
    solo.receive_plan_for(member(0), propose.attempt, {member(0), member(1), member(2)});
    solo.former().on_recovery_lost(solo.now());
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::recovery_lost);
    EXPECT_EQ(solo.ring.abandoned, 1);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, three);
}

TEST(Propose, IsAnsweredInGatherOnlyIfAllWereHeard) {
    const auto three = set_of({member(0), member(1), member(2)});
    Solo deaf(1);
    deaf.receive(deaf.join_of(member(0), three));
    deaf.receive(deaf.propose_of(member(0), kEpoch, three));  // 2 was never heard
    EXPECT_EQ(deaf.state(), State::gather);
    Solo ready(1);
    ready.receive(ready.join_of(member(0), three));
    ready.receive(ready.join_of(member(2), set_of({member(2)})));  // heard, though behind
    ready.receive(ready.propose_of(member(0), kEpoch, three));
    EXPECT_EQ(ready.state(), State::form);
    EXPECT_EQ(ready.cause(), Cause::propose_accepted);
    EXPECT_EQ(ready.sent(wire::Kind::state), 1u);
}

/// Daemon 0 has agreed with 1 and 2 and proposed.
class Coordinator : public testing::Test {
protected:
    Coordinator() {
        auto join = solo.join_of(member(1), three);
        join.max_epoch_seen = kEpoch;
        solo.receive(join);
        solo.receive(solo.join_of(member(2), three));
        solo.run_for(11ms);
        EXPECT_EQ(solo.state(), State::form);
        attempt = solo.last<wire::Propose>()->attempt;
    }
    wire::EpisodeSet three = set_of({member(0), member(1), member(2)});
    Solo solo;
    wire::AttemptId attempt;
};

TEST_F(Coordinator, ProposesAnEpochBeyondAllItHeard) {
    EXPECT_EQ(counter_of(attempt.epoch), counter_of(kEpoch) + 1);
    EXPECT_EQ(attempt.coordinator, NodeIndex{0});
    EXPECT_EQ(solo.last<wire::Propose>()->proc_set, three);
    EXPECT_EQ(solo.ring.snapshots, 1);
}

TEST_F(Coordinator, RepeatsProposeAndSaysNoJoin) {
    solo.forget_sent();
    solo.run_for(100ms);
    EXPECT_EQ(solo.sent(wire::Kind::propose), 5u);
    EXPECT_EQ(solo.last<wire::Propose>()->attempt, attempt);
    EXPECT_EQ(solo.sent(wire::Kind::join), 0u);
    EXPECT_EQ(solo.ring.snapshots, 1);
}

TEST_F(Coordinator, PlansWhenAllHaveAnsweredThisAttempt) {
    auto other = attempt;
    other.nonce ^= 1;
    solo.receive(solo.state_of(member(1), other));
    solo.receive(solo.state_of(member(2), attempt));
    solo.receive(solo.state_of(member(2), attempt));
    EXPECT_EQ(solo.state(), State::form);
    solo.receive(solo.state_of(member(1), attempt));
    EXPECT_EQ(solo.state(), State::recover);
    ASSERT_EQ(solo.sent(wire::Kind::plan), 1u);
    EXPECT_EQ(solo.last<wire::PlanHead>()->orders, 3);
    EXPECT_EQ(solo.last<wire::PlanHead>()->members,
              (wire::MemberList{member(0), member(1), member(2)}));
    EXPECT_EQ(solo.ring.order.together, (wire::MemberList{member(0)}));
    EXPECT_EQ(solo.ring.holders, 3u);
}

TEST_F(Coordinator, RepeatsPlanUntilTheRecoveryTokenReturns) {
    solo.receive(solo.state_of(member(1), attempt));
    solo.receive(solo.state_of(member(2), attempt));
    solo.run_for(50ms);
    EXPECT_EQ(solo.sent(wire::Kind::plan), 3u);
    solo.ring.token_returned = true;
    solo.run_for(100ms);
    EXPECT_EQ(solo.sent(wire::Kind::plan), 3u);
}

TEST_F(Coordinator, AStrangersStateDoesNotCount) {
    solo.receive(solo.state_of(member(1, 2), attempt));  // another life of 1
    solo.receive(solo.state_of(member(2), attempt));
    EXPECT_EQ(solo.state(), State::form);
    solo.receive(solo.state_of(member(3), attempt));
    EXPECT_EQ(solo.state(), State::form);
}

TEST_F(Coordinator, AStateThatCannotBeTrueExcludesItsSender) {
    solo.receive(solo.state_of(member(1), attempt));
    auto lie = solo.state_of(member(2), attempt);
    lie.old_ring.ring = RingId{0, NodeIndex{0}};  // claims to come from my own ring of one
    lie.old_ring.aru = lie.old_ring.high = lie.old_ring.stable = Seq{1'000'000};
    solo.receive(lie);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(2)}));
    EXPECT_EQ(solo.counter(CounterId::attempt_contradicted), 1u);
}

TEST_F(Coordinator, AttemptsHaveTheirOwnEpochs) {
    solo.run_for(151ms);
    ASSERT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.last<wire::Join>()->max_epoch_seen, attempt.epoch);
    solo.receive(solo.join_of(member(1), three));
    solo.receive(solo.join_of(member(2), three));
    solo.run_for(15ms);
    ASSERT_EQ(solo.state(), State::form);
    EXPECT_GT(solo.last<wire::Propose>()->attempt.epoch, attempt.epoch);
    EXPECT_NE(solo.last<wire::Propose>()->attempt.nonce, attempt.nonce);
}

TEST(Epoch, CountsUpAndSalts) {
    Prng prng(3);
    const std::uint64_t first = next_epoch(0, prng);
    const std::uint64_t second = next_epoch(0, prng);
    EXPECT_EQ(counter_of(first), 1u);
    EXPECT_EQ(counter_of(second), 1u);
    EXPECT_NE(first, second);
    EXPECT_FALSE(is_plausible(~std::uint64_t{0}));
    EXPECT_TRUE(is_plausible(next_epoch(second, prng)));
}

}  // namespace
}  // namespace torc::membership::test
