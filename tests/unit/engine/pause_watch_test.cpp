// What a standstill makes a daemon do: by its length, and never twice without being awake between.
#include "engine/pause_watch.hpp"

#include <gtest/gtest.h>

namespace torc::engine {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// A daemon that looks every millisecond, but for its gaps; token_loss is 100 ms.
class Sleeper {
public:
    Wake after(Nanos gap) {
        now_ += gap;
        return watch.look(now_, gap);
    }
    void awake(milliseconds span) {
        for (milliseconds i{0}; i < span; ++i) ASSERT_EQ(after(1ms), Wake::on_time);
    }
    PauseWatch watch{100ms};

private:
    Instant now_ = instant_from_ns(1'000'000'000);
};

TEST(PauseWatch, AFifthOfTokenLossIsAllowed) {
    Sleeper sleeper;
    EXPECT_EQ(sleeper.after(20ms), Wake::on_time);
    EXPECT_EQ(sleeper.after(20ms + 1ns), Wake::late);
    EXPECT_EQ(sleeper.watch.counters().late, 1u);
    EXPECT_EQ(sleeper.watch.counters().stood_still, 0u);
}

TEST(PauseWatch, HalfOfItBeginsAllWaitsAnew) {
    Sleeper sleeper;
    EXPECT_EQ(sleeper.after(50ms - 1ns), Wake::late);
    EXPECT_EQ(sleeper.after(50ms), Wake::stood_still);
    EXPECT_EQ(sleeper.watch.counters().late, 2u);
    EXPECT_EQ(sleeper.watch.counters().stood_still, 1u);
}

TEST(PauseWatch, ForgivesAgainOnlyAfterATokenLossOfBeingAwake) {
    Sleeper sleeper;
    EXPECT_EQ(sleeper.after(5s), Wake::stood_still);
    EXPECT_EQ(sleeper.after(5s), Wake::late);
    sleeper.awake(99ms);
    EXPECT_EQ(sleeper.after(60ms), Wake::late) << "sleep between does not count as being awake";
    sleeper.awake(1ms);
    EXPECT_EQ(sleeper.after(60ms), Wake::stood_still);
    EXPECT_EQ(sleeper.after(60ms), Wake::late);
}

TEST(PauseWatch, AHopelessHostStillGetsThere) {
    // 60 ms of every 70 asleep: the token's loss is noticed after some of them.
    Sleeper sleeper;
    int forgiven = 0;
    for (int i = 0; i < 100; ++i) {
        forgiven += sleeper.after(60ms) == Wake::stood_still;
        sleeper.awake(10ms);
    }
    EXPECT_EQ(forgiven, 10);
}

}  // namespace
}  // namespace torc::engine
