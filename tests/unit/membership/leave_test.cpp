// Leaving in good order: nobody waits for a timeout, and the leaver goes in bounded time.
#include <gtest/gtest.h>

#include "tests/unit/membership/solo.hpp"

namespace torc::membership::test {
namespace {

wire::Token token_of(const Solo& solo) {
    wire::Token token;
    token.ring = solo.ring.plan.ring;
    return token;
}

TEST(Leave, TellsTheRingByTheTokenAndDrains) {
    Solo solo;
    solo.in_ring({member(0), member(1)});
    wire::Token token = token_of(solo);
    solo.former().leave(solo.now());
    EXPECT_EQ(solo.state(), State::operational);
    solo.former().visit_token(solo.now(), token);
    EXPECT_TRUE(token.has(wire::kTokenLeaving));
    EXPECT_EQ(token.leaver, NodeIndex{0});
    solo.run_for(0ms);
    EXPECT_TRUE(solo.ring.draining);
    solo.former().on_drained(solo.now());
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.cause(), Cause::leave_seen);
    EXPECT_TRUE(solo.ring.stopped);
    EXPECT_EQ(solo.last<wire::Join>()->flags, wire::kJoinLeaving | wire::kJoinTokenAlive);
}

TEST(Leave, GoesWhenTheOthersKnow) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    wire::Token token = token_of(solo);
    solo.former().leave(solo.now());
    solo.former().visit_token(solo.now(), token);
    solo.run_for(0ms);
    solo.former().on_drained(solo.now());
    const auto three = set_of({member(0), member(1), member(2)});
    solo.receive(solo.join_of(member(1), three, set_of({member(0)})));
    EXPECT_EQ(solo.state(), State::gather);
    solo.receive(solo.join_of(member(2), three));  // does not know yet
    EXPECT_EQ(solo.state(), State::gather);
    solo.receive(solo.join_of(member(2), three, set_of({member(0)})));
    EXPECT_EQ(solo.state(), State::left);
    EXPECT_EQ(solo.former().next_deadline(), kNever);
}

TEST(Leave, GoesUnheardAfterABoundedTime) {
    Solo solo;
    solo.in_ring({member(0), member(1)});
    solo.former().leave(solo.now());
    solo.run_for(599ms);  // no token comes by
    EXPECT_EQ(solo.state(), State::operational);
    solo.run_for(2ms);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.last<wire::Join>()->flags, wire::kJoinLeaving);
    solo.run_for(80ms);
    EXPECT_EQ(solo.state(), State::left);
}

TEST(Leave, ARingOfOneAndAGatheringOneJustSayIt) {
    Solo alone;
    alone.in_ring({member(0)});
    alone.former().leave(alone.now());
    EXPECT_EQ(alone.state(), State::left);
    EXPECT_EQ(alone.last<wire::Join>()->flags & wire::kJoinLeaving, wire::kJoinLeaving);
    Solo gathering;
    gathering.forget_sent();
    gathering.former().leave(gathering.now());
    EXPECT_EQ(gathering.state(), State::left);
    EXPECT_EQ(gathering.sent(wire::Kind::join), 1u);
}

TEST(Leave, WhileRecoveringGivesTheAttemptUp) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(0), member(1)})));
    solo.run_for(11ms);
    solo.receive(solo.state_of(member(1), solo.last<wire::Propose>()->attempt));
    ASSERT_EQ(solo.state(), State::recover);
    solo.former().leave(solo.now());
    EXPECT_EQ(solo.state(), State::left);
    EXPECT_EQ(solo.ring.abandoned, 1);
}

TEST(Leave, TheOthersExcludeTheLeaverTheTokenNames) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    wire::Token token = token_of(solo);
    token.flags = wire::kTokenLeaving;
    token.leaver = NodeIndex{2};
    solo.former().visit_token(solo.now(), token);
    solo.run_for(0ms);
    solo.former().on_drained(solo.now());
    EXPECT_EQ(solo.cause(), Cause::leave_seen);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(2)}));
    EXPECT_EQ(solo.last<wire::Join>()->flags, wire::kJoinTokenAlive);
}

