// GATHER, message by message.
#include <gtest/gtest.h>

#include "tests/unit/membership/solo.hpp"

namespace torc::membership::test {
namespace {

TEST(Gather, BootSaysWhoItIs) {
    Solo solo;
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::boot);
    ASSERT_EQ(solo.sent(wire::Kind::join), 1u);
    const auto& join = *solo.last<wire::Join>();
    EXPECT_EQ(join.control.sender, member(0));
    EXPECT_EQ(join.proc_set, set_of({member(0)}));
    EXPECT_TRUE(join.fail_set.empty());
    EXPECT_EQ(join.flags, 0);
}

TEST(Gather, JoinIsRepeatedWithANewCtl) {
    Solo solo;
    const auto first = solo.last<wire::Join>()->control.ctl;
    solo.run_for(65ms);
    EXPECT_EQ(solo.sent(wire::Kind::join), 4u);
    EXPECT_EQ(solo.last<wire::Join>()->control.ctl, first + 3);
}

TEST(Gather, AloneOnlyAfterAWholeConsensusTimeout) {
    Solo solo;
    solo.run_for(149ms);
    EXPECT_EQ(solo.state(), State::gather);
    solo.run_for(2ms);
    EXPECT_EQ(solo.state(), State::recover);
    EXPECT_TRUE(solo.ring.recovering);
    EXPECT_EQ(solo.ring.plan.members, (wire::MemberList{member(0)}));
    EXPECT_EQ(solo.sent(wire::Kind::propose) + solo.sent(wire::Kind::plan), 0u);
}

TEST(Gather, AWiderJoinIsMergedAndAnsweredAtOnce) {
    Solo solo;
    solo.forget_sent();
    solo.receive(solo.join_of(member(1), set_of({member(1), member(2)})));
    ASSERT_EQ(solo.sent(wire::Kind::join), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0), member(1), member(2)}));
}

TEST(Gather, ANarrowerJoinIsNoAgreementAndNoNews) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(0), member(1)})));
    solo.forget_sent();
    solo.receive(solo.join_of(member(1), set_of({member(1)})));
    EXPECT_EQ(solo.sent(wire::Kind::join), 0u);
}

TEST(Gather, WhoKnowsLessIsToldSoonButNotOften) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(0), member(1)})));
    solo.run_for(6ms);
    solo.forget_sent();
    solo.receive(solo.join_of(member(1), set_of({member(1)})));
    solo.run_for(0ms);
    ASSERT_EQ(solo.sent(wire::Kind::join), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0), member(1)}));
    for (int i = 0; i < 4; ++i) {
        solo.receive(solo.join_of(member(1), set_of({member(1)})));
        solo.run_for(1ms);
    }
    EXPECT_EQ(solo.sent(wire::Kind::join), 1u) << "a quarter of an interval apart";
}

TEST(Gather, AgreementOfAllAndHalfAnIntervalOfQuietBringsForm) {
    Solo solo(1);
    solo.receive(solo.join_of(member(0), set_of({member(0), member(1)})));
    solo.run_for(9ms);
    EXPECT_EQ(solo.state(), State::gather);
    solo.run_for(2ms);
    EXPECT_EQ(solo.state(), State::form);
    EXPECT_EQ(solo.cause(), Cause::agreed);
    EXPECT_EQ(solo.sent(wire::Kind::propose), 0u);  // daemon 0 coordinates
}

TEST(Gather, OneThatDisagreesHoldsItUp) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(0), member(1), member(2)})));
    solo.run_for(100ms);
    EXPECT_EQ(solo.state(), State::gather);
}

TEST(Gather, TheSilentFallAfterAConsensusTimeout) {
    Solo solo;
    const auto three = set_of({member(0), member(1), member(2)});
    for (int i = 0; i < 9; ++i) {
        solo.receive(solo.join_of(member(1), three));
        solo.run_for(20ms);
    }
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(2)}));
    EXPECT_EQ(solo.counter(CounterId::members_silent), 1u);
    solo.agree(member(1));
    solo.run_for(20ms);
    EXPECT_EQ(solo.state(), State::form);
}

TEST(Gather, TheLowestOfThoseWhoNeverAgreeFallsAtTheSecondTimeout) {
    Solo solo;
    // 1 and 2 speak all the time, but never say what I say.
    const auto four = set_of({member(0), member(1), member(2), member(3)});
    solo.receive(solo.join_of(member(3), four));
    for (int i = 0; i < 16; ++i) {
        solo.receive(solo.join_of(member(1), set_of({member(1)})));
        solo.receive(solo.join_of(member(2), set_of({member(2)})));
        solo.agree(member(3));
        solo.run_for(20ms);
    }
    EXPECT_EQ(solo.counter(CounterId::members_disagreed), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(1)}));
}

TEST(Gather, WhoExcludesMeIsExcluded) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(0), member(1)}), set_of({member(0)})));
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(1)}));
}

