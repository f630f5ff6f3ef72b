// Thousands of sessions at one real daemon, in ten thousand groups: all of them are served, another
// daemon knows them, and what they took is given back. Prints what it took; asserts no times.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/check.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

constexpr std::size_t kSessions = 4'000;
constexpr std::size_t kCrowds = 2;  ///< processes that they live in
constexpr std::size_t kGroups = 10'000;
constexpr std::size_t kGroupsOfSession = 3;
constexpr std::size_t kJoins = kSessions * kGroupsOfSession;
constexpr double kPatience = 120;
/// Of a crowd's process; the daemon needs three a session, which is about as many.
constexpr rlim_t kDescriptors = 6 * kSessions / kCrowds + 1'000;
/// The message goes to the first hundred groups of those that this divides.
constexpr std::size_t kStep = 7;

template <typename Condition>
bool eventually(Condition&& condition) {
    for (int i = 0; i < kPatience * 100; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

/// Daemons and crowds inherit it.
bool raise_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::max(limit.rlim_cur, kDescriptors);
    limit.rlim_max = std::max(limit.rlim_max, kDescriptors);
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

std::string group_name(std::size_t number) { return "market.prices." + std::to_string(number); }
std::size_t group_of(std::size_t session, std::size_t join) {
    return (session * kGroupsOfSession + join) % kGroups;
}
bool is_addressed(std::size_t session) {
    for (std::size_t join = 0; join < kGroupsOfSession; ++join) {
        const std::size_t group = group_of(session, join);
        if (group % kStep == 0 && group < 100 * kStep) return true;
    }
    return false;
}
std::size_t addressed_sessions() {
    std::size_t count = 0;
    for (std::size_t session = 0; session < kSessions; ++session) count += is_addressed(session);
    return count;
}

/// KiB of a line of /proc/PID/status.
std::uint64_t memory_of(pid_t pid, const std::string& line) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    while (file >> word) {
        std::uint64_t kib = 0;
        if (word == line + ":" && file >> kib) return kib;
    }
    return 0;
}

/// A share of the sessions, in a process of its own, which does what it is told: one process may
/// not have descriptors for all of them. Every order is answered with a number.
class Crowd {
public:
    enum class Order : char { connect, join, receive, leave };

    Crowd(const LocalCluster& cluster, std::size_t first) : cluster_(cluster), first_(first) {
        std::array<int, 2> ends{};
        TORC_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        pid_ = fork();
        TORC_CHECK(pid_ >= 0);
        socket_ = ends[pid_ == 0 ? 1 : 0];
        close(ends[pid_ == 0 ? 0 : 1]);
        if (pid_ == 0) live();
    }
    /// Its sessions end with it.
    ~Crowd() {
        tell(Order::leave);
        close(socket_);
        waitpid(pid_, nullptr, 0);
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    void tell(Order order) const { TORC_CHECK(write(socket_, &order, 1) == 1); }
    /// -1: it failed, and said why.
    std::int64_t answer() const {
        std::int64_t number = -1;
        return read(socket_, &number, sizeof number) == sizeof number ? number : -1;
    }

private:
    [[noreturn]] void live() {
        int code = 0;
        try {
            Order order{};
            while (read(socket_, &order, 1) == 1 && order != Order::leave) {
                const std::int64_t number = obey(order);
                if (write(socket_, &number, sizeof number) != sizeof number) break;
            }
            sessions_.clear();
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "crowd: %s\n", failure.what());
            code = 1;
        }
        _exit(code);
    }
    std::int64_t obey(Order order) {
        switch (order) {
            case Order::connect:
                return connect_all();
            case Order::join:
                return join_all();
            case Order::receive:
                return receive_all();
            case Order::leave:
                break;
        }
        return -1;
    }
    std::int64_t connect_all() {
        sessions_.reserve(kSessions / kCrowds);
        got_.resize(kSessions / kCrowds);
        for (std::size_t i = 0; i < kSessions / kCrowds; ++i) {
            sessions_.emplace_back(cluster_.target(0, "s" + std::to_string(first_ + i)));
        }
        return static_cast<std::int64_t>(sessions_.size());
    }
    std::int64_t join_all() {
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            for (std::size_t join = 0; join < kGroupsOfSession; ++join) {
                sessions_[i].join(group_name(group_of(first_ + i, join)));
            }
        }
        return 0;
    }
    /// Gives the messages that came so far; -1 if a session got one that was not for it, or two.
    std::int64_t receive_all() {
        torc_message message;
        std::int64_t messages = 0;
        for (std::size_t i = 0; i < sessions_.size(); ++i) {
            while (sessions_[i].receive(message, 0)) {
                if (message.kind == TORC_MESSAGE) ++got_[i];
                sessions_[i].release(message);
            }
            if (got_[i] > (is_addressed(first_ + i) ? 1 : 0)) return -1;
            messages += got_[i];
        }
        return messages;
    }

    const LocalCluster& cluster_;
    std::size_t first_;
    pid_t pid_{-1};
    int socket_{-1};
    std::vector<Session> sessions_;
    std::vector<int> got_;
};

