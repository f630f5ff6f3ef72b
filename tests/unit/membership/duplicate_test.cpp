// Two daemons of one name: one of them goes, with a clear cause, and the ring lives on.
#include <gtest/gtest.h>

#include "tests/unit/membership/solo.hpp"

namespace torc::membership::test {
namespace {

/// Speaks under index 0, hears the one under test, and was in a ring or was not.
wire::Join double_of(Solo& solo, unsigned life, bool installed) {
    auto join = solo.join_of(member(0, life), set_of({member(0, life)}));
    join.old_ring = RingId{installed ? std::uint64_t{3} << 24 : 0, NodeIndex{0}};
    join.hears = solo.echo();
    return join;
}

TEST(Duplicate, ABootingDaemonGivesWayToOneThatWasInARing) {
    Solo solo;
    solo.receive(double_of(solo, 2, true));
    EXPECT_EQ(solo.state(), State::left);
    EXPECT_EQ(solo.cause(), Cause::duplicate_index);
    EXPECT_EQ(solo.counter(CounterId::entered_duplicate_index), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->flags & wire::kJoinLeaving, wire::kJoinLeaving);
}

TEST(Duplicate, OfTwoThatBootTheLargerIncarnationGoes) {
    Solo smaller;  // life 1
    smaller.receive(double_of(smaller, 2, false));
    EXPECT_EQ(smaller.state(), State::gather);
    Solo larger;
    auto join = double_of(larger, 1, false);
    join.control.sender.incarnation = Incarnation{1};
    join.proc_set = set_of({join.control.sender});
    larger.receive(join);
    EXPECT_EQ(larger.state(), State::left);
}

TEST(Duplicate, NobodyGoesForAGhost) {
    Solo solo;
    auto ghost = double_of(solo, 2, true);
    ghost.hears.clear();  // a message of my own past cannot echo what I say now
    solo.receive(ghost);
    EXPECT_EQ(solo.state(), State::gather);
    EXPECT_EQ(solo.counter(CounterId::own_index_heard), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->fail_set, set_of({member(0, 2)}));
}

TEST(Duplicate, TheOneInARingStaysAndAnswers) {
    Solo solo;
    solo.in_ring({member(0), member(1)});
    solo.run_for(1300ms);
    solo.forget_sent();
    solo.receive(double_of(solo, 2, false));
    EXPECT_EQ(solo.state(), State::operational);
    EXPECT_EQ(solo.sent(wire::Kind::merge), 1u);
    EXPECT_EQ(solo.last<wire::Merge>()->hears.size(), 2u);  // the double may see itself echoed
}

TEST(Duplicate, ARunningRingDoesNotNoticeMoreThanMessages) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Net net(3, seed);
        net.boot_all();
        net.run_for(2s);
        const std::size_t twin = net.boot_twin(1);
        net.run_for(5s);
        EXPECT_EQ(net.state(twin), State::left) << "seed " << seed;
        EXPECT_EQ(net.former(twin).last_cause(), Cause::duplicate_index);
        EXPECT_TRUE(net.is_ring({0, 1, 2}));
        EXPECT_EQ(net.installs(0), 1u);
    }
}

TEST(Duplicate, DoublesThatBootWithTheClusterComeToOneRing) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Net net(3, seed);
        net.boot_all();
        const std::size_t twin = net.boot_twin(1);
        net.run_for(20s);
        const bool twin_left = net.state(twin) == State::left;
        const bool first_left = net.state(1) == State::left;
        EXPECT_NE(twin_left, first_left) << "seed " << seed;
        EXPECT_TRUE(net.is_ring({0, twin_left ? 1 : twin, 2})) << "seed " << seed;
    }
}

TEST(Duplicate, DoublesInTwoPartitionsMeet) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Net net(4, seed);
        net.boot(0);
        net.boot(1);
        net.boot(2);
        net.boot(3);
        const std::size_t twin = net.boot_twin(1);
        net.partition({{0, 1}, {2, 3, twin}});
        net.run_for(3s);
        EXPECT_TRUE(net.is_ring({0, 1}));
        EXPECT_TRUE(net.is_ring({twin, 2, 3}));
        net.heal();
        net.run_for(60s);
        const bool twin_left = net.state(twin) == State::left;
        EXPECT_NE(twin_left, net.state(1) == State::left) << "seed " << seed;
        EXPECT_TRUE(net.is_ring({0, twin_left ? 1 : twin, 2, 3})) << "seed " << seed;
    }
}

}  // namespace
}  // namespace torc::membership::test
