// The histogram against an exact sort.
#include "telemetry/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::telemetry {
namespace {

using Small = Histogram<24>;

/// Nearest rank in a sorted list.
std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, double percent) {
    const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

TEST(Histogram, AnEmptyOneIsAllZero) {
    const auto histogram = std::make_unique<Histogram<>>();
    EXPECT_EQ(histogram->count(), 0u);
    EXPECT_EQ(histogram->min(), 0u);
    EXPECT_EQ(histogram->max(), 0u);
    EXPECT_EQ(histogram->percentile(50), 0u);
    EXPECT_EQ(histogram->mean(), 0.0);
}

TEST(Histogram, SmallValuesAreExact) {
    const auto histogram = std::make_unique<Small>();
    for (std::uint64_t value = 0; value < 2048; ++value) histogram->record(value);
    for (std::uint64_t percent = 1; percent <= 100; ++percent) {
        EXPECT_EQ(histogram->percentile(static_cast<double>(percent)),
                  (percent * 2048 + 99) / 100 - 1);
    }
}

TEST(Histogram, ValuesPastTheLargestAreCountedAndSaid) {
    const auto histogram = std::make_unique<Small>();
    histogram->record(5);
    histogram->record(Small::kLargest);
    EXPECT_EQ(histogram->saturated(), 0u);
    histogram->record(Small::kLargest + 1, 3);
    EXPECT_EQ(histogram->saturated(), 3u);
    EXPECT_EQ(histogram->count(), 5u);
    EXPECT_EQ(histogram->max(), Small::kLargest + 1);
    EXPECT_EQ(histogram->percentile(60), Small::kLargest);
}

TEST(Histogram, CorrectsForCoordinatedOmission) {
    const auto histogram = std::make_unique<Small>();
    histogram->record_corrected(100, 30);  // also missed 70 and 40
    EXPECT_EQ(histogram->count(), 3u);
    EXPECT_EQ(histogram->min(), 40u);
    histogram->record_corrected(29, 30);
    histogram->record_corrected(1'000, 0);
    EXPECT_EQ(histogram->count(), 5u);
}

RC_GTEST_PROP(HistogramProperty, PercentilesAreExactToThreeDigits, ()) {
    const auto value = rc::gen::map(
        rc::gen::pair(rc::gen::inRange(0u, 24u), rc::gen::arbitrary<std::uint64_t>()),
        [](const auto& pair) { return pair.second & ((std::uint64_t{1} << pair.first) - 1); });
    auto samples = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(value));
    const auto histogram = std::make_unique<Small>();
    for (const std::uint64_t sample : samples) histogram->record(sample);
    std::sort(samples.begin(), samples.end());
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        const std::uint64_t exact = exact_percentile(samples, percent);
        const std::uint64_t got = histogram->percentile(percent);
        RC_ASSERT(got >= exact);
        RC_ASSERT(got - exact <= exact / 1024);
    }
    RC_ASSERT(histogram->percentile(100) == samples.back());
    RC_ASSERT(histogram->min() == samples.front());
    RC_ASSERT(histogram->max() == samples.back());
}

RC_GTEST_PROP(HistogramProperty, MergingEqualsRecordingTogether, ()) {
    const auto sample = rc::gen::inRange<std::uint64_t>(0, 1 << 25);
    const auto left = *rc::gen::container<std::vector<std::uint64_t>>(sample);
    const auto right = *rc::gen::container<std::vector<std::uint64_t>>(sample);
    const auto a = std::make_unique<Small>();
    const auto b = std::make_unique<Small>();
    const auto both = std::make_unique<Small>();
    for (const std::uint64_t value : left) a->record(value), both->record(value);
    for (const std::uint64_t value : right) b->record(value), both->record(value);
    a->merge(*b);
    RC_ASSERT(a->count() == both->count());
    RC_ASSERT(a->min() == both->min());
    RC_ASSERT(a->max() == both->max());
    RC_ASSERT(a->saturated() == both->saturated());
    std::vector<std::pair<std::uint64_t, std::uint64_t>> merged;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> together;
    a->for_each([&](std::uint64_t v, std::uint64_t n) { merged.emplace_back(v, n); });
    both->for_each([&](std::uint64_t v, std::uint64_t n) { together.emplace_back(v, n); });
    RC_ASSERT(merged == together);
}

/// Every value falls into a step that ends at most 1/1024 above it, steps in ascending order.
TEST(Histogram, StepsAreNarrowAtEverySize) {
    const auto histogram = std::make_unique<Histogram<>>();
    for (std::uint64_t value = 1; value < Histogram<>::kLargest; value += 1 + value / 7) {
        histogram->clear();
        histogram->record(value);
        histogram->for_each([value](std::uint64_t last, std::uint64_t) {
            EXPECT_GE(last, value);
            EXPECT_LE(last - value, value / 1024);
        });
    }
}

}  // namespace
}  // namespace torc::telemetry
