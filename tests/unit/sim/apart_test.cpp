// No run can be lost, whatever ends it.
#include "tests/sim/apart.hpp"

#include <csignal>
#include <map>

#include <gtest/gtest.h>

#include "base/check.hpp"

namespace torc::sim {
namespace {

std::map<std::uint64_t, Outcome> run(std::uint64_t count, const RunSource& source,
                                     std::uint32_t jobs = 2, std::uint32_t seconds = 60) {
    std::map<std::uint64_t, Outcome> outcomes;
    run_apart(count, Apart{jobs, seconds}, source, [&](std::uint64_t number, const Report& report) {
        EXPECT_TRUE(outcomes.emplace(number, report.outcome).second) << "told twice: " << number;
        return true;
    });
    return outcomes;
}

Scenario quick() {
    Scenario scenario;
    set_nodes(scenario.options, 2);
    scenario.options.cluster.timers = options_from_seed(1).cluster.timers;
    scenario.options.chaos = std::chrono::milliseconds{5};
    return scenario;
}

TEST(Apart, GivesWhatTheRunWouldGiveHere) {
    const auto outcomes = run(6, [](std::uint64_t i) { return scenario_from_seed(i + 1); });
    ASSERT_EQ(outcomes.size(), 6u);
    for (const auto& [number, outcome] : outcomes) {
        const Outcome here = World(options_from_seed(number + 1)).run();
        EXPECT_EQ(outcome.trace, here.trace);
        EXPECT_EQ(outcome.events, here.events);
        EXPECT_EQ(outcome.virtual_time, here.virtual_time);
        EXPECT_EQ(outcome.failed, here.failed);
    }
}

TEST(Apart, ASignalCostsOneRun) {
    const auto outcomes = run(20, [](std::uint64_t i) {
        if (i == 7) std::raise(SIGKILL);
        return quick();
    });
    ASSERT_EQ(outcomes.size(), 20u);
    for (const auto& [number, outcome] : outcomes) EXPECT_EQ(outcome.failed, number == 7);
    EXPECT_EQ(outcomes.at(7).what, "signal 9 (Killed)");
}

TEST(Apart, AFailedCheckIsNamed) {
    const auto outcomes = run(4, [](std::uint64_t i) {
        if (i == 0) check_failed("a == b");
        return quick();
    });
    ASSERT_EQ(outcomes.size(), 4u);
    EXPECT_TRUE(outcomes.at(0).failed);
    EXPECT_EQ(outcomes.at(0).what.rfind("check a == b at ", 0), 0u) << outcomes.at(0).what;
}

TEST(Apart, ARunWithoutEndEnds) {
    const auto outcomes = run(
        2,
        [](std::uint64_t i) {
            while (i == 1) {
                std::signal(SIGUSR1, SIG_DFL);  // something that is not optimised away
            }
            return quick();
        },
        1, 1);
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_FALSE(outcomes.at(0).failed) << outcomes.at(0).what;
    EXPECT_EQ(outcomes.at(1).what, "no end within 1 s of processor time");
}

TEST(Apart, StopsWhenNobodyWantsMore) {
    std::uint64_t heard = 0;
    run_apart(
        1000, Apart{2, 60}, [](std::uint64_t) { return quick(); },
        [&heard](std::uint64_t, const Report&) { return ++heard < 3; });
    EXPECT_EQ(heard, 3u);
}

}  // namespace
}  // namespace torc::sim
