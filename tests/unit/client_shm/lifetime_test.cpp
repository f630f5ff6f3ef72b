// How a session begins and ends: refusals, two thousand connects, a daemon that is killed under its
// clients, fork; and what the library leaves alone in the process.
#include <string>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include "tests/unit/client_shm/library_support.hpp"

namespace torc::client_shm::test {
namespace {

// --- connecting ----------------------------------------------------------------------------------

TEST(Connect, SaysWhyItFails) {
    TempDir dir;
    EXPECT_EQ(try_connect(dir.socket()), TORC_ERROR_NO_DAEMON);
    EXPECT_EQ(try_connect("", nullptr, dir.path().c_str()), TORC_ERROR_NO_DAEMON);
    EXPECT_EQ(try_connect("", nullptr, "/no/such/directory"), TORC_ERROR_NO_DAEMON);
    EXPECT_EQ(try_connect("/" + std::string(200, 'x')), TORC_ERROR_ARGUMENT);
    TestDaemonOptions options;
    options.table.sessions = 2;
    TestDaemon daemon(dir.socket(), options);
    EXPECT_EQ(try_connect(dir.socket(), "has#hash"), TORC_ERROR_NAME);
    EXPECT_EQ(try_connect(dir.socket(), std::string(32, 'x').c_str()), TORC_ERROR_NAME);
    Session ann = connect(dir, "ann");
    EXPECT_EQ(try_connect(dir.socket(), "ann"), TORC_ERROR_NAME_TAKEN);
    Session other = connect(dir);
    EXPECT_EQ(other.private_name(), "#s1#n1");
    EXPECT_EQ(try_connect(dir.socket()), TORC_ERROR_LIMIT);
}

TEST(Connect, FindsTheDaemonByNameOrAlone) {
    TempDir dir;
    TestDaemon daemon(dir.socket("n1"));
    EXPECT_EQ(try_connect("n1", nullptr, dir.path().c_str()), TORC_OK);
    EXPECT_EQ(try_connect("", nullptr, dir.path().c_str()), TORC_OK);
    EXPECT_EQ(try_connect("n2", nullptr, dir.path().c_str()), TORC_ERROR_NO_DAEMON);
    TestDaemon second(dir.socket("n2"));
    EXPECT_EQ(try_connect("", nullptr, dir.path().c_str()), TORC_ERROR_ARGUMENT) << "which one?";
}

TEST(Connect, RefusesOptionsOfAnotherShape) {
    torc_session* session = nullptr;
    torc_options options{};
    EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_ARGUMENT) << "size not set";
    options.size = sizeof options + 8;
    EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_ARGUMENT);
    options.size = sizeof options;
    options.flags = 1u << 31;
    EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_ARGUMENT);
}

TEST(Connect, NameIsFreeAgainAfterClose) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    for (int i = 0; i < 20; ++i) {
        Session ann = connect(dir, "ann");
        EXPECT_EQ(ann.private_name(), "#ann#n1");
    }
}

TEST(Connect, TwoThousandSessionsLeakNothing) {
    TempDir dir;
    TestDaemonOptions options;
    options.table.ring_bytes = kCapacityMin;
    options.table.message_bytes = 1024;
    TestDaemon daemon(dir.socket(), options);
    (void)connect(dir);
    while (daemon.sessions.load() > 0) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(100ms);  // the control thread closes a moment after the core
    const std::size_t before = open_fds();
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        const int code = try_connect(dir.socket());
        if (code == TORC_ERROR_LIMIT) {
            ++refused;
            std::this_thread::sleep_for(1ms);
            continue;
        }
        ASSERT_EQ(code, TORC_OK) << torc_strerror(code);
    }
    EXPECT_LT(refused, 2000);
    for (int i = 0; i < 1000 && open_fds() > before; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(open_fds(), before);
}

// --- the daemon dies -----------------------------------------------------------------------------

