// torc-model: what its bound is made of, that its costs cost, that a seed gives the same bytes.
#include <gtest/gtest.h>

#include "bench/model/cell.hpp"
#include "bench/model/layout.hpp"
#include "bench/model/report.hpp"

namespace torc::model {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFrame1500 = 1472;
constexpr std::size_t kFrame9000 = 8972;

Setup small_setup() {
    Setup setup;  // the timers of the profile `dpdk`
    setup.timers.token_retransmit = 50us;
    setup.timers.token_loss = 10ms;
    setup.timers.join_interval = 500us;
    setup.timers.consensus = 5ms;
    setup.timers.form_step = 5ms;
    setup.timers.recovery = 100ms;
    setup.timers.merge_probe = 100ms;
    setup.timers.hold_refresh = 1ms;
    setup.timers.hold_after = 1ms;
    setup.budget = 8'000;
    return setup;
}

// --- the bound ---------------------------------------------------------------------------------

// 48 bytes of headers; 8 and the padding of 8 around a message; 12 of envelope (a session of two
// letters, a group of one) inside; 66 around the frame.
TEST(Layout, OneLargeMessageFillsAFrame) {
    const Layout layout = layout_of(1350, kFrame1500);
    EXPECT_EQ(layout.messages, 1u);
    EXPECT_EQ(layout.frames, 1u);
    EXPECT_EQ(layout.wire_bytes, 48u + 8 + 1368 + 66);
}

TEST(Layout, SmallMessagesArePacked) {
    const Layout layout = layout_of(64, kFrame1500);
    EXPECT_EQ(layout.messages, 19u);
    EXPECT_EQ(layout.wire_bytes, 48u + (8 + 80) + 18 * (8 + 64) + 66) << "one envelope for all";
}

TEST(Layout, AMessageThatDoesNotFitIsCut) {
    const Layout layout = layout_of(8850, kFrame1500);
    EXPECT_EQ(layout.messages, 1u);
    EXPECT_EQ(layout.frames, 7u);
    EXPECT_EQ(layout.wire_bytes, 6u * (1472 + 66) + (48 + 8 + 376 + 66));
    EXPECT_EQ(layout_of(8850, kFrame9000).frames, 1u);
}

TEST(Bound, EachNodeTakesTheShareOfTheOthersFromItsLink) {
    const Layout layout = layout_of(1350, kFrame1500);
    const double alone = 10 * 1350.0 / 1490;
    EXPECT_DOUBLE_EQ(bound_gbit(layout, 1350, 10, 2), 2 * alone);
    EXPECT_DOUBLE_EQ(bound_gbit(layout, 1350, 10, 3), 1.5 * alone);
}

/// Rows of performance-anchors.md 1.2.
TEST(Bound, OfWholeFramesIsThatOfTheTable) {
    EXPECT_NEAR(body_bound_gbit(kFrame1500, 10, 3), 13.9, 0.05);
    EXPECT_NEAR(body_bound_gbit(kFrame1500, 25, 8), 26.5, 0.05);
    EXPECT_NEAR(body_bound_gbit(kFrame9000, 100, 16), 105, 0.5);
}

// --- cells -------------------------------------------------------------------------------------

TEST(Model, NothingGoesBeyondTheBound) {
    const Result result = measure(Cell{}, small_setup());
    ASSERT_TRUE(result.saturation.formed);
    EXPECT_GT(result.saturation.share(), 0.5);
    EXPECT_LT(result.saturation.share(), 1.02) << "but for what a batch begins and ends with";
    EXPECT_NEAR(result.saturation.messages_per_frame, 1, 0.05) << "sent and delivered differ a bit";
    EXPECT_EQ(result.saturation.lost, 0u);
}

/// Each node hears two thirds of the messages from others: 1350 bytes in 2/3 * 3 us at the most.
TEST(Model, ACpuThatIsSlowIsTheBound) {
    Cell cell;
    cell.gbit = 100;
    cell.cpu.messages.out = 3us;
    const Saturation full = measure(cell, small_setup()).saturation;
    ASSERT_TRUE(full.formed);
    EXPECT_GT(full.cpu_busy, 0.9);
    EXPECT_LT(full.gbit.mean, 1350 * 8 / 2000.0 * 1.05);
    EXPECT_GT(full.gbit.mean, 1350 * 8 / 2000.0 * 0.7);
}

TEST(Model, LossIsThrownRepairedAndCounted) {
    Cell cell;
    cell.loss_ppm = 5000;
    const Saturation full = measure(cell, small_setup()).saturation;
    ASSERT_TRUE(full.formed);
    EXPECT_GT(full.lost, 0u);
    EXPECT_GT(full.retransmissions, 0u);
    EXPECT_GT(full.gbit.mean, 0);
}

TEST(Model, LatencyIsMeasuredAtAShareOfSaturation) {
    auto setup = small_setup();
    setup.loads = {50};
    setup.services = {Service::agreed, Service::safe};
    const Result result = measure(Cell{}, setup);
    ASSERT_EQ(result.latencies.size(), 2u);
    const double half = result.saturation.gbit.mean / 2;
    for (const Latency& latency : result.latencies) {
        ASSERT_TRUE(latency.formed);
        EXPECT_NEAR(latency.gbit, half, half / 10);
        EXPECT_LE(latency.quantiles.front(), latency.quantiles.back());
        EXPECT_EQ(latency.unsent, 0u);
    }
    EXPECT_LT(result.latencies[0].quantiles[0], result.latencies[1].quantiles[0])
        << "a safe message waits for everybody";
}

TEST(Model, ASeedGivesTheSameBytes) {
    auto setup = small_setup();
    setup.loads = {80};
    setup.services = {Service::agreed};
    Cell cell;
    cell.loss_ppm = 1000;
    const std::string first = json_of(setup, {measure(cell, setup)});
    EXPECT_EQ(first, json_of(setup, {measure(cell, setup)}));
    setup.seed = 2;
    EXPECT_NE(first, json_of(setup, {measure(cell, setup)}));
}

}  // namespace
}  // namespace torc::model
