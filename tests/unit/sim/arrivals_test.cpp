// Gaps between messages at random: their rate and their spread.
#include "tests/sim/arrivals.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace torc::sim {
namespace {

constexpr int kDraws = 200'000;

/// Mean of so many gaps, and the share of them that is longer than `bar`.
struct Drawn {
    double mean{0};
    double longer{0};
};

Drawn draw(std::uint64_t mean_ps, std::int64_t bar_ns) {
    Arrivals arrivals(7, mean_ps);
    Drawn drawn;
    for (int i = 0; i < kDraws; ++i) {
        const Nanos gap = arrivals.next();
        drawn.mean += static_cast<double>(gap.count()) / kDraws;
        drawn.longer += gap.count() > bar_ns ? 1.0 / kDraws : 0;
    }
    return drawn;
}

TEST(Arrivals, ComeAtTheirRateAndForgetHowLongTheyWaited) {
    const Drawn once = draw(1'000'000, 1000);
    EXPECT_NEAR(once.mean, 1000, 10);
    EXPECT_NEAR(once.longer, std::exp(-1), 0.005);
    EXPECT_NEAR(draw(1'000'000, 3000).longer, std::exp(-3), 0.003);
}

TEST(Arrivals, KeepTheirRateBelowANanosecond) { EXPECT_NEAR(draw(400, 0).mean, 0.4, 0.01); }

TEST(Arrivals, ASeedGivesTheSameGaps) {
    Arrivals one(3, 5000);
    Arrivals same(3, 5000);
    Arrivals other(4, 5000);
    int different = 0;
    for (int i = 0; i < 100; ++i) {
        const Nanos gap = one.next();
        EXPECT_EQ(gap, same.next());
        different += gap != other.next() ? 1 : 0;
    }
    EXPECT_GT(different, 50);
}

}  // namespace
}  // namespace torc::sim
