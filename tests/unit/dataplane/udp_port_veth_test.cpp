// What loopback cannot show: two hosts (network namespaces) and a real interface between them.
// Multicast that does not come back to its sender, an MTU that is too small, a link that goes down.
// Each case lives in a child process with namespaces of its own; nothing is left behind.
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "dataplane/udp_port.hpp"
#include "tests/unit/dataplane/udp_port_support.hpp"

namespace torc::dataplane {
namespace {

constexpr int kSkip = 77;

#define CHILD_CHECK(condition)                                                  \
    do {                                                                        \
        if (!(condition)) {                                                     \
            std::fprintf(stderr, "child, line %d: %s\n", __LINE__, #condition); \
            std::_Exit(1);                                                      \
        }                                                                       \
    } while (false)

bool command(const std::string& line) { return std::system((line + " 2>/dev/null").c_str()) == 0; }

/// A thread in a network namespace of its own; runs one job after the other there.
class OtherHost {
public:
    OtherHost() {
        std::promise<int> entered;
        thread_ = std::thread([this, &entered] {
            if (unshare(CLONE_NEWNET) != 0) std::_Exit(kSkip);
            entered.set_value(static_cast<int>(syscall(SYS_gettid)));
            for (std::packaged_task<void()> job; (job = next()).valid();) job();
        });
        thread_id_ = entered.get_future().get();
    }
    ~OtherHost() {
        push({});
        thread_.join();
    }
    OtherHost(const OtherHost&) = delete;
    OtherHost& operator=(const OtherHost&) = delete;

    int thread_id() const { return thread_id_; }
    void run(const std::function<void()>& what) {
        std::packaged_task<void()> job(what);
        std::future<void> done = job.get_future();
        push(std::move(job));
        done.get();
    }

private:
    void push(std::packaged_task<void()> job) {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
        there_is_one_.notify_one();
    }
    std::packaged_task<void()> next() {
        std::unique_lock lock(mutex_);
        there_is_one_.wait(lock, [this] { return !jobs_.empty(); });
        std::packaged_task<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        return job;
    }

    std::mutex mutex_;
    std::condition_variable there_is_one_;
    std::deque<std::packaged_task<void()>> jobs_;
    int thread_id_{0};
    std::thread thread_;
};

config::ClusterSettings veth_cluster(Dissemination way) {
    config::ClusterSettings cluster;
    cluster.nodes = {{"a", 0x0A2D0001, NodeIndex{0}}, {"b", 0x0A2D0002, NodeIndex{1}}};
    cluster.dissemination = way;
    return cluster;
}

/// Two hosts, 10.45.0.1 here and 10.45.0.2 there, joined by a veth pair called torc0.
void join_hosts(OtherHost& there) {
    const std::string setup = "ip link set lo up && ip link set torc0 up";
    if (!command("ip link add torc0 type veth peer name torc0 netns " +
                 std::to_string(there.thread_id()))) {
        std::_Exit(kSkip);
    }
    CHILD_CHECK(command("ip address add 10.45.0.1/24 dev torc0 && " + setup));
    there.run([&] { CHILD_CHECK(command("ip address add 10.45.0.2/24 dev torc0 && " + setup)); });
}

std::unique_ptr<UdpPort> open_there(OtherHost& there, const config::ClusterSettings& cluster,
                                    Receive receive) {
    std::unique_ptr<UdpPort> port;
    there.run([&] { port = port_of(cluster, 1, receive); });
    return port;
}

/// A fresh link drops frames until the kernel has noticed its carrier, and queues only some 90
/// until the address is resolved: greets until the other side hears it.
void greet(UdpPort& one, UdpPort& other) {
    std::size_t heard = 0;
    for (int i = 0; i < 100 && heard == 0; ++i) {
        send(one, "hello", kNoNode);
        one.flush();
        heard = take_rest(other);
    }
    CHILD_CHECK(heard > 0);
}

void exchange_frames(Receive receive, Dissemination way) {
    OtherHost there;
    join_hosts(there);
    const auto cluster = veth_cluster(way);
    const auto a = port_of(cluster, 0, receive);
    const auto b = open_there(there, cluster, receive);
    CHILD_CHECK(a && b);
    const std::string described = a->describe();
    CHILD_CHECK(described.find("interface: torc0, MTU 1500, frames are never fragmented") !=
                std::string::npos);
    CHILD_CHECK(described.find("own multicasts") == std::string::npos);
    greet(*a, *b);
    greet(*b, *a);
    std::vector<std::string> sent;
    for (int i = 0; i < 100; ++i) sent.push_back(std::string(1472, static_cast<char>(i)));
    for (const std::string& text : sent) send(*a, text, kNoNode);
    send(*a, "token", NodeIndex{1}, wire::Channel::token);
    send(*a, "join", kNoNode, wire::Channel::control);
    a->flush();
    std::vector<std::string> data;
    std::size_t control = 0;
    for (std::string& text : take_texts(*b, 102)) {
        text.size() == 1472 ? data.push_back(std::move(text)) : void(++control);
    }
    CHILD_CHECK(data == sent);
    CHILD_CHECK(control == 2);
    CHILD_CHECK(take_rest(*a) == 0 && a->udp_counters().rx_own == 0);
    send(*b, "back", kNoNode);
    b->flush();
    CHILD_CHECK(take_texts(*a, 1) == std::vector<std::string>{"back"});
    CHILD_CHECK(a->loans() == 0 && b->loans() == 0);
}

void hear_a_daemon_of_the_same_host(Receive receive, Dissemination way) {
    OtherHost there;
    join_hosts(there);
    CHILD_CHECK(command("ip address add 10.45.0.3/24 dev torc0"));
    auto cluster = veth_cluster(way);
    cluster.nodes.push_back({"c", 0x0A2D0003, NodeIndex{2}});
    const auto a = port_of(cluster, 0, receive);
    const auto b = open_there(there, cluster, receive);
    const auto c = port_of(cluster, 2, receive);
    CHILD_CHECK(a && b && c);
    CHILD_CHECK(a->describe().find("other daemons live on this host") != std::string::npos);
    CHILD_CHECK(b->describe().find("other daemons live on this host") == std::string::npos);
    greet(*a, *b);
    take_rest(*c);
    send(*a, "from a", kNoNode);
    a->flush();
    CHILD_CHECK(take_texts(*b, 1) == std::vector<std::string>{"from a"});
    CHILD_CHECK(take_texts(*c, 1) == std::vector<std::string>{"from a"});
    CHILD_CHECK(take_rest(*a) + take_rest(*b) + take_rest(*c) == 0);
    CHILD_CHECK(a->udp_counters().rx_own == 0);  // the kernel's filter, before it costs a buffer
}

void survive_a_link_that_goes_down(Receive receive, Dissemination way) {
    OtherHost there;
    join_hosts(there);
    const auto cluster = veth_cluster(way);
    const auto a = port_of(cluster, 0, receive);
    const auto b = open_there(there, cluster, receive);
    CHILD_CHECK(a && b);
    greet(*a, *b);
    send(*a, "before", kNoNode);
    a->flush();
    CHILD_CHECK(take_texts(*b, 1) == std::vector<std::string>{"before"});
    CHILD_CHECK(command("ip link set torc0 down"));
    for (int i = 0; i < 10; ++i) {
        send(*a, "into the void", kNoNode);
        send(*a, "into the void", NodeIndex{1}, wire::Channel::token);
        a->flush();
    }
    CHILD_CHECK(a->counters().tx_dropped > 0);
    CHILD_CHECK(a->loans() == 0);
    CHILD_CHECK(command("ip link set torc0 up"));
    // The address resolution of the new link may lose the first ones; the ring would repeat them.
    bool arrived_there = false;
    bool arrived_here = false;
    for (int i = 0; i < 100 && !(arrived_there && arrived_here); ++i) {
        send(*a, "after", kNoNode);
        send(*b, "after", kNoNode);
        a->flush();
        b->flush();
        arrived_there |= take_rest(*b) > 0;
        arrived_here |= take_rest(*a) > 0;
    }
    CHILD_CHECK(arrived_there && arrived_here);
}

void fragment_what_does_not_fit(Receive receive, Dissemination way) {
    OtherHost there;
    join_hosts(there);
    auto cluster = veth_cluster(way);
    cluster.frame_bytes = kFrameBytesMax;
    const auto a = port_of(cluster, 0, receive);
    const auto b = open_there(there, cluster, receive);
    CHILD_CHECK(a && b);
    CHILD_CHECK(a->describe().find("does not fit and is fragmented") != std::string::npos);
    greet(*a, *b);
    const std::vector<std::string> sent(20, std::string(kFrameBytesMax, 'f'));
    for (const std::string& text : sent) send(*a, text, kNoNode);
    a->flush();
    CHILD_CHECK(take_texts(*b, sent.size()) == sent);
}

void write_file(const char* path, const std::string& text) { std::ofstream(path) << text; }

/// Root does without a user namespace; anybody else becomes root of a new one.
void enter_own_network() {
    const std::string user = std::to_string(geteuid());
    const std::string group = std::to_string(getegid());
    if (unshare(CLONE_NEWNET | (user == "0" ? 0 : CLONE_NEWUSER)) != 0) std::_Exit(kSkip);
    if (user == "0") return;
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + user + " 1");
    write_file("/proc/self/gid_map", "0 " + group + " 1");
}

using Case = void (*)(Receive, Dissemination);

/// Runs the case in a child for both ways to receive and both disseminations.
void run_isolated(Case what) {
    for (const Receive receive : ways_to_receive()) {
        for (const Dissemination way : {Dissemination::multicast, Dissemination::unicast}) {
            const pid_t child = fork();
            ASSERT_GE(child, 0);
            if (child == 0) {
                enter_own_network();
                what(receive, way);
                std::_Exit(0);
            }
            int status = 0;
            ASSERT_EQ(waitpid(child, &status, 0), child);
            ASSERT_TRUE(WIFEXITED(status));
            if (WEXITSTATUS(status) == kSkip) GTEST_SKIP() << "no network namespaces here";
            EXPECT_EQ(WEXITSTATUS(status), 0)
                << (receive == Receive::mmsg ? "recvmmsg" : "io_uring") << ", "
                << (way == Dissemination::multicast ? "multicast" : "unicast");
        }
    }
}

TEST(UdpPortVeth, FramesCrossBetweenHosts) { run_isolated(exchange_frames); }

TEST(UdpPortVeth, DaemonsOfOneHostHearEachOtherAndNotThemselves) {
    run_isolated(hear_a_daemon_of_the_same_host);
}

TEST(UdpPortVeth, ALinkThatGoesDownLosesFramesOnlyWhileItIsDown) {
    run_isolated(survive_a_link_that_goes_down);
}

TEST(UdpPortVeth, FramesLargerThanTheMtuAreFragmentedAndSaidToBe) {
    run_isolated(fragment_what_does_not_fit);
}

}  // namespace
}  // namespace torc::dataplane
