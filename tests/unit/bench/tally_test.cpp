// What a receiver of a blast counts.
#include "bench/blast/tally.hpp"

#include <array>

#include <gtest/gtest.h>

#include "bench/blast/blast_frame.hpp"

namespace torc::blast {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds{5}};
constexpr Nanos kSecond{std::chrono::seconds{1}};

TEST(Tally, CountsBetweenWarmUpAndEnd) {
    Tally tally(milliseconds(100), milliseconds(500));
    EXPECT_FALSE(tally.begun());
    tally.add(kStart, 10, 1000);  // begins the warm-up
    tally.add(kStart + milliseconds(99), 10, 1000);
    EXPECT_EQ(tally.frames(), 0u);
    tally.add(kStart + milliseconds(100), 7, 700);
    tally.add(kStart + milliseconds(599), 3, 300);
    tally.add(kStart + milliseconds(600), 10, 1000);
    EXPECT_EQ(tally.frames(), 10u);
    EXPECT_DOUBLE_EQ(tally.frames_per_second(), 20);
    EXPECT_DOUBLE_EQ(tally.bits_per_second(), 16'000);
}

TEST(Tally, IsCompleteWhenItsTimeIsOver) {
    Tally tally(milliseconds(100), milliseconds(500));
    EXPECT_FALSE(tally.complete(kStart));
    tally.add(kStart, 1, 100);
    EXPECT_FALSE(tally.complete(kStart + milliseconds(599)));
    EXPECT_TRUE(tally.complete(kStart + milliseconds(600)));
}

TEST(Tally, IsSilentOnlyAfterItBegan) {
    Tally tally(milliseconds(100), milliseconds(500));
    EXPECT_FALSE(tally.silent(kStart + kSecond, kSecond));
    tally.add(kStart, 1, 100);
    tally.add(kStart + kSecond, 1, 100);
    EXPECT_FALSE(tally.silent(kStart + kSecond + milliseconds(999), kSecond));
    EXPECT_TRUE(tally.silent(kStart + 2 * kSecond, kSecond));
}

TEST(BlastFrame, ComesBackAndForeignBytesDoNot) {
    std::array<std::byte, 64> room{};
    EXPECT_FALSE(read_frame(room));
    write_frame(room, Kind::ready, NodeIndex{2});
    const auto frame = read_frame(room);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, Kind::ready);
    EXPECT_EQ(frame->from, 2u);
    EXPECT_FALSE(read_frame(std::span(room).first(sizeof(BlastFrame) - 1)));
    room[8] = std::byte{9};  // no kind
    EXPECT_FALSE(read_frame(room));
}

}  // namespace
}  // namespace torc::blast