TEST(LostDaemon, SenderInMidSendLivesAndIsToldOnce) {
    struct sigaction action{};
    sigaction(SIGPIPE, nullptr, &action);
    ASSERT_EQ(action.sa_handler, SIG_DFL) << "the point of this test";
    TempDir dir;
    TestDaemonOptions options;
    options.core_serves = false;  // the ring runs full and the sender sleeps in mid-send
    KillableDaemon daemon(dir.socket(), options);
    Session ann = connect(dir, "ann");
    const std::size_t threads_before = threads();
    std::thread killer([&] {
        std::this_thread::sleep_for(50ms);
        daemon.kill();
    });
    const std::vector<std::byte> payload(10'000);
    Status status;
    while (status) status = ann.send("g", payload);
    EXPECT_EQ(status.code(), TORC_ERROR_DAEMON_LOST) << status.text();
    killer.join();
    EXPECT_LE(threads(), threads_before);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ann.send("g", payload, TORC_AGREED, 0, Timeout::none()).code(),
                  TORC_ERROR_DAEMON_LOST);
        EXPECT_EQ(ann.receive().status().code(), TORC_ERROR_DAEMON_LOST);
        EXPECT_EQ(ann.join("g").code(), TORC_ERROR_DAEMON_LOST);
    }
    sigaction(SIGPIPE, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST(LostDaemon, PollingSenderIsToldToo) {
    TempDir dir;
    KillableDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.send("g", "alive"));
    daemon.kill();
    const std::vector<std::byte> payload(10'000);
    Status status;
    // The kernel hangs up a moment after the death: io_uring is torn down in the background.
    for (int i = 0; i < 10'000 && (status || status.would_block()); ++i) {
        status = ann.send("g", payload, TORC_AGREED, 0, Timeout::none());
        if (status.would_block()) std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(status.code(), TORC_ERROR_DAEMON_LOST);
}

TEST(LostDaemon, ReceiverGetsWhatHadArrivedThenTheError) {
    TempDir dir;
    KillableDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("g"));
    Message view = expect_message(ann);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ann.send("g", std::to_string(i)));
    pollfd polled{ann.fd(), POLLIN, 0};
    while (ann.raw() != nullptr) {  // until the third is there
        Message first = expect_message(ann);
        if (first.text() == "1") break;
    }
    std::this_thread::sleep_for(100ms);
    daemon.kill();
    EXPECT_EQ(expect_message(ann).text(), "2");
    EXPECT_EQ(ann.receive().status().code(), TORC_ERROR_DAEMON_LOST);
    EXPECT_EQ(poll(&polled, 1, 10'000), 1);
    EXPECT_EQ(view.group(), "g") << "what is held stays readable";
}

TEST(LostDaemon, PollingReceiverIsTold) {
    TempDir dir;
    KillableDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    daemon.kill();
    Status status(TORC_WOULD_BLOCK);
    for (int i = 0; i < 1'000'000 && status.would_block(); ++i) {
        status = ann.receive(Timeout::none()).status();
        if (i % 100 == 0) std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(status.code(), TORC_ERROR_DAEMON_LOST);
}

TEST(LostDaemon, ReceiverWithShortTimeoutsIsTold) {
    // Fewer than the empty looks after which any receiver asks the socket: its waits must.
    constexpr int kCalls = 200;
    TempDir dir;
    KillableDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann", false, 1h);
    daemon.kill();
    Status status(TORC_WOULD_BLOCK);
    for (int i = 0; i < kCalls && status.would_block(); ++i) {
        status = ann.receive(Timeout(20ms)).status();
    }
    EXPECT_EQ(status.code(), TORC_ERROR_DAEMON_LOST);
}

TEST(LostDaemon, ReservationOverTheDeathIsHarmless) {
    TempDir dir;
    KillableDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    const char* group[] = {"g"};
    auto room = ann.reserve(group, 60'000);
    ASSERT_TRUE(room);
    daemon.kill();
    std::memset(room->room().data(), 0x55, room->room().size());
    const Status status = room->commit(60'000);
    EXPECT_TRUE(status || status.code() == TORC_ERROR_DAEMON_LOST) << status.text();
    EXPECT_EQ(ann.receive().status().code(), TORC_ERROR_DAEMON_LOST);
}

TEST(LostDaemon, OrderlyStopHasItsOwnReason) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    std::thread stopper([&] {
        std::this_thread::sleep_for(30ms);
        daemon.stop();
    });
    EXPECT_EQ(ann.receive().status().code(), TORC_ERROR_SHUTDOWN);
    stopper.join();
}

// --- hanging up ----------------------------------------------------------------------------------

TEST(HangUp, EndsAllThatWaitFromAnyThread) {
    TempDir dir;
    TestDaemonOptions options;
    options.core_serves = false;  // the sender waits for room
    TestDaemon daemon(dir.socket(), options);
    Session ann = connect(dir, "ann");
    const std::vector<std::byte> payload(10'000);
    std::atomic<int> closed{0};
    std::vector<std::thread> waiting;
    waiting.emplace_back([&] {
        Status status;
        while (status) status = ann.send("g", payload);
        closed += status.code() == TORC_ERROR_CLOSED ? 1 : 0;
    });
    for (int i = 0; i < 2; ++i) {
        waiting.emplace_back(
            [&] { closed += ann.receive().status().code() == TORC_ERROR_CLOSED ? 1 : 0; });
    }
    std::this_thread::sleep_for(50ms);
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back([&] { EXPECT_EQ(torc_hang_up(ann.raw()), TORC_OK); });
    }
    for (std::thread& thread : waiting) thread.join();
    EXPECT_EQ(closed.load(), 3);
    EXPECT_EQ(ann.join("g").code(), TORC_ERROR_CLOSED);
    pollfd polled{ann.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&polled, 1, 0), 1);
    EXPECT_EQ(torc_hang_up(nullptr), TORC_ERROR_ARGUMENT);
}

TEST(HangUp, WhatWasSentStaysSentAndWhatCameIsReceived) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    Session bob = connect(dir, "bob");
    ASSERT_TRUE(bob.send("#ann#n1", "from bob"));
    pollfd polled{ann.fd(), POLLIN, 0};
    while (ann.arm()) poll(&polled, 1, 1000);
    ASSERT_TRUE(ann.send("#bob#n1", "last words"));
    EXPECT_EQ(torc_hang_up(ann.raw()), TORC_OK);
    EXPECT_EQ(expect_message(ann).text(), "from bob");
    EXPECT_EQ(ann.receive(Timeout::none()).status().code(), TORC_ERROR_CLOSED);
    EXPECT_EQ(expect_message(bob).text(), "last words");
}

// --- fork ----------------------------------------------------------------------------------------

TEST(Fork, ChildIsRefusedAndTheParentGoesOn) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("g"));
    Message view = expect_message(ann);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        torc_message message;
        const bool refused = torc_join(ann.raw(), "x", 0) == TORC_ERROR_FORKED &&
                             torc_send(ann.raw(), 0, "g", 0, "x", 1, 0) == TORC_ERROR_FORKED &&
                             torc_receive(ann.raw(), &message, 0) == TORC_ERROR_FORKED &&
                             torc_arm(ann.raw()) == TORC_ERROR_FORKED &&
                             torc_hang_up(ann.raw()) == TORC_ERROR_FORKED &&
                             torc_flush_ok(ann.raw(), "g", 0) == TORC_ERROR_FORKED &&
                             torc_close(ann.raw()) == TORC_OK;
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    ASSERT_TRUE(ann.send("g", "still here"));
    EXPECT_EQ(expect_message(ann).text(), "still here");
}

