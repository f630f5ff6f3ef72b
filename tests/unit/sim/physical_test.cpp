// The physical network model: link and switch arithmetic, what is lost when something is full and
// that nothing else is; and that rings on it do what the timers promise. All times are virtual.
#include <gtest/gtest.h>

#include "tests/sim/physical_scenarios.hpp"
#include "tests/sim/world.hpp"

namespace torc::sim {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = instant_from_ns(1'000'000);
constexpr std::size_t kFull = 1472;  ///< UDP payload of the largest ordinary frame
constexpr std::size_t kFullOnWire = 1472 + 42 + 24;

Packet packet_of(std::size_t bytes, wire::Kind kind = wire::Kind::data) {
    auto packet = std::make_shared<std::vector<std::byte>>(bytes);
    (*packet)[2] = static_cast<std::byte>(kind);
    return packet;
}

/// The profile `aggressive` of config/profiles.cpp.
config::Timers aggressive() {
    config::Timers timers;
    timers.token_retransmit = 20us;
    timers.token_loss = 1ms;
    timers.join_interval = 100us;
    timers.consensus = 1ms;
    timers.form_step = 1ms;
    timers.recovery = 20ms;
    timers.merge_probe = 100ms;
    timers.hold_refresh = 200us;
    timers.hold_after = 500us;
    return timers;
}

// --- links and ports ---------------------------------------------------------------------------

TEST(WireTime, CountsHeadersAndTheGapAndTheSmallestFrame) {
    EXPECT_EQ(wire_time(1, kFull), Nanos{8 * kFullOnWire});
    EXPECT_EQ(wire_time(10, kFull), 1231ns);  // 1230.4, rounded up
    EXPECT_EQ(wire_time(1, 1), Nanos{8 * 84});
    EXPECT_EQ(wire_time(1, 18), Nanos{8 * 84});
    EXPECT_EQ(wire_time(1, 19), Nanos{8 * 85});
}

TEST(Fabric, ALoneFrameIsSerialisedTwiceAndWaitsForTheRest) {
    const PhysicalParameters parameters;
    Fabric fabric(parameters, 2);
    const Nanos wire = wire_time(parameters.gbit, kFull);
    const Instant inside = fabric.into_switch(kStart, 0, kFull);
    EXPECT_EQ(inside - kStart, parameters.adapter + wire);
    const auto there = fabric.out_of_switch(inside, 1, kFull);
    ASSERT_TRUE(there);
    EXPECT_EQ(*there - inside, parameters.switching + wire + parameters.adapter);
}

TEST(Fabric, TheNextFrameOfASenderLeavesBehindTheLast) {
    Fabric fabric(PhysicalParameters{}, 2);
    const Instant first = fabric.into_switch(kStart, 0, kFull);
    EXPECT_EQ(fabric.into_switch(kStart, 0, kFull) - first, wire_time(100, kFull));
    EXPECT_EQ(fabric.into_switch(kStart, 1, kFull), first) << "another link";
}

TEST(Fabric, AFrameOfTheFirstClassWaitsForTheOneBeingSentOnly) {
    const PhysicalParameters parameters;
    Fabric fabric(parameters, 2);
    const Nanos full = wire_time(parameters.gbit, kFull);
    const Nanos small = wire_time(parameters.gbit, 100);
    for (int i = 0; i < 3; ++i) fabric.out_of_switch(kStart, 1, kFull);
    const Instant port = kStart + parameters.switching;
    EXPECT_EQ(fabric.out_of_switch(kStart, 1, 100, true), port + full + small + parameters.adapter);
    EXPECT_EQ(fabric.out_of_switch(kStart, 1, kFull), port + 4 * full + small + parameters.adapter)
        << "it took the time of one that comes later";
    EXPECT_EQ(fabric.out_of_switch(kStart + 1ms, 1, 100, true),
              port + 1ms + small + parameters.adapter);
}

TEST(Fabric, AFullPortDropsTheTailAndTakesAgainWhenItDrained) {
    PhysicalParameters parameters;
    parameters.port_bytes = 3 * kFullOnWire + kFullOnWire / 2;
    Fabric fabric(parameters, 3);
    std::optional<Instant> last;
    for (int i = 0; i < 3; ++i) {
        const auto out = fabric.out_of_switch(kStart, 1, kFull);
        ASSERT_TRUE(out);
        if (last) {
            EXPECT_EQ(*out - *last, wire_time(100, kFull));
        }
        last = out;
    }
    EXPECT_FALSE(fabric.out_of_switch(kStart, 1, kFull));
    EXPECT_TRUE(fabric.out_of_switch(kStart, 1, 100)) << "a small one still fits";
    EXPECT_TRUE(fabric.out_of_switch(kStart, 2, kFull)) << "another port";
    EXPECT_EQ(fabric.tail_drops(), 1u);
    EXPECT_EQ(fabric.port_peak(), 3 * kFullOnWire + 100 + 66);
    const Instant drained = *last - parameters.adapter;
    EXPECT_TRUE(fabric.out_of_switch(drained, 1, kFull));
}

// --- behind the World's interface ----------------------------------------------------------------

TEST(PhysicalNetwork, AMulticastIsSerialisedOnceAtItsSender) {
    PhysicalNetwork network(PhysicalParameters{}, 4);
    const std::vector<std::uint32_t> others{1, 2, 3};
    std::vector<Arrival> arrivals;
    network.carry(kStart, 0, others, packet_of(kFull), arrivals);
    network.carry(kStart, 0, others, packet_of(kFull), arrivals);
    ASSERT_EQ(arrivals.size(), 6u);
    EXPECT_EQ(arrivals[0].delay, arrivals[1].delay);
    EXPECT_EQ(arrivals[0].delay, arrivals[2].delay);
    EXPECT_EQ(arrivals[3].delay - arrivals[0].delay, wire_time(100, kFull));
}

TEST(PhysicalNetwork, ATokenTakesItsReceiverLonger) {
    PhysicalNetwork network(PhysicalParameters{}, 3);
    const std::vector<std::uint32_t> one{1};
    const std::vector<std::uint32_t> two{2};
    std::vector<Arrival> arrivals;
    network.carry(kStart, 0, one, packet_of(100), arrivals);
    network.carry(kStart + 1ms, 0, two, packet_of(100, wire::Kind::token), arrivals);
    ASSERT_EQ(arrivals.size(), 2u);
    EXPECT_EQ(arrivals[1].delay - arrivals[0].delay, PhysicalParameters{}.token);
}

TEST(PhysicalNetwork, ACpuThatIsTooSlowRunsOutOfDescriptors) {
    PhysicalParameters parameters;
    parameters.rx_descriptors = 8;
    parameters.rx_frame = 1ms;
    PhysicalNetwork network(parameters, 2);
    const std::vector<std::uint32_t> one{1};
    std::vector<Arrival> arrivals;
    for (int i = 0; i < 20; ++i) network.carry(kStart, 0, one, packet_of(kFull), arrivals);
    EXPECT_EQ(arrivals.size(), 8u);
    EXPECT_EQ(network.descriptor_drops(), 12u);
    EXPECT_EQ(network.tail_drops(), 0u);
    network.carry(kStart + 10ms, 0, one, packet_of(kFull), arrivals);
    EXPECT_EQ(arrivals.size(), 9u) << "it has caught up";
}

TEST(PhysicalNetwork, WhatIsCutDoesNotArrive) {
    PhysicalNetwork network(PhysicalParameters{}, 3);
    network.cut(0, 2);
    std::vector<Arrival> arrivals;
    network.carry(kStart, 0, std::vector<std::uint32_t>{1, 2}, packet_of(100), arrivals);
    ASSERT_EQ(arrivals.size(), 1u);
    EXPECT_EQ(arrivals[0].to, 1u);
}

TEST(PhysicalNetwork, AWorldWithSmallBuffersLosesByOverloadAndHeals) {
    std::uint64_t lost = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        Options options = options_from_seed(seed, 4);
        options.load.interval = 200us;
        options.load.burst = 12;
        PhysicalParameters parameters;
        parameters.port_bytes = 6'000;
        parameters.rx_descriptors = 12;
        parameters.rx_frame = 3us;
        auto network = std::make_unique<PhysicalNetwork>(parameters, 4);
        const PhysicalNetwork& view = *network;
        World world(options, schedule_of(options), std::move(network));
        const Outcome outcome = world.run();
        EXPECT_FALSE(outcome.failed) << "seed " << seed << ": " << outcome.what;
        lost += view.tail_drops() + view.descriptor_drops();
    }
    EXPECT_GT(lost, 0u);
}

