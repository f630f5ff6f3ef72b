// A daemon that is stopped (SIGSTOP) for five times token_loss under load, and goes on: the others
// change their ring twice, once without it and once with it again, and no more; the sleeper comes
// back, it accused nobody, and its client saw a clean history: views, and no message twice or out
// of its sender's order.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "tools/torc/load.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

constexpr std::size_t kNodes = 3;
constexpr std::size_t kSleeper = 1;  // in the middle: neither the first nor the last of the ring
/// Long, so that nobody but the sleeper sleeps for so long, however busy this machine is.
constexpr auto kTokenLoss = std::chrono::seconds(1);

template <typename Condition>
bool eventually(Condition&& condition) {
    for (int i = 0; i < 60'000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

std::uint64_t counter(const LocalCluster& cluster, std::size_t node, const char* name) {
    const auto status = cluster.status(node);
    return status ? status->counters.at(name) : 0;
}

class PauseTest : public ::testing::TestWithParam<Layout> {
protected:
    static ClusterPlan plan() {
        ClusterPlan plan;
        plan.layout = GetParam();
        plan.nodes = kNodes;
        plan.settings = {"cluster.timers.token_loss=1s"};
        return plan;
    }
    static LoadPlan load() {
        LoadPlan load;
        load.messages_per_second = 500;
        load.warm_up_seconds = 0;
        load.seconds = 120;  // ended by stop_sending
        return load;
    }
};

TEST_P(PauseTest, ASleeperAccusesNobodyAndComesBack) {
    LocalCluster cluster(plan());
    cluster.start();
    std::vector<std::unique_ptr<LoadClient>> clients;
    for (std::size_t i = 0; i < kNodes; ++i) {
        clients.push_back(
            std::make_unique<LoadClient>(cluster.target(i), load(), static_cast<int>(i), kNodes));
    }
    for (const auto& client : clients) client->wait_for_members(kNodes);
    for (const auto& client : clients) client->start();
    ASSERT_TRUE(eventually([&] { return clients[0]->received() > 300; }));
    const std::uint64_t rings = counter(cluster, 0, "configurations");
    const std::uint64_t views = clients[0]->views();

    cluster.daemon(kSleeper).signal(SIGSTOP);
    std::this_thread::sleep_for(5 * kTokenLoss);
    EXPECT_EQ(clients[0]->members(), kNodes - 1) << "the others went on without it";
    cluster.daemon(kSleeper).signal(SIGCONT);

    for (const auto& client : clients) {
        ASSERT_TRUE(eventually([&] { return client->members() == kNodes; }));
    }
    ASSERT_TRUE(cluster.wait_for_ring(kNodes, 60));
    const std::uint64_t after = clients[kSleeper]->received();
    EXPECT_TRUE(eventually([&] { return clients[kSleeper]->received() > after + 300; }));

    // Two changes, and whatever follows from being away for that long, but no more.
    EXPECT_EQ(counter(cluster, 0, "configurations"), rings + 2);
    EXPECT_EQ(clients[0]->views(), views + 2);
    EXPECT_GE(counter(cluster, kSleeper, "pauses_forgiven"), 1u);
    EXPECT_GE(counter(cluster, kSleeper, "poll_gap_peak"), 1'000'000'000u);

    for (const auto& client : clients) client->stop_sending();
    const ClientReport one = clients[0]->finish();
    const ClientReport two = clients[2]->finish();
    const ClientReport sleeper = clients[kSleeper]->finish();
    EXPECT_EQ(one.error, "");
    EXPECT_EQ(sleeper.error, "");
    EXPECT_EQ(one.order_hash, two.order_hash) << "those who moved together saw the same";
    // The others' messages of the time apart are a gap each; nothing came twice or out of order.
    EXPECT_LE(sleeper.gaps, kNodes - 1);
    EXPECT_LE(one.gaps, 1u);
}

INSTANTIATE_TEST_SUITE_P(Ports, PauseTest,
                         ::testing::Values(Layout::vhost, Layout::netns_af_packet,
                                           Layout::netns_udp, Layout::udp),
                         [](const auto& layout) {
                             std::string name = name_of(layout.param);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace torc::tool