class ScaleTest : public ::testing::Test {
protected:
    static ClusterPlan plan() {
        ClusterPlan plan;
        plan.layout = Layout::udp;
        plan.nodes = 2;
        plan.settings = {"daemon.sessions=4096", "daemon.session_ring_bytes=64KiB",
                         "cluster.message_bytes=64KiB"};
        return plan;
    }
    std::uint64_t counter(std::size_t node, const std::string& name) const {
        const auto status = cluster_.status(node);
        if (!status) return 0;
        const auto at = status->counters.find(name);
        return at == status->counters.end() ? 0 : at->second;
    }
    std::size_t sessions_at(std::size_t node) const {
        const auto status = cluster_.status(node);
        return status ? status->sessions.size() : 0;
    }
    void tell(const char* what) {
        const auto now = std::chrono::steady_clock::now();
        std::printf("%-34s %7.3f s", what, std::chrono::duration<double>(now - since_).count());
        for (std::size_t node = 0; node < cluster_.size(); ++node) {
            const pid_t pid = cluster_.daemon(node).pid();
            std::printf("   n%zu: %6.1f MiB, %6.1f shared", node,
                        static_cast<double>(memory_of(pid, "RssAnon")) / 1024,
                        static_cast<double>(memory_of(pid, "RssShmem")) / 1024);
        }
        std::printf("\n");
        since_ = std::chrono::steady_clock::now();
    }
    /// Gives the sum of the answers; -1 if a crowd failed.
    std::int64_t order(Crowd::Order order) {
        for (const auto& crowd : crowds_) crowd->tell(order);
        std::int64_t sum = 0;
        for (const auto& crowd : crowds_) {
            const std::int64_t answer = crowd->answer();
            sum = answer < 0 || sum < 0 ? -1 : sum + answer;
        }
        return sum;
    }

    LocalCluster cluster_{plan()};
    std::vector<std::unique_ptr<Crowd>> crowds_;
    std::chrono::steady_clock::time_point since_{std::chrono::steady_clock::now()};
};

/// Receives until the group's view has so many members.
void wait_for_members(Session& session, std::size_t members) {
    torc_message message;
    for (bool there = false; !there;) {
        ASSERT_TRUE(session.receive(message, static_cast<std::int64_t>(kPatience * 1e9)));
        there = message.kind == TORC_VIEW && message.members.count == members;
        session.release(message);
    }
}

TEST_F(ScaleTest, ThousandsOfSessionsInTenThousandGroups) {
    if (!raise_descriptors()) GTEST_SKIP() << "needs RLIMIT_NOFILE of " << kDescriptors;
    cluster_.start();
    for (std::size_t i = 0; i < kCrowds; ++i) {
        crowds_.push_back(std::make_unique<Crowd>(cluster_, i * kSessions / kCrowds));
    }
    tell("started");
    ASSERT_EQ(order(Crowd::Order::connect), kSessions);
    tell("4,000 sessions connected");
    Session far(cluster_.target(1, "far"));
    far.join(group_name(0));
    ASSERT_EQ(order(Crowd::Order::join), 0);
    ASSERT_TRUE(eventually([&] { return counter(0, "joins") == kJoins; })) << counter(0, "joins");
    tell("12,000 joins ordered");
    ASSERT_EQ(order(Crowd::Order::receive), 0) << "views only";

    std::vector<std::string> groups;
    for (std::size_t number = 0; number < 100; ++number) {
        groups.push_back(group_name(number * kStep));
    }
    const std::vector<std::byte> payload(64);
    ASSERT_TRUE(far.send(TORC_AGREED, groups, 1, payload, Session::kPatience));
    const auto expected = static_cast<std::int64_t>(addressed_sessions());
    std::int64_t got = 0;
    ASSERT_TRUE(eventually([&] {
        got = order(Crowd::Order::receive);
        return got == expected || got < 0;
    })) << got
        << " of " << expected;
    ASSERT_EQ(got, expected) << "each once, nobody else";
    tell("a message to 100 groups received");

    ASSERT_TRUE(eventually([&] { return sessions_at(0) == kSessions; })) << sessions_at(0);
    crowds_.clear();
    ASSERT_NO_FATAL_FAILURE(wait_for_members(far, 1));
    ASSERT_TRUE(eventually([&] { return sessions_at(0) == 0; })) << sessions_at(0);
    tell("4,000 sessions gone");
    EXPECT_TRUE(cluster_.obituaries().empty()) << cluster_.obituaries();
}

}  // namespace
}  // namespace torc::tool
