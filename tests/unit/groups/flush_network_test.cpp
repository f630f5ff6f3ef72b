// Flush groups whose ring changes, and the deadline for consents.
#include <gtest/gtest.h>

#include "tests/unit/groups/flush_fixture.hpp"

namespace torc::groups {
namespace {

using namespace test;

// --- partitions ----------------------------------------------------------------------------------

// Spread: the flush library crashes at every network-caused view.
TEST_F(Flush, ALostDaemonIsASignalARequestAndAViewOfCauseNetwork) {
    world.change({{0, 1}, {2}});
    for (const Person* person : {&a, &b}) {
        EXPECT_EQ(world.seen(*person), Lines({"transitional room: ", "flush room"}));
    }
    EXPECT_EQ(world.seen(c), Lines({"transitional room: ", "flush room"}));
    all_consent();
    EXPECT_EQ(world.seen(a), line("network room: a b 00 mine 0"));
    EXPECT_EQ(world.seen(b), line("network room: a b 00 mine 0"));
    EXPECT_EQ(world.seen(c), line("network room: c 0 mine 0"));
}

TEST_F(Flush, BetweenTheCutAndTheViewOneSpeaksToThoseWhoCameAlong) {
    world.change({{0, 1}, {2}});
    world.forget();
    EXPECT_FALSE(world.say(a, {"room"}).has_value());
    EXPECT_EQ(world.seen(b), line("got a>room "));
    EXPECT_EQ(world.seen(c), kNothing);
}

TEST_F(Flush, AMergeTellsWhoCameWithWhom) {
    world.change({{0, 1}, {2}});
    all_consent();
    world.forget();
    world.change({{0, 1, 2}});
    for (const Person* person : {&a, &b, &c}) EXPECT_EQ(world.seen(*person), kAsked);
    EXPECT_TRUE(world.agree({0, 1, 2}));
    world.say(a, {"room"});
    EXPECT_EQ(world.seen(b), line("got a>room "));
    EXPECT_EQ(world.seen(c), kNothing) << "a's view is not c's";
    all_consent();
    EXPECT_EQ(world.seen(b), line("network room: a b c 001 mine 0"));
    EXPECT_EQ(world.seen(c), line("network room: a b c 001 mine 1"));
}

TEST_F(Flush, ACutAndAMergeDuringAFlushIsOneView) {
    world.join(d, "room");
    world.consent(a, "room");
    world.forget();
    world.change({{0, 1}, {2}});
    EXPECT_EQ(world.seen(a), line("transitional room: ")) << "asked before";
    world.change({{0, 1, 2}});
    EXPECT_EQ(world.seen(a), kNothing) << "nor again";
    EXPECT_EQ(world.seen(b), line("transitional room: "));
    EXPECT_EQ(world.seen(c), line("transitional room: "));
    EXPECT_FALSE(world.consent(a, "room")) << "it has";
    EXPECT_TRUE(world.consent(b, "room"));
    EXPECT_TRUE(world.consent(c, "room"));
    EXPECT_EQ(world.seen(a), line("network room: a b c d 0012 mine 0"));
    EXPECT_EQ(world.seen(c), line("network room: a b c d 0012 mine 1"));
    EXPECT_EQ(world.seen(d), line("network room: a b c d 0012 mine 2"));
    EXPECT_TRUE(world.agree({0, 1, 2}));
}

// A daemon that hung comes back: same members, but not the same messages.
TEST_F(Flush, WhoMeetsAgainAtOnceButDidNotComeAlongIsASetOfItsOwn) {
    world.part({{0, 1}, {2}});
    world.change({{0, 1, 2}});
    all_consent();
    EXPECT_EQ(world.seen(a).back(), "network room: a b c 001 mine 0");
    EXPECT_EQ(world.seen(c).back(), "network room: a b c 001 mine 1");
}

TEST(FlushCells, MembersThatPartAndMeetInOneStepAreNoLongerOfOneCell) {
    FlushWorld world(2);
    const Person a = world.open(0, 0, "a");
    const Person b = world.open(1, 0, "b");
    world.join(a, "room");
    world.join(b, "room");
    world.consent(a, "room");
    world.forget();
    // Straight from one ring to the next, each through a transitional configuration of its own.
    for (std::uint16_t i = 0; i < 2; ++i) {
        world.daemon(i).groups().on_transitional({900u + i, NodeIndex{i}}, members({i}));
        world.daemon(i).groups().on_regular({902, NodeIndex{0}}, members({0, 1}));
    }
    world.exchange({0, 1});
    world.say(a, {"room"});
    EXPECT_EQ(world.seen(b), Lines({"transitional room: ", "flush room"}));
    world.consent(a, "room");
    world.consent(b, "room");
    EXPECT_EQ(world.seen(b), line("network room: a b 01 mine 1"));
}

// Spread 5.0.1: a group that loses no member hears nothing of crashes and merges elsewhere.
TEST_F(Flush, AGroupThatLosesNobodyHearsNothing) {
    world.leave(c, "room");
    all_consent();
    world.forget();
    world.change({{0, 1}, {2}});
    world.change({{0, 1, 2}});
    EXPECT_EQ(world.seen(a) + world.seen(b), kNothing);
    world.say(a, {"room"});
    EXPECT_EQ(world.seen(b), line("got a>room ")) << "still of one cell";
}

TEST_F(Flush, AFlushGoesOnThroughARingChangeThatTakesNobody) {
    world.leave(c, "room");
    world.join(d, "hall");
    world.consent(a, "room");
    world.forget();
    world.change({{0, 1}, {2}});
    world.consent(b, "room");
    EXPECT_EQ(world.seen(a), line("leave room: a b 00 mine 0"));
    EXPECT_EQ(world.daemon(0).last_who(), "#c#n2");
}

TEST_F(Flush, TheOnlyOnesWaitedForArePartedAndTheViewIsThere) {
    world.join(d, "room");
    world.consent(a, "room");
    world.consent(b, "room");
    world.forget();
    world.change({{0, 1}, {2}});
    EXPECT_EQ(world.seen(a), Lines({"transitional room: ", "network room: a b 00 mine 0"}));
    world.consent(c, "room");
    EXPECT_EQ(world.seen(c).back(), "network room: c d 01 mine 0");
    EXPECT_EQ(world.seen(d), line("network room: c d 01 mine 1"))
        << "and no signal before: it had no view to lose anybody from";
}

TEST_F(Flush, NoViewStandsBetweenTheSignalAndTheNextConfiguration) {
    world.join(d, "room");
    world.consent(c, "room");
    world.consent(b, "room");
    world.forget();
    const Person e = world.open(0, 1, "e");
    world.change({{0}, {1, 2}}, [&] {
        world.consent(a, "room");  // the last one, but it comes too late for this view
        world.join(e, "room");
        world.leave(a, "room");
        world.join(a, "hall");
        EXPECT_EQ(world.seen(a), Lines({"transitional room: ", "self_leave room: "}));
    });
    EXPECT_EQ(world.seen(e), line("network room: e 0 mine 0"));
    EXPECT_EQ(world.seen(a), line("join hall: a 0 mine 0"));
    EXPECT_EQ(world.seen(b), Lines({"transitional room: ", "network room: b c d 001 mine 0"}));
}

TEST_F(Flush, WhatAPartedMemberSaidIsHeardBehindTheSignal) {
    const Admission said = world.admit(b, {"room"});
    const Admission mine = world.admit(a, {"room"});
    FlushWorld& it = world;
    world.change({{0}, {1}, {2}}, [&] { it.order_message(a, {"room"}, mine.views); });
    EXPECT_EQ(world.seen(a), Lines({"transitional room: ", "flush room", "got a>room "}));
    world.order_message(b, {"room"}, said.views);
    EXPECT_EQ(world.seen(b), Lines({"transitional room: ", "flush room", "got b>room "}))
        << "said in the view, ordered in the next ring: heard by who came along";
    EXPECT_EQ(world.seen(c), Lines({"transitional room: ", "flush room"}));
}

TEST_F(Flush, ASecondLossDuringTheFlushGivesNoSecondSignal) {
    world.change({{0, 1}, {2}});
    world.forget();
    world.change({{0}, {1}, {2}});
    EXPECT_EQ(world.seen(a), kNothing);
    world.consent(a, "room");
    EXPECT_EQ(world.seen(a), line("network room: a 0 mine 0"));
    world.change({{0, 1, 2}});
    world.forget();
    world.change({{0}, {1, 2}});
    EXPECT_EQ(world.seen(a), kNothing) << "nobody of its view was lost";
}

TEST_F(Flush, ADaemonThatComesInTheMiddleOfAFlushKnowsOfIt) {
    FlushWorld big(4);
    const Person e = big.open(0, 0, "e");
    const Person f = big.open(1, 0, "f");
    const Person g = big.open(3, 0, "g");
    big.change({{0, 1, 2}, {3}});
    big.join(e, "room");
    big.join(f, "room");
    big.change({{0, 1, 2, 3}});
    EXPECT_TRUE(big.agree({0, 1, 2, 3}));
    big.forget();
    big.join(g, "room");
    EXPECT_EQ(big.seen(g), kNothing) << "a view is due, and its daemon knows who is waited for";
    big.consent(e, "room");
    EXPECT_EQ(big.seen(g), line("network room: e f g 012 mine 2"));
    EXPECT_EQ(big.daemon(3).last_view(), big.daemon(0).last_view());
}

TEST_F(Flush, ViewsHaveOneNumberEverywhereAlsoWhereTheGroupIsNot) {
    world.join(d, "plaza", JoinKind::open);
    world.change({{0, 1}, {2}});
    world.change({{0, 1, 2}});
    all_consent();
    world.join(a, "plaza", JoinKind::open);
    EXPECT_EQ(world.daemon(0).last_view(), world.daemon(2).last_view());
    world.join(b, "hall");
    world.join(a, "plaza2", JoinKind::open);
    world.join(d, "plaza2", JoinKind::open);
    EXPECT_EQ(world.daemon(0).last_view(), world.daemon(2).last_view());
}

TEST_F(Flush, AMergeThatIsInterruptedChangesNothing) {
    world.change({{0, 1}, {2}});
    all_consent();
    world.part({{0, 1, 2}});
    world.forget();
    world.change({{0, 1, 2}});
    for (const Person* person : {&a, &b, &c}) EXPECT_EQ(world.seen(*person), kAsked);
    all_consent();
    EXPECT_EQ(world.seen(a), line("network room: a b c 001 mine 0"));
    EXPECT_TRUE(world.agree({0, 1, 2}));
}

TEST_F(Flush, AClosedSessionIsWaitedForUntilItsDisconnect) {
    world.join(d, "room");
    world.consent(a, "room");
    world.consent(b, "room");
    world.daemon(2).groups().close_session({0, 0});
    world.forget();
    world.change({{0, 1}, {2}});
    world.change({{0, 1, 2}});
    EXPECT_EQ(world.seen(c), kNothing) << "nobody is there to be told";
    EXPECT_EQ(world.seen(a),
              line("transitional room: ") + line("network room: a b 00 mine 0") + kAsked)
        << "its daemon was lost, and brought it back: alive, for all that anybody knows";
}

// --- deadline ------------------------------------------------------------------------------------

struct FlushDeadline : Flush {
    static constexpr Nanos kDeadline{std::chrono::seconds{10}};
    void at(Nanos after) {
        for (std::uint16_t i = 0; i < 3; ++i) world.daemon(i).groups().set_now(Instant{} + after);
    }
    std::size_t overdue(std::uint16_t index) {
        return world.daemon(index).groups().overdue_sessions().size();
    }
    Instant next(std::uint16_t index) { return world.daemon(index).groups().next_flush_deadline(); }
};

// Spread: an application that receives after a request without flushing blocks the group for good.
TEST_F(FlushDeadline, WhoDoesNotConsentIsOverdueAtItsOwnDaemon) {
    EXPECT_EQ(overdue(0), 0u);
    EXPECT_EQ(next(0), kNever) << "nobody is waited for";
    at(kDeadline);
    world.join(d, "room");
    EXPECT_EQ(next(0), Instant{} + 2 * kDeadline);
    world.consent(b, "room");
    at(2 * kDeadline - Nanos{1});
    EXPECT_EQ(overdue(0), 0u);
    at(2 * kDeadline);
    EXPECT_EQ(overdue(0), 1u);
    EXPECT_EQ(overdue(1), 0u);
    EXPECT_EQ(overdue(2), 1u) << "the joiner is not waited for";
    EXPECT_LE(next(0), Instant{} + 2 * kDeadline) << "until it is dealt with";
    world.daemon(0).groups().close_session({0, 0});
    EXPECT_EQ(overdue(0), 0u);
    EXPECT_EQ(next(0), kNever);
}

TEST_F(FlushDeadline, AConsentOnItsWayIsInTime) {
    world.join(d, "room");
    world.begin_consent(a, "room");
    at(2 * kDeadline);
    EXPECT_EQ(overdue(0), 0u);
}

// Found by the simulator: nobody could have expelled it, and its deadline never ended.
TEST_F(FlushDeadline, WhoWasGoneBeforeItsJoinHadItsPlaceIsNeverOverdue) {
    world.daemon(2).groups().close_session({d.slot, 0});
    world.join(d, "room");  // its DISCONNECT is on its way
    all_consent();
    world.leave(a, "room");
    world.consent(c, "room");
    at(2 * kDeadline);
    EXPECT_EQ(overdue(2), 0u);
    EXPECT_EQ(next(2), kNever);
    world.order_disconnect(d);
    world.consent(b, "room");
    EXPECT_EQ(world.seen(b).back(), "disconnect room: b c 00 mine 0");
}

TEST_F(FlushDeadline, EachConfigurationGivesTheWholeTimeAgain) {
    world.join(d, "room");
    at(kDeadline - Nanos{1});
    world.change({{0, 1}, {2}});
    at(kDeadline);
    EXPECT_EQ(overdue(0), 0u);
    at(2 * kDeadline - Nanos{2});
    world.change({{0, 1, 2}});
    at(2 * kDeadline);
    EXPECT_EQ(overdue(0), 0u);
    at(3 * kDeadline);
    EXPECT_EQ(overdue(0), 1u);
    world.daemon(0).groups().restart_flush_waits();
    EXPECT_EQ(overdue(0), 0u) << "the daemon stood still";
}

TEST_F(FlushDeadline, WhoseJoinComesUpBehindItsEndIsNotWaitedForTwice) {
    world.daemon(d.daemon).groups().close_session({d.slot, 0});
    world.join(d, "room");
    for (const Person& member : {a, b, c}) world.consent(member, "room");
    world.leave(a, "room");
    for (const Person& member : {b, c}) world.consent(member, "room");
    at(2 * kDeadline);
    EXPECT_EQ(overdue(d.daemon), 0u);
    EXPECT_EQ(next(d.daemon), kNever) << "its DISCONNECT is on its way; no timer may spin on it";
}

TEST(FlushDeadlineOff, NobodyIsEverOverdue) {
    config::ClusterSettings settings = cluster(2);
    settings.flush_deadline = Nanos{0};
    FlushWorld world(2, &settings);
    const Person a = world.open(0, 0, "a");
    const Person b = world.open(1, 0, "b");
    world.join(a, "room");
    world.join(b, "room");
    Groups& groups = world.daemon(0).groups();
    groups.set_now(Instant{} + std::chrono::hours{1});
    EXPECT_EQ(groups.next_flush_deadline(), kNever);
    EXPECT_EQ(groups.overdue_sessions().size(), 0u);
}

}  // namespace
}  // namespace torc::groups
