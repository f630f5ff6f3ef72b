// When messages of an open loop are due.
#include "tools/torc/send_schedule.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace torc::tool {
namespace {

constexpr std::int64_t kStart = 5'000'000'000;

std::vector<std::int64_t> times_of(SendSchedule schedule, std::size_t count) {
    std::vector<std::int64_t> times;
    schedule.start(kStart);
    for (; times.size() < count; schedule.advance()) times.push_back(schedule.next_ns());
    return times;
}

TEST(SendSchedule, EvenTimesHaveNoDrift) {
    const auto times = times_of({30'000, Arrivals::even, 1}, 3'000'001);
    EXPECT_EQ(times[0], kStart);
    EXPECT_EQ(times[1], kStart + 33'333);
    EXPECT_EQ(times[2], kStart + 66'666);
    EXPECT_EQ(times[3'000'000], kStart + 100'000'000'000);
}

TEST(SendSchedule, EvenSendersTakeTurns) {
    SendSchedule third(1000, Arrivals::even, 1);
    third.start(kStart, 2, 4);
    EXPECT_EQ(third.next_ns(), kStart + 500'000);
    third.advance();
    EXPECT_EQ(third.next_ns(), kStart + 1'500'000);
    SendSchedule poisson(1000, Arrivals::poisson, 1);
    poisson.start(kStart, 2, 4);
    EXPECT_EQ(poisson.next_ns(), kStart);
}

TEST(SendSchedule, PoissonTimesComeFromTheSeed) {
    const auto times = times_of({1000, Arrivals::poisson, 7}, 1000);
    EXPECT_EQ(times, times_of({1000, Arrivals::poisson, 7}, 1000));
    EXPECT_NE(times, times_of({1000, Arrivals::poisson, 8}, 1000));
    EXPECT_EQ(times[0], kStart);
}

TEST(SendSchedule, PoissonGapsHaveTheMeanAndTheSpreadOfTheRate) {
    constexpr std::size_t kGaps = 100'000;
    const auto times = times_of({1000, Arrivals::poisson, 7}, kGaps + 1);
    std::size_t long_gaps = 0;
    for (std::size_t i = 0; i < kGaps; ++i) {
        ASSERT_GE(times[i + 1], times[i]);
        if (times[i + 1] - times[i] > 1'000'000) ++long_gaps;
    }
    const double mean = static_cast<double>(times[kGaps] - times[0]) / kGaps;
    EXPECT_NEAR(mean, 1e6, 2e4);
    // 1/e of exponential gaps are longer than the mean; of even ones none, or half.
    EXPECT_NEAR(static_cast<double>(long_gaps) / kGaps, 0.3679, 0.01);
}

TEST(SendSchedule, WithoutARateItFloods) {
    EXPECT_TRUE(SendSchedule(0, Arrivals::even, 1).floods());
    EXPECT_FALSE(SendSchedule(1, Arrivals::even, 1).floods());
}

}  // namespace
}  // namespace torc::tool
