// Decisions that are taken before DPDK starts: device strings, EAL arguments, pool arithmetic, the
// mesh's sockets.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include "dataplane/dpdk/device_string.hpp"
#include "dataplane/dpdk/eal_plan.hpp"
#include "dataplane/dpdk/mbuf_pool.hpp"
#include "dataplane/dpdk/mesh_socket.hpp"

namespace torc::dataplane::dpdk {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

bool has(const EalPlan& plan, const std::string& argument) {
    return std::find(plan.arguments.begin(), plan.arguments.end(), argument) !=
           plan.arguments.end();
}

EalPlan plan_of(const EalRequest& request) {
    auto plan = plan_eal(request);
    EXPECT_TRUE(plan.has_value());
    return plan.value_or(EalPlan{});
}

TEST(DeviceStringTest, TakesPciAndVirtualDevices) {
    EXPECT_EQ(parse_device("0000:3b:00.0")->bus, DeviceBus::pci);
    EXPECT_EQ(parse_device("3b:00.1,queues=1")->to_text(), "0000:3b:00.1,queues=1");
    const auto device = parse_device("net_af_packet0,iface=eth0,framesz=4096");
    ASSERT_TRUE(device.has_value());
    EXPECT_EQ(device->bus, DeviceBus::vdev);
    EXPECT_EQ(device->argument("iface"), "eth0");
    EXPECT_EQ(device->argument("framesz"), "4096");
    EXPECT_FALSE(device->argument("frame").has_value());
    for (const char* wrong : {"", "eth0", "banana", ",iface=x", "zz:00.0", "0000:3b:00.00"}) {
        EXPECT_FALSE(parse_device(wrong).has_value()) << wrong;
    }
}

TEST(DeviceStringTest, FillsInTheMeasuredGeometry) {
    const auto device = parse_device("net_af_packet0,iface=v");
    EXPECT_EQ(complete_af_packet(*device, 1472).arguments,
              "iface=v,framesz=2048,blocksz=32768,framecnt=1024,qdisc_bypass=1");
    const DeviceString jumbo = complete_af_packet(*device, 8972);
    EXPECT_EQ(jumbo.argument("framesz"), "10240");
    EXPECT_EQ(jumbo.argument("blocksz"), "163840");
    EXPECT_EQ(af_packet_slot_bytes(jumbo), 10240U);
    // The operator's geometry is his; ours is not mixed into it.
    const auto own = parse_device("net_af_packet0,iface=v,framecnt=64,qdisc_bypass=0");
    EXPECT_EQ(complete_af_packet(*own, 8972).arguments, own->arguments);
    EXPECT_EQ(af_packet_slot_bytes(*own), 2048U);
}

TEST(EalPlanTest, WithoutHugePagesTheMemoryIsSized) {
    EalRequest request;
    request.bytes_needed = 100 * kMiB;
    request.cpus = {0, 1};
    const EalPlan plan = plan_of(request);
    EXPECT_FALSE(plan.huge_pages);
    EXPECT_TRUE(has(plan, "--no-huge") && has(plan, "--no-shconf") && has(plan, "--no-pci"));
    EXPECT_TRUE(has(plan, "--no-telemetry") && has(plan, "--single-file-segments"));
    EXPECT_TRUE(has(plan, "152"));  // 100 + a fifth + 32
    EXPECT_TRUE(has(plan, "--lcores=0@(0,1)"));
    EXPECT_FALSE(has(plan, "--in-memory"));
}

TEST(EalPlanTest, FreeHugePagesAreUsedAndNeverWithNoHuge) {
    EalRequest request;
    request.bytes_needed = 100 * kMiB;
    request.huge_bytes_free = 1024 * kMiB;
    request.cpus = {3};
    EalPlan plan = plan_of(request);
    EXPECT_TRUE(plan.huge_pages);
    EXPECT_TRUE(has(plan, "--in-memory") && has(plan, "--iova-mode=va"));
    EXPECT_FALSE(has(plan, "--no-huge") || has(plan, "-m"));
    EXPECT_TRUE(has(plan, "--lcores=0@(3)"));
    request.huge_bytes_free = 120 * kMiB;  // less than is needed
    EXPECT_FALSE(plan_of(request).huge_pages);
    request.huge_bytes_free = 1024 * kMiB;
    request.extra = {"--no-huge", "-m", "64"};
    plan = plan_of(request);
    EXPECT_FALSE(plan.huge_pages || has(plan, "--in-memory"));
    EXPECT_EQ(std::count(plan.arguments.begin(), plan.arguments.end(), "--no-huge"), 1);
    EXPECT_EQ(std::count(plan.arguments.begin(), plan.arguments.end(), "-m"), 1);
}

TEST(EalPlanTest, ContradictionsAreRefusedBeforeTheEalPrintsItsUsage) {
    EalRequest request;
    request.extra = {"--no-huge", "--in-memory"};
    const auto plan = plan_eal(request);
    ASSERT_FALSE(plan.has_value());
    EXPECT_NE(plan.error().message.find("exclude each other"), std::string::npos);
}

TEST(EalPlanTest, TheOperatorsCoresAndLogsStand) {
    EalRequest request;
    request.cpus = {0, 1};
    request.ring_core = 1;
    EXPECT_TRUE(has(plan_of(request), "--lcores=0@(0)"));
    request.extra = {"-l", "1", "--log-level=debug"};
    const EalPlan plan = plan_of(request);
    for (const std::string& argument : plan.arguments) {
        EXPECT_FALSE(argument.starts_with("--lcores")) << argument;
        EXPECT_FALSE(argument.starts_with("--log-level=err")) << argument;
    }
    EXPECT_EQ(plan.arguments.back(), "--log-level=debug");
}

TEST(EalPlanTest, APciDeviceIsAllowedAndAlone) {
    EalRequest request;
    const auto device = parse_device("0000:3b:00.0");
    request.device = &*device;
    const EalPlan plan = plan_of(request);
    EXPECT_TRUE(has(plan, "-a") && has(plan, "0000:3b:00.0"));
    EXPECT_FALSE(has(plan, "--no-pci") || has(plan, "--single-file-segments"));
}

TEST(PoolTest, TheArithmeticIsInTheError) {
    const PoolDemand demand{1024, 1024, 4096, 128, 384};
    EXPECT_TRUE(check_pool(demand.total(), demand).has_value());
    const auto refused = check_pool(demand.total() - 1, demand);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find("6656"), std::string::npos);
    EXPECT_NE(refused.error().remedy.find("6656"), std::string::npos);
}