TEST(Fork, ChildThatKeepsTheSocketDoesNotKeepTheSession) {
    TempDir dir;
    TestDaemonOptions options;
    options.core_serves = false;  // no close record will be read: the hang-up must do
    TestDaemon daemon(dir.socket(), options);
    pid_t child = -1;
    {
        Session ann = connect(dir, "ann");
        child = fork();
        if (child == 0) {
            for (;;) pause();
        }
    }
    for (int i = 0; i < 10'000 && daemon.hung_up.load() == 0; ++i) {
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(daemon.hung_up.load(), 1u);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

TEST(Promises, NoThreadNoSignalHandler) {
    TempDir dir;
    KillableDaemon daemon(dir.socket());
    std::vector<struct sigaction> before(65);
    for (int s = 1; s < 65; ++s) sigaction(s, nullptr, &before[static_cast<std::size_t>(s)]);
    const std::size_t threads_before = threads();
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("g"));
    skip_message(ann);
    EXPECT_EQ(threads(), threads_before);
    for (int s = 1; s < 65; ++s) {
        struct sigaction now{};
        sigaction(s, nullptr, &now);
        EXPECT_EQ(now.sa_handler, before[static_cast<std::size_t>(s)].sa_handler) << s;
    }
}

}  // namespace
}  // namespace torc::client_shm::test
