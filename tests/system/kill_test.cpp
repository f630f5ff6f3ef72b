// Three real daemons, a client on each that multicasts, and one daemon that dies by SIGKILL and
// comes back: over every kind of port, whoever stayed saw one order without a gap.
#include <algorithm>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tools/torc/load.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

constexpr std::size_t kNodes = 3;
constexpr std::size_t kVictim = 2;
constexpr double kPatience = 60;

template <typename Condition>
bool eventually(Condition&& condition) {
    for (int i = 0; i < kPatience * 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

class KillTest : public ::testing::TestWithParam<Layout> {
protected:
    static ClusterPlan plan() {
        ClusterPlan plan;
        plan.layout = GetParam();
        plan.nodes = kNodes;
        return plan;
    }
    static LoadPlan load() {
        LoadPlan load;
        load.messages_per_second = 1000;
        load.payload_bytes = 200;
        load.warm_up_seconds = 0;
        load.seconds = 2 * kPatience;  // ended by stop_sending
        return load;
    }
};

TEST_P(KillTest, WhoStayedSawOneOrderWithoutAGap) {
    LocalCluster cluster(plan());
    cluster.start();
    std::vector<std::unique_ptr<LoadClient>> clients;
    for (std::size_t i = 0; i < kNodes; ++i) {
        clients.push_back(std::make_unique<LoadClient>(cluster.target(i), load(),
                                                       static_cast<int>(i), kNodes - 1));
    }
    for (const auto& client : clients) client->wait_for_members(kNodes);
    for (const auto& client : clients) client->start();
    ASSERT_TRUE(eventually([&] { return clients[0]->received() > 500; }));

    cluster.kill_daemon(kVictim);
    EXPECT_TRUE(eventually([&] { return clients[kVictim]->failed(); }))
        << "the dead daemon's client was told";
    ASSERT_TRUE(eventually([&] { return clients[0]->members() == kNodes - 1; }));
    ASSERT_TRUE(eventually([&] { return clients[1]->members() == kNodes - 1; }));
    const std::uint64_t after_death = clients[0]->received();
    ASSERT_TRUE(eventually([&] { return clients[0]->received() > after_death + 500; }))
        << "the others go on";

    cluster.start_daemon(kVictim);
    ASSERT_TRUE(cluster.wait_for_ring(kNodes, kPatience)) << "the restarted daemon merges";
    Session back(cluster.target(kVictim));
    back.join(load().group);
    ASSERT_TRUE(eventually([&] { return clients[0]->members() == kNodes; }));
    torc_message first;
    ASSERT_TRUE(back.receive(first, Session::kPatience)) << "the new client is served";

    for (const auto& client : clients) client->stop_sending();
    const ClientReport dead = clients[kVictim]->finish();
    EXPECT_EQ(dead.error_code, TORC_ERROR_DAEMON_LOST) << dead.error;
    const ClientReport one = clients[0]->finish();
    const ClientReport two = clients[1]->finish();
    EXPECT_EQ(one.error, "");
    EXPECT_EQ(two.error, "");
    EXPECT_EQ(one.gaps, 0u);
    EXPECT_EQ(two.gaps, 0u);
    EXPECT_GT(one.received, 1000u);
    EXPECT_EQ(one.received, two.received);
    EXPECT_EQ(one.order_hash, two.order_hash);
}

TEST_P(KillTest, AnOrderlyStopIsOverBeforeAnyTimeout) {
    ClusterPlan orderly = plan();
    // If anybody waited for the loss of the token, the test would not end in time.
    orderly.settings = {"cluster.timers.token_loss=600s", "cluster.timers.recovery=700s"};
    LocalCluster cluster(orderly);
    cluster.start();
    ASSERT_TRUE(cluster.stop_daemon(kVictim, kPatience));
    EXPECT_TRUE(cluster.wait_for_ring(kNodes - 1, kPatience));
}

INSTANTIATE_TEST_SUITE_P(Ports, KillTest,
                         ::testing::Values(Layout::vhost, Layout::netns_af_packet,
                                           Layout::netns_udp, Layout::netns_mixed, Layout::udp),
                         [](const auto& layout) {
                             std::string name = name_of(layout.param);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace torc::tool
