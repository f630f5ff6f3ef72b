// The parts of the chaos test that need no cluster: one seed is one schedule, within its bounds,
// and a payload with one wrong bit is noticed.
#include <algorithm>
#include <bit>
#include <set>

#include <gtest/gtest.h>

#include "tests/chaos/payload.hpp"
#include "tests/chaos/schedule.hpp"

namespace torc::chaos {
namespace {

SchedulePlan plan_of(std::uint64_t seed) {
    return {.seed = seed, .nodes = 5, .length = Millis(60'000), .token_loss = Millis(300)};
}

std::string text_of(const std::vector<Fault>& faults) {
    std::string text;
    for (const Fault& fault : faults) text += text_of(fault) + "\n";
    return text;
}

TEST(Schedule, OneSeedIsOneSchedule) {
    EXPECT_EQ(text_of(make_schedule(plan_of(3))), text_of(make_schedule(plan_of(3))));
    EXPECT_NE(text_of(make_schedule(plan_of(3))), text_of(make_schedule(plan_of(4))));
}

TEST(Schedule, KeepsItsBounds) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const SchedulePlan plan = plan_of(seed);
        const std::vector<Fault> faults = make_schedule(plan);
        ASSERT_GT(faults.size(), 40u) << seed;
        Millis before{0};
        for (const Fault& fault : faults) {
            const std::string text = text_of(fault);
            EXPECT_GE(fault.at, before) << text;
            EXPECT_LE(fault.at + fault.lasts, plan.length) << text;
            EXPECT_LT(fault.node, plan.nodes) << text;
            EXPECT_LT(fault.client, plan.clients) << text;
            EXPECT_EQ(fault.others >> plan.nodes, 0u) << text;
            before = fault.at;
        }
    }
}

TEST(Schedule, EachFaultIsWhatItsNameSays) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        for (const Fault& fault : make_schedule(plan_of(seed))) {
            const std::uint32_t me = 1u << fault.node;
            const std::string text = text_of(fault);
            if (fault.kind == FaultKind::split) {
                EXPECT_NE(fault.others & me, 0u) << text;
            }
            if (fault.kind == FaultKind::deaf || fault.kind == FaultKind::strangers) {
                EXPECT_EQ(fault.others & me, 0u) << text;
            }
            if (fault.kind == FaultKind::strangers) {
                EXPECT_EQ(std::popcount(fault.others), 1) << text;
            }
            if (fault.kind == FaultKind::pause) {
                EXPECT_LE(fault.lasts, Millis(1500)) << text;
            }
            if (fault.kind == FaultKind::flap) {
                EXPECT_GT(fault.period, Millis(0)) << text;
            }
        }
    }
}

TEST(Schedule, EveryKindComesAndNoSeedNeedsAll) {
    std::set<FaultKind> all;
    bool some_left_out = false;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        std::set<FaultKind> kinds;
        for (const Fault& fault : make_schedule(plan_of(seed))) kinds.insert(fault.kind);
        some_left_out |= kinds.size() < kFaultKinds;
        all.insert(kinds.begin(), kinds.end());
    }
    EXPECT_EQ(all.size(), kFaultKinds);
    EXPECT_TRUE(some_left_out);
}

TEST(Schedule, WithoutCablesNobodyPullsOne) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SchedulePlan plan = plan_of(seed);
        plan.has_cables = false;
        for (const Fault& fault : make_schedule(plan)) {
            EXPECT_TRUE(fault.kind != FaultKind::split && fault.kind != FaultKind::unplug &&
                        fault.kind != FaultKind::flap)
                << text_of(fault);
        }
    }
}

TEST(Payload, ComesBackAsItWasSaid) {
    for (const std::size_t size : {0u, 32u, 33u, 39u, 40u, 1500u, 100'000u}) {
        const auto payload = make_payload(77, size);
        EXPECT_EQ(payload.size(), std::max<std::size_t>(size, kPayloadMin));
        const Parsed parsed = parse_payload(payload);
        EXPECT_EQ(parsed.mistake, "") << size;
        EXPECT_EQ(parsed.message, 77u);
    }
}

TEST(Payload, EveryWrongBitIsNoticed) {
    const auto good = make_payload(9, 60);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] ^= std::byte{1} << bit % 8;
        EXPECT_NE(parse_payload(bad).mistake, "") << bit;
    }
}

TEST(Payload, ACutOrGrownOneIsNoticed) {
    auto payload = make_payload(9, 60);
    payload.pop_back();
    EXPECT_NE(parse_payload(payload).mistake, "");
    payload.resize(61);
    EXPECT_NE(parse_payload(payload).mistake, "");
    EXPECT_NE(parse_payload({}).mistake, "");
}

}  // namespace
}  // namespace torc::chaos
