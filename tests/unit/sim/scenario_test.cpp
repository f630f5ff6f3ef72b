// Scenarios: text that says all of a run, read with care.
#include "tests/sim/scenario.hpp"

#include <gtest/gtest.h>

#include "tests/sim/world.hpp"

namespace torc::sim {
namespace {

TEST(Scenario, TextSaysAllThatDecidesARun) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const Scenario written = scenario_from_seed(seed);
        Scenario read;
        ASSERT_EQ(from_text(to_text(written), read), "");
        EXPECT_EQ(read.schedule, written.schedule);
        EXPECT_EQ(to_text(read), to_text(written));
        const Outcome of_seed = World(options_from_seed(seed)).run();
        const Outcome of_text = World(read.options, read.schedule).run();
        EXPECT_EQ(of_seed.trace, of_text.trace) << "seed " << seed;
        EXPECT_EQ(of_seed.events, of_text.events) << "seed " << seed;
    }
}

TEST(Scenario, EveryKindOfFaultIsInSomeSeedAndHasAName) {
    std::array<bool, kFaultKinds> seen{};
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        for (const Fault& fault : scenario_from_seed(seed).schedule) {
            seen.at(static_cast<std::size_t>(fault.kind)) = true;
        }
    }
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
        const auto kind = static_cast<FaultKind>(i);
        EXPECT_TRUE(seen.at(i)) << name_of(kind);
        FaultKind again{};
        EXPECT_TRUE(kind_from_name(name_of(kind), again));
        EXPECT_EQ(again, kind);
    }
}

TEST(Scenario, FaultsStandInTheOrderOfTime) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Schedule schedule = scenario_from_seed(seed).schedule;
        EXPECT_TRUE(std::is_sorted(schedule.begin(), schedule.end(),
                                   [](const Fault& a, const Fault& b) { return a.at < b.at; }));
    }
}

TEST(Scenario, PeopleMayWriteThem) {
    Scenario scenario;
    ASSERT_EQ(from_text("# a comment first\n"
                        "torc-scenario 1\n\n"
                        "fault 40ms crash node=1 lasts=8ms   # behind\r\n"
                        "option nodes 4\n"
                        "fault 17250us partition side=5",
                        scenario),
              "");
    EXPECT_EQ(scenario.options.nodes, 4u);
    EXPECT_EQ(scenario.options.cluster.nodes.size(), 4u);
    ASSERT_EQ(scenario.schedule.size(), 2u);
    EXPECT_EQ(scenario.schedule[0].kind, FaultKind::partition);
    EXPECT_EQ(scenario.schedule[0].side, 5u);
    EXPECT_EQ(scenario.schedule[1].lasts, std::chrono::milliseconds{8});
}

TEST(Scenario, WhatIsWrongIsSaidWithItsLine) {
    const std::string head = "torc-scenario 1\n";
    const std::array<std::pair<std::string, std::string>, 13> cases{{
        {"", "empty"},
        {"option nodes 4\n", "line 1: must begin with 'torc-scenario 1'"},
        {"torc-scenario 2\n", "line 1: must begin with 'torc-scenario 1'"},
        {head + "option noodles 4\n", "line 2: nothing is called 'noodles'"},
        {head + "option nodes many\n", "line 2: 'many' is no value of nodes"},
        {head + "option nodes\n", "line 2: option needs a name and a value"},
        {head + "option token_loss 3\n", "line 2: '3' is no value of token_loss"},
        {head + "option token_loss 99999999999999999999s\n",
         "line 2: '99999999999999999999s' is no value of token_loss"},
        {head + "fault 3ms\n", "line 2: a fault needs a time and a kind"},
        {head + "fault 3ms earthquake\n", "line 2: no fault is called 'earthquake'"},
        {head + "\nfault 3ms crash 1\n", "line 3: '1' is no key=value"},
        {head + "fault 3ms crash node=7\n", "a fault at 3ms names what is not there"},
        {head + "option nodes 1\n", "nodes out of range"},
    }};
    for (const auto& [text, problem] : cases) {
        Scenario scenario;
        EXPECT_EQ(from_text(text, scenario), problem) << text;
    }
}

}  // namespace
}  // namespace torc::sim
