// A running ring under attack from its own network and its own clients: every blow is counted, and
// the others go on.
#include <arpa/inet.h>
#include <array>
#include <random>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tools/torc/load.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

/// Sends datagrams from the address of a cluster member to another one's ports.
class Attacker {
public:
    Attacker(const char* from, const char* to, std::uint16_t port) {
        fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in mine = address(from, 0);
        EXPECT_EQ(::bind(fd_, generic(mine), sizeof mine), 0);
        sockaddr_in theirs = address(to, port);
        EXPECT_EQ(::connect(fd_, generic(theirs), sizeof theirs), 0);
    }
    ~Attacker() { ::close(fd_); }
    void send(const std::vector<std::uint8_t>& bytes) const {
        (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

private:
    static sockaddr_in address(const char* ip, std::uint16_t port) {
        sockaddr_in result{};
        result.sin_family = AF_INET;
        result.sin_port = htons(port);
        ::inet_pton(AF_INET, ip, &result.sin_addr);
        return result;
    }
    static const sockaddr* generic(const sockaddr_in& in) {
        return static_cast<const sockaddr*>(static_cast<const void*>(&in));
    }
    int fd_;
};

std::uint64_t rejected(const DaemonStatus& status) {
    std::uint64_t sum = 0;
    for (const auto& [name, value] : status.counters) {
        if (name.rfind("rejected_", 0) == 0) sum += value;
    }
    return sum;
}

TEST(HostileNetwork, RandomAndBrokenFramesAreCountedAndTheRingGoesOn) {
    ClusterPlan plan;
    plan.layout = Layout::udp;
    plan.data_port = static_cast<std::uint16_t>(40000 + ::getpid() % 10000);
    LocalCluster cluster(plan);
    cluster.start();
    const std::uint64_t epoch = cluster.status(0)->ring_epoch;

    LoadPlan load;
    load.messages_per_second = 500;
    load.warm_up_seconds = 0;
    load.seconds = 1.5;
    std::vector<std::unique_ptr<LoadClient>> clients;
    for (std::size_t i = 0; i < 3; ++i) {
        clients.push_back(
            std::make_unique<LoadClient>(cluster.target(i), load, static_cast<int>(i), 3));
    }
    for (const auto& client : clients) client->wait_for_members(3);
    for (const auto& client : clients) client->start();

    std::mt19937 random(1);
    const Attacker data("127.84.0.3", "127.84.0.1", plan.data_port);
    const Attacker token("127.84.0.3", "127.84.0.1",
                         static_cast<std::uint16_t>(plan.data_port + 1));
    for (int i = 0; i < 2000; ++i) {
        std::vector<std::uint8_t> bytes(random() % 1472);
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
        if (bytes.size() > 16 && i % 2 == 0) {  // past the first gate: magic, version, kind
            bytes[0] = 0xA7;
            bytes[1] = 0x10;
            bytes[2] = static_cast<std::uint8_t>(1 + random() % 9);
        }
        (i % 3 == 0 ? token : data).send(bytes);
    }
    std::uint64_t hash = 0;
    for (const auto& client : clients) {
        const ClientReport report = client->finish();
        EXPECT_EQ(report.error, "");
        EXPECT_EQ(report.gaps, 0u);
        if (hash == 0) hash = report.order_hash;
        EXPECT_EQ(report.order_hash, hash);
    }
    EXPECT_EQ(cluster.status(0)->ring_epoch, epoch) << "the ring was not disturbed";
    EXPECT_GT(rejected(*cluster.status(0)), 1000u);
}

TEST(HostileNetwork, ADaemonWithOtherClusterSettingsStaysOutAndIsCounted) {
    ClusterPlan plan;
    plan.layout = Layout::udp;
    plan.data_port = static_cast<std::uint16_t>(40000 + ::getpid() % 10000);
    LocalCluster cluster(plan);
    cluster.start();
    ASSERT_TRUE(cluster.stop_daemon(2));
    ASSERT_TRUE(cluster.wait_for_ring(2, 30));
    Process stranger({TORCD_PATH, "--config", cluster.folder() + "/torc.toml", "--node", "n2",
                      "--set", "cluster.burst_frames=7"},
                     cluster.log_of(2));
    for (int i = 0; i < 500 && cluster.status(0)->counters["rejected_wrong_config"] == 0; ++i) {
        ::usleep(20'000);
    }
    EXPECT_GT(cluster.status(0)->counters["rejected_wrong_config"], 0u);
    EXPECT_EQ(cluster.status(0)->members.size(), 2u);
    EXPECT_TRUE(stranger.running());
}

}  // namespace
}  // namespace torc::tool