/// Daemon 2 says on the token that it leaves; the ring is drained, daemon 0 gathers.
void see_two_leave(Solo& solo) {
    solo.in_ring({member(0), member(1), member(2)});
    wire::Token token = token_of(solo);
    token.flags = wire::kTokenLeaving;
    token.leaver = NodeIndex{2};
    solo.former().visit_token(solo.now(), token);
    solo.run_for(0ms);
    solo.former().on_drained(solo.now());
    solo.forget_sent();
}

TEST(Leave, WhatTheTokenToldAllNeedsNoQuiet) {
    Solo solo;
    see_two_leave(solo);
    ASSERT_EQ(solo.state(), State::gather);
    solo.receive(
        solo.join_of(member(1), set_of({member(0), member(1), member(2)}), set_of({member(2)})));
    EXPECT_EQ(solo.state(), State::form);
    EXPECT_EQ(solo.sent(wire::Kind::propose), 1u);
}

TEST(Leave, WhoKnowsMoreThanTheTokenBringsTheQuietBack) {
    Solo solo;
    see_two_leave(solo);
    const auto four = set_of({member(0), member(1), member(2), member(3)});
    solo.receive(solo.join_of(member(1), four, set_of({member(2)})));
    solo.receive(solo.join_of(member(3), four, set_of({member(2)})));
    EXPECT_EQ(solo.state(), State::gather);
    solo.run_for(9ms);
    EXPECT_EQ(solo.state(), State::gather);
    solo.run_for(2ms);
    EXPECT_EQ(solo.state(), State::form);
}

TEST(Leave, ALeaversJoinEndsTheRingAtOnce) {
    Solo solo;
    solo.in_ring({member(0), member(1), member(2)});
    auto bye = solo.join_of(member(2), set_of({member(0), member(1), member(2)}));
    bye.flags = wire::kJoinLeaving | wire::kJoinTokenAlive;
    bye.max_epoch_seen = solo.ring.plan.ring.epoch;
    solo.receive(bye);
    ASSERT_EQ(solo.cause(), Cause::leave_seen);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(2)}));
}

TEST(Leave, NothingIsHeardAfterwards) {
    Solo solo;
    solo.former().leave(solo.now());
    solo.forget_sent();
    solo.receive(solo.join_of(member(1), set_of({member(1)})));
    solo.former().leave(solo.now());
    solo.run_for(10s);
    EXPECT_EQ(solo.sent(wire::Kind::join), 0u);
    EXPECT_EQ(solo.pool().loans(), 0u);
}

class LeavingCluster : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, LeavingCluster, testing::Values(2, 3, 5, 7));

TEST_P(LeavingCluster, NobodyWaitsForATimeout) {
    const std::size_t nodes = GetParam();
    for (std::size_t leaver = 0; leaver < nodes; ++leaver) {
        Net net(nodes);
        net.boot_all();
        net.run_for(2s);
        net.leave(leaver);
        net.run_for(3s);
        EXPECT_EQ(net.state(leaver), State::left);
        std::vector<std::size_t> rest;
        for (std::size_t i = 0; i < nodes; ++i) {
            if (i != leaver) rest.push_back(i);
        }
        EXPECT_TRUE(net.is_ring(rest));
        for (const std::size_t node : rest) {
            EXPECT_EQ(net.installs(node), 2u);
            EXPECT_EQ(net.counter(node, CounterId::entered_token_lost), 0u);
            EXPECT_EQ(net.counter(node, CounterId::entered_form_timeout), 0u);
            EXPECT_EQ(net.counter(node, CounterId::members_silent), 0u);
        }
    }
}

TEST_P(LeavingCluster, AllCanGoAtOnce) {
    Net net(GetParam());
    net.boot_all();
    net.run_for(2s);
    for (std::size_t i = 0; i < GetParam(); ++i) net.leave(i);
    net.run_for(10s);
    for (std::size_t i = 0; i < GetParam(); ++i) EXPECT_EQ(net.state(i), State::left);
    EXPECT_EQ(net.loans(), 0u);
}

TEST_P(LeavingCluster, ALeaverMayComeBack) {
    Net net(GetParam());
    net.boot_all();
    net.run_for(2s);
    net.leave(1);
    net.run_for(3s);
    net.boot(1);
    net.run_for(10s);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < GetParam(); ++i) all.push_back(i);
    EXPECT_TRUE(net.is_ring(all));
}

}  // namespace
}  // namespace torc::membership::test
