// Whole clusters of Formers: they form, lose, merge, come to rest. Virtual time; nothing here
// measures anything.
#include "tests/unit/membership/net.hpp"

#include <gtest/gtest.h>

namespace torc::membership::test {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

std::vector<std::size_t> all(std::size_t nodes) {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < nodes; ++i) numbers.push_back(i);
    return numbers;
}

class Clusters : public testing::TestWithParam<std::size_t> {};
class Several : public testing::TestWithParam<std::size_t> {};
class Triangles : public testing::TestWithParam<std::size_t> {};
class Rounds : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, Clusters, testing::Values(1, 2, 3, 4, 5, 6, 7));
INSTANTIATE_TEST_SUITE_P(Sizes, Several, testing::Values(2, 3, 4, 5, 6, 7));
INSTANTIATE_TEST_SUITE_P(Sizes, Triangles, testing::Values(3, 4, 5, 6, 7));
INSTANTIATE_TEST_SUITE_P(Sizes, Rounds, testing::Values(4, 5, 6, 7));

TEST_P(Clusters, BootTogetherIntoOneRingAtTheFirstAttempt) {
    Net net(GetParam());
    net.boot_all();
    net.run_for(2s);
    EXPECT_TRUE(net.is_ring(all(GetParam())));
    EXPECT_EQ(net.installs(), GetParam());
    EXPECT_EQ(net.loans(), 0u);
}

TEST_P(Clusters, BootOneAfterTheOtherIntoOneRing) {
    Net net(GetParam());
    for (std::size_t i = 0; i < GetParam(); ++i) {
        net.boot(i);
        net.run_for(700ms);
    }
    net.run_for(5s);
    EXPECT_TRUE(net.is_ring(all(GetParam())));
    EXPECT_EQ(net.loans(), 0u);
}

TEST_P(Clusters, FormOneRingOverALossyNetwork) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Net net(GetParam(), seed);
        net.loss_per_million = 200'000;
        net.boot_all();
        net.run_for(10s);
        net.loss_per_million = 0;
        net.run_for(30s);
        EXPECT_TRUE(net.is_ring(all(GetParam()))) << "seed " << seed;
        EXPECT_EQ(net.loans(), 0u);
    }
}

TEST_P(Several, GoOnWithoutOneThatDies) {
    const std::size_t nodes = GetParam();
    for (std::size_t victim = 0; victim < nodes; ++victim) {
        Net net(nodes);
        net.boot_all();
        net.run_for(2s);
        net.crash(victim);
        net.run_for(2s);
        std::vector<std::size_t> rest = all(nodes);
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(victim));
        EXPECT_TRUE(net.is_ring(rest)) << "victim " << victim;
        for (const std::size_t node : rest) EXPECT_EQ(net.installs(node), 2u);
    }
}

TEST_P(Several, TakeARestartedOneBackAsAnotherIncarnation) {
    const std::size_t nodes = GetParam();
    for (const Nanos dead_for : {Nanos{1ms}, Nanos{100ms}, Nanos{5s}}) {
        Net net(nodes);
        net.boot_all();
        net.run_for(2s);
        const Member before = net.member(1);
        net.crash(1);
        net.run_for(dead_for);
        net.boot(1);
        net.run_for(15s);
        EXPECT_NE(net.member(1), before);
        EXPECT_TRUE(net.is_ring(all(nodes))) << dead_for.count();
        EXPECT_LE(net.installs(0), 4u);
    }
}

TEST_P(Several, SplitAndMergeAgain) {
    const std::size_t nodes = GetParam();
    for (std::size_t left = 1; left < nodes; ++left) {
        Net net(nodes, left);
        net.boot_all();
        net.run_for(2s);
        std::vector<std::size_t> a;
        std::vector<std::size_t> b;
        for (std::size_t i = 0; i < nodes; ++i) (i < left ? a : b).push_back(i);
        net.partition({a, b});
        net.run_for(5s);
        EXPECT_TRUE(net.is_ring(a));
        EXPECT_TRUE(net.is_ring(b));
        net.heal();
        net.run_for(20s);
        EXPECT_TRUE(net.is_ring(all(nodes))) << left << " of " << nodes;
        for (std::size_t i = 0; i < nodes; ++i) EXPECT_LE(net.installs(i), 5u);
    }
}

