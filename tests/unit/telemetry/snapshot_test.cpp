// A reader never sees half of a published value.
#include "telemetry/snapshot.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace torc::telemetry {
namespace {

struct Many {
    std::array<std::uint64_t, 64> numbers{};
};

TEST(Snapshot, ReadsWhatWasPublished) {
    Snapshot<Many> snapshot;
    Many value;
    EXPECT_TRUE(try_read(snapshot, value));
    EXPECT_EQ(value.numbers[0], 0u);
    Many next;
    next.numbers.fill(7);
    publish(snapshot, next);
    EXPECT_TRUE(try_read(snapshot, value));
    EXPECT_EQ(value.numbers, next.numbers);
}

TEST(Snapshot, AValueUnderWayIsNotRead) {
    Snapshot<Many> snapshot;
    snapshot.version = 3;
    Many value;
    value.numbers.fill(1);
    EXPECT_FALSE(try_read(snapshot, value));
    EXPECT_EQ(value.numbers[63], 1u) << "the output was touched";
}

TEST(Snapshot, IsWholeUnderAWriterThatNeverRests) {
    constexpr std::uint64_t kRounds = 20'000;
    const auto snapshot = std::make_unique<Snapshot<Many>>();
    std::thread writer([&snapshot] {
        Many value;
        for (std::uint64_t round = 1; round <= kRounds; ++round) {
            value.numbers.fill(round);
            publish(*snapshot, value);
        }
    });
    std::uint64_t latest = 0;
    while (latest < kRounds) {
        Many value;
        if (!try_read(*snapshot, value)) continue;
        for (const std::uint64_t number : value.numbers) ASSERT_EQ(number, value.numbers[0]);
        ASSERT_GE(value.numbers[0], latest);
        latest = value.numbers[0];
    }
    writer.join();
}

}  // namespace
}  // namespace torc::telemetry