TEST(PoolTest, BuffersHoldAWholeFrameOrSlot) {
    EXPECT_EQ(buffer_room(1472), 2176U);  // DPDK's default size
    EXPECT_GE(buffer_room(8972), 128U + 42 + 8972 + 4);
    EXPECT_GE(buffer_room(8972, 10240), 128U + 10240);
}

class MeshSocketTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/torcXXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        dir_ = name;
        path_ = mesh_socket_path(dir_, NodeIndex{7}, NodeIndex{3});
    }
    void TearDown() override {
        unlink(path_.c_str());
        rmdir(dir_.c_str());
    }
    int listen_there() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(fd, 4), 0);
        return fd;
    }
    std::string dir_;
    std::string path_;
};

TEST_F(MeshSocketTest, NamesAPairOnceWhoeverAsks) {
    EXPECT_EQ(path_, dir_ + "/v-3-7.sock");
    EXPECT_EQ(path_, mesh_socket_path(dir_, NodeIndex{3}, NodeIndex{7}));
}

TEST_F(MeshSocketTest, AStaleSocketGoesALiveOneStays) {
    EXPECT_EQ(probe_socket(path_), SocketState::missing);
    EXPECT_TRUE(clear_socket(path_).has_value());
    const int fd = listen_there();
    EXPECT_EQ(probe_socket(path_), SocketState::answers);
    EXPECT_FALSE(clear_socket(path_).has_value());
    EXPECT_EQ(access(path_.c_str(), F_OK), 0);
    close(fd);
    EXPECT_EQ(probe_socket(path_), SocketState::stale);
    EXPECT_TRUE(clear_socket(path_).has_value());
    EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(MeshSocketTest, AFolderThatCannotBeIsRefused) {
    EXPECT_FALSE(prepare_mesh_dir("").has_value());
    EXPECT_FALSE(prepare_mesh_dir("/tmp/" + std::string(120, 'x')).has_value());
    EXPECT_FALSE(prepare_mesh_dir("/proc/nowhere/at/all").has_value());
    EXPECT_TRUE(prepare_mesh_dir(dir_).has_value());
}

}  // namespace
}  // namespace torc::dataplane::dpdk
