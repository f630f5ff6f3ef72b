// Process groups over a hand-made order: several Groups objects that are fed the same records.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/groups/support.hpp"

namespace torc::groups {
namespace {

using namespace test;

struct TwoDaemons : ::testing::Test {
    TwoDaemons() {
        a.open(0, "alice");
        b.open(0, "bob");
        order.install(members({0}), members({0, 1}));
    }
    void in_one_room() {
        order.exchange();
        order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
        order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
        a.take_log();
        b.take_log();
    }
    config::ClusterSettings settings{cluster(2)};
    Daemon a{settings, 0};
    Daemon b{settings, 1};
    Order order{{&a, &b}};
};

TEST_F(TwoDaemons, NothingMayBeSentUntilAllPartsAreIn) {
    EXPECT_TRUE(a.groups().merging());
    order.exchange();
    EXPECT_FALSE(a.groups().merging());
    EXPECT_FALSE(b.groups().merging());
}

TEST_F(TwoDaemons, AJoinIsAViewAtEveryMember) {
    order.exchange();
    order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 "}));
    EXPECT_TRUE(b.take_log().empty());
    order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 "}));
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 "}));
}

TEST_F(TwoDaemons, JoiningTwiceAndLeavingWithoutJoinChangeNothing) {
    in_one_room();
    order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
    order.record(a, 0, "alice", EnvelopeKind::leave, {"elsewhere"});
    EXPECT_TRUE(a.take_log().empty());
    EXPECT_TRUE(b.take_log().empty());
}

TEST_F(TwoDaemons, AMemberOfSeveralDestinationsGetsOneCopy) {
    in_one_room();
    order.record(b, 0, "bob", EnvelopeKind::join, {"hall"});
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room", "hall", "#bob#n1"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 got #alice#n0>room hall #bob#n1 "}));
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 got #alice#n0>room hall #bob#n1 "}));
}

TEST_F(TwoDaemons, SelfDiscardSparesTheSenderOnly) {
    in_one_room();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room"}, kSelfDiscard);
    EXPECT_TRUE(a.take_log().empty());
    EXPECT_EQ(b.take_log().size(), 1u);
}

TEST_F(TwoDaemons, AnyoneMaySendToAGroup) {
    order.exchange();
    order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room"});
    EXPECT_EQ(b.take_log().size(), 1u);
    EXPECT_TRUE(a.take_log().empty());
}

TEST_F(TwoDaemons, ALeaverHearsOfItsOwnLeaveTheOthersOfAView) {
    in_one_room();
    order.record(a, 0, "alice", EnvelopeKind::leave, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 self_leave room: "}));
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 leave room: #bob#n1 "}));
}

TEST_F(TwoDaemons, ADisconnectLeavesAllGroups) {
    in_one_room();
    a.groups().close_session({0, 0});
    order.record(b, 0, "bob", EnvelopeKind::message, {"room"});
    EXPECT_TRUE(a.take_log().empty()) << "a closed session gets nothing";
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::disconnect, {});
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 disconnect room: #bob#n1 "}));
}

TEST_F(TwoDaemons, ALostDaemonsMembersGoWithATransitionalSignalAndAView) {
    in_one_room();
    order.install_alone(a, members({0}), 200);
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 transitional room: ",
                                                      "0 network room: #alice#n0 0 mine 0"}));
    EXPECT_FALSE(a.groups().merging()) << "subtraction needs no messages";
}

TEST_F(TwoDaemons, AMergeTellsWhoCameWithWhom) {
    in_one_room();
    order.install_alone(a, members({0}), 200);
    order.install_alone(b, members({1}), 201);
    order.record(a, 0, "alice", EnvelopeKind::message, {"nowhere"});
    a.take_log();
    b.take_log();
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    b.groups().on_transitional({300, NodeIndex{1}}, members({1}));
    a.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    b.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    order.exchange();
    EXPECT_EQ(a.take_log(),
              (std::vector<std::string>{"0 network room: #alice#n0 #bob#n1 01 mine 0"}));
    EXPECT_EQ(b.take_log(),
              (std::vector<std::string>{"0 network room: #alice#n0 #bob#n1 01 mine 1"}));
    EXPECT_EQ(a.groups().directory().digest(), b.groups().directory().digest());
}

TEST_F(TwoDaemons, WhoMeetsAgainAtOnceButDidNotComeTogetherGetsAView) {
    in_one_room();
    // Straight from one ring into the next, but each by itself: what they were delivered at the end
    // of the old ring may differ, so the view cannot be the same one.
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    b.groups().on_transitional({300, NodeIndex{1}}, members({1}));
    a.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    b.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    order.exchange();
    EXPECT_EQ(a.take_log(),
              (std::vector<std::string>{"0 transitional room: ",
                                        "0 network room: #alice#n0 #bob#n1 01 mine 0"}));
    EXPECT_EQ(b.take_log(),
              (std::vector<std::string>{"0 transitional room: ",
                                        "0 network room: #alice#n0 #bob#n1 01 mine 1"}));
}

