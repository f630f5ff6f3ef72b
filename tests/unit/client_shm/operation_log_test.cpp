// Numbers of operations: what was refused, overtaken or offered twice must not shift them.
#include "client_shm/server/operation_log.hpp"

#include <deque>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::client_shm {
namespace {

using Place = OperationLog::Place;

void take(OperationLog& log, Place place) {
    log.offer();
    log.accept(place);
}
void refuse(OperationLog& log) {
    log.offer();
    log.refuse();
}

TEST(OperationLog, NumbersSkipWhatWasRefused) {
    OperationLog log;
    take(log, Place::total);
    refuse(log);
    refuse(log);
    take(log, Place::total);
    EXPECT_EQ(log.on_total(), 1u);
    EXPECT_EQ(log.on_total(), 4u);
    EXPECT_EQ(log.on_total(), 0u) << "what the daemon orders itself has no number";
    EXPECT_EQ(log.taken(), 4u);
    EXPECT_EQ(log.ordered(), 2u);
    EXPECT_EQ(log.refused(), 2u);
}

TEST(OperationLog, WeakMessagesOvertakeWithoutShiftingNumbers) {
    OperationLog log;
    take(log, Place::total);
    take(log, Place::loose);
    take(log, Place::none);
    take(log, Place::total);
    log.on_loose();
    EXPECT_EQ(log.ordered(), 2u) << "unreliable ones wait for nothing";
    EXPECT_EQ(log.on_total(), 1u);
    EXPECT_EQ(log.on_total(), 4u);
    EXPECT_EQ(log.ordered(), 4u);
}

TEST(OperationLog, PlaceMayComeWhileTheOperationIsOffered) {
    OperationLog log;
    log.offer();
    EXPECT_EQ(log.on_total(), 1u);
    EXPECT_EQ(log.on_total(), 0u);
    log.accept(Place::total);
    log.offer();
    log.on_loose();
    log.accept(Place::loose);
    EXPECT_EQ(log.ordered(), 2u);
    EXPECT_EQ(log.on_total(), 0u);
}

TEST(OperationLog, WhatWasWithdrawnKeepsItsNumber) {
    OperationLog log;
    log.offer();
    log.withdraw();
    EXPECT_EQ(log.taken(), 0u);
    log.offer();
    log.accept(Place::total);
    EXPECT_EQ(log.on_total(), 1u);
}

TEST(OperationLog, ALargeOneMayBeDeliveredBeforeItIsTaken) {
    OperationLog log;
    take(log, Place::total);
    log.offer();
    log.withdraw();  // part of it is on its way
    EXPECT_EQ(log.on_total(), 1u);
    EXPECT_EQ(log.on_total(), 2u) << "the rest was sent, and all of it delivered";
    EXPECT_EQ(log.on_total(), 0u);
    log.offer();
    log.accept(Place::total);
    take(log, Place::total);
    EXPECT_EQ(log.on_total(), 3u) << "what follows keeps its number";
    EXPECT_EQ(log.ordered(), 3u);
}

TEST(OperationLog, ALargeWeakOneMayBeSentBeforeItIsTaken) {
    OperationLog log;
    for (const Place place : {Place::loose, Place::none}) {
        log.offer();
        log.withdraw();
        log.on_loose();
        log.offer();
        log.accept(place);
    }
    EXPECT_EQ(log.ordered(), 2u);
    log.on_loose();
    EXPECT_EQ(log.ordered(), 2u) << "nothing is under way";
}

/// A large unreliable message was taken, and counted, before it was sent as FIFO.
TEST(OperationLog, WhatNobodyWaitsForShiftsNoNumbers) {
    OperationLog log;
    take(log, Place::none);
    log.offer();
    log.on_loose();
    log.accept(Place::total);
    EXPECT_EQ(log.ordered(), 1u);
    EXPECT_EQ(log.on_total(), 2u);
    EXPECT_EQ(log.ordered(), 2u);
}

TEST(OperationLog, BoundedByWhatIsUnderWay) {
    OperationLog log;
    for (std::uint64_t i = 0; i < OperationLog::kUnderWayMax; ++i) {
        ASSERT_TRUE(log.has_room());
        take(log, i == 0 ? Place::total : Place::loose);
    }
    EXPECT_FALSE(log.has_room());
    EXPECT_EQ(log.on_total(), 1u);
    EXPECT_TRUE(log.has_room()) << "nothing waits for a number any more";
}

RC_GTEST_PROP(OperationLog, AgreesWithAListOfNumbers, ()) {
    OperationLog log;
    std::deque<std::uint64_t> waiting;
    std::uint64_t number = 0;
    std::uint64_t ordered = 0;
    std::uint64_t loose = 0;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8));
    for (const int step : steps) {
        if (step < 4) {
            if (!log.has_room()) continue;
            ++number;
            log.offer();
            if (step == 0) {
                log.accept(Place::total);
                waiting.push_back(number);
            } else if (step == 1) {
                log.accept(Place::loose);
                ++loose;
            } else if (step == 2) {
                log.accept(Place::none);
                ++ordered;
            } else {
                log.refuse();
            }
        } else if (step < 7) {
            const std::uint64_t expected = waiting.empty() ? 0 : waiting.front();
            RC_ASSERT(log.on_total() == expected);
            if (expected == 0) continue;
            waiting.pop_front();
            ++ordered;
        } else if (loose > 0) {
            log.on_loose();
            --loose;
            ++ordered;
        }
        RC_ASSERT(log.taken() == number);
        RC_ASSERT(log.ordered() == ordered);
    }
}

}  // namespace
}  // namespace torc::client_shm
