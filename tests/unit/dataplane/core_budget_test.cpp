// Who may spin: the verdict from facts, and the facts as far as any machine has them.
#include "dataplane/core_budget.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace torc::dataplane {
namespace {

TEST(CoreBudget, AnIsolatedPinnedCoreIsOwned) {
    EXPECT_TRUE(
        judge_core({.allowed_cpus = 1, .online_cpus = 2, .cpu = 1, .is_isolated = true}).is_owned);
}

TEST(CoreBudget, APinnedCoreIsPresumedOwnedOnlyWithProcessorsToSpare) {
    EXPECT_TRUE(judge_core({.allowed_cpus = 1, .online_cpus = 8, .cpu = 3}).is_owned);
    EXPECT_FALSE(judge_core({.allowed_cpus = 1, .online_cpus = 2, .cpu = 1}).is_owned);
}

TEST(CoreBudget, AFloatingThreadOrASmallQuotaOwnsNothing) {
    EXPECT_FALSE(judge_core({.allowed_cpus = 8, .online_cpus = 8}).is_owned);
    EXPECT_FALSE(
        judge_core(
            {.allowed_cpus = 1, .online_cpus = 8, .cpu = 3, .is_isolated = true, .quota_cpus = 0.5})
            .is_owned);
    EXPECT_FALSE(judge_core({}).is_owned);
    EXPECT_FALSE(judge_core({}).reason.empty());
}

TEST(CoreBudget, ReadsTheKernelsLists) {
    EXPECT_TRUE(cpu_list_contains("2-5,8", 2));
    EXPECT_TRUE(cpu_list_contains("2-5,8", 5));
    EXPECT_TRUE(cpu_list_contains("2-5,8", 8));
    EXPECT_FALSE(cpu_list_contains("2-5,8", 6));
    EXPECT_FALSE(cpu_list_contains("", 0));
    EXPECT_FALSE(cpu_list_contains("(null)", 0));
    EXPECT_FALSE(cpu_list_contains("2-", 2));
    EXPECT_FALSE(cpu_list_contains("2;3", 3));
}

TEST(CoreBudget, PinningShowsInTheFacts) {
    std::thread([] {
        CoreFacts facts = read_core_facts();
        EXPECT_GE(facts.allowed_cpus, 1);
        EXPECT_GE(facts.online_cpus, 1);
        int core = 0;
        while (core < 1024 && !pin_to_core(core)) ++core;
        facts = read_core_facts();
        EXPECT_EQ(facts.allowed_cpus, 1);
        EXPECT_EQ(facts.cpu, core);
    }).join();
}

TEST(CoreBudget, PinningToACoreThatIsNotThereHasARemedy) {
    for (const int core : {-1, 1023, 100'000}) {
        const Result<void> pinned = pin_to_core(core);
        ASSERT_FALSE(pinned.has_value());
        EXPECT_FALSE(pinned.error().remedy.empty());
    }
}

TEST(CompetitionWatch, ManyLossesInOneIntervalMeanACompetitorForGood) {
    CompetitionWatch watch;
    Instant now{Nanos{1}};
    EXPECT_FALSE(watch.note(now, 5000)) << "what was before does not count";
    EXPECT_FALSE(watch.note(now += CompetitionWatch::kInterval, 5010));
    EXPECT_TRUE(watch.note(now += CompetitionWatch::kInterval, 5021));
    EXPECT_TRUE(watch.note(now += CompetitionWatch::kInterval, 5021));
}

}  // namespace
}  // namespace torc::dataplane
