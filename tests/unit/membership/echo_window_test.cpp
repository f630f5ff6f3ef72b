#include "membership/echo_window.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace torc::membership::test {
namespace {

using namespace std::chrono_literals;
constexpr Instant kStart = instant_from_ns(7'000'000'000);

TEST(EchoWindow, KnowsWhatWasSentWithinIt) {
    EchoWindow window(800ms);
    const auto first = window.next(kStart);
    const auto second = window.next(kStart + 300ms);
    EXPECT_TRUE(window.is_recent(first, kStart + 300ms));
    EXPECT_TRUE(window.is_recent(second, kStart + 1s));
    EXPECT_FALSE(window.is_recent(first, kStart + 1s));
    EXPECT_FALSE(window.is_recent(second, kStart + 2s));
}

TEST(EchoWindow, NeverTakesForRecentWhatIsOlderThanTheWindow) {
    EchoWindow window(800ms);
    std::vector<Instant> sent{Instant{}};
    for (int i = 0; i < 2000; ++i) {
        const Instant now = kStart + i * 7ms;
        window.next(now);
        sent.push_back(now);
        for (std::uint64_t ctl = 1; ctl <= window.newest(); ctl += 13) {
            if (window.is_recent(ctl, now)) {
                EXPECT_LE(now - sent[ctl], 800ms);
            } else {
                EXPECT_GT(now - sent[ctl], 690ms);  // an eighth early at the most
            }
        }
        if (HasFailure()) return;
    }
}

TEST(EchoWindow, ResolvesLowHalves) {
    EchoWindow window(1s);
    EXPECT_EQ(window.resolve(0), 0u);
    for (int i = 0; i < 10; ++i) window.next(kStart);
    EXPECT_EQ(window.resolve(10), 10u);
    EXPECT_EQ(window.resolve(1), 1u);
    EXPECT_EQ(window.resolve(11), 0u);          // not sent yet
    EXPECT_EQ(window.resolve(0xFFFFFFFF), 0u);  // of another life
    EXPECT_FALSE(window.is_recent(0, kStart));
    EXPECT_FALSE(window.is_recent(11, kStart));
}

}  // namespace
}  // namespace torc::membership::test
