// Flush groups in one ring: joins, leaves, deaths, who may speak, consents, kinds, subgroup casts.
// Many tests carry the name of a weakness that programs of this kind have had.
#include <set>

#include <gtest/gtest.h>

#include "groups/fold.hpp"
#include "tests/unit/groups/flush_fixture.hpp"

namespace torc::groups {
namespace {

using namespace test;

// --- joins and leaves ----------------------------------------------------------------------------

TEST(FlushJoin, TheFirstMemberHasItsViewAtOnce) {
    FlushWorld world(2);
    const Person a = world.open(0, 0, "a");
    world.join(a, "room");
    EXPECT_EQ(world.seen(a), line("join room: a 0 mine 0"));
    EXPECT_EQ(world.daemon(0).last_who(), "#a#n0");
    EXPECT_FALSE(world.say(a, {"room"}).has_value());
    EXPECT_EQ(world.seen(a), line("got a>room "));
}

TEST_F(Flush, AJoinWaitsForTheConsentOfAllMembers) {
    world.join(d, "room");
    for (const Person* person : {&a, &b, &c}) EXPECT_EQ(world.seen(*person), kAsked);
    EXPECT_EQ(world.seen(d), kNothing);
    EXPECT_TRUE(world.consent(a, "room"));
    EXPECT_TRUE(world.consent(c, "room"));
    EXPECT_EQ(world.seen(a) + world.seen(b) + world.seen(d), kNothing);
    EXPECT_TRUE(world.consent(b, "room"));
    EXPECT_EQ(world.seen(a), line("join room: a b c d 0001 mine 0"));
    EXPECT_EQ(world.seen(c), line("join room: a b c d 0001 mine 0"));
    EXPECT_EQ(world.seen(d), line("join room: a b c d 0001 mine 1"));
    EXPECT_EQ(world.daemon(2).last_who(), "#d#n2");
    EXPECT_EQ(world.daemon(0).last_view(), world.daemon(2).last_view());
    EXPECT_TRUE(world.agree({0, 1, 2}));
}

TEST_F(Flush, ALeaverIsOutAtOnceTheOthersConsentFirst) {
    world.leave(a, "room");
    EXPECT_EQ(world.seen(a), line("self_leave room: "));
    EXPECT_EQ(world.seen(b), kAsked);
    EXPECT_EQ(world.say(a, {"room"}), SessionOutcome::not_member);
    EXPECT_FALSE(world.say(b, {"room"}).has_value());
    EXPECT_EQ(world.seen(a), kNothing) << "who has left a group hears no more of it";
    all_consent();
    EXPECT_EQ(world.seen(c), Lines({"flush room", "got b>room ", "leave room: b c 00 mine 0"}));
    EXPECT_EQ(world.daemon(1).last_who(), "#a#n0");
}

TEST_F(Flush, ADeathIsAViewOfTheRest) {
    world.die(b);
    all_consent();
    EXPECT_EQ(world.seen(a), Lines({"flush room", "disconnect room: a c 00 mine 0"}));
}

TEST_F(Flush, TheLastOneWaitedForMayLeaveInsteadOfConsenting) {
    world.join(d, "room");
    world.consent(a, "room");
    world.consent(c, "room");
    world.forget();
    world.leave(b, "room");
    EXPECT_EQ(world.seen(a), line("join room: a c d 001 mine 0"));
    EXPECT_EQ(world.daemon(0).last_who(), "") << "two changes";
    EXPECT_EQ(world.seen(b), line("self_leave room: "));
}

TEST_F(Flush, WhenAllWithAViewAreGoneTheJoinersHaveOne) {
    world.join(d, "room");
    world.leave(a, "room");
    world.die(b);
    world.forget();
    world.leave(c, "room");
    EXPECT_EQ(world.seen(d), line("join room: d 0 mine 0"));
    EXPECT_TRUE(world.agree({0, 1, 2}));
}

TEST_F(Flush, TheLastLeaveEndsTheGroup) {
    for (const Person* person : {&a, &b, &c}) world.leave(*person, "room");
    EXPECT_EQ(world.daemon(0).groups().directory().group_count(), 0u);
    world.forget();
    world.join(d, "room", JoinKind::open);
    EXPECT_EQ(world.seen(d), line("join room: d ")) << "free to be of any kind again";
}

// Spread: group ids repeat once a group has been empty, so that two views compare equal.
TEST_F(Flush, AGroupThatWasEmptyHasViewsWithOtherNames) {
    world.leave(b, "room");
    world.leave(c, "room");
    world.consent(a, "room");
    const auto before = world.daemon(0).last_view();
    world.leave(a, "room");
    world.join(a, "room");
    EXPECT_NE(world.daemon(0).last_view(), before);
}

TEST_F(Flush, WhoLeavesAndComesBackBeforeTheViewIsNewInIt) {
    world.leave(a, "room");
    world.join(a, "room");
    world.forget();
    EXPECT_EQ(world.say(a, {"room"}), SessionOutcome::flushed);
    all_consent();
    EXPECT_EQ(world.seen(a), line("join room: b c a 001 mine 1"));
    EXPECT_EQ(world.seen(b), line("join room: b c a 001 mine 0"));
}

// --- cascades ------------------------------------------------------------------------------------

// Spread gives two views for two joins; here whatever comes during a flush is in its view.
TEST_F(Flush, TwoJoinsAtOnceAreOneView) {
    const Person e = world.open(0, 1, "e");
    world.join(d, "room");
    world.join(e, "room");
    EXPECT_EQ(world.seen(a), kAsked) << "once";
    all_consent();
    EXPECT_EQ(world.seen(b), Lines({"flush room", "join room: a b c d e 00012 mine 0"}));
    EXPECT_EQ(world.seen(e), line("join room: a b c d e 00012 mine 2"));
    EXPECT_EQ(world.daemon(1).last_who(), "") << "more than one";
}

// Spread's heuristic discards a change after 200 later ones.
TEST_F(Flush, HundredsOfChangesDuringOneFlushAreInItsView) {
    world.join(d, "room");
    for (int i = 0; i < 300; ++i) {
        world.leave(d, "room");
        world.join(d, "room");
    }
    world.forget();
    all_consent();
    EXPECT_EQ(world.seen(a), line("join room: a b c d 0001 mine 0"));
    EXPECT_EQ(world.seen(d), line("join room: a b c d 0001 mine 1"));
}

TEST_F(Flush, WhoHasConsentedNeedNotAgainWhenMoreChanges) {
    world.join(d, "room");
    world.consent(a, "room");
    world.die(b);
    EXPECT_FALSE(world.consent(a, "room"));
    world.forget();
    world.consent(c, "room");
    EXPECT_EQ(world.seen(a), line("join room: a c d 001 mine 0"));
}

// Spread: a member that dies while others flush gives one view that already holds the joiner.
TEST_F(Flush, ADeathDuringAFlushIsOneViewThatHoldsTheJoiner) {
    world.join(d, "room");
    world.consent(a, "room");
    world.consent(c, "room");
    world.forget();
    world.die(b);
    EXPECT_EQ(world.seen(d), line("join room: a c d 001 mine 1"));
}

// corosync: a disconnection is announced for a process that was not in the view.
TEST_F(Flush, AJoinerThatDiesBeforeItsViewIsNobodyInIt) {
    world.join(d, "room");
    world.die(d);
    all_consent();
    EXPECT_EQ(world.seen(a), Lines({"flush room", "join room: a b c 000 mine 0"}));
    EXPECT_EQ(world.daemon(0).last_who(), "") << "nobody of the view, nor of the one before";
    EXPECT_EQ(world.seen(d), kNothing);
}

TEST_F(Flush, AChangeRightBehindAViewIsAsked) {
    world.join(d, "room");
    all_consent();
    world.forget();
    world.leave(d, "room");
    EXPECT_EQ(world.seen(a), kAsked);
    all_consent();
    EXPECT_EQ(world.seen(a), line("leave room: a b c 000 mine 0"));
}

// --- who may speak -------------------------------------------------------------------------------

TEST_F(Flush, AMemberMaySpeakUntilItConsents) {
    world.join(d, "room");
    EXPECT_FALSE(world.say(a, {"room"}).has_value());
    world.consent(a, "room");
    EXPECT_EQ(world.say(a, {"room"}), SessionOutcome::flushed);
    world.consent(b, "room");
    world.consent(c, "room");
    EXPECT_FALSE(world.say(a, {"room"}).has_value());
    EXPECT_EQ(world.seen(d), Lines({"join room: a b c d 0001 mine 1", "got a>room "}))
        << "the joiner heard nothing of the view before";
}

TEST_F(Flush, ConsentCountsFromWhenItIsGivenNotFromItsPlaceInTheOrder) {
    world.join(d, "room");
    EXPECT_FALSE(world.begin_consent(a, "room").objection.has_value());
    EXPECT_EQ(world.say(a, {"room"}), SessionOutcome::flushed);
    world.daemon(0).groups().withdraw_consent({0, 0}, "room");
    EXPECT_FALSE(world.say(a, {"room"}).has_value()) << "the ring had no room for it";
}

TEST_F(Flush, WhatWasSaidBeforeTheConsentIsHeardInTheView) {
    world.join(d, "room");
    const Admission said = world.admit(a, {"room"});
    ASSERT_FALSE(said.objection.has_value());
    const Admission consent = world.begin_consent(a, "room");
    world.order_message(a, {"room"}, said.views);
    world.order_consent(a, "room", consent.views);
    world.consent(b, "room");
    world.consent(c, "room");
    EXPECT_EQ(world.seen(b),
              Lines({"flush room", "got a>room ", "join room: a b c d 0001 mine 0"}));
}

TEST_F(Flush, AStrangerIsHeardByNobodyAndToldSo) {
    EXPECT_EQ(world.say(d, {"room"}), SessionOutcome::not_member);
    world.order_message(d, {"room"}, 1);  // a daemon that does not judge
    EXPECT_EQ(world.seen(d), line("refused not_member"));
    EXPECT_EQ(world.seen(a) + world.seen(b) + world.seen(c), kNothing);
}

TEST_F(Flush, AJoinerMaySpeakFromItsFirstViewOn) {
    world.join(d, "room");
    EXPECT_EQ(world.say(d, {"room"}), SessionOutcome::flushed);
    world.order_message(d, {"room"}, 1);
    EXPECT_EQ(world.seen(d), line("refused flushed"));
    all_consent();
    world.forget();
    EXPECT_FALSE(world.say(d, {"room"}).has_value());
    EXPECT_EQ(world.seen(a), line("got d>room "));
}

// A consent may be what completes the view: then the order alone would let these pass.
TEST_F(Flush, WhatWasSaidBeforeTheViewWasSeenIsNotHeardInIt) {
    const Person e = world.open(0, 1, "e");
    const Admission unknown = world.admit(e, {"hall"});
    EXPECT_EQ(unknown.views, 0u);
    world.join(e, "hall");
    world.forget();
    world.order_message(e, {"hall"}, unknown.views);  // behind the join, said before its view
    EXPECT_EQ(world.seen(e), line("refused flushed"));
}

// Found by the swarm: a large message was offered without a view, begun again on another ring, and
// had its place in a view whose number was the one that stands for none.
TEST_F(Flush, WhatWasSaidInNoViewIsHeardInNone) {
    const Person e = world.open(0, 1, "e");
    world.join(e, "hall");
    const Person f = world.open(0, 2, "f");
    const Admission outside = world.admit(f, {"hall"});
    EXPECT_EQ(outside.objection, SessionOutcome::not_member);
    world.join(f, "hall");
    world.consent(e, "hall");
    constexpr int kViews = 100'000;  // their numbers have 16 bits
    for (int i = 0; i < kViews; ++i) {
        world.leave(e, "hall");
        world.consent(f, "hall");
        world.join(e, "hall");
        world.consent(f, "hall");
        world.forget();
        world.order_message(f, {"hall"}, outside.views);
        ASSERT_EQ(world.seen(f), line("refused flushed")) << i;
    }
}

// Its leave is sent before its join has its place: only the view's name tells the two views apart.
TEST_F(Flush, WhatIsSaidInOneViewIsNotHeardInAnotherThatCameBehindItsBack) {
    world.leave(b, "room");
    world.leave(c, "room");
    world.consent(a, "room");
    const Admission said = world.admit(a, {"room"});
    world.order_leave(a, "room");
    world.join(a, "room");
    world.forget();
    world.order_message(a, {"room"}, said.views);
    EXPECT_EQ(world.seen(a), line("refused flushed"));
}

// Found by the storm: (ring 104, view 2) and (ring 107, view 1) had one cell.
TEST(FlushCells, ViewsWithSmallNumbersHaveCellsOfTheirOwn) {
    std::set<std::uint64_t> cells;
    for (std::uint64_t epoch = 0; epoch < 64; ++epoch) {
        for (std::uint64_t index = 0; index < 64; ++index) {
            for (std::uint16_t daemon = 0; daemon < 4; ++daemon) {
                cells.insert(fold(index, RingId{epoch, NodeIndex{daemon}}));
            }
        }
    }
    EXPECT_EQ(cells.size(), 64u * 64u * 4u);
}

TEST_F(Flush, WhatIsSaidBehindALeaveIsRefusedAlsoIfOneComesBackAtOnce) {
    world.begin_leave(a, "room");
    EXPECT_EQ(world.say(a, {"room"}), SessionOutcome::not_member);
    world.order_leave(a, "room");
    world.leave(b, "room");
    world.leave(c, "room");
    world.join(a, "room");
    EXPECT_EQ(world.seen(a).back(), "join room: a 0 mine 0");
    EXPECT_FALSE(world.say(a, {"room"}).has_value());
}

TEST_F(Flush, WhatWasSaidInAGroupThatTurnedOutToBeOfTheOtherKindIsHeardByNobody) {
    world.join(d, "plaza", JoinKind::open);
    world.forget();
    world.order_message(a, {"plaza"}, 1);
    EXPECT_EQ(world.seen(a), line("refused not_member"));
    EXPECT_EQ(world.seen(d), kNothing);
}

TEST_F(Flush, EachDestinationFollowsItsRuleAndOneRefusalDropsAll) {
    world.join(d, "plaza", JoinKind::open);
    world.forget();
    EXPECT_FALSE(world.say(a, {"room", "plaza", "#d#n2"}).has_value());
    EXPECT_EQ(world.seen(b), line("got a>room plaza d "));
    EXPECT_EQ(world.seen(d), line("got a>room plaza d ")) << "one copy";
    EXPECT_EQ(world.say(d, {"plaza", "room"}), SessionOutcome::not_member);
    world.order_message(d, {"plaza", "room"}, 0);
    EXPECT_EQ(world.seen(d), line("refused not_member"));
    world.join(a, "hall");
    world.join(b, "hall");
    world.consent(a, "hall");
    world.join(d, "room");
    world.consent(a, "room");
    world.forget();
    EXPECT_EQ(world.say(a, {"hall", "room"}), SessionOutcome::flushed);
}

TEST_F(Flush, SelfDiscardSparesTheSenderOnly) {
    world.say(a, {"room"}, kSelfDiscard);
    EXPECT_EQ(world.seen(a), kNothing);
    EXPECT_EQ(world.seen(b), line("got a>room "));
}

TEST_F(Flush, PrivateMessagesKnowNoViews) {
    world.join(d, "room");
    world.consent(a, "room");
    world.forget();
    EXPECT_FALSE(world.say(a, {"#d#n2"}).has_value());
    EXPECT_EQ(world.seen(d), line("got a>d "));
}

// Spread: order across groups is lost.
TEST_F(Flush, TwoGroupsHaveOneOrder) {
    for (const Person* person : {&a, &b, &c}) {
        world.join(*person, "hall");
        for (const Person* other : {&a, &b, &c}) world.consent(*other, "hall");
    }
    world.forget();
    world.join(d, "hall");
    world.say(a, {"room"});
    world.say(b, {"hall"});
    for (const Person* person : {&c, &b, &a}) world.consent(*person, "hall");
    world.say(c, {"room"});
    const Lines expected{"flush hall", "got a>room ", "got b>hall ",
                         "join hall: a b c d 0001 mine 0", "got c>room "};
    for (const Person* person : {&a, &b, &c}) EXPECT_EQ(world.seen(*person), expected);
}

// --- consents ------------------------------------------------------------------------------------

// Spread: calls in the wrong state are errors, not silence.
TEST_F(Flush, AConsentThatNobodyAskedForIsRefused) {
    EXPECT_EQ(world.begin_consent(a, "room").objection, SessionOutcome::flushed)
        << "no view is due";
    EXPECT_EQ(world.begin_consent(d, "room").objection, SessionOutcome::not_member);
    EXPECT_EQ(world.begin_consent(a, "nowhere").objection, SessionOutcome::not_member);
    world.join(d, "room");
    EXPECT_EQ(world.begin_consent(d, "room").objection, SessionOutcome::flushed)
        << "it has no view";
    EXPECT_TRUE(world.consent(a, "room"));
    EXPECT_EQ(world.begin_consent(a, "room").objection, SessionOutcome::flushed)
        << "once is enough";
}

TEST_F(Flush, AConsentThatComesFromNowhereCountsForNothing) {
    world.order_consent(a, "room", 7);
    world.order_consent(d, "room", 7);
    world.order_consent(d, "nowhere", 7);
    world.join(d, "plaza", JoinKind::open);
    world.order_consent(d, "plaza", 7);
    world.forget();
    world.join(d, "room");
    world.order_consent(d, "room", 7);
    world.consent(b, "room");
    world.consent(c, "room");
    EXPECT_EQ(world.seen(d), kNothing) << "a's of before any request is none of this one";
    world.consent(a, "room");
    EXPECT_EQ(world.seen(d).size(), 1u);
}

// Found by the storm: a leave and a join were on their way before the consent.
TEST_F(Flush, AConsentToTheEndOfOneViewIsNoneForAnother) {
    world.join(d, "room");
    world.leave(b, "room");
    world.leave(c, "room");
    world.leave(d, "room");
    const Admission consent = world.begin_consent(a, "room");
    ASSERT_FALSE(consent.objection.has_value());
    world.order_leave(a, "room");
    world.join(a, "room");
    world.join(d, "room");
    world.forget();
    world.order_consent(a, "room", consent.views);
    EXPECT_EQ(world.seen(a), kNothing);
    EXPECT_TRUE(world.consent(a, "room"));
    EXPECT_EQ(world.seen(a), line("join room: a d 01 mine 0"));
}

// --- kinds ---------------------------------------------------------------------------------------

TEST_F(Flush, AJoinOfTheOtherKindIsRefused) {
    world.join(d, "room", JoinKind::open);
    EXPECT_EQ(world.seen(d), line("refused group_kind"));
    EXPECT_EQ(world.seen(a), kNothing);
    world.join(a, "room", JoinKind::open);
    EXPECT_EQ(world.seen(a), line("refused group_kind"));
    world.join(a, "plaza", JoinKind::open);
    world.join(d, "plaza");
    EXPECT_EQ(world.seen(d), line("refused group_kind"));
}

TEST(FlushKinds, TheLowestSetsKindWinsAMergeAndTheOthersAreOut) {
    for (const JoinKind lowest : {JoinKind::flush, JoinKind::open}) {
        FlushWorld world(3);
        const Person a = world.open(0, 0, "a");
        const Person b = world.open(1, 0, "b");
        const Person c = world.open(2, 0, "c");
        world.change({{0}, {1, 2}});
        world.join(a, "room", lowest);
        world.join(b, "room", lowest == JoinKind::flush ? JoinKind::open : JoinKind::flush);
        world.forget();
        world.change({{0, 1, 2}});
        EXPECT_EQ(world.seen(b), line("self_leave room: of another kind"));
        EXPECT_EQ(world.seen(a), kNothing) << "its view is as it was";
        EXPECT_TRUE(world.agree({0, 1, 2}));
        world.join(c, "room", lowest);
        if (lowest == JoinKind::flush) world.consent(a, "room");
        const std::string sets = lowest == JoinKind::flush ? "01 mine 0" : "";
        EXPECT_EQ(world.seen(a).back(), "join room: a c " + sets);
        EXPECT_EQ(world.say(b, {"room"}).has_value(), lowest == JoinKind::flush);
    }
}

TEST(FlushKinds, WhatALoserSaidBeforeTheMergeIsHeardByNobody) {
    FlushWorld world(2);
    const Person a = world.open(0, 0, "a");
    const Person b = world.open(1, 0, "b");
    world.change({{0}, {1}});
    world.join(a, "room", JoinKind::open);
    world.join(b, "room");
    const Admission said = world.admit(b, {"room"});
    world.change({{0, 1}});
    world.forget();
    world.order_message(b, {"room"}, said.views);
    EXPECT_EQ(world.seen(a), kNothing);
    EXPECT_EQ(world.seen(b), line("refused not_member"));
}

// --- subgroup casts ------------------------------------------------------------------------------

TEST_F(Flush, ASubgroupCastGoesToThoseNamed) {
    EXPECT_FALSE(world.say(a, {"room", "#c#n2"}, kSubgroup).has_value());
    EXPECT_EQ(world.seen(c), line("got a>room c "));
    EXPECT_EQ(world.seen(a) + world.seen(b), kNothing);
    EXPECT_FALSE(world.say(a, {"room", "#a#n0", "#b#n1", "#zed#n1"}, kSubgroup).has_value());
    EXPECT_EQ(world.seen(a), line("got a>room a b zed "));
    EXPECT_EQ(world.seen(b), line("got a>room a b zed "));
}

TEST_F(Flush, ASubgroupCastReachesMembersOfTheViewOnly) {
    world.join(d, "room");
    world.forget();
    EXPECT_FALSE(world.say(a, {"room", "#d#n2", "#b#n1"}, kSubgroup).has_value());
    EXPECT_EQ(world.seen(d), kNothing) << "in the group, but in no view of it";
    EXPECT_EQ(world.seen(b), line("got a>room d b "));
    world.leave(b, "room");
    world.forget();
    world.say(a, {"room", "#b#n1"}, kSubgroup);
    EXPECT_EQ(world.seen(b), kNothing);
    world.consent(a, "room");
    EXPECT_EQ(world.say(a, {"room", "#c#n2"}, kSubgroup), SessionOutcome::flushed);
}

TEST_F(Flush, ASubgroupCastNeedsAFlushGroup) {
    world.join(d, "plaza", JoinKind::open);
    world.forget();
    EXPECT_EQ(world.say(d, {"plaza", "#a#n0"}, kSubgroup), SessionOutcome::group_kind);
    EXPECT_EQ(world.say(d, {"nowhere", "#a#n0"}, kSubgroup), SessionOutcome::not_member);
    EXPECT_EQ(world.say(d, {"room", "#a#n0"}, kSubgroup), SessionOutcome::not_member);
    world.order_message(d, {"plaza", "#a#n0"}, 0, kSubgroup);
    EXPECT_EQ(world.seen(d), line("refused group_kind"));
    EXPECT_EQ(world.seen(a), kNothing);
}

}  // namespace
}  // namespace torc::groups
