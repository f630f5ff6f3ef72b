// The kernel-UDP port between daemons of one host: every loopback address is a node. Each case
// runs with both ways of receiving (io_uring and recvmmsg) and, where it matters, with both ways of
// dissemination.
#include "dataplane/udp_port.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <set>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "tests/unit/dataplane/udp_port_support.hpp"
#include "wire/hop.hpp"

namespace torc::dataplane {
namespace {

constexpr std::uint32_t kBase = 0x7F2D0001;  // 127.45.0.1: nobody else's addresses

std::uint16_t own_data_port() {
    // Test runs side by side must not meet; below the range of ephemeral ports.
    return static_cast<std::uint16_t>(10000 + 2 * (getpid() % 10000));
}

config::ClusterSettings cluster_of(std::uint16_t nodes, Dissemination dissemination) {
    config::ClusterSettings cluster;
    for (std::uint16_t i = 0; i < nodes; ++i) {
        cluster.nodes.push_back({"n" + std::to_string(i), kBase + i, NodeIndex{i}});
    }
    cluster.dissemination = dissemination;
    cluster.multicast_group = 0xEF540000 + static_cast<std::uint32_t>(getpid() & 0xFFFF);
    cluster.data_port = own_data_port();
    return cluster;
}

/// A socket beside the cluster that sends what no daemon would.
class Intruder {
public:
    explicit Intruder(std::uint32_t address) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
        const sockaddr_in from = where(address, 0);
        EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
    }
    ~Intruder() { close(fd_); }
    Intruder(const Intruder&) = delete;
    Intruder& operator=(const Intruder&) = delete;

    void send(const std::string& text, std::uint32_t to, std::uint16_t port) {
        const sockaddr_in target = where(to, port);
        EXPECT_EQ(sendto(fd_, text.data(), text.size(), 0,
                         reinterpret_cast<const sockaddr*>(&target), sizeof target),
                  static_cast<ssize_t>(text.size()));
    }

private:
    static sockaddr_in where(std::uint32_t address, std::uint16_t port) {
        sockaddr_in result{};
        result.sin_family = AF_INET;
        result.sin_addr.s_addr = htonl(address);
        result.sin_port = htons(port);
        return result;
    }
    int fd_;
};

class UdpPortTest : public testing::TestWithParam<std::tuple<Receive, Dissemination>> {
protected:
    void SetUp() override {
        cluster_ = cluster_of(3, std::get<1>(GetParam()));
        if (std::get<1>(GetParam()) == Dissemination::multicast &&
            !multicast_supported(kBase, cluster_.multicast_group)) {
            GTEST_SKIP() << "this host's loopback carries no multicast";
        }
    }
    Receive receive() const { return std::get<0>(GetParam()); }
    std::unique_ptr<UdpPort> open(std::uint16_t node, std::uint32_t pool = 256) {
        return port_of(cluster_, node, receive(), pool);
    }

