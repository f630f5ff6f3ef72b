// The three idle strategies, with instants made by hand.
#include "dataplane/idle.hpp"

#include <array>
#include <sys/eventfd.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include "dataplane/fd.hpp"

namespace torc::dataplane {
namespace {

using config::IdleStrategy;
using std::chrono::microseconds;

constexpr Nanos kYield = microseconds(500);

struct Passes {
    IdlePolicy policy;
    Instant now{Nanos{1'000'000'000}};

    IdleStep pass(Nanos later, Work work, bool may_sleep = true) {
        now += later;
        policy.begin_pass(now);
        return policy.end_pass(now, work, may_sleep);
    }
};

TEST(Idle, SpinNeverSleepsAndOnASharedCoreYields) {
    for (const bool owns_core : {true, false}) {
        Passes passes{{IdleStrategy::spin, kYield, owns_core}};
        EXPECT_EQ(passes.pass(Nanos{1}, Work::some), IdleStep::look_again);
        for (int i = 0; i < 1000; ++i) {
            EXPECT_EQ(passes.pass(microseconds(10), Work::none),
                      owns_core ? IdleStep::pause : IdleStep::yield);
        }
    }
}

TEST(Idle, AdaptiveYieldsOnASharedCoreAndThenSleeps) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    EXPECT_EQ(passes.pass(Nanos{1}, Work::some), IdleStep::look_again);
    EXPECT_EQ(passes.pass(microseconds(499), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::none), IdleStep::sleep);
    EXPECT_EQ(passes.pass(microseconds(1), Work::some), IdleStep::look_again);
    EXPECT_EQ(passes.pass(microseconds(499), Work::none), IdleStep::yield);
}

TEST(Idle, AdaptivePausesOnItsOwnCoreAndThenSleeps) {
    Passes passes{{IdleStrategy::adaptive, kYield, true}};
    passes.pass(Nanos{1}, Work::some);
    EXPECT_EQ(passes.pass(microseconds(100), Work::none), IdleStep::pause);
    EXPECT_EQ(passes.pass(microseconds(400), Work::none), IdleStep::sleep);
    passes.policy.set_owns_core(false);
    passes.pass(Nanos{1}, Work::some);
    EXPECT_EQ(passes.pass(microseconds(100), Work::none), IdleStep::yield);
}

TEST(Idle, NoStrategySleepsWhenItMayNot) {
    for (const IdleStrategy strategy : {IdleStrategy::adaptive, IdleStrategy::sleepy}) {
        Passes passes{{strategy, kYield, false}};
        passes.pass(Nanos{1}, Work::some);
        EXPECT_EQ(passes.pass(microseconds(5000), Work::none, false), IdleStep::yield);
    }
}

TEST(Idle, SleepySleepsAfterTheFirstEmptyPass) {
    Passes passes{{IdleStrategy::sleepy, kYield, true}};
    EXPECT_EQ(passes.pass(Nanos{1}, Work::some), IdleStep::look_again);
    EXPECT_EQ(passes.pass(Nanos{1}, Work::none), IdleStep::sleep);
}

TEST(Idle, ALoopThatNeverHadWorkYieldsBeforeItsFirstSleep) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    EXPECT_EQ(passes.pass(Nanos{1}, Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(kYield, Work::none), IdleStep::sleep);
}

TEST(Idle, AFrameAfterLongQuietEarnsAGlanceOnly) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    passes.pass(Nanos{1}, Work::none);
    EXPECT_EQ(passes.pass(std::chrono::milliseconds(50), Work::some), IdleStep::look_again);
    EXPECT_EQ(passes.pass(microseconds(24), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::none), IdleStep::sleep);
    // Another on its heels, even out of that sleep: this is a message.
    EXPECT_EQ(passes.pass(microseconds(300), Work::some), IdleStep::look_again);
    EXPECT_EQ(passes.pass(microseconds(499), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::none), IdleStep::sleep);
}

TEST(Idle, TokensEarnGlancesHowOftenSoever) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    passes.pass(Nanos{1}, Work::none);
    passes.pass(std::chrono::milliseconds(50), Work::token);
    passes.pass(microseconds(20), Work::token);
    EXPECT_EQ(passes.pass(microseconds(24), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::none), IdleStep::sleep);
    // Nor do they make a message traffic.
    passes.pass(microseconds(1), Work::some);
    EXPECT_EQ(passes.pass(microseconds(25), Work::none), IdleStep::sleep);
}

TEST(Idle, ATokenSoonAfterAMessageIsTrafficAndLaterOnesAreNot) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    passes.pass(Nanos{1}, Work::traffic);
    passes.pass(microseconds(900), Work::token);
    EXPECT_EQ(passes.pass(microseconds(499), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::token), IdleStep::look_again);
    EXPECT_EQ(passes.pass(microseconds(25), Work::none), IdleStep::sleep);
}

