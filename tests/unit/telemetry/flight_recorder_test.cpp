// The recorder keeps the newest events in order, and its text has no surprises.
#include "telemetry/flight_recorder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace torc::telemetry {
namespace {

TraceEvent numbered(std::uint64_t number) {
    return {TraceKind::token_passed, NodeIndex{2}, instant_from_ns(1'500'000'000), number, 10, 255};
}

std::vector<std::string> lines_of(const FlightRecorder& recorder, std::size_t limit = SIZE_MAX) {
    std::vector<std::string> lines;
    const LineSink sink{&lines, [](void* context, std::string_view line) {
                            static_cast<std::vector<std::string>*>(context)->emplace_back(line);
                        }};
    dump(recorder, sink, limit);
    return lines;
}

TEST(FlightRecorder, KeepsTheNewestInOrder) {
    std::array<TraceEvent, 8> room;
    FlightRecorder recorder(room);
    EXPECT_EQ(recorder.kept(), 0u);
    for (std::uint64_t n = 0; n < 21; ++n) {
        recorder.record(numbered(n));
        EXPECT_EQ(recorder.kept(), std::min<std::size_t>(n + 1, 8));
        for (std::size_t i = 0; i < recorder.kept(); ++i) {
            EXPECT_EQ(recorder[i].a, n + 1 - recorder.kept() + i);
        }
    }
    EXPECT_EQ(recorder.recorded(), 21u);
}

TEST(FlightRecorder, DumpsAsText) {
    std::array<TraceEvent, 2> room;
    FlightRecorder recorder(room);
    for (std::uint64_t n = 7; n < 10; ++n) recorder.record(numbered(n));
    EXPECT_EQ(lines_of(recorder),
              (std::vector<std::string>{"flight recorder: the last 2 of 3 events",
                                        "1.500000000 node 2 token_passed   8 10 255 (8 a ff)",
                                        "1.500000000 node 2 token_passed   9 10 255 (9 a ff)"}));
    EXPECT_EQ(lines_of(recorder, 1).size(), 2u);
    EXPECT_EQ(lines_of(recorder, 0).size(), 1u);
}

TEST(FlightRecorder, TheLongestEventFitsItsLine) {
    const TraceEvent longest{
        TraceKind::token_accepted, kNoNode, Instant::max(), UINT64_MAX, UINT64_MAX, UINT64_MAX};
    std::array<char, kTraceLineMax> room;
    EXPECT_LT(format(longest, room).size(), kTraceLineMax);
    EXPECT_NE(format({static_cast<TraceKind>(999)}, room).find("unknown"), std::string_view::npos);
}

TEST(FlightRecorder, RefusesRoomThatIsNoPowerOfTwo) {
    std::array<TraceEvent, 3> room;
    EXPECT_DEATH(FlightRecorder{room}, "has_single_bit");
}

}  // namespace
}  // namespace torc::telemetry
