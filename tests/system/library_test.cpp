// What libtorc promises to the process that it lives in, at a real daemon: no handler, no thread,
// nothing left behind, nothing that hangs when the daemon is killed, and one descriptor for every
// kind of event loop.
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <liburing.h>
#include <map>
#include <set>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "tests/system/process_facts.hpp"
#include "tools/torc/clock.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kPatience = Session::kPatience;

/// One daemon with little memory for each session, so that thousands come and go quickly.
class LibraryTest : public ::testing::Test {
protected:
    LibraryTest() : cluster_(plan()) { cluster_.start(); }
    static ClusterPlan plan() {
        ClusterPlan plan;
        plan.layout = Layout::udp;
        plan.nodes = 1;
        // Who sends waits for who reads, so that event loops wait at both ends.
        plan.settings = {"cluster.message_bytes=64KiB", "daemon.session_ring_bytes=64KiB",
                         "daemon.slow_reader=block"};
        return plan;
    }
    int connect(torc_session*& session, const char* name = nullptr, std::uint32_t flags = 0) const {
        const Target target = cluster_.target(0);
        torc_options options{};
        options.size = sizeof options;
        options.daemon = target.daemon.c_str();
        options.runtime_dir = target.runtime_dir.c_str();
        options.name = name;
        options.spin_ns = -1;
        options.flags = flags;
        options.timeout_ns = kPatience;
        return torc_connect(&options, &session);
    }
    torc_session* connected(const char* name = nullptr, std::uint32_t flags = 0) const {
        torc_session* session = nullptr;
        EXPECT_EQ(connect(session, name, flags), TORC_OK);
        return session;
    }
    /// Stops every thread of the daemon; each is seen to stand.
    void freeze() {
        Process& daemon = cluster_.daemon(0);
        daemon.signal(SIGSTOP);
        const std::string tasks = "/proc/" + std::to_string(daemon.pid()) + "/task";
        for (const std::string& task : names_in(tasks)) {
            while (!stands(tasks + "/" + task + "/stat")) std::this_thread::sleep_for(1ms);
        }
    }
    /// Every kind of call once.
    void use_everything() const;

    LocalCluster cluster_;
};

void receive_kind(torc_session* session, std::uint32_t kind) {
    torc_message message{};
    do {
        ASSERT_EQ(torc_receive(session, &message, kPatience), TORC_OK);
        ASSERT_EQ(torc_release(session, &message), TORC_OK);
    } while (message.kind != kind);
}

void LibraryTest::use_everything() const {
    torc_session* const session = connected("everything");
    const char* self[] = {"#everything#n1"};
    self[0] = torc_private_name(session);
    ASSERT_EQ(torc_join(session, "room", kPatience), TORC_OK);
    receive_kind(session, TORC_VIEW);
    ASSERT_EQ(torc_flush_join(session, "flush", kPatience), TORC_OK);
    receive_kind(session, TORC_VIEW);
    ASSERT_EQ(torc_send(session, TORC_SAFE, "room", 1, "x", 1, kPatience), TORC_OK);
    torc_reservation room{};
    ASSERT_EQ(torc_reserve(session, TORC_AGREED, self, 1, 2, 100, &room, kPatience), TORC_OK);
    std::memset(room.data, 'y', room.size);
    ASSERT_EQ(torc_commit(session, &room, 100), TORC_OK);
    receive_kind(session, TORC_MESSAGE);
    char payload[100];
    const iovec piece{payload, sizeof payload};
    torc_target target{};
    target.pieces = &piece;
    target.piece_count = 1;
    torc_message message{};
    ASSERT_EQ(torc_receive_into(session, &message, &target, kPatience), TORC_OK);
    EXPECT_EQ(torc_receive(session, &message, 1'000'000), TORC_WOULD_BLOCK);
    while (torc_arm(session) == TORC_READY) receive_kind(session, TORC_MESSAGE);
    EXPECT_EQ(torc_arm_send(session, 1), TORC_READY);
    torc_counts counts{};
    counts.size = sizeof counts;
    EXPECT_EQ(torc_counts_of(session, &counts), TORC_OK);
    ASSERT_EQ(torc_leave(session, "room", kPatience), TORC_OK);
    receive_kind(session, TORC_SELF_LEAVE);
    EXPECT_EQ(torc_hang_up(session), TORC_OK);
    EXPECT_EQ(torc_close(session), TORC_OK);
}

