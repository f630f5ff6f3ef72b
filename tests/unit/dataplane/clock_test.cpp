// The clock follows CLOCK_MONOTONIC without ever going back, and gives up a counter that lies.
#include "dataplane/clock.hpp"

#include <cstdlib>

#include <gtest/gtest.h>
#include <time.h>

namespace torc::dataplane {
namespace {

/// A machine whose time and counter the test moves.
struct Machine {
    std::int64_t ns{1'000'000'000};
    std::uint64_t tsc{5'000'000'000};
    double mhz{2300};
    bool interrupted{false};  // every second reading of the time comes late

    void pass(std::int64_t by_ns) {
        ns += by_ns;
        tsc += static_cast<std::uint64_t>(static_cast<double>(by_ns) * mhz / 1000);
    }
    ClockSources sources() {
        return {.read_tsc = [](void* self) { return static_cast<Machine*>(self)->tsc; },
                .read_ns =
                    [](void* self) {
                        auto& machine = *static_cast<Machine*>(self);
                        if (machine.interrupted) machine.pass(5'000'000);
                        return machine.ns;
                    },
                .wait = [](void* self) { static_cast<Machine*>(self)->pass(10'000'000); },
                .context = this};
    }
};

std::int64_t error_of(Clock& clock, const Machine& machine) {
    return std::llabs(ns_of(clock.now()) - machine.ns);
}

TEST(Clock, TheRealOneNeverGoesBackAndStaysNearTheKernels) {
    Clock clock = Clock::open();
    Instant last = clock.now();
    for (int i = 0; i < 100'000; ++i) {
        const Instant now = clock.now();
        ASSERT_GE(now, last);
        last = now;
    }
    timespec before{};
    timespec after{};
    clock_gettime(CLOCK_MONOTONIC, &before);
    const std::int64_t now = ns_of(clock.now());
    clock_gettime(CLOCK_MONOTONIC, &after);
    // No assertion on the machine's speed: the kernel's readings enclose ours, give or take what
    // the calibration may be off.
    EXPECT_GE(now, before.tv_sec * 1'000'000'000 + before.tv_nsec - 1'000'000);
    EXPECT_LE(now, after.tv_sec * 1'000'000'000 + after.tv_nsec + 1'000'000);
    EXPECT_EQ(clock.describe().find("time stamp counter, ") == 0, clock.uses_tsc());
}

TEST(Clock, FollowsTheCounterBetweenChecks) {
    Machine machine;
    Clock clock(machine.sources(), true);
    ASSERT_TRUE(clock.uses_tsc());
    for (int i = 0; i < 1000; ++i) {
        machine.pass(10'000);
        ASSERT_LE(error_of(clock, machine), 100);
    }
}

TEST(Clock, SteersOutASlowDriftWithoutAJump) {
    Machine machine;
    Clock clock(machine.sources(), true);
    machine.mhz *= 1.0005;  // 500 ppm: the most that NTP may slew
    std::int64_t last = ns_of(clock.now());
    for (int i = 0; i < 40'000; ++i) {
        machine.pass(1'000'000);
        const std::int64_t now = ns_of(clock.now());
        ASSERT_GT(now, last);
        ASSERT_LT(now - last, 1'020'000) << "a step on must look like a step of time";
        last = now;
    }
    EXPECT_TRUE(clock.uses_tsc());
    EXPECT_LE(error_of(clock, machine), 200'000);
}

TEST(Clock, GivesUpACounterThatStoppedJumpedOrWentBack) {
    for (const std::int64_t jump : {-4'000'000'000, 4'000'000'000}) {
        Machine machine;
        Clock clock(machine.sources(), true);
        machine.pass(Clock::kCheckInterval.count());
        const std::int64_t before = ns_of(clock.now());
        machine.tsc += static_cast<std::uint64_t>(jump);
        std::int64_t last = before;
        for (int i = 0; i < 5000; ++i) {
            machine.pass(1'000'000);
            const std::int64_t now = ns_of(clock.now());
            ASSERT_GE(now, last);
            last = now;
        }
        EXPECT_FALSE(clock.uses_tsc());
        EXPECT_LE(error_of(clock, machine), 1);
        EXPECT_EQ(clock.describe(), "CLOCK_MONOTONIC");
    }
}

TEST(Clock, AnInterruptedCheckProvesNothing) {
    Machine machine;
    Clock clock(machine.sources(), true);
    machine.interrupted = true;
    for (int i = 0; i < 20; ++i) {
        machine.pass(Clock::kCheckInterval.count());
        clock.now();
    }
    EXPECT_TRUE(clock.uses_tsc());
}

TEST(Clock, WithoutACounterReadsTheKernelsTime) {
    Machine machine;
    Clock clock(machine.sources(), false);
    machine.pass(123'456);
    EXPECT_EQ(ns_of(clock.now()), machine.ns);
    machine.ns -= 1'000'000;  // what CLOCK_MONOTONIC never does
    EXPECT_EQ(ns_of(clock.now()), machine.ns + 1'000'000);
}

TEST(Clock, ACounterThatStandsStillAtCalibrationIsNotUsed) {
    Machine machine;
    machine.mhz = 0;
    Clock clock(machine.sources(), true);
    EXPECT_FALSE(clock.uses_tsc());
}

}  // namespace
}  // namespace torc::dataplane
