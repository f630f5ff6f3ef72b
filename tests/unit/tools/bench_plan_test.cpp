// Which cells a sweep has.
#include "tools/torc/bench_plan.hpp"

#include <gtest/gtest.h>

namespace torc::tool {
namespace {

Sweep small_sweep() {
    Sweep sweep;
    sweep.services = {TORC_AGREED};
    sweep.sizes = {64};
    sweep.rates = {0};
    sweep.senders = {0};
    return sweep;
}

TEST(BenchPlan, EveryCombinationOnce) {
    Sweep sweep = small_sweep();
    sweep.services = {TORC_AGREED, TORC_SAFE};
    sweep.sizes = {64, 200, 1350};
    sweep.rates = {0, 1000};
    sweep.senders = {1, 3};
    const auto cells = cells_of(sweep, "vhost", 3, 9000);
    ASSERT_EQ(cells.size(), 2u * 3 * 2 * 2);
    EXPECT_EQ(cells.front().load.service, unsigned{TORC_AGREED});
    EXPECT_EQ(cells.front().load.payload_bytes, 64u);
    EXPECT_EQ(cells.front().senders, 1u);
    EXPECT_EQ(cells.back().load.service, unsigned{TORC_SAFE});
    EXPECT_EQ(cells.back().load.payload_bytes, 1350u);
    EXPECT_EQ(cells.back().senders, 3u);
    for (const BenchCell& cell : cells) {
        EXPECT_EQ(cell.port, "vhost");
        EXPECT_EQ(cell.nodes, 3u);
        EXPECT_EQ(cell.mtu, 9000u);
    }
}

TEST(BenchPlan, EachDaemonHasAClientUnlessReceiversAreGiven) {
    Sweep sweep = small_sweep();
    sweep.senders = {0, 1, 3, 5};
    auto cells = cells_of(sweep, "udp", 3, 1500);
    ASSERT_EQ(cells.size(), 4u);
    EXPECT_EQ(cells[0].senders, 3u);
    EXPECT_EQ(cells[0].receivers, 0u);
    EXPECT_EQ(cells[1].receivers, 2u);
    EXPECT_EQ(cells[2].receivers, 0u);
    EXPECT_EQ(cells[3].senders, 5u);
    EXPECT_EQ(cells[3].receivers, 0u);
    sweep.receivers = 4;
    for (const BenchCell& cell : cells_of(sweep, "udp", 3, 1500)) EXPECT_EQ(cell.receivers, 4u);
}

TEST(BenchPlan, ClientsInAFloodSleepSoonUnlessToldOtherwise) {
    Sweep sweep = small_sweep();
    sweep.rates = {0, 1000};
    auto cells = cells_of(sweep, "udp", 3, 1500);
    EXPECT_EQ(cells[0].load.spin_ns, kSpinInFloodNs);
    EXPECT_EQ(cells[1].load.spin_ns, kSpinAtRateNs);
    sweep.spin_ns = -1;
    for (const BenchCell& cell : cells_of(sweep, "udp", 3, 1500)) {
        EXPECT_EQ(cell.load.spin_ns, -1);
    }
}

TEST(BenchPlan, TheRateIsSharedBySenders) {
    Sweep sweep = small_sweep();
    sweep.rates = {900};
    sweep.senders = {1, 3};
    const auto cells = cells_of(sweep, "udp", 3, 1500);
    EXPECT_EQ(cells[0].load.messages_per_second, 900);
    EXPECT_EQ(cells[1].load.messages_per_second, 300);
    EXPECT_EQ(cells[1].offered(), 900);
}

TEST(BenchPlan, ManyClientsHaveRoomAndShareTheMemory) {
    Sweep sweep = small_sweep();
    sweep.senders = {1};
    using Settings = std::vector<std::string>;
    EXPECT_EQ(room_for_clients(cells_of(sweep, "udp", 3, 1500)),
              (Settings{"daemon.sessions=256", "daemon.session_ring_bytes=32MiB"}));
    sweep.receivers = 1000;
    EXPECT_EQ(room_for_clients(cells_of(sweep, "udp", 1, 1500)),
              (Settings{"daemon.sessions=2002", "daemon.session_ring_bytes=4MiB"}));
    sweep.receivers = 1'000'000;
    EXPECT_EQ(room_for_clients(cells_of(sweep, "udp", 1, 1500)),
              (Settings{"daemon.sessions=4096", "daemon.session_ring_bytes=4MiB"}));
}

}  // namespace
}  // namespace torc::tool
