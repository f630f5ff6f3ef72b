// What ends a ring, and how it opens for outsiders: message by message, visit by visit.
#include <gtest/gtest.h>

#include "tests/unit/membership/solo.hpp"

namespace torc::membership::test {
namespace {

class InRing : public testing::Test {
protected:
    InRing() {
        solo.in_ring({member(0), member(1)});
        EXPECT_EQ(solo.state(), State::operational);
        token.ring = solo.ring.plan.ring;
    }
    wire::Join gathering(const Member& from) {
        auto join = solo.join_of(from, set_of({from}));
        join.hears = solo.echo();
        return join;
    }
    wire::Merge running(const Member& from, wire::MemberList members) {
        wire::Merge merge;
        merge.control.sender = from;
        merge.ring = RingId{9 << 24, members.front().index};
        merge.members = members;
        merge.hears = solo.echo();
        return merge;
    }
    wire::Candidate candidate(const Member& one) const {
        return {one.index, static_cast<std::uint32_t>(raw(one.incarnation))};
    }
    /// Makes the one under test say MERGE, so that there is something to echo.
    void speak() { solo.run_for(1300ms); }
    void visit() { solo.former().visit_token(solo.now(), token); }

    Solo solo;
    wire::Token token;
};

TEST_F(InRing, ALostTokenStopsTheRingAndGathersItsMembers) {
    solo.former().on_token_lost(solo.now(), NodeIndex{1});
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::token_lost);
    EXPECT_TRUE(solo.ring.stopped);
    const auto& join = *solo.last<wire::Join>();
    EXPECT_EQ(join.proc_set, set_of({member(0), member(1)}));
    EXPECT_EQ(join.suspect, NodeIndex{1});
    EXPECT_EQ(join.flags, 0);
    EXPECT_EQ(join.old_ring, token.ring);
}

TEST_F(InRing, AnEjectedMemberIsExcluded) {
    solo.former().on_ejected(solo.now(), member(1));
    EXPECT_EQ(solo.cause(), Cause::member_ejected);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(1)}));
}

TEST_F(InRing, AnInconsistentRingIsLeft) {
    solo.former().on_inconsistent(solo.now());
    EXPECT_EQ(solo.cause(), Cause::ring_inconsistent);
    EXPECT_TRUE(solo.ring.stopped);
}

TEST_F(InRing, JoinOfAMemberFromBeforeTheRingIsIgnored) {
    auto join = solo.join_of(member(1), set_of({member(0), member(1)}));
    join.max_epoch_seen = token.ring.epoch - 1;
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::operational);
    join.max_epoch_seen = token.ring.epoch;
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::join_from_member);
    EXPECT_EQ(solo.last<wire::Join>()->flags, 0);
}

TEST_F(InRing, AMemberThatLeftWithTheTokenAliveTakesMeAlong) {
    auto join = solo.join_of(member(1), set_of({member(0), member(1), member(3)}));
    join.max_epoch_seen = token.ring.epoch;
    join.flags = wire::kJoinTokenAlive;
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.last<wire::Join>()->flags, wire::kJoinTokenAlive);
    EXPECT_TRUE(solo.last<wire::Join>()->proc_set.contains(member(3)));
}

TEST_F(InRing, TheNextLifeOfAMemberMustHearMe) {
    speak();
    solo.forget_sent();
    auto join = gathering(member(1, 2));
    join.hears.clear();
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::operational);
    EXPECT_EQ(solo.sent(wire::Kind::merge), 1u);  // so that it can
    join.hears = solo.echo();
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::new_incarnation);
    EXPECT_TRUE(solo.last<wire::Join>()->fail_set.contains(member(1)));
    EXPECT_TRUE(solo.last<wire::Join>()->proc_set.contains(member(1, 2)));
}

TEST_F(InRing, SaysMergeWhileADaemonIsMissing) {
    solo.run_for(10s);
    EXPECT_GE(solo.sent(wire::Kind::merge), 8u);
    EXPECT_LE(solo.sent(wire::Kind::merge), 14u);
    EXPECT_EQ(solo.last<wire::Merge>()->members, (wire::MemberList{member(0), member(1)}));
}

TEST_F(InRing, AnswersWhoDoesNotHearItAtALimitedRate) {
    solo.run_for(20ms);
    for (int i = 0; i < 50; ++i) {
        auto join = solo.join_of(member(2), set_of({member(2)}));
        solo.receive(join);
    }
    EXPECT_EQ(solo.sent(wire::Kind::merge), 1u);
    EXPECT_EQ(solo.state(), State::operational);
}

TEST_F(InRing, ForeignFramesOnlyBringTheNextMergeForward) {
    for (int i = 0; i < 100; ++i) solo.former().on_foreign_frame(solo.now());
    solo.run_for(1ms);
    EXPECT_LE(solo.sent(wire::Kind::merge), 1u);
    EXPECT_EQ(solo.counter(CounterId::foreign_frames), 100u);
    EXPECT_EQ(solo.state(), State::operational);
}