// --- the process ---------------------------------------------------------------------------------

TEST_F(LibraryTest, NoSignalHandlerNoMaskNoThreadNothingLeft) {
    use_everything();  // what libc does once, such as stdio's buffers, is done
    const SignalFacts signals = SignalFacts::now();
    const std::size_t threads = entries_of("/proc/self/task");
    const std::set<std::string> fds = names_in("/proc/self/fd");
    const std::size_t maps = lines_of("/proc/self/maps");
    {
        torc_session* const session = connected();
        ASSERT_EQ(torc_join(session, "room", kPatience), TORC_OK);
        receive_kind(session, TORC_VIEW);
        EXPECT_EQ(entries_of("/proc/self/task"), threads) << "while a session is open";
        EXPECT_TRUE(SignalFacts::now() == signals);
        torc_close(session);
    }
    use_everything();
    EXPECT_TRUE(SignalFacts::now() == signals);
    EXPECT_EQ(entries_of("/proc/self/task"), threads);
    EXPECT_EQ(names_in("/proc/self/fd"), fds);
    EXPECT_EQ(lines_of("/proc/self/maps"), maps);
}

TEST_F(LibraryTest, EveryDescriptorIsClosedByExec) {
    const std::set<std::string> before = names_in("/proc/self/fd");
    torc_session* const session = connected();
    std::size_t ours = 0;
    for (const std::string& name : names_in("/proc/self/fd")) {
        if (before.count(name) != 0) continue;
        const int flags = fcntl(std::stoi(name), F_GETFD);
        if (flags < 0) continue;  // the descriptor that read the directory
        EXPECT_NE(flags & FD_CLOEXEC, 0) << name;
        ++ours;
    }
    EXPECT_GT(ours, 0u);
    torc_close(session);
}

