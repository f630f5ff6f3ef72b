// What a receiver of a blast counts, and the best of the sender's ways to take turns.
#include <array>

#include <gtest/gtest.h>

#include "bench/blast/blast_frame.hpp"
#include "bench/blast/turns.hpp"

namespace torc::blast {
namespace {

using std::chrono::milliseconds;

constexpr Instant kStart{std::chrono::seconds{5}};

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

TEST(TurnTallies, TheBestTurnCounts) {
    const Nanos part = milliseconds(400);
    TurnTallies tallies(part * static_cast<std::int64_t>(kTurns.size()));
    EXPECT_FALSE(tallies.begun());
    tallies.add(kStart, kTurns.size(), 1000, 1000);  // of the warm-up
    EXPECT_FALSE(tallies.begun());
    for (std::size_t turn = 0; turn < kTurns.size(); ++turn) {
        EXPECT_FALSE(tallies.complete());
        const Instant from = kStart + part * static_cast<std::int64_t>(turn);
        tallies.add(from, turn, 5000, 5000);  // what the turn before had left lying
        tallies.add(from + part / 2, turn, turn == 3 ? 60 : 30, 6000);
        tallies.add(from + part, turn, 5000, 5000);
    }
    EXPECT_TRUE(tallies.complete());
    EXPECT_EQ(tallies.best(), 3u);
    EXPECT_EQ(tallies[3].frames(), 60u);
    EXPECT_DOUBLE_EQ(tallies[3].frames_per_second(), 200);
}

TEST(BlastFrame, ComesBackAndForeignBytesDoNot) {
    std::array<std::byte, 64> room{};
    EXPECT_FALSE(read_frame(room));
    write_frame(room, Kind::ready, NodeIndex{2}, 4);
    const auto frame = read_frame(room);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, Kind::ready);
    EXPECT_EQ(frame->from, 2u);
    EXPECT_EQ(frame->turn, 4u);
    EXPECT_FALSE(read_frame(std::span(room).first(sizeof(BlastFrame) - 1)));
    room[8] = std::byte{9};  // no kind
    EXPECT_FALSE(read_frame(room));
}

}  // namespace
}  // namespace torc::blast