TEST(Gather, ALeaverIsExcludedAtOnce) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(0), member(1)})));
    auto bye = solo.join_of(member(1), set_of({member(0), member(1)}));
    bye.flags = wire::kJoinLeaving;
    solo.receive(bye);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(1)}));
}

TEST(Gather, StaleJoinsAreDropped) {
    Solo solo;
    wire::Join late = solo.join_of(member(1), set_of({member(1), member(3)}));
    late.control = {member(1), 1, 0};
    solo.receive(solo.join_of(member(1), set_of({member(1)})));  // ctl 1
    late.control.config_fingerprint = config::fingerprint(settings_of(4));
    std::vector<std::byte> body(4096);
    body.resize(wire::encode_body(late, body));
    solo.receive_raw(wire::Kind::join, late.control, body);
    EXPECT_EQ(solo.counter(CounterId::control_stale), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0), member(1)}));
}

TEST(Gather, AMergeThatDoesNotHearMeIsAnsweredWithJoinAndChangesNothing) {
    Solo solo;
    solo.run_for(15ms);
    solo.forget_sent();
    wire::Merge merge;
    merge.control.sender = member(2);
    merge.ring = RingId{9 << 24, NodeIndex{2}};
    merge.members = {member(2), member(3)};
    solo.receive(merge);
    ASSERT_EQ(solo.sent(wire::Kind::join), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0)}));
    solo.receive(merge);  // at most one answer in half a join interval
    EXPECT_EQ(solo.sent(wire::Kind::join), 1u);
}

TEST(Gather, ABootingDaemonSaysLateWhomItHears) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(1)})));
    EXPECT_TRUE(solo.last<wire::Join>()->hears.empty());
    solo.run_for(100ms);
    ASSERT_EQ(solo.last<wire::Join>()->hears.size(), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->hears[0].index, NodeIndex{1});
}

TEST(Gather, ADryPoolIsCountedAndTriedAgain) {
    Solo solo;
    solo.pool().dry = true;
    solo.run_for(50ms);
    EXPECT_EQ(solo.counter(CounterId::control_unsent), 2u);
    solo.pool().dry = false;
    solo.forget_sent();
    solo.run_for(20ms);
    EXPECT_EQ(solo.sent(wire::Kind::join), 1u);
}

TEST(Gather, ASuspectThatStaysSilentFallsEarly) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    solo.run_for(5ms);
    solo.former().on_token_lost(solo.now(), NodeIndex{2});
    ASSERT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.last<wire::Join>()->suspect, NodeIndex{2});
    solo.run_for(41ms);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(2)}));
}

TEST(Gather, ASuspectThatSpeaksDoesNot) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    solo.former().on_token_lost(solo.now(), NodeIndex{2});
    solo.run_for(10ms);
    auto join = solo.join_of(member(2), set_of({member(0), member(1), member(2)}));
    join.max_epoch_seen = solo.last<wire::Join>()->max_epoch_seen;
    solo.receive(join);
    solo.run_for(60ms);
    EXPECT_TRUE(solo.last<wire::Join>()->fail_set.empty());
}

TEST(Gather, WhoHearsOfTheLossFromAnotherStillNamesItsSuspect) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    solo.ring.suspect = NodeIndex{1};
    solo.run_for(5ms);
    auto join = solo.join_of(member(2), set_of({member(0), member(1), member(2)}));
    join.max_epoch_seen = solo.ring.old.ring.epoch;
    solo.receive(join);
    ASSERT_EQ(solo.cause(), Cause::join_from_member);
    EXPECT_EQ(solo.last<wire::Join>()->suspect, NodeIndex{1});
    solo.run_for(41ms);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(1)}));
}

TEST(Gather, WhoStoodStillHoldsNobodySilentForThatTime) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    solo.run_for(5ms);
    solo.former().on_token_lost(solo.now(), NodeIndex{2});
    solo.sleep_for(5s);
    solo.former().on_pause(solo.now());
    solo.run_for(100ms);
    EXPECT_TRUE(solo.last<wire::Join>()->fail_set.empty());
    solo.run_for(100ms);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(1), member(2)}));
}

TEST(Gather, ALivingSuspectDoesNotHideADeadOne) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2), member(3)});
    solo.run_for(5ms);
    solo.former().on_token_lost(solo.now(), NodeIndex{1});
    const auto everybody = set_of({member(0), member(1), member(2), member(3)});
    for (const auto& [from, suspect] : {std::pair{1u, 2u}, std::pair{3u, 0u}}) {
        auto join = solo.join_of(member(from), everybody);
        join.max_epoch_seen = solo.last<wire::Join>()->max_epoch_seen;
        join.suspect = NodeIndex{static_cast<std::uint16_t>(suspect)};
        solo.receive(join);
    }
    solo.run_for(41ms);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(2)}));
}

}  // namespace
}  // namespace torc::membership::test