/// What a permanently broken network may cost: a handful of installs each, and then none.
void expect_rest(Net& net, std::size_t nodes) {
    net.run_for(60s);
    const std::size_t at_rest = net.installs();
    EXPECT_LE(at_rest, 8 * nodes);
    net.run_for(60s);
    EXPECT_EQ(net.installs(), at_rest);
    for (std::size_t i = 0; i < nodes; ++i) EXPECT_EQ(net.state(i), State::operational) << i;
    EXPECT_EQ(net.loans(), 0u);
}

TEST_P(Several, ComeToRestWithOneLinkCutOneWay) {
    const std::size_t nodes = GetParam();
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Net net(nodes, seed);
        net.boot_all();
        net.run_for(2s);
        net.cut(0, nodes - 1);
        expect_rest(net, nodes);
    }
}

TEST_P(Triangles, ComeToRestWithoutTransitivity) {
    const std::size_t nodes = GetParam();
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Net net(nodes, seed);
        net.cut(0, nodes - 1);
        net.cut(nodes - 1, 0);
        net.boot_all();
        expect_rest(net, nodes);
    }
}

TEST_P(Rounds, ComeToRestAsNeighboursInACircle) {
    const std::size_t nodes = GetParam();
    Net net(nodes);
    for (std::size_t a = 0; a < nodes; ++a) {
        for (std::size_t b = 0; b < nodes; ++b) {
            const std::size_t apart = (a + nodes - b) % nodes;
            if (apart > 1 && apart < nodes - 1) net.cut(a, b);
        }
    }
    net.boot_all();
    expect_rest(net, nodes);
}

TEST_P(Triangles, RepairAfterATriangleBringsOneRing) {
    const std::size_t nodes = GetParam();
    Net net(nodes);
    net.cut(0, nodes - 1);
    net.cut(nodes - 1, 0);
    net.boot_all();
    net.run_for(30s);
    net.heal();
    net.run_for(30s);
    EXPECT_TRUE(net.is_ring(all(nodes)));
}

TEST(Net, AFlappingLinkIsBackedOffFrom) {
    const auto installs_with = [](int flaps) {
        Net net(3);
        net.boot_all();
        net.run_for(2s);
        for (int i = 0; i < flaps; ++i) {
            net.partition({{0, 1}, {2}});
            net.run_for(1500ms);  // long enough for both sides to install without the other
            net.heal();
            net.run_for(1500ms);
        }
        return net.installs(0);
    };
    // Without back-off every flap costs two installs. With it a peer that flaps is invited about
    // once in its longest back-off, however often the link comes and goes.
    const int flaps = 60;
    EXPECT_LT(installs_with(flaps), 60u);
}

TEST(Net, AfterALongFlapOneRingComesBack) {
    Net net(3);
    net.boot_all();
    net.run_for(2s);
    for (int i = 0; i < 40; ++i) {
        net.partition({{0, 1}, {2}});
        net.run_for(400ms);
        net.heal();
        net.run_for(400ms);
    }
    net.run_for(40s);
    EXPECT_TRUE(net.is_ring(all(3)));
}

TEST(Net, ARingOfAllSaysNothing) {
    Net net(3);
    net.boot_all();
    net.run_for(2s);
    const auto said = net.counter(0, CounterId::merge_sent) + net.counter(0, CounterId::join_sent);
    net.run_for(60s);
    EXPECT_EQ(net.counter(0, CounterId::merge_sent) + net.counter(0, CounterId::join_sent), said);
}

TEST(Net, EveryTransitionIsCounted) {
    Net net(3);
    net.boot_all();
    net.run_for(2s);
    net.crash(2);
    net.run_for(5s);
    EXPECT_EQ(net.counter(0, CounterId::entered_boot), 1u);
    EXPECT_EQ(net.counter(0, CounterId::entered_token_lost) +
                  net.counter(0, CounterId::entered_join_from_member),
              1u);
    EXPECT_EQ(net.counter(0, CounterId::entered_installed), 2u);
    EXPECT_EQ(net.counter(0, CounterId::state), static_cast<std::uint64_t>(State::operational));
}

}  // namespace
}  // namespace torc::membership::test