// --- rings -------------------------------------------------------------------------------------

TEST(PhysicalCluster, TheCpuDelaysWhatItSends) {
    const auto rotation = [](Nanos token) {
        PhysicalOptions options = physical_options(4, aggressive());
        options.cluster.timers.hold_after = 1s;  // the token never rests
        options.parameters.token = token;
        PhysicalCluster cluster(options);
        for (std::uint32_t i = 0; i < 4; ++i) cluster.boot(i);
        EXPECT_TRUE(cluster.run_until([&] { return cluster.in_ring(0xF); }, 100ms));
        cluster.run_for(1ms);
        return cluster.host(0).engine().ring().last_rotation();
    };
    EXPECT_EQ(rotation(2250ns) - rotation(250ns), 4 * 2000ns);
}

TEST(PhysicalCluster, NothingIsLostWhileBuffersHoldWhatMayBeInFlight) {
    PhysicalOptions options = physical_options(4, aggressive());
    options.payload = 1300;
    options.watched = false;
    options.cluster.in_flight_frames = 128;
    options.cluster.burst_frames = 32;
    // All that is not yet stable may stand in one place at once; tokens and a join or two besides.
    options.parameters.port_bytes = (128 + 8) * kFullOnWire;
    options.parameters.rx_descriptors = 128 + 8;
    const Throughput ample = saturate(options, 2ms);
    EXPECT_EQ(ample.tail_drops, 0u);
    EXPECT_EQ(ample.descriptor_drops, 0u);
    EXPECT_EQ(ample.retransmissions, 0u);
    EXPECT_GT(ample.gbit, 20);
}