TEST(Idle, AGlanceCutsNoTimeShort) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    passes.pass(Nanos{1}, Work::traffic);
    passes.pass(microseconds(999), Work::token);  // traffic still
    passes.pass(microseconds(2), Work::token);    // no more
    EXPECT_EQ(passes.pass(microseconds(497), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::none), IdleStep::sleep);
}

TEST(Idle, AClientAfterLongQuietIsTraffic) {
    Passes passes{{IdleStrategy::adaptive, kYield, false}};
    passes.pass(Nanos{1}, Work::none);
    passes.pass(std::chrono::seconds(1), Work::traffic);
    EXPECT_EQ(passes.pass(microseconds(499), Work::none), IdleStep::yield);
    EXPECT_EQ(passes.pass(microseconds(1), Work::none), IdleStep::sleep);
}

TEST(Idle, CountsPassesAndTheLongestGapBetweenThem) {
    Passes passes{{IdleStrategy::spin, kYield, false}};
    passes.pass(Nanos{1}, Work::none);
    EXPECT_EQ(passes.policy.counters().max_gap, Nanos{0}) << "the first pass has none before it";
    passes.pass(microseconds(3), Work::some);
    passes.pass(microseconds(700), Work::none);
    passes.pass(microseconds(2), Work::none);
    EXPECT_EQ(passes.policy.counters().max_gap, microseconds(700));
    EXPECT_EQ(passes.policy.counters().passes, 4u);
    EXPECT_EQ(passes.policy.counters().empty_passes, 3u);
    EXPECT_EQ(passes.policy.counters().sleeps, 0u);
}

TEST(Idle, AChosenSleepIsNoGapButOversleepingIs) {
    Passes passes{{IdleStrategy::sleepy, kYield, false}};
    passes.pass(Nanos{1}, Work::none);
    passes.policy.on_sleep(passes.now + microseconds(1000));
    passes.pass(microseconds(1080), Work::none);  // 80 us late
    EXPECT_EQ(passes.policy.counters().max_gap, microseconds(80));
    passes.policy.on_sleep(passes.now + microseconds(1000));
    passes.policy.on_woken(passes.now + microseconds(299));
    passes.pass(microseconds(300), Work::some);
    EXPECT_EQ(passes.policy.counters().max_gap, microseconds(80));
    passes.pass(microseconds(81), Work::some);
    EXPECT_EQ(passes.policy.counters().max_gap, microseconds(81));
    EXPECT_EQ(passes.policy.counters().sleeps, 2u);
}

TEST(Idle, BeingWokenFromAChosenSleepLongAfterItsEndIsAGap) {
    // Stopped in the middle of the sleep, with frames coming in: the descriptor ends it, not the
    // time.
    Passes passes{{IdleStrategy::sleepy, kYield, false}};
    passes.pass(Nanos{1}, Work::none);
    passes.policy.on_sleep(passes.now + microseconds(1000));
    passes.policy.on_woken(passes.now + microseconds(500'000));
    passes.pass(microseconds(500'001), Work::some);
    EXPECT_EQ(passes.policy.last_gap(), microseconds(499'001));
    passes.pass(microseconds(5), Work::some);
    EXPECT_EQ(passes.policy.last_gap(), microseconds(5));
    EXPECT_EQ(passes.policy.counters().max_gap, microseconds(499'001));
}

TEST(Idle, BlockingEndsWithADescriptorOrWithTheTime) {
    const Fd bell(eventfd(0, EFD_NONBLOCK));
    const std::array<int, 2> fds{-1, bell.get()};
    EXPECT_FALSE(block_on(fds, microseconds(100)));
    EXPECT_FALSE(block_on(fds, Nanos{-5}));
    eventfd_write(bell.get(), 1);
    EXPECT_TRUE(block_on(fds, std::chrono::hours(1)));
}

}  // namespace
}  // namespace torc::dataplane
