// A seed decides a run wholly: that is what makes printing it enough to repeat a failure.
#include <gtest/gtest.h>

#include "tests/sim/world.hpp"

namespace torc::sim {
namespace {

Outcome run(std::uint64_t seed) { return World(options_from_seed(seed)).run(); }

TEST(Determinism, ASeedRunsTheSameWayTwice) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Outcome first = run(seed);
        const Outcome second = run(seed);
        EXPECT_FALSE(first.failed) << first.what;
        EXPECT_GT(first.messages, 0u);
        EXPECT_EQ(first.trace, second.trace) << "seed " << seed;
        EXPECT_EQ(first.events, second.events) << "seed " << seed;
        EXPECT_EQ(first.virtual_time, second.virtual_time) << "seed " << seed;
    }
}

TEST(Determinism, AnotherSeedIsAnotherRun) { EXPECT_NE(run(1).trace, run(2).trace); }

TEST(Determinism, OptionsFollowFromTheSeed) {
    EXPECT_EQ(describe(options_from_seed(77)), describe(options_from_seed(77)));
    EXPECT_EQ(options_from_seed(77, 9).nodes, 9u);
}

}  // namespace
}  // namespace torc::sim
