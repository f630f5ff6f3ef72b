#include "tools/torc/latency_tally.hpp"

#include <gtest/gtest.h>

namespace torc::tool {
namespace {

TEST(LatencyTally, EachIsCountedOnceAndWhereItBelongs) {
    telemetry::Histogram<> own;
    telemetry::Histogram<> others;
    LatencyTally tally;
    for (int i = 0; i < 3; ++i) tally.record(own, 10);
    tally.record(others, 10);
    tally.record(others, 20);
    tally.settle();
    tally.settle();
    EXPECT_EQ(own.count(), 3u);
    EXPECT_EQ(own.max(), 10u);
    EXPECT_EQ(others.count(), 2u);
    EXPECT_EQ(others.min(), 10u);
    EXPECT_EQ(others.max(), 20u);
}

TEST(LatencyTally, GoesOnAfterItHasSettled) {
    telemetry::Histogram<> own;
    LatencyTally tally;
    tally.settle();
    tally.record(own, 10);
    tally.settle();
    tally.record(own, 10);
    tally.settle();
    EXPECT_EQ(own.count(), 2u);
}

}  // namespace
}  // namespace torc::tool