    config::ClusterSettings cluster_;
};

TEST_P(UdpPortTest, AFrameForAllReachesEveryOtherDaemonOnceAndNotTheSender) {
    const auto a = open(0), b = open(1), c = open(2);
    send(*a, "hello", kNoNode);
    a->flush();
    EXPECT_EQ(take_texts(*b, 1), std::vector<std::string>{"hello"});
    EXPECT_EQ(take_texts(*c, 1), std::vector<std::string>{"hello"});
    EXPECT_EQ(take_rest(*a) + take_rest(*b) + take_rest(*c), 0u);
    EXPECT_EQ(a->loans() + b->loans() + c->loans(), 0u);
    EXPECT_EQ(b->counters().rx_frames, 1u);
    EXPECT_EQ(b->counters().rx_bytes, 5u);
    EXPECT_EQ(b->counters().rx_rejected, 0u);
}

TEST_P(UdpPortTest, AFrameForOneReachesOnlyThatOne) {
    const auto a = open(0), b = open(1), c = open(2);
    send(*c, "for b", NodeIndex{1});
    send(*c, "token for a", NodeIndex{0}, wire::Channel::token);
    c->flush();
    EXPECT_EQ(take_texts(*b, 1), std::vector<std::string>{"for b"});
    EXPECT_EQ(take_texts(*a, 1), std::vector<std::string>{"token for a"});
    EXPECT_EQ(take_rest(*a) + take_rest(*b) + take_rest(*c), 0u);
}

TEST_P(UdpPortTest, TokenAndControlComeBeforeDataOfTheSamePoll) {
    const auto a = open(0), b = open(1);
    take_rest(*b);
    for (int i = 0; i < 10; ++i) send(*a, "data", kNoNode);
    send(*a, "token", NodeIndex{1}, wire::Channel::token);
    send(*a, "control", kNoNode, wire::Channel::control);
    a->flush();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::vector<std::string> texts = take_texts(*b, 12);
    ASSERT_EQ(texts.size(), 12u);
    EXPECT_EQ((std::multiset<std::string>{texts[0], texts[1]}),
              (std::multiset<std::string>{"control", "token"}));
    EXPECT_EQ(texts[2], "data");
}

TEST_P(UdpPortTest, ABurstOfMixedSizesArrivesWholeAndInOrder) {
    for (const bool segmented : {true, false}) {
        const auto opened =
            UdpPort::open(cluster_, NodeIndex{0},
                          {.frame_pool = 1024, .receive = receive(), .segmented_send = segmented});
        ASSERT_TRUE(opened.has_value());
        const auto& a = *opened;
        const auto b = open(1, 1024), c = open(2, 1024);
        std::vector<std::string> sent;
        // Runs of equal sizes (one segmented send), a shorter last one, single ones, the largest.
        for (const unsigned size :
             {1472u, 1472u, 1472u, 700u, 1u, 1u, 1u, 1472u, 64u, 65u, 66u, 65u, 64u}) {
            sent.push_back(std::string(size, static_cast<char>('a' + sent.size())));
        }
        for (int i = 0; i < 120; ++i) sent.push_back(std::string(1472, static_cast<char>(i)));
        for (const std::string& text : sent) send(*a, text, kNoNode);
        a->flush();
        EXPECT_EQ(take_texts(*b, sent.size()), sent);
        EXPECT_EQ(take_texts(*c, sent.size()), sent);
        EXPECT_EQ(a->counters().tx_dropped, 0u);
        const std::uint64_t copies = cluster_.dissemination == Dissemination::multicast ? 1 : 2;
        EXPECT_EQ(a->counters().tx_frames, copies * sent.size());
        EXPECT_EQ(a->loans() + b->loans() + c->loans(), 0u);
        // Segmentation saves calls, or it was not used at all.
        const bool few_messages = a->describe().find("cuts bursts") != std::string::npos;
        EXPECT_TRUE(segmented || !few_messages);
    }
}

TEST_P(UdpPortTest, WhatIsSentAgainLeavesAlone) {
    const auto a = open(0), b = open(1);
    const auto data_frame = [](std::uint8_t flags) {
        wire::HopHeader hop;
        hop.kind = static_cast<std::uint8_t>(wire::Kind::data);
        hop.flags = flags;
        std::string text(1000, 'x');
        std::memcpy(text.data(), &hop, sizeof hop);
        return text;
    };
    std::vector<std::string> sent(5, data_frame(wire::kHopRetransmitted));
    sent.push_back(data_frame(0));
    sent.push_back(data_frame(wire::kHopRetransmitted | wire::kHopRecovery));
    for (const std::string& text : sent) send(*a, text, NodeIndex{1});
    a->flush();
    EXPECT_EQ(take_texts(*b, sent.size()), sent);
    EXPECT_EQ(a->udp_counters().tx_segmented, 0u);
    for (int i = 0; i < 5; ++i) send(*a, data_frame(0), NodeIndex{1});
    a->flush();
    EXPECT_EQ(take_texts(*b, 5).size(), 5u);
    const bool cuts = a->describe().find("cuts bursts") != std::string::npos;
    EXPECT_EQ(a->udp_counters().tx_segmented, cuts ? 5u : 0u);
}

TEST_P(UdpPortTest, AFrameIsKeptUntilItIsSent) {
    const auto a = open(0), b = open(1);
    const FrameRef frame = frame_with(*a, "kept");
    a->transmit({frame, NodeIndex{1}, wire::Channel::data});
    EXPECT_EQ(a->loans(), 1u);
    a->release(frame.cookie);
    EXPECT_EQ(a->loans(), 0u);
    // The pool must not lend it out again before the flush: everything else goes first.
    std::vector<FrameRef> all;
    while (const FrameRef other = a->acquire()) {
        EXPECT_NE(other.data, frame.data);
        all.push_back(other);
    }
    a->flush();
    const FrameRef again = a->acquire();
    ASSERT_TRUE(again);
    EXPECT_EQ(again.data, frame.data);
    a->release(again.cookie);
    for (const FrameRef& other : all) a->release(other.cookie);
    EXPECT_EQ(take_texts(*b, 1), std::vector<std::string>{"kept"});
}

TEST_P(UdpPortTest, ForeignOversizedAndEmptyDatagramsAreCountedAndDropped) {
    const auto a = open(0), b = open(1);
    Intruder stranger(kBase + 77);
    Intruder peer(kBase + 1);  // the address of a daemon, another port
    stranger.send("who am I", kBase, cluster_.data_port);
    peer.send(std::string(1473, 'x'), kBase, cluster_.data_port);
    peer.send(std::string(9000, 'x'), kBase, cluster_.data_port);
    peer.send("", kBase, cluster_.data_port);
    peer.send("", kBase, static_cast<std::uint16_t>(cluster_.data_port + 1));
    send(*b, "good", NodeIndex{0});
    b->flush();
    EXPECT_EQ(take_texts(*a, 1), std::vector<std::string>{"good"});
    EXPECT_EQ(take_rest(*a), 0u);
    EXPECT_EQ(a->udp_counters().rx_foreign, 1u);
    EXPECT_EQ(a->udp_counters().rx_truncated, 2u);
    EXPECT_EQ(a->udp_counters().rx_empty, 2u);
    EXPECT_EQ(a->counters().rx_rejected, 5u);
    EXPECT_EQ(a->counters().rx_frames, 1u);
    EXPECT_EQ(a->loans(), 0u);
}

TEST_P(UdpPortTest, ADryPoolIsCountedAndRecoversWithoutLosingWhatTheSocketHolds) {
    const auto a = open(0), b = open(1, UdpPort::kFramesMin);
    constexpr std::size_t kSent = 100;
    for (std::size_t i = 0; i < kSent; ++i) send(*a, std::to_string(i), NodeIndex{1});
    a->flush();
    // All loans are kept: the pool runs dry, and take_rest would find what the port hid.
    const std::vector<FrameRef> kept = take(*b, UdpPort::kFramesMin - 4);
    EXPECT_LE(kept.size(), std::size_t{UdpPort::kFramesMin});
    EXPECT_EQ(b->loans(), kept.size());
    EXPECT_FALSE(b->acquire());
    EXPECT_EQ(take_rest(*b), 0u);
    EXPECT_GE(b->counters().rx_no_buffer, 1u);
    EXPECT_LE(b->counters().rx_no_buffer, 4u) << "an episode is counted once, not once a pass";
    std::vector<std::string> texts;
    for (const FrameRef& frame : kept) {
        texts.push_back(text_of(frame));
        b->release(frame.cookie);
    }
    const std::vector<std::string> rest = take_texts(*b, kSent - texts.size());
    texts.insert(texts.end(), rest.begin(), rest.end());
    ASSERT_EQ(texts.size(), kSent);
    for (std::size_t i = 0; i < kSent; ++i) EXPECT_EQ(texts[i], std::to_string(i));
    EXPECT_EQ(b->loans(), 0u);
}

TEST_P(UdpPortTest, WhatTheSocketCannotHoldIsCountedAsMissed) {
    const auto a = open(0, 1024), b = open(1, UdpPort::kFramesMin);
    // Far more than any socket buffer the port asks for, while nobody reads.
    constexpr std::uint64_t kSent = 20'000;
    for (std::uint64_t i = 0; i < kSent; ++i) {
        send(*a, std::string(1472, 'm'), NodeIndex{1});
        if (i % 64 == 63) a->flush();
    }
    a->flush();
    std::uint64_t got = 0;
    std::array<FrameRef, 32> burst;
    for (int quiet = 0; quiet < 20;) {
        const std::size_t now = b->receive(burst);
        for (std::size_t i = 0; i < now; ++i) b->release(burst[i].cookie);
        got += now;
        if (now > 0) {
            quiet = 0;
        } else {
            ++quiet;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    b->maintain(instant_from_ns(1'000'000'000));
    EXPECT_LT(got, kSent);
    EXPECT_EQ(got + b->counters().rx_missed, kSent);
}

TEST_P(UdpPortTest, TheWakeDescriptorIsReadableAfterArmingWhenAFrameComes) {
    const auto a = open(0), b = open(1);
    take_rest(*b);
    std::array<FrameRef, 32> burst;
    for (int round = 0; round < 3; ++round) {
        b->arm_wake();
        ASSERT_EQ(b->receive(burst), 0u);
        pollfd waiting{b->wake_fd(), POLLIN, 0};
        EXPECT_EQ(poll(&waiting, 1, 0), 0) << "nothing came, nothing may wake";
        send(*a, "wake", NodeIndex{1}, round == 1 ? wire::Channel::token : wire::Channel::data);
        a->flush();
        EXPECT_EQ(poll(&waiting, 1, 5000), 1);
        EXPECT_EQ(take_texts(*b, 1), std::vector<std::string>{"wake"});
        take_rest(*b);
    }
}

TEST_P(UdpPortTest, APortThatNobodyListensToIsNotFatal) {
    const auto a = open(0);
    for (int i = 0; i < 5; ++i) {
        send(*a, "anyone?", NodeIndex{2});
        send(*a, "anyone?", NodeIndex{2}, wire::Channel::token);
        a->flush();
    }
    const auto b = open(1);
    send(*a, "now", NodeIndex{1});
    a->flush();
    EXPECT_EQ(take_texts(*b, 1), std::vector<std::string>{"now"});
    EXPECT_EQ(a->counters().tx_dropped, 0u);
}

TEST_P(UdpPortTest, ANodeCanBeClosedAndOpenedAgainAtOnce) {
    const auto a = open(0);
    for (int round = 0; round < 3; ++round) {
        const auto b = open(1);
        ASSERT_NE(b, nullptr);
        send(*a, "round", NodeIndex{1});
        a->flush();
        EXPECT_EQ(take_texts(*b, 1), std::vector<std::string>{"round"});
    }
}

TEST_P(UdpPortTest, MayBeOpenedByOneThreadAndDrivenByAnother) {
    const auto a = open(0), b = open(1);
    std::vector<std::string> texts;
    std::thread ring_core([&] {
        send(*a, "other thread", NodeIndex{1});
        a->flush();
        texts = take_texts(*b, 1);
    });
    ring_core.join();
    EXPECT_EQ(texts, std::vector<std::string>{"other thread"});
}

TEST_P(UdpPortTest, SaysWhatWasChosen) {
    const auto a = open(0);
    const std::string text = a->describe();
    EXPECT_NE(text.find("127.45.0.1"), std::string::npos) << text;
    EXPECT_NE(text.find("interface: lo"), std::string::npos) << text;
    EXPECT_NE(text.find(receive() == Receive::mmsg ? "recvmmsg" : "io_uring"), std::string::npos)
        << text;
    EXPECT_NE(text.find(cluster_.dissemination == Dissemination::multicast ? "multicast to 239."
                                                                           : "unicast"),
              std::string::npos)
        << text;
}

std::string name_of(const testing::TestParamInfo<std::tuple<Receive, Dissemination>>& info) {
    return std::string(std::get<0>(info.param) == Receive::mmsg ? "Mmsg" : "Uring") +
           (std::get<1>(info.param) == Dissemination::multicast ? "Multicast" : "Unicast");
}

INSTANTIATE_TEST_SUITE_P(All, UdpPortTest,
                         testing::Combine(testing::ValuesIn(ways_to_receive()),
                                          testing::Values(Dissemination::multicast,
                                                          Dissemination::unicast)),
                         name_of);

void expect_failure(const config::ClusterSettings& cluster, std::uint16_t node,
                    const UdpOptions& options, const std::string& in_message) {
    const auto port = UdpPort::open(cluster, NodeIndex{node}, options);
    ASSERT_FALSE(port.has_value()) << in_message;
    EXPECT_NE(port.error().message.find(in_message), std::string::npos) << port.error().message;
    EXPECT_FALSE(port.error().remedy.empty()) << port.error().message;
}

TEST(UdpPortOpen, EachMistakeHasItsMessageAndRemedy) {
    auto cluster = cluster_of(2, Dissemination::unicast);
    expect_failure(cluster, 7, {}, "node 7 is not in the cluster");
    expect_failure(cluster, 0, {.frame_pool = 1}, "frame_pool = 1");
    expect_failure(cluster, 0, {.interface = "no-such-if"}, "no network interface");
    cluster.nodes[0].address = 0xC6336401;  // 198.51.100.1, a documentation address
    expect_failure(cluster, 0, {}, "198.51.100.1");
    cluster = cluster_of(2, Dissemination::mesh);
    expect_failure(cluster, 0, {}, "mesh");
    cluster = cluster_of(2, Dissemination::unicast);
    cluster.data_port = 0xFFFF;
    expect_failure(cluster, 0, {}, "data_port");
    cluster = cluster_of(2, Dissemination::multicast);
    cluster.multicast_group = 0x7F2D0063;  // no multicast address, but one that can be bound
    expect_failure(cluster, 0, {}, "join multicast group 127.45.0.99");
}

TEST(UdpPortOpen, ASecondDaemonOfTheSameNodeIsRefused) {
    for (const Dissemination way : {Dissemination::unicast, Dissemination::multicast}) {
        const auto cluster = cluster_of(2, way);
        const auto first = port_of(cluster, 0, Receive::automatic);
        expect_failure(cluster, 0, {}, "cannot bind UDP 127.45.0.1:");
        const auto other = port_of(cluster, 1, Receive::automatic);
        EXPECT_NE(other, nullptr);
    }
}

/// Makes io_uring_setup fail for the calling process, as container profiles do.
void forbid_io_uring() {
    std::array<sock_filter, 4> code{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_io_uring_setup},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) std::_Exit(3);
}

TEST(UdpPortOpenDeath, WithoutIoUringItFallsBackAndSaysWhy) {
    EXPECT_EXIT(
        {
            forbid_io_uring();
            const auto cluster = cluster_of(2, Dissemination::unicast);
            const auto forced =
                UdpPort::open(cluster, NodeIndex{0}, {.frame_pool = 64, .receive = Receive::uring});
            if (forced || forced.error().remedy.empty()) std::_Exit(4);
            const auto a = port_of(cluster, 0, Receive::automatic);
            const auto b = port_of(cluster, 1, Receive::automatic);
            send(*a, "anyway", NodeIndex{1});
            a->flush();
            if (take_texts(*b, 1) != std::vector<std::string>{"anyway"}) std::_Exit(5);
            std::fprintf(stderr, "%s\n", a->describe().c_str());
            std::_Exit(0);
        },
        testing::ExitedWithCode(0), "recvmmsg(.|\n)*fallback: no io_uring receive: Operation not");
}

TEST(UdpPortOpen, JumboFramesFitTheMtuOfLoopback) {
    auto cluster = cluster_of(2, Dissemination::unicast);
    cluster.frame_bytes = kFrameBytesMax;
    const auto a = port_of(cluster, 0, Receive::automatic);
    const auto b = port_of(cluster, 1, Receive::automatic);
    const std::string text(kFrameBytesMax, 'j');
    for (int i = 0; i < 20; ++i) send(*a, text, NodeIndex{1});
    a->flush();
    EXPECT_EQ(take_texts(*b, 20), std::vector<std::string>(20, text));
    EXPECT_NE(a->describe().find("never fragmented"), std::string::npos);
}

}  // namespace
}  // namespace torc::dataplane