TEST_F(LibraryTest, TenThousandConnectsLeakNothing) {
    const std::string daemon = "/proc/" + std::to_string(cluster_.daemon(0).pid());
    const auto connect_some = [&](int count) {
        for (int i = 0; i < count; ++i) {
            torc_session* session = nullptr;
            int code = connect(session);
            // A closed session keeps its place until the daemon has let go of it.
            while (code == TORC_ERROR_LIMIT) {
                std::this_thread::sleep_for(1ms);
                code = connect(session);
            }
            ASSERT_EQ(code, TORC_OK) << torc_strerror(code) << " at " << i;
            ASSERT_EQ(torc_close(session), TORC_OK);
        }
    };
    connect_some(300);
    settle([&] { return entries_of(daemon + "/fd"); });
    const std::size_t fds = entries_of("/proc/self/fd");
    const std::size_t maps = lines_of("/proc/self/maps");
    const std::uint64_t bytes = status_kb("/proc/self", "VmSize");
    const std::size_t daemon_fds = entries_of(daemon + "/fd");
    const std::size_t daemon_maps = lines_of(daemon + "/maps");
    connect_some(10'000);
    EXPECT_EQ(entries_of("/proc/self/fd"), fds);
    EXPECT_EQ(lines_of("/proc/self/maps"), maps);
    EXPECT_EQ(status_kb("/proc/self", "VmSize"), bytes);
    settle([&] { return entries_of(daemon + "/fd"); });
    EXPECT_EQ(entries_of(daemon + "/fd"), daemon_fds);
    EXPECT_LE(lines_of(daemon + "/maps"), daemon_maps + 8) << "the daemon's heap may move";
}

TEST_F(LibraryTest, RefusedConnectsLeakNothing) {
    torc_session* const holder = connected("taken");
    const std::size_t fds = entries_of("/proc/self/fd");
    const std::size_t maps = lines_of("/proc/self/maps");
    for (int i = 0; i < 1000; ++i) {
        torc_session* session = nullptr;
        ASSERT_EQ(connect(session, "taken"), TORC_ERROR_NAME_TAKEN);
        ASSERT_EQ(session, nullptr);
    }
    EXPECT_EQ(entries_of("/proc/self/fd"), fds);
    EXPECT_EQ(lines_of("/proc/self/maps"), maps);
    torc_close(holder);
}

TEST_F(LibraryTest, ChildOfAForkIsRefusedAndHarmsNothing) {
    torc_session* const session = connected("parent");
    ASSERT_EQ(torc_join(session, "room", kPatience), TORC_OK);
    receive_kind(session, TORC_VIEW);
    const pid_t child = fork();
    if (child == 0) {
        torc_message message{};
        torc_target target{};
        torc_counts counts{};
        counts.size = sizeof counts;
        const bool refused =
            torc_send(session, 0, "room", 0, "x", 1, 0) == TORC_ERROR_FORKED &&
            torc_join(session, "x", 0) == TORC_ERROR_FORKED &&
            torc_flush_join(session, "x", 0) == TORC_ERROR_FORKED &&
            torc_receive(session, &message, 0) == TORC_ERROR_FORKED &&
            torc_receive_into(session, &message, &target, 0) == TORC_ERROR_FORKED &&
            torc_counts_of(session, &counts) == TORC_ERROR_FORKED &&
            torc_hang_up(session) == TORC_ERROR_FORKED && torc_arm(session) == TORC_ERROR_FORKED;
        const bool closed = torc_close(session) == TORC_OK;
        torc_session* own = nullptr;
        const bool connects = connect(own, "child") == TORC_OK && torc_close(own) == TORC_OK;
        _exit(refused && closed && connects ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    ASSERT_EQ(torc_send(session, TORC_AGREED, "room", 0, "x", 1, kPatience), TORC_OK);
    receive_kind(session, TORC_MESSAGE);
    torc_close(session);
}

// --- the daemon is killed ------------------------------------------------------------------------

/// Sends without waiting until there is no room.
void fill(torc_session* session) {
    const std::vector<char> payload(1000);
    int code = TORC_OK;
    while (code == TORC_OK) {
        code = torc_send(session, TORC_AGREED, "room", 0, payload.data(), payload.size(), 0);
    }
    ASSERT_EQ(code, TORC_WOULD_BLOCK);
}

/// Everything that can be asked of a session whose daemon is gone, several times.
void expect_lost(torc_session* session) {
    const char* groups[] = {"room"};
    for (int i = 0; i < 3; ++i) {
        torc_message message{};
        torc_target target{};
        torc_reservation room{};
        const auto lost = [](int code) {
            EXPECT_EQ(code, TORC_ERROR_DAEMON_LOST) << torc_strerror(code);
        };
        lost(torc_receive(session, &message, TORC_FOREVER));
        lost(torc_receive_into(session, &message, &target, TORC_FOREVER));
        lost(torc_send(session, TORC_AGREED, "room", 0, "x", 1, TORC_FOREVER));
        lost(torc_join(session, "x", TORC_FOREVER));
        lost(torc_leave(session, "x", TORC_FOREVER));
        lost(torc_flush_join(session, "x", TORC_FOREVER));
        lost(torc_flush_ok(session, "x", TORC_FOREVER));
        lost(torc_reserve(session, TORC_AGREED, groups, 1, 0, 8, &room, TORC_FOREVER));
        lost(torc_arm_send(session, 8));
        EXPECT_EQ(torc_arm(session), TORC_READY);
        for (const int fd : {torc_fd(session), torc_send_fd(session)}) {
            pollfd polled{fd, POLLIN, 0};
            EXPECT_EQ(poll(&polled, 1, 0), 1);
        }
    }
}

TEST_F(LibraryTest, SurvivesTheDaemonsDeathInsideSendReceiveJoinAndConnect) {
    const SignalFacts signals = SignalFacts::now();
    std::array<torc_session*, 4> sessions{};
    for (torc_session*& session : sessions) session = connected();
    freeze();  // takes nothing, and cannot say goodbye
    fill(sessions[0]);
    fill(sessions[1]);
    std::array<int, 5> codes{};
    std::vector<std::thread> blocked;
    blocked.emplace_back([&] {
        const std::vector<char> payload(1000);
        codes[0] = torc_send(sessions[0], TORC_AGREED, "room", 0, payload.data(), payload.size(),
                             TORC_FOREVER);
    });
    blocked.emplace_back([&] {
        codes[1] = TORC_OK;
        while (codes[1] == TORC_OK) codes[1] = torc_join(sessions[1], "room", TORC_FOREVER);
    });
    blocked.emplace_back([&] {
        torc_message message{};
        codes[2] = torc_receive(sessions[2], &message, TORC_FOREVER);
    });
    blocked.emplace_back([&] {
        torc_message message{};
        torc_target target{};
        codes[3] = torc_receive_into(sessions[3], &message, &target, TORC_FOREVER);
    });
    blocked.emplace_back([&] {
        torc_session* session = nullptr;
        codes[4] = connect(session);
    });
    std::this_thread::sleep_for(200ms);  // most of them sleep by then; all must come back anyway
    cluster_.kill_daemon(0);
    for (std::thread& thread : blocked) thread.join();
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(codes[i], TORC_ERROR_DAEMON_LOST) << i << ": " << torc_strerror(codes[i]);
    }
    EXPECT_TRUE(codes[4] == TORC_ERROR_DAEMON_LOST || codes[4] == TORC_ERROR_NO_DAEMON)
        << torc_strerror(codes[4]);
    for (torc_session* const session : sessions) {
        expect_lost(session);
        torc_counts counts{};
        counts.size = sizeof counts;
        ASSERT_EQ(torc_counts_of(session, &counts), TORC_OK);
        EXPECT_EQ(counts.accepted, torc_operations(session));
        EXPECT_EQ(counts.undelivered, counts.accepted) << "a stopped daemon ordered nothing";
        EXPECT_EQ(torc_close(session), TORC_OK);
    }
    EXPECT_TRUE(SignalFacts::now() == signals);
}

TEST_F(LibraryTest, SendAloneNoticesTheDaemonsDeath) {
    torc_session* const session = connected();
    ASSERT_EQ(torc_send(session, TORC_AGREED, "room", 0, "x", 1, kPatience), TORC_OK);
    torc_counts counts{};
    counts.size = sizeof counts;
    while (torc_counts_of(session, &counts) == TORC_OK && counts.ordered == 0) {
        std::this_thread::sleep_for(1ms);
    }
    cluster_.kill_daemon(0);
    // Far fewer and smaller than what would fill the memory: the sends themselves must notice.
    int sent = 0;
    int code = TORC_OK;
    for (; sent < 500 && code == TORC_OK; ++sent) {
        code = torc_send(session, TORC_AGREED, "room", 0, "x", 1, TORC_FOREVER);
        std::this_thread::sleep_for(20ms);
    }
    EXPECT_EQ(code, TORC_ERROR_DAEMON_LOST) << torc_strerror(code);
    expect_lost(session);
    ASSERT_EQ(torc_counts_of(session, &counts), TORC_OK);
    EXPECT_EQ(counts.undelivered, static_cast<std::uint64_t>(sent - 1)) << "all but the first";
    torc_close(session);
}

TEST_F(LibraryTest, OrderlyStopHasItsOwnReason) {
    torc_session* const session = connected();
    int code = TORC_OK;
    std::thread waiting([&] {
        torc_message message{};
        code = torc_receive(session, &message, TORC_FOREVER);
    });
    EXPECT_TRUE(cluster_.stop_daemon(0));
    waiting.join();
    EXPECT_EQ(code, TORC_ERROR_SHUTDOWN) << torc_strerror(code);
    EXPECT_EQ(torc_join(session, "x", TORC_FOREVER), TORC_ERROR_SHUTDOWN);
    torc_close(session);
}

// --- what the order refuses ----------------------------------------------------------------------

/// Alone a daemon orders at once; in company what it sends waits for the token.
class LibraryAtALimit : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Daemons, LibraryAtALimit, ::testing::Values(1, 2));

TEST_P(LibraryAtALimit, RefusalsOfTheOrderNameTheirOperation) {
    ClusterPlan plan;
    plan.layout = Layout::udp;
    plan.nodes = GetParam();
    plan.settings = {"cluster.groups=1"};
    LocalCluster cluster(plan);
    cluster.start();
    Session session(cluster.target(0));
    torc_session* const raw = session.raw();
    ASSERT_EQ(torc_join(raw, "first", kPatience), TORC_OK);
    // Weaker messages overtake, refused ones get no place: neither may shift the numbers.
    ASSERT_EQ(torc_send(raw, TORC_UNRELIABLE, "first", 0, "x", 1, kPatience), TORC_OK);
    ASSERT_EQ(torc_send(raw, TORC_RELIABLE, "first", 0, "x", 1, kPatience), TORC_OK);
    ASSERT_EQ(torc_send(raw, TORC_SAFE, "#malformed", 0, "x", 1, kPatience), TORC_OK);
    const std::uint64_t malformed = torc_operations(raw);
    ASSERT_EQ(torc_send(raw, TORC_SAFE, "first", 0, "x", 1, kPatience), TORC_OK);
    // Large ones are sent in parts, and may be delivered before the daemon is done with them.
    const std::vector<std::byte> large(60'000);
    for (unsigned service = TORC_UNRELIABLE; service <= TORC_SAFE; ++service) {
        ASSERT_EQ(torc_send(raw, service, "first", 0, large.data(), large.size(), kPatience),
                  TORC_OK);
    }
    ASSERT_EQ(torc_join(raw, "second", kPatience), TORC_OK);
    const std::uint64_t second = torc_operations(raw);
    ASSERT_EQ(torc_send(raw, TORC_SAFE, "first", 9, "end", 3, kPatience), TORC_OK);

    std::map<std::uint64_t, int> refused;
    torc_message record{};
    do {
        ASSERT_EQ(torc_receive(raw, &record, kPatience), TORC_OK);
        if (record.kind == TORC_REFUSED) refused[record.operation] = record.reason;
        ASSERT_EQ(torc_release(raw, &record), TORC_OK);
    } while (record.kind != TORC_MESSAGE || record.type != 9);
    const std::map<std::uint64_t, int> expected{{malformed, TORC_ERROR_NAME},
                                                {second, TORC_ERROR_LIMIT}};
    EXPECT_EQ(refused, expected);
    torc_counts counts{};
    counts.size = sizeof counts;
    const std::int64_t until = monotonic_ns() + kPatience;
    do {
        ASSERT_EQ(torc_counts_of(raw, &counts), TORC_OK);
    } while (counts.undelivered > 0 && monotonic_ns() < until);
    EXPECT_EQ(counts.undelivered, 0u);
    EXPECT_EQ(counts.refused, 1u);
    EXPECT_EQ(counts.ordered, torc_operations(raw) - 1);
}

// --- event loops ---------------------------------------------------------------------------------

/// Waits for a descriptor in one of the ways of this system; false after ten seconds.
using Waiter = std::function<bool()>;

Waiter by_poll(int fd) {
    return [fd] {
        pollfd polled{fd, POLLIN, 0};
        return poll(&polled, 1, 10'000) == 1;
    };
}

Waiter by_epoll(int fd, std::uint32_t events) {
    const std::shared_ptr<int> epoll(new int(epoll_create1(EPOLL_CLOEXEC)), [](const int* at) {
        close(*at);
        delete at;
    });
    epoll_event event{};
    event.events = events;
    epoll_ctl(*epoll, EPOLL_CTL_ADD, fd, &event);
    return [epoll, fd, events] {
        epoll_event ready{};
        ready.events = events;
        if ((events & EPOLLONESHOT) != 0) epoll_ctl(*epoll, EPOLL_CTL_MOD, fd, &ready);
        return epoll_wait(*epoll, &ready, 1, 10'000) == 1;
    };
}

Waiter by_uring(int fd) {
    const std::shared_ptr<io_uring> ring(new io_uring, [](io_uring* at) {
        io_uring_queue_exit(at);
        delete at;
    });
    EXPECT_EQ(io_uring_queue_init(8, ring.get(), 0), 0);
    return [ring, fd] {
        io_uring_prep_poll_add(io_uring_get_sqe(ring.get()), fd, POLLIN);
        io_uring_submit(ring.get());
        __kernel_timespec limit{10, 0};
        io_uring_cqe* done = nullptr;
        if (io_uring_wait_cqe_timeout(ring.get(), &done, &limit) != 0) return false;
        io_uring_cqe_seen(ring.get(), done);
        return true;
    };
}

/// Receives `count` messages in an event loop: drain, arm, wait. Leaves the descriptor armed.
void receive_all(torc_session* session, const Waiter& wait, int count) {
    int received = 0;
    for (;;) {
        torc_message message{};
        const int code = torc_receive(session, &message, 0);
        if (code == TORC_OK) {
            received += message.kind == TORC_MESSAGE ? 1 : 0;
            torc_release(session, &message);
            continue;
        }
        ASSERT_EQ(code, TORC_WOULD_BLOCK) << torc_strerror(code);
        if (torc_arm(session) == TORC_READY) continue;
        if (received >= count) return;
        ASSERT_TRUE(wait()) << "lost wake-up after " << received;
    }
}

/// Sends `count` messages in an event loop; the daemon is often busy, so it often has to wait.
void send_all(torc_session* session, const char* to, const Waiter& wait, int count) {
    const std::vector<char> payload(2000);
    for (int sent = 0; sent < count;) {
        const int code = torc_send(session, TORC_AGREED, to, 0, payload.data(), payload.size(), 0);
        if (code == TORC_OK) {
            ++sent;
            continue;
        }
        ASSERT_EQ(code, TORC_WOULD_BLOCK) << torc_strerror(code);
        if (torc_arm_send(session, payload.size()) == TORC_READY) continue;
        ASSERT_TRUE(wait()) << "lost wake-up after " << sent;
    }
}

TEST_F(LibraryTest, EveryKindOfEventLoopMissesNothing) {
    struct Kind {
        const char* name;
        std::function<Waiter(int)> make;
    };
    const Kind kinds[] = {
        {"poll", by_poll},
        {"epoll, level", [](int fd) { return by_epoll(fd, EPOLLIN); }},
        {"epoll, edge", [](int fd) { return by_epoll(fd, EPOLLIN | EPOLLET); }},
        {"epoll, one shot", [](int fd) { return by_epoll(fd, EPOLLIN | EPOLLONESHOT); }},
        {"io_uring", by_uring},
    };
    constexpr int kMessages = 3000;
    for (const Kind& kind : kinds) {
        for (const std::uint32_t flags : {std::uint32_t{0}, std::uint32_t{TORC_SINGLE_THREADED}}) {
            SCOPED_TRACE(kind.name);
            torc_session* const sender = connected(nullptr, flags);
            torc_session* const receiver = connected(nullptr, flags);
            const std::string to = torc_private_name(receiver);
            std::thread sending(
                [&] { send_all(sender, to.c_str(), kind.make(torc_send_fd(sender)), kMessages); });
            const Waiter wait = kind.make(torc_fd(receiver));
            receive_all(receiver, wait, kMessages);
            sending.join();
            if (HasFatalFailure()) return;
            // The end of the session wakes the loop as well.
            receive_all(receiver, wait, 0);
            torc_hang_up(receiver);
            EXPECT_TRUE(wait());
            torc_close(sender);
            torc_close(receiver);
        }
    }
}

TEST_F(LibraryTest, DeadlinesEndEveryWait) {
    constexpr std::int64_t kShort = 20'000'000;
    torc_session* const session = connected();
    torc_message message{};
    torc_target target{};
    EXPECT_EQ(torc_receive(session, &message, kShort), TORC_WOULD_BLOCK);
    EXPECT_EQ(torc_receive_into(session, &message, &target, kShort), TORC_WOULD_BLOCK);
    freeze();
    fill(session);
    const std::vector<char> payload(60'000);
    const char* groups[] = {"room"};
    torc_reservation room{};
    EXPECT_EQ(torc_send(session, TORC_AGREED, "room", 0, payload.data(), payload.size(), kShort),
              TORC_WOULD_BLOCK);
    EXPECT_EQ(torc_reserve(session, TORC_AGREED, groups, 1, 0, 60'000, &room, kShort),
              TORC_WOULD_BLOCK);
    int code = TORC_OK;
    while (code == TORC_OK) code = torc_join(session, "room", kShort);
    EXPECT_EQ(code, TORC_WOULD_BLOCK);
    const std::uint64_t accepted = torc_operations(session);
    cluster_.daemon(0).signal(SIGCONT);
    // Nothing of what timed out was half done: the session goes on.
    ASSERT_EQ(torc_join(session, "after", kPatience), TORC_OK);
    EXPECT_EQ(torc_operations(session), accepted + 1);
    torc_close(session);
}

}  // namespace
}  // namespace torc::tool
