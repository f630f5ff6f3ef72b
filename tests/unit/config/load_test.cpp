// What a good file means: defaults, presets, the command line, the order of things.
#include "config/load.hpp"

#include <gtest/gtest.h>

#include "config/mtu.hpp"
#include "config/print.hpp"
#include "tests/unit/config/support.hpp"

namespace torc::config::test {
namespace {

using namespace std::chrono_literals;

Settings load_good(const std::string& text, const Overrides& overrides = {}) {
    LoadOutcome outcome = load_text(text, "t", overrides);
    for (const Error& error : outcome.errors) ADD_FAILURE() << error.message;
    return std::move(outcome.settings);
}

TEST(Load, NodesKeepTheOrderOfTheFile) {
    const ClusterSettings cluster = load_good(good()).cluster;
    ASSERT_EQ(cluster.nodes.size(), 2u);
    EXPECT_EQ(cluster.nodes[0].name, "a");
    EXPECT_EQ(cluster.nodes[0].address, 0x0A000001u);
    EXPECT_EQ(cluster.nodes[0].index, NodeIndex{0});
    EXPECT_EQ(cluster.nodes[1].name, "b");
    EXPECT_EQ(cluster.nodes[1].index, NodeIndex{1});
}

TEST(Load, WhatIsLeftOutHasItsDefault) {
    const Settings settings = load_good(good());
    EXPECT_EQ(settings.cluster.timers.token_loss, Timers{}.token_loss);
    EXPECT_EQ(settings.cluster.frame_bytes, kFrameBytesMin);
    EXPECT_EQ(settings.node.frame_pool, NodeSettings{}.frame_pool);
}

TEST(Load, TheMtuGivesTheFrameSize) {
    EXPECT_EQ(load_good(replaced(good(), "name = \"t\"", "mtu = \"9000B\"")).cluster.frame_bytes,
              kFrameBytesMax);
    const Settings settings = load_good(replaced(good(), "name = \"t\"", "mtu = \"auto\""));
    EXPECT_EQ(settings.cluster.frame_bytes, kFrameBytesAuto) << "to be settled where the port is";
    EXPECT_NE(print(settings.cluster, settings.node).find("\nmtu = \"auto\"\n"), std::string::npos);
}

TEST(Load, AProfileSetsAllTimersAndAGivenTimerWins) {
    const std::string text =
        good() + "[cluster.timers]\ntoken_loss = \"20ms\"\nprofile = \"dpdk\"\n";
    const Timers timers = load_good(text).cluster.timers;
    EXPECT_EQ(timers.token_loss, 20ms);
    EXPECT_EQ(timers.token_retransmit, 50us);
    EXPECT_EQ(timers.merge_probe, 100ms);
}

TEST(Load, EveryProfileSatisfiesTheRelations) {
    for (const char* profile : {"lan", "tight", "dpdk", "aggressive"}) {
        load_good(good() + "core = 1\nidle = \"spin\"\n[cluster.timers]\nprofile = \"" + profile +
                  "\"\n");
    }
    for (const char* profile : {"lan", "tight", "dpdk"}) {  // on shared cores, and asleep
        load_good(good() + "[cluster.timers]\nprofile = \"" + profile + "\"\n");
    }
    EXPECT_EQ(
        load_good(good() + "[cluster.timers]\nprofile = \"tight\"\n").cluster.timers.token_loss,
        100ms);
}

TEST(Load, TheCommandLineWins) {
    const Settings settings = load_good(
        good(), {.sets = {"cluster.timers.token_loss=1s", "cluster.timers.recovery=3s",
                          "daemon.core=3", "daemon.idle=spin", "daemon.eal=--no-huge -m 96",
                          "cluster.name=first", "cluster.name=second"},
                 .node = "b"});
    EXPECT_EQ(settings.cluster.timers.token_loss, 1s);
    EXPECT_EQ(settings.node.core, 3);
    EXPECT_EQ(settings.node.idle, IdleStrategy::spin);
    EXPECT_EQ(settings.node.eal, (std::vector<std::string>{"--no-huge", "-m", "96"}));
    EXPECT_EQ(settings.cluster.name, "second");
    EXPECT_EQ(settings.node.node, "b");
}

TEST(Load, AnEqualSignInAValueIsPartOfIt) {
    const Settings settings =
        load_good(good(), {.sets = {"daemon.eal=--vdev=net_af_packet0,iface=veth.0"}});
    EXPECT_EQ(settings.node.eal, (std::vector<std::string>{"--vdev=net_af_packet0,iface=veth.0"}));
}

TEST(Load, AProfileOnTheCommandLineReplacesTheFilesTimers) {
    const std::string text = good() +
                             "[cluster.timers]\ntoken_loss = \"20ms\"\n"
                             "token_retransmit = \"1ms\"\nhold_refresh = \"5ms\"\n";
    const Settings settings = load_good(text, {.sets = {"cluster.timers.profile=dpdk"}});
    EXPECT_EQ(settings.cluster.timers.token_loss, 10ms);
}

TEST(Load, AToolNeedsNoNode) {
    const Settings settings =
        load_good(replaced(good(), "node = \"a\"\n", ""), {.node_needed = false});
    EXPECT_EQ(settings.node.node, "");
}

TEST(Load, InlineTablesAreTablesToo) {
    const std::string text = replaced(good(), "name = \"t\"", "timers = { token_loss = \"1s\" }");
    EXPECT_EQ(load_good(text).cluster.timers.token_loss, 1s);
}

TEST(Load, AVhostMeshIsComplete) {
    const Settings settings =
        load_good(replaced(good(), "name = \"t\"", "dissemination = \"mesh\"") +
                  "port = \"dpdk\"\ndevice = \"vhost-mesh\"\nmesh_dir = \"/run/torc/mesh\"\n");
    EXPECT_EQ(settings.cluster.dissemination, Dissemination::mesh);
    EXPECT_EQ(settings.node.port, PortKind::dpdk);
}

}  // namespace
}  // namespace torc::config::test