TEST(PhysicalCluster, AnAdaptiveWindowComesToFitSmallPorts) {
    PhysicalOptions options = physical_options(4, aggressive());
    options.payload = 1300;
    options.watched = false;
    options.saturate = true;
    options.cluster.in_flight_frames = 512;
    options.cluster.burst_frames = 64;
    options.parameters.gbit = 10;
    options.parameters.port_bytes = 32 * kFullOnWire;
    const auto drops = [&](config::InFlight in_flight) {
        options.cluster.in_flight = in_flight;
        PhysicalCluster cluster(options);
        for (std::uint32_t i = 0; i < 4; ++i) cluster.boot(i);
        EXPECT_TRUE(cluster.run_until([&] { return cluster.in_ring(0xF); }, 100ms));
        cluster.run_for(60ms);
        const std::uint64_t before = cluster.tail_drops();
        cluster.run_for(5ms);
        return cluster.tail_drops() - before;
    };
    const std::uint64_t fixed = drops(config::InFlight::fixed);
    EXPECT_GT(fixed, 100u);
    EXPECT_LT(drops(config::InFlight::adaptive), fixed / 10);
}

TEST(PhysicalCluster, ASwitchWithTooSmallPortsLosesAndTheRingRepairs) {
    PhysicalOptions options = physical_options(4, aggressive());
    options.payload = 1300;
    options.cluster.in_flight_frames = 128;
    options.cluster.burst_frames = 32;
    options.parameters.port_bytes = 8 * kFullOnWire;
    const Throughput tight = saturate(options, 2ms);
    EXPECT_GT(tight.tail_drops, 0u);
    EXPECT_GT(tight.retransmissions, 0u);
    EXPECT_GT(tight.gbit, 0.1);
}

TEST(PhysicalCluster, ASeedGivesTheSameFiguresTwice) {
    PhysicalOptions options = physical_options(3, aggressive());
    options.seed = 7;
    const auto first = interrupt(options, Change::crash);
    const auto second = interrupt(options, Change::crash);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->delivery, second->delivery);
    EXPECT_EQ(first->view, second->view);
    options.seed = 8;
    const auto other = interrupt(options, Change::crash);
    ASSERT_TRUE(other);
    EXPECT_NE(first->view, other->view);
}

/// What the timers of the profile `aggressive` are for (protocol.md 4.6, 4.7), at eight nodes.
class Goals : public testing::TestWithParam<std::pair<Change, Nanos>> {};

TEST_P(Goals, AreMetBySeeds) {
    const auto [change, goal] = GetParam();
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        PhysicalOptions options = physical_options(8, aggressive());
        options.seed = seed;
        options.watched = seed == 1;
        const auto interruption = interrupt(options, change);
        ASSERT_TRUE(interruption) << "seed " << seed;
        EXPECT_LT(interruption->delivery, goal) << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Physical, Goals,
                         testing::Values(std::pair{Change::crash, Nanos{2ms}},
                                         std::pair{Change::leave, Nanos{300us}},
                                         std::pair{Change::merge, Nanos{300us}},
                                         std::pair{Change::join, Nanos{300us}}));

}  // namespace
}  // namespace torc::sim