TEST_F(InRing, AnOutsiderThatHearsMeIsWrittenOnTheToken) {
    speak();
    solo.receive(gathering(member(2)));
    EXPECT_EQ(solo.state(), State::operational);  // the token asks first
    visit();
    ASSERT_EQ(token.candidates.size(), 1u);
    EXPECT_EQ(token.candidates[0], candidate(member(2)));
    EXPECT_EQ(token.candidates_by, NodeIndex{0});
    EXPECT_FALSE(token.has(wire::kTokenMergeSeen));
    visit();  // and back at the writer: all accepted
    EXPECT_TRUE(token.has(wire::kTokenMergeSeen));
    solo.run_for(0ms);
    EXPECT_TRUE(solo.ring.draining);
    solo.former().on_drained(solo.now());
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::merge_seen);
    EXPECT_EQ(solo.last<wire::Join>()->flags, wire::kJoinTokenAlive);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0), member(1), member(2)}));
}

TEST_F(InRing, NeverCallsTheRingFromWithinAVisit) {
    token.flags = wire::kTokenMergeSeen;
    visit();
    EXPECT_FALSE(solo.ring.draining);
    EXPECT_LE(solo.former().next_deadline(), solo.now());
    solo.former().on_timer(solo.now());
    EXPECT_TRUE(solo.ring.draining);
}

TEST_F(InRing, TakesOffTheTokenWhomItCannotAccept) {
    speak();
    solo.receive(gathering(member(2)));
    token.candidates = {candidate(member(2)), candidate(member(3))};
    token.candidates_by = NodeIndex{1};
    visit();
    ASSERT_EQ(token.candidates.size(), 1u);
    EXPECT_EQ(token.candidates[0], candidate(member(2)));
    EXPECT_EQ(token.candidates_by, NodeIndex{1});
    EXPECT_FALSE(token.has(wire::kTokenMergeSeen));
}

TEST_F(InRing, UnacceptableOutsiders) {
    speak();
    auto deaf = gathering(member(2));
    deaf.hears.clear();
    solo.receive(deaf);
    visit();
    EXPECT_TRUE(token.candidates.empty()) << "does not hear me";

    auto hostile = gathering(member(2));
    hostile.proc_set = set_of({member(1), member(2)});
    hostile.fail_set = set_of({member(1)});
    solo.receive(hostile);
    visit();
    EXPECT_TRUE(token.candidates.empty()) << "excludes one of us";

    auto leaver = gathering(member(2));
    leaver.flags = wire::kJoinLeaving;
    solo.receive(leaver);
    visit();
    EXPECT_TRUE(token.candidates.empty()) << "leaves";

    solo.receive(running(member(2), {member(2), member(3)}));
    visit();
    EXPECT_TRUE(token.candidates.empty()) << "3 of its ring was not heard";

    solo.receive(running(member(3), {member(2), member(3)}));
    visit();
    EXPECT_EQ(token.candidates.size(), 2u) << "now all of it was";
}

TEST_F(InRing, APresenceAges) {
    speak();
    solo.receive(gathering(member(2)));
    solo.run_for(3100ms);
    visit();
    EXPECT_TRUE(token.candidates.empty());
}

TEST_F(InRing, AnOldEchoIsNoProof) {
    speak();
    auto join = gathering(member(2));
    solo.run_for(3100ms);
    solo.receive(join);  // fresh, but echoes what was said three probes ago
    visit();
    EXPECT_TRUE(token.candidates.empty());
}

TEST_F(InRing, AHeldUpDrainIsGivenUp) {
    token.flags = wire::kTokenMergeSeen;
    visit();
    solo.run_for(299ms);
    EXPECT_EQ(solo.state(), State::operational);
    solo.run_for(2ms);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::merge_seen);
}

TEST_F(InRing, ATokenLostWhileDrainingKeepsTheOutsidersInMind) {
    speak();
    solo.receive(gathering(member(2)));
    visit();
    visit();
    solo.run_for(0ms);
    solo.former().on_token_lost(solo.now(), kNoNode);
    EXPECT_EQ(solo.cause(), Cause::token_lost);
    EXPECT_TRUE(solo.last<wire::Join>()->proc_set.contains(member(2)));
    EXPECT_FALSE(solo.ring.draining);
}

TEST(Alone, AdmitsWithoutAToken) {
    Solo solo;
    solo.in_ring({member(0)});
    solo.run_for(1300ms);
    auto join = solo.join_of(member(2), set_of({member(2)}));
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::operational);
    join.hears = solo.echo();
    solo.receive(join);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::merge_seen);
}

}  // namespace
}  // namespace torc::membership::test
