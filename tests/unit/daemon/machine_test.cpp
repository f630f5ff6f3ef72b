// What settings ask of a machine: spinners that have no core, and the MTU.
#include "daemon/machine.hpp"

#include <gtest/gtest.h>

#include "config/mtu.hpp"

namespace torc::daemon {
namespace {

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr std::uint32_t kElsewhere = 0xCB007107;  // 203.0.113.7, a documentation address

config::Settings settings_at(std::uint32_t address) {
    config::Settings settings;
    settings.cluster.nodes = {{"a", address, NodeIndex{0}}, {"b", kElsewhere, NodeIndex{1}}};
    settings.node.node = "a";
    return settings;
}

MachineFacts facts_of(std::size_t daemons, const dataplane::CoreFacts& core) {
    return {.core = core, .daemons_here = daemons};
}

TEST(Machine, SpinningOnFewerProcessorsThanDaemonsIsWarnedAbout) {
    config::NodeSettings node;
    node.idle = config::IdleStrategy::spin;
    node.core = 1;
    const dataplane::CoreFacts two{.allowed_cpus = 1, .online_cpus = 2, .cpu = 1};
    const auto warnings = warnings_of(node, facts_of(3, two));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].message.find("3 daemons"), std::string::npos) << warnings[0].message;
    EXPECT_NE(warnings[0].message.find("2 processors"), std::string::npos);
    EXPECT_NE(warnings[0].remedy.find("adaptive"), std::string::npos) << warnings[0].remedy;
}

TEST(Machine, SpinningWithoutACoreOfItsOwnIsWarnedAbout) {
    config::NodeSettings node;
    node.idle = config::IdleStrategy::spin;
    const auto warnings = warnings_of(node, facts_of(1, {.allowed_cpus = 8, .online_cpus = 8}));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].message.find("not pinned"), std::string::npos) << warnings[0].message;
    node.core = 3;
    const dataplane::CoreFacts own{.allowed_cpus = 1, .online_cpus = 8, .cpu = 3};
    EXPECT_TRUE(warnings_of(node, facts_of(1, own)).empty());
    EXPECT_TRUE(warnings_of(node, facts_of(8, own)).empty());
}

TEST(Machine, AClientCoreWithoutAProcessorToSpareIsWarnedAbout) {
    config::NodeSettings node;
    node.core = 0;
    node.client_core = 1;
    const dataplane::CoreFacts two{.allowed_cpus = 1, .online_cpus = 2, .cpu = 0};
    EXPECT_TRUE(warnings_of(node, facts_of(1, two)).empty());
    const auto warnings = warnings_of(node, facts_of(2, two));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].message.find("3 threads"), std::string::npos) << warnings[0].message;
    node.client_core = -1;
    EXPECT_TRUE(warnings_of(node, facts_of(2, two)).empty());
}

TEST(Machine, OtherStrategiesFitAnywhere) {
    for (const auto idle : {config::IdleStrategy::adaptive, config::IdleStrategy::sleepy}) {
        config::NodeSettings node;
        node.idle = idle;
        EXPECT_TRUE(warnings_of(node, facts_of(9, {.allowed_cpus = 1, .online_cpus = 1})).empty());
    }
}

TEST(Machine, CountsTheDaemonsThatAreHere) {
    config::Settings settings = settings_at(kLoopback);
    EXPECT_EQ(read_machine_facts(settings).daemons_here, 1u);
    settings.cluster.nodes[1].address = kLoopback + 1;
    EXPECT_EQ(read_machine_facts(settings).daemons_here, 2u);
    settings.cluster.nodes[0].address = settings.cluster.nodes[1].address = kElsewhere;
    settings.cluster.dissemination = config::Dissemination::mesh;
    EXPECT_EQ(read_machine_facts(settings).daemons_here, 2u) << "a mesh is one machine";
    settings.node.core = 5;
    EXPECT_EQ(read_machine_facts(settings).core.cpu, 5);
}

TEST(Machine, FramesThatWereAskedForMustFit) {
    EXPECT_EQ(fit_frame(kFrameBytesMin, 1500, false).value(), kFrameBytesMin);
    EXPECT_EQ(fit_frame(kFrameBytesMax, 9000, false).value(), kFrameBytesMax);
    const auto large = fit_frame(kFrameBytesMax, 1500, true);
    ASSERT_FALSE(large.has_value());
    EXPECT_NE(large.error().message.find("9000B"), std::string::npos) << large.error().message;
    EXPECT_NE(large.error().message.find("1500 bytes"), std::string::npos);
    EXPECT_FALSE(large.error().remedy.empty());
}

TEST(Machine, AutomaticFramesAreTheLargestThatFit) {
    EXPECT_EQ(fit_frame(config::kFrameBytesAuto, 1500, false).value(), 1472u);
    EXPECT_EQ(fit_frame(config::kFrameBytesAuto, 4000, false).value(), 3972u);
    EXPECT_EQ(fit_frame(config::kFrameBytesAuto, 65536, false).value(), kFrameBytesMax);
}

TEST(Machine, TheSmallestFramesPassASmallerMtuOnlyInFragments) {
    EXPECT_EQ(fit_frame(kFrameBytesMin, 1460, true).value(), kFrameBytesMin);
    EXPECT_EQ(fit_frame(config::kFrameBytesAuto, 1460, true).value(), kFrameBytesMin);
    EXPECT_FALSE(fit_frame(config::kFrameBytesAuto, 1460, false).has_value());
}

TEST(Machine, AutomaticMtuIsThatOfTheAddress) {
    config::Settings settings = settings_at(kLoopback);
    settings.cluster.frame_bytes = config::kFrameBytesAuto;
    const config::Opinion opinion = ask_machine(settings, true);
    EXPECT_TRUE(opinion.errors.empty());
    EXPECT_EQ(settings.cluster.frame_bytes, kFrameBytesMax) << "lo has 65536";
}

TEST(Machine, AutomaticMtuOfAnAddressElsewhereIsNotKnown) {
    config::Settings settings = settings_at(kElsewhere);
    settings.cluster.frame_bytes = config::kFrameBytesAuto;
    EXPECT_TRUE(ask_machine(settings, false).errors.empty()) << "only read here";
    EXPECT_EQ(settings.cluster.frame_bytes, config::kFrameBytesAuto);
    const config::Opinion opinion = ask_machine(settings, true);
    ASSERT_EQ(opinion.errors.size(), 1u);
    EXPECT_NE(opinion.errors[0].message.find("203.0.113.7"), std::string::npos);
    settings.cluster.frame_bytes = kFrameBytesMin;
    EXPECT_TRUE(ask_machine(settings, true).errors.empty()) << "the port will say it";
    settings.node.interface = "no-such-if0";
    settings.cluster.frame_bytes = config::kFrameBytesAuto;
    EXPECT_FALSE(settle_mtu(settings).has_value());
}

}  // namespace
}  // namespace torc::daemon
