// Every service at every interesting size, from a client on one daemon to clients on all.
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

constexpr std::array<std::size_t, 7> kSizes{0, 1, 64, 1350, 8850, 65'536, std::size_t{1} << 20};
constexpr std::size_t kNodes = 3;

std::vector<std::byte> pattern(std::size_t size, unsigned salt) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + salt);
    return bytes;
}

/// Receives views until the group has all members.
void wait_for_members(Session& session, std::size_t members) {
    torc_message message;
    for (std::size_t seen = 0; seen < members;) {
        ASSERT_TRUE(session.receive(message, Session::kPatience));
        if (message.kind == TORC_VIEW) seen = message.members.count;
        session.release(message);
    }
}

void expect_message(Session& session, unsigned service, std::uint16_t type,
                    const std::vector<std::byte>& payload, const std::string& sender) {
    torc_message message;
    do {
        ASSERT_TRUE(session.receive(message, Session::kPatience))
            << service_name(service) << " of " << payload.size() << " bytes did not arrive";
        if (message.kind != TORC_MESSAGE) session.release(message);
    } while (message.kind != TORC_MESSAGE);
    EXPECT_EQ(message.service, service);
    EXPECT_EQ(message.type, type);
    EXPECT_EQ(std::string(message.sender), sender);
    ASSERT_EQ(message.size, payload.size());
    EXPECT_EQ(std::memcmp(message.data, payload.data(), payload.size()), 0);
    session.release(message);
}

class ServicesTest : public ::testing::TestWithParam<Layout> {};

TEST_P(ServicesTest, ReachAllAtEverySize) {
    ClusterPlan plan;
    plan.layout = GetParam();
    plan.nodes = kNodes;
    LocalCluster cluster(plan);
    cluster.start();
    std::vector<Session> sessions;
    for (std::size_t i = 0; i < kNodes; ++i) {
        sessions.emplace_back(cluster.target(i, "client"));
        sessions.back().join("room");
    }
    for (Session& session : sessions) wait_for_members(session, kNodes);

    std::uint16_t type = 0;
    for (unsigned service = TORC_UNRELIABLE; service <= TORC_SAFE; ++service) {
        for (const std::size_t size : kSizes) {
            const std::vector<std::byte> payload = pattern(size, service);
            ASSERT_TRUE(sessions[0].send(service, {"room"}, ++type, payload, Session::kPatience));
            for (Session& session : sessions) {
                ASSERT_NO_FATAL_FAILURE(
                    expect_message(session, service, type, payload, "#client#n0"));
            }
        }
    }
}

TEST_P(ServicesTest, DirectMessagesReachOneAndOnlyOne) {
    ClusterPlan plan;
    plan.layout = GetParam();
    plan.nodes = kNodes;
    LocalCluster cluster(plan);
    cluster.start();
    Session alice(cluster.target(0, "alice"));
    Session bob(cluster.target(1, "bob"));
    Session eve(cluster.target(1, "eve"));
    const std::vector<std::byte> payload = pattern(100, 7);
    ASSERT_TRUE(alice.send(TORC_AGREED, {"#bob#n1"}, 5, payload, Session::kPatience));
    ASSERT_NO_FATAL_FAILURE(expect_message(bob, TORC_AGREED, 5, payload, "#alice#n0"));
    ASSERT_TRUE(alice.send(TORC_AGREED, {"#eve#n1"}, 6, payload, Session::kPatience));
    ASSERT_NO_FATAL_FAILURE(expect_message(eve, TORC_AGREED, 6, payload, "#alice#n0"))
        << "what eve gets first is what was sent to her";
}

INSTANTIATE_TEST_SUITE_P(Ports, ServicesTest, ::testing::Values(Layout::udp, Layout::vhost),
                         [](const auto& layout) { return std::string(name_of(layout.param)); });

}  // namespace
}  // namespace torc::tool
