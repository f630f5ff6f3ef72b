// The minimiser, on failures whose least cause is known: it must find that, and no more.
#include "tests/sim/minimise.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/sim/world.hpp"

namespace torc::sim {
namespace {

bool has(const Scenario& scenario, FaultKind kind) {
    return std::any_of(scenario.schedule.begin(), scenario.schedule.end(),
                       [kind](const Fault& fault) { return fault.kind == kind; });
}

/// The first seed whose scenario is as asked.
Scenario find(const StillFails& wanted) {
    for (std::uint64_t seed = 1; seed < 10'000; ++seed) {
        Scenario scenario = scenario_from_seed(seed);
        if (wanted(scenario)) return scenario;
    }
    ADD_FAILURE() << "no such seed";
    return {};
}

constexpr auto kNoHurry = [] { return true; };

TEST(Minimise, LeavesOnlyTheFaultsThatMatter) {
    const StillFails both = [](const Scenario& scenario) {
        return has(scenario, FaultKind::crash) && has(scenario, FaultKind::partition);
    };
    const Scenario big = find([&](const Scenario& s) { return both(s) && s.schedule.size() > 20; });
    const Scenario small = minimise(big, both, kNoHurry);
    EXPECT_EQ(small.schedule.size(), 2u);
    EXPECT_TRUE(both(small));
    EXPECT_EQ(small.options.nodes, kNodesLeast);
    EXPECT_EQ(small.options.packets.loss, 0u);
    EXPECT_EQ(small.options.load.burst, 1u);
    EXPECT_EQ(small.options.load.acts, 1u);
}

TEST(Minimise, KeepsWhatTheFailureNeeds) {
    const StillFails needs = [](const Scenario& scenario) {
        return scenario.options.nodes >= 5 && scenario.options.packets.loss != 0 &&
               scenario.options.hazards.link.in_order != 0 &&
               std::count_if(scenario.schedule.begin(), scenario.schedule.end(),
                             [](const Fault& fault) { return fault.kind == FaultKind::pause; }) >=
                   2;
    };
    const Scenario small = minimise(find(needs), needs, kNoHurry);
    EXPECT_TRUE(needs(small));
    EXPECT_EQ(small.options.nodes, 5u);
    EXPECT_EQ(small.schedule.size(), 2u);
    EXPECT_EQ(small.options.packets.duplicate, 0u);
}

TEST(Minimise, WhatItLeavesCanBeReadAndRun) {
    const StillFails crash = [](const Scenario& scenario) {
        return has(scenario, FaultKind::crash);
    };
    Scenario read;
    ASSERT_EQ(from_text(to_text(minimise(find(crash), crash, kNoHurry)), read), "");
    const Outcome outcome = World(read.options, read.schedule).run();
    EXPECT_FALSE(outcome.failed) << outcome.what;
}

/// Stands for an oracle with a broken predicate: whole runs are judged, not texts.
TEST(Minimise, ShrinksRealRuns) {
    const auto installs = [](const Scenario& scenario) {
        return World(scenario.options, scenario.schedule).run().installs;
    };
    const StillFails restless = [&](const Scenario& scenario) { return installs(scenario) >= 12; };
    const Scenario big = find([&](const Scenario& s) {
        return s.options.nodes == 5 && s.schedule.size() > 4 && s.schedule.size() < 10 &&
               restless(s);
    });
    std::uint64_t runs = 0;
    const Scenario small = minimise(big, restless, [&runs] { return ++runs < 80; });
    EXPECT_TRUE(restless(small));
    EXPECT_LT(small.schedule.size(), big.schedule.size());
}

TEST(Minimise, StopsWhenItsTimeIsUp) {
    const Scenario big = scenario_from_seed(1);
    std::uint64_t runs = 0;
    const Scenario same = minimise(
        big,
        [&runs](const Scenario&) {
            ++runs;
            return true;
        },
        [] { return false; });
    EXPECT_EQ(runs, 0u);
    EXPECT_EQ(to_text(same), to_text(big));
}

TEST(Minimise, FailuresOfOneKindHaveOneSignature) {
    EXPECT_EQ(signature_of("node 3 boot 1: order goes backwards, seq 17\n n0 up"),
              signature_of("node 0 boot 12: order goes backwards, seq 4"));
    EXPECT_NE(signature_of("groups differ"), signature_of("nobody is alive"));
}

}  // namespace
}  // namespace torc::sim
