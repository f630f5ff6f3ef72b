// Many sessions in many groups on many daemons: joined, parted and merged, and everybody ends with
// the same directory. What it takes, in virtual time, `torc-physical --event scale` says.
#include <gtest/gtest.h>

#include "tests/sim/physical_scenarios.hpp"

namespace torc::sim {
namespace {

using namespace std::chrono_literals;

/// Ordinary hosts: 10 Gbit/s, the timers of `lan`.
PhysicalOptions ordinary(std::uint32_t nodes) {
    PhysicalOptions options = physical_options(nodes, config::Timers{});
    options.parameters.gbit = 10;
    options.watched = false;
    return options;
}

TEST(Scale, SixtyFourDaemonsShareTenThousandGroups) {
    PhysicalOptions options = ordinary(64);
    options.population = {.groups = 10'000, .sessions = 32, .crowd = 4'000, .memberships = 3};
    const auto result = scale(options);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->groups, 10'001u) << "with the one that everybody is in";
    EXPECT_EQ(result->memberships, 64u + 3 * (4'000 + 63 * 32));
    EXPECT_GT(result->sync_bytes, result->memberships * 16) << "SYNC names every membership";
    EXPECT_LT(result->sync_bytes, result->memberships * 96);
    RecordProperty("merging_us", std::to_string(result->merging.count() / 1000));
    RecordProperty("sync_bytes", std::to_string(result->sync_bytes));
}

TEST(Scale, AGroupOfThousandsIsOneListEverywhere) {
    PhysicalOptions options = ordinary(8);
    options.population = {.groups = 1, .sessions = 200, .crowd = 1'000, .memberships = 1};
    const auto result = scale(options);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->memberships, 8u + 1'000 + 7 * 200);
}

}  // namespace
}  // namespace torc::sim
