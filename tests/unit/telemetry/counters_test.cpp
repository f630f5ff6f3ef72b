// The table, and the writing end of counters.
#include "telemetry/counters.hpp"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace torc::telemetry {
namespace {

TEST(CounterTable, IsInOrderUniqueAndDescribed) {
    std::set<std::string_view> names;
    ASSERT_EQ(counter_table().size(), kCounters);
    for (std::size_t i = 0; i < kCounters; ++i) {
        const CounterInfo& info = counter_table()[i];
        EXPECT_EQ(info.id, static_cast<CounterId>(i));
        EXPECT_EQ(name_of(info.id), info.name);
        EXPECT_TRUE(names.insert(info.name).second) << info.name;
        EXPECT_FALSE(info.text.empty()) << info.name;
        EXPECT_FALSE(info.unit.empty()) << info.name;
    }
}

TEST(CounterSet, CountsSetsAndKeepsPeaks) {
    CounterValues memory;
    CounterSet counters(memory);
    counters.inc(CounterId::views);
    counters.inc(CounterId::views, 4);
    counters.set(CounterId::in_flight, 9);
    counters.set(CounterId::in_flight, 3);
    counters.raise(CounterId::in_flight_peak, 9);
    counters.raise(CounterId::in_flight_peak, 3);
    EXPECT_EQ(counters.get(CounterId::views), 5u);
    EXPECT_EQ(counters.get(CounterId::in_flight), 3u);
    EXPECT_EQ(counters.get(CounterId::in_flight_peak), 9u);
    std::uint64_t sum = 0;
    for (const std::uint64_t value : memory.values) sum += value;
    EXPECT_EQ(sum, 5u + 3u + 9u) << "a neighbour was touched";
}

TEST(CounterSet, WorksOverPlainMemoryOfTheRightSize) {
    std::vector<std::uint64_t> memory(kCounters);
    CounterSet counters{std::span<std::uint64_t>(memory)};
    counters.inc(CounterId::client_core_overruns);  // the last of the table
    EXPECT_EQ(memory.back(), 1u);
    memory.pop_back();
    EXPECT_DEATH(CounterSet{std::span<std::uint64_t>(memory)}, "values.size");
}

TEST(CounterSet, WritersDoNotShareALine) {
    EXPECT_EQ(alignof(CounterValues), kCacheLine);
    EXPECT_EQ(sizeof(CounterValues) % kCacheLine, 0u);
}

}  // namespace
}  // namespace torc::telemetry
