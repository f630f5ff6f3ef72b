#include "membership/back_off.hpp"

#include <gtest/gtest.h>

namespace torc::membership::test {
namespace {

using namespace std::chrono_literals;

constexpr Member kPeer{NodeIndex{1}, Incarnation{11}};
constexpr Nanos kTokenLoss = 300ms;
constexpr Nanos kWindow = BackOff::kTokenLosses * kTokenLoss;
constexpr Instant kStart = instant_from_ns(5'000'000'000);

TEST(BackOff, LastsTwiceTheEpisode) {
    BackOff back_off(3, kTokenLoss);
    EXPECT_TRUE(back_off.may_invite(kStart, kPeer));
    back_off.excluded(kStart, kPeer, 200ms);
    EXPECT_FALSE(back_off.may_invite(kStart + 399ms, kPeer));
    EXPECT_TRUE(back_off.may_invite(kStart + 400ms, kPeer));
}

TEST(BackOff, DoublesWithEveryFailureSoonAfter) {
    BackOff back_off(3, kTokenLoss);
    Instant now = kStart;
    for (const Nanos expected : {Nanos{400ms}, Nanos{800ms}, Nanos{1600ms}, Nanos{3200ms},
                                 Nanos{6400ms}, kWindow, kWindow}) {
        back_off.excluded(now, kPeer, 200ms);
        EXPECT_EQ(back_off.until(kPeer.index), now + expected);
        now = back_off.until(kPeer.index) + 1s;
    }
}

TEST(BackOff, ForgivesWhoBehavedForLong) {
    BackOff back_off(3, kTokenLoss);
    back_off.excluded(kStart, kPeer, 200ms);
    const Instant later = back_off.until(kPeer.index) + kWindow;
    back_off.excluded(later, kPeer, 200ms);
    EXPECT_EQ(back_off.until(kPeer.index), later + 400ms);
}

TEST(BackOff, SlowTimersDoNotMakeItLonger) {
    BackOff back_off(3, 5s);
    back_off.excluded(kStart, kPeer, Nanos::max());
    EXPECT_EQ(back_off.until(kPeer.index), kStart + BackOff::kLongest);
}

TEST(BackOff, IsOfOneIncarnation) {
    BackOff back_off(3, kTokenLoss);
    back_off.excluded(kStart, kPeer, 1s);
    EXPECT_TRUE(back_off.may_invite(kStart, {kPeer.index, Incarnation{12}}));
    EXPECT_TRUE(back_off.may_invite(kStart, {NodeIndex{2}, Incarnation{11}}));
}

TEST(BackOff, AnEndlessEpisodeStaysWithinTheCap) {
    BackOff back_off(3, kTokenLoss);
    back_off.excluded(kStart, kPeer, Nanos::max());
    EXPECT_EQ(back_off.until(kPeer.index), kStart + kWindow);
}

}  // namespace
}  // namespace torc::membership::test