TEST_F(TwoDaemons, AViewInATransitionalConfigurationHasANameOfItsOwn) {
    in_one_room();
    a.open(1, "anna");
    // B is still in the regular configuration; A goes on alone, misses bob's leave, sees anna join.
    Order only_b({&b});
    only_b.record(b, 0, "bob", EnvelopeKind::leave, {"room"});
    only_b.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    Order only_a({&a});
    only_a.record(a, 1, "anna", EnvelopeKind::join, {"room"});
    only_a.record(a, 1, "anna", EnvelopeKind::leave, {"room"});
    EXPECT_EQ(a.last_view().first, b.last_view().first) << "same lowest member, same epoch";
    EXPECT_NE(a.last_view().second, b.last_view().second) << "but never the same number";
}

TEST_F(TwoDaemons, WhoJoinsBehindTheSignalIsToldToo) {
    in_one_room();
    a.open(1, "anna");
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    a.take_log();
    Order only_a({&a});
    only_a.record(a, 1, "anna", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 #anna#n0 ",
                                                      "1 join room: #alice#n0 #bob#n1 #anna#n0 ",
                                                      "1 transitional room: "}))
        << "alice knows since the signal that bob is not with her; anna must hear it";
}

TEST_F(TwoDaemons, ALateJoinOfSomebodyWhoPartedIsASignalForAll) {
    order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    a.take_log();
    Order only_a({&a});
    only_a.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 ",
                                                      "0 transitional room: "}));
}

TEST_F(TwoDaemons, AMergeThatWasInterruptedForGoodHoldsNobodyUp) {
    order.exchange();
    order.install_alone(a, members({0}), 200);
    order.install(members({0, 1}), members({0, 1}));
    ASSERT_TRUE(a.groups().merging());
    order.install_alone(a, members({0}), 300);
    EXPECT_FALSE(a.groups().merging()) << "alone again: nothing to wait for";
}

TEST_F(TwoDaemons, AnInterruptedMergeCountsForNothing) {
    in_one_room();
    order.install_alone(a, members({0}), 200);
    order.install_alone(b, members({1}), 201);
    order.install(members({0, 1}), members({0, 1}));
    EXPECT_TRUE(a.groups().merging()) << "they moved apart before: their directories differ";
    order.install(members({0, 1}), members({0, 1}));
    EXPECT_TRUE(a.groups().merging()) << "moving on together does not make them equal";
    order.exchange();
    EXPECT_FALSE(a.groups().merging());
    EXPECT_EQ(a.groups().directory().digest(), b.groups().directory().digest());
}

TEST_F(TwoDaemons, AMergeOfManyMembershipsTakesSeveralChunks) {
    order.exchange();
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("group-number-" + std::to_string(i));
    for (const std::string& name : names) {
        order.record(a, 0, "alice", EnvelopeKind::join, {name});
        order.record(b, 0, "bob", EnvelopeKind::join, {name});
    }
    order.install_alone(a, members({0}), 200);
    order.install_alone(b, members({1}), 201);
    order.install(members({0, 1}), members({0, 1}));
    order.exchange();
    EXPECT_FALSE(a.groups().merging());
    EXPECT_EQ(a.groups().directory().membership_count(), 2000u);
    EXPECT_EQ(a.groups().directory().digest(), b.groups().directory().digest());
}

TEST(Sync, AnEntryOfAFlushGroupComesBackAsItWent) {
    std::vector<std::byte> chunk(kSyncChunkMax);
    SyncWriter writer(chunk, 7);
    writer.add({{1, 2}, 3, "alice", "room", {true, false, true, 0x1122334455667788u, 0x99AA}});
    writer.add({{2, 0}, 1, "bob", "plaza"});
    const std::size_t length = writer.finish(true);
    SyncReader reader{std::span<const std::byte>{chunk.data(), length}};
    SyncEntry entry;
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.name, "alice");
    EXPECT_TRUE(entry.flush.is_flush && !entry.flush.flushed && entry.flush.due);
    EXPECT_EQ(entry.flush.cell, 0x1122334455667788u);
    EXPECT_EQ(entry.flush.view, 0x99AA);
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.group, "plaza");
    EXPECT_FALSE(entry.flush.is_flush || entry.flush.due);
    EXPECT_EQ(entry.flush.cell, 0u);
    EXPECT_FALSE(reader.next(entry));
    EXPECT_TRUE(reader.valid());
}

TEST(Sync, HostileChunksAreRefused) {
    Merge merge(kMembershipsDefault);
    merge.start(members({0}));
    std::vector<std::byte> chunk(kSyncChunkMax);
    SyncWriter writer(chunk, 7);
    writer.add({{1, 0}, 0, "alice", "room"});
    writer.add({{2, 0}, 1, "bob", "hall", {true, true, true, 77, 7}});
    const std::size_t length = writer.finish(true);
    for (std::size_t shorter = 0; shorter < length; ++shorter) {
        merge.start(members({0}));
        EXPECT_FALSE(merge.take(NodeIndex{0}, std::span(chunk).first(shorter))) << shorter;
    }
    merge.start(members({0}));
    EXPECT_TRUE(merge.take(NodeIndex{0}, std::span(chunk).first(length)));
    EXPECT_TRUE(merge.complete());
}

}  // namespace
}  // namespace torc::groups
