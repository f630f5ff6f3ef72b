// libtorc from end to end through shared memory: the real acceptor and plane around a tiny engine,
// in threads or in a child that gets killed.
#include <filesystem>
#include <string>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include "tests/unit/client_shm/test_daemon.hpp"
#include "torc/torc.h"
#include "torc/torc.hpp"

namespace torc::client_shm::test {
namespace {

using namespace std::chrono_literals;
using Session = ::torc::Session;  // the library's, not the daemon's

constexpr std::int64_t kPatience = 10'000'000'000;  // of tests that expect an answer

Session connect(const TempDir& dir, const char* name = nullptr, bool single_threaded = false) {
    const std::string path = dir.socket();
    SessionOptions options;
    options.daemon = path.c_str();
    options.name = name;
    options.single_threaded = single_threaded;
    options.spin = 0ns;
    auto session = Session::connect(options);
    if (!session) {
        // The daemon may be a child that is still starting.
        for (int i = 0; i < 500 && !session; ++i) {
            std::this_thread::sleep_for(10ms);
            session = Session::connect(options);
        }
    }
    EXPECT_TRUE(session) << session.status().text();
    return std::move(*session);
}

int try_connect(const std::string& daemon, const char* name = nullptr,
                const char* runtime_dir = nullptr) {
    torc_options options{};
    options.size = sizeof options;
    options.daemon = daemon.empty() ? nullptr : daemon.c_str();
    options.name = name;
    options.runtime_dir = runtime_dir;
    torc_session* session = nullptr;
    const int code = torc_connect(&options, &session);
    EXPECT_EQ(session != nullptr, code == TORC_OK);
    torc_close(session);
    return code;
}

Message expect_message(Session& session) {
    auto message = session.receive(Timeout(std::chrono::nanoseconds(kPatience)));
    EXPECT_TRUE(message) << message.status().text();
    return std::move(*message);
}

std::size_t open_fds() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

std::size_t threads() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/task")) {
        ++count;
    }
    return count;
}

TEST(Library, JoinSendReceiveLeave) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    EXPECT_EQ(ann.private_name(), "#ann#n1");
    EXPECT_EQ(ann.message_bytes_max(), 64u * 1024);

    ASSERT_TRUE(ann.join("room"));
    Message view = expect_message(ann);
    EXPECT_EQ(view.kind(), TORC_VIEW);
    EXPECT_EQ(view.cause(), TORC_CAUSE_JOIN);
    EXPECT_EQ(view.group(), "room");
    EXPECT_EQ(view.sender(), "#ann#n1");
    std::vector<std::string_view> members(view.members().begin(), view.members().end());
    EXPECT_EQ(members, (std::vector<std::string_view>{"#ann#n1"}));

    ASSERT_TRUE(ann.send("room", "hello", TORC_SAFE, 42));
    Message message = expect_message(ann);
    EXPECT_EQ(message.kind(), TORC_MESSAGE);
    EXPECT_EQ(message.text(), "hello");
    EXPECT_EQ(message.service(), TORC_SAFE);
    EXPECT_EQ(message.type(), 42);
    EXPECT_EQ(message.sender(), "#ann#n1");
    EXPECT_EQ(message.group(), "room");
    EXPECT_EQ(message.raw().ring_epoch, 7u);
    EXPECT_EQ(message.raw().ring_representative, 3u);
    EXPECT_EQ(message.raw().seq, 1u);
    EXPECT_EQ(message.raw().index, 5u);

    ASSERT_TRUE(ann.leave("room"));
    EXPECT_EQ(expect_message(ann).kind(), TORC_SELF_LEAVE);
    EXPECT_EQ(ann.operations(), 3u);
}

TEST(Library, CarriesEverySizeIntactToAnotherSession) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    Session bob = connect(dir, "bob", true);
    ASSERT_TRUE(bob.join("g"));
    expect_message(bob);
    for (const std::size_t size : {0, 1, 7, 8, 9, 64, 1350, 8850, 65535, 65536}) {
        std::vector<std::byte> payload(size);
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 7 + size);
        ASSERT_TRUE(ann.send("g", payload, TORC_AGREED, static_cast<std::uint16_t>(size)));
        Message message = expect_message(bob);
        ASSERT_EQ(message.payload().size(), size);
        EXPECT_TRUE(std::equal(payload.begin(), payload.end(), message.payload().begin()));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(message.raw().data) % 8, 0u);
    }
    const std::vector<std::byte> over(65537);
    EXPECT_EQ(ann.send("g", over).code(), TORC_ERROR_TOO_LARGE);
}

TEST(Library, ScatterManyGroupsAndSelfDiscard) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("a"));
    ASSERT_TRUE(ann.join("b"));
    expect_message(ann);
    expect_message(ann);
    char one[] = "one";
    char two[] = "two";
    const iovec pieces[] = {{one, 3}, {nullptr, 0}, {two, 3}};
    const char* groups[] = {"a", "b", "nobody"};
    ASSERT_EQ(torc_send_scatter(ann.raw(), TORC_AGREED | TORC_SELF_DISCARD, groups, 3, 0, pieces, 3,
                                kPatience),
              TORC_OK);
    ASSERT_EQ(torc_send_scatter(ann.raw(), TORC_AGREED, groups, 3, 0, pieces, 3, kPatience),
              TORC_OK);
    Message message = expect_message(ann);
    EXPECT_EQ(message.text(), "onetwo");
    EXPECT_EQ(message.raw().seq, 2u) << "the first was not for its sender; the second came once";
    std::vector<std::string_view> names(message.groups().begin(), message.groups().end());
    EXPECT_EQ(names, (std::vector<std::string_view>{"a", "b", "nobody"}));
    EXPECT_TRUE(ann.receive(Timeout::none()).status().would_block());
}

TEST(Library, ReserveCommitAndAbort) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    const char* self[] = {"#ann#n1"};
    {
        auto room = ann.reserve(self, 100);
        ASSERT_TRUE(room);
        std::memcpy(room->room().data(), "never", 5);
        EXPECT_EQ(ann.send("#ann#n1", "x").code(), TORC_ERROR_STATE) << "same thread would hang";
        EXPECT_EQ(ann.reserve(self, 1).status().code(), TORC_ERROR_STATE);
        EXPECT_EQ(room->commit(101).code(), TORC_ERROR_TOO_LARGE);
    }  // aborted
    auto room = ann.reserve(self, 1000);
    ASSERT_TRUE(room);
    std::memcpy(room->room().data(), "in place", 8);
    ASSERT_TRUE(room->commit(8));
    EXPECT_EQ(room->commit(8).code(), TORC_ERROR_STATE);
    EXPECT_EQ(expect_message(ann).text(), "in place");
    torc_reservation stale{};
    EXPECT_EQ(torc_commit(ann.raw(), &stale, 0), TORC_ERROR_STATE);
    EXPECT_EQ(torc_abort(ann.raw(), &stale), TORC_ERROR_STATE);
}

TEST(Library, MessagesAreReleasedInAnyOrderAndBounded) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    std::vector<Message> held;
    for (int i = 0; i < 3 * TORC_HELD_MAX; ++i) {
        ASSERT_TRUE(ann.send("#ann#n1", std::to_string(i)));
        if (i < TORC_HELD_MAX) held.push_back(expect_message(ann));
    }
    EXPECT_EQ(ann.receive(Timeout::none()).status().code(), TORC_ERROR_STATE);
    for (int i = 0; i < TORC_HELD_MAX; ++i) {
        EXPECT_EQ(held[static_cast<std::size_t>(i)].text(), std::to_string(i));
    }
    const torc_message copy = held[5].raw();
    held[5].release();
    EXPECT_EQ(torc_release(ann.raw(), &copy), TORC_ERROR_STATE) << "twice";
    {
        Message one_more = expect_message(ann);
        EXPECT_EQ(one_more.text(), std::to_string(TORC_HELD_MAX));
        EXPECT_EQ(ann.receive(Timeout::none()).status().code(), TORC_ERROR_STATE);
    }
    held.clear();
    for (int i = TORC_HELD_MAX + 1; i < 3 * TORC_HELD_MAX; ++i) {
        EXPECT_EQ(expect_message(ann).text(), std::to_string(i));
    }
}

TEST(Library, OneRecordHeldLongDoesNotStopTheOthers) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.send("#ann#n1", "held"));
    Message held = expect_message(ann);
    std::vector<Message> odd;  // every other one is kept a while too
    for (int i = 0; i < 10 * TORC_HELD_MAX; ++i) {
        ASSERT_TRUE(ann.send("#ann#n1", std::to_string(i)));
        Message message = expect_message(ann);
        ASSERT_EQ(message.text(), std::to_string(i));
        if (i % 2 == 1) odd.push_back(std::move(message));
        if (odd.size() == 50) odd.clear();
    }
    EXPECT_EQ(held.text(), "held");
    odd.clear();
    held.release();
    ASSERT_TRUE(ann.send("#ann#n1", "end"));
    EXPECT_EQ(expect_message(ann).text(), "end");
}

TEST(Library, WouldBlockAndTheDescriptorsToWaitOn) {
    TempDir dir;
    TestDaemonOptions options;
    options.core_serves = false;
    TestDaemon daemon(dir.socket(), options);
    Session ann = connect(dir, "ann");
    const std::vector<std::byte> payload(16 * 1024);
    Status status;
    int sent = 0;
    for (; sent < 100 && status; ++sent) {
        status = ann.send("g", payload, TORC_AGREED, 0, Timeout::none());
    }
    EXPECT_TRUE(status.would_block());
    EXPECT_LT(sent, 20);
    EXPECT_TRUE(ann.send("g", payload, TORC_AGREED, 0, Timeout(5ms)).would_block());
    ASSERT_TRUE(ann.arm_send(payload.size()));
    pollfd polled[] = {{ann.send_fd(), POLLIN, 0}, {ann.fd(), POLLIN, 0}};
    EXPECT_EQ(poll(polled, 2, 20), 0);
    daemon.stop();  // ends the session, which both descriptors tell
    EXPECT_EQ(poll(polled, 2, 10'000), 2);
    EXPECT_EQ(ann.send("g", payload, TORC_AGREED, 0, Timeout::none()).code(), TORC_ERROR_SHUTDOWN);
}

TEST(Library, FullRingBlocksTheSenderUntilTheDaemonReads) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    const std::vector<std::byte> payload(60 * 1024);
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(ann.send("nobody", payload, TORC_AGREED, 0,
                             Timeout(std::chrono::nanoseconds(kPatience))));
    }
}

TEST(Library, EpollLoopMissesNothing) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    Session bob = connect(dir, "bob", true);
    constexpr int kMessages = 5000;
    std::thread sender([&] {
        for (int i = 0; i < kMessages; ++i) {
            ASSERT_TRUE(ann.send("#bob#n1", std::to_string(i)));
            if (i % 100 == 0) std::this_thread::sleep_for(1ms);
        }
    });
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(poller, EPOLL_CTL_ADD, bob.fd(), &event);
    int received = 0;
    while (received < kMessages) {
        auto message = bob.receive(Timeout::none());
        if (message) {
            ASSERT_EQ(message->text(), std::to_string(received));
            ++received;
            continue;
        }
        ASSERT_TRUE(message.status().would_block()) << message.status().text();
        if (!bob.arm()) continue;
        int ready = -1;  // io_uring of an earlier test's daemon may still interrupt this thread
        do {
            ready = epoll_wait(poller, &event, 1, 10'000);
        } while (ready < 0 && errno == EINTR);
        ASSERT_EQ(ready, 1) << "lost wake-up after " << received;
    }
    close(poller);
    sender.join();
}

TEST(Library, ManyThreadsShareOneSession) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    constexpr int kSenders = 4;
    constexpr int kEach = 500;
    std::atomic<int> received{0};
    std::vector<std::thread> pool;
    for (int t = 0; t < kSenders; ++t) {
        pool.emplace_back([&] {
            const char* self[] = {"#ann#n1"};
            for (int i = 0; i < kEach; ++i) {
                if (i % 3 == 0) {
                    auto room = ann.reserve(self, 32);
                    ASSERT_TRUE(room) << room.status().text();
                    std::this_thread::yield();
                    ASSERT_TRUE(room->commit(16));
                } else {
                    ASSERT_TRUE(ann.send("#ann#n1", "0123456789abcdef"));
                }
            }
        });
    }
    for (int t = 0; t < 2; ++t) {
        pool.emplace_back([&] {
            while (received.load() < kSenders * kEach) {
                auto message = ann.receive(Timeout(50ms));
                if (!message) {
                    ASSERT_TRUE(message.status().would_block()) << message.status().text();
                    continue;
                }
                if (message->kind() == TORC_WARNING) continue;
                ASSERT_EQ(message->payload().size(), 16u);
                received.fetch_add(1);
            }
        });
    }
    for (std::thread& thread : pool) thread.join();
    EXPECT_EQ(received.load(), kSenders * kEach);
    EXPECT_EQ(ann.operations(), static_cast<std::uint64_t>(kSenders * kEach));
}

TEST(Library, RefusedOperationNamesItsNumberAndReason) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("fine"));
    ASSERT_TRUE(ann.join("forbidden"));
    const std::uint64_t number = ann.operations();
    expect_message(ann);
    Message refused = expect_message(ann);
    EXPECT_EQ(refused.kind(), TORC_REFUSED);
    EXPECT_EQ(refused.raw().operation, number);
    EXPECT_EQ(refused.reason().code(), TORC_ERROR_NAME);
}

TEST(Library, OthersSeeADisconnectWhetherClosedOrKilled) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("g"));
    expect_message(ann);
    {
        Session bob = connect(dir, "bob");
        ASSERT_TRUE(bob.join("g"));
        EXPECT_EQ(expect_message(ann).cause(), TORC_CAUSE_JOIN);
        ASSERT_TRUE(bob.send("g", "bye"));
    }
    EXPECT_EQ(expect_message(ann).text(), "bye");
    Message left = expect_message(ann);
    EXPECT_EQ(left.cause(), TORC_CAUSE_DISCONNECT);
    EXPECT_EQ(left.sender(), "#bob#n1");
}

// --- arguments
// -------------------------------------------------------------------------------------

TEST(Library, RefusesBadArguments) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    torc_session* raw = ann.raw();
    const char* none[] = {nullptr};
    const std::string long_name(67, 'x');
    EXPECT_EQ(torc_send(raw, 6, "g", 0, nullptr, 0, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send(raw, 0x200, "g", 0, nullptr, 0, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send(raw, 0, nullptr, 0, nullptr, 0, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send(raw, 0, "g", 0, nullptr, 5, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send(raw, 0, "", 0, nullptr, 0, 0), TORC_ERROR_NAME);
    EXPECT_EQ(torc_send(raw, 0, "a\nb", 0, nullptr, 0, 0), TORC_ERROR_NAME);
    EXPECT_EQ(torc_send(raw, 0, long_name.c_str(), 0, nullptr, 0, 0), TORC_ERROR_NAME);
    EXPECT_EQ(torc_multigroup_send(raw, 0, none, 1, 0, nullptr, 0, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_multigroup_send(raw, 0, none, 0, 0, nullptr, 0, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_multigroup_send(raw, 0, none, 101, 0, nullptr, 0, 0), TORC_ERROR_TOO_LARGE);
    EXPECT_EQ(torc_send(nullptr, 0, "g", 0, nullptr, 0, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_join(raw, nullptr, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_join(raw, "#ann#n1", 0), TORC_ERROR_NAME);
    EXPECT_EQ(torc_receive(raw, nullptr, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_close(nullptr), TORC_OK);
    EXPECT_EQ(ann.operations(), 0u);
    iovec huge[] = {{&dir, SIZE_MAX}, {&dir, SIZE_MAX}};
    const char* group[] = {"g"};
    EXPECT_EQ(torc_send_scatter(raw, 0, group, 1, 0, huge, 2, 0), TORC_ERROR_TOO_LARGE);
}

TEST(Library, EveryCodeHasItsOwnText) {
    std::vector<std::string> texts;
    for (int code = 1; code >= -60; --code) {
        const std::string text = torc_strerror(code);
        if (text == torc_strerror(-1000)) continue;
        EXPECT_EQ(std::find(texts.begin(), texts.end(), text), texts.end()) << text;
        texts.push_back(text);
    }
    EXPECT_EQ(texts.size(), 23u);
    EXPECT_STREQ(torc_version(), TORC_VERSION);
}

// --- connecting
// ------------------------------------------------------------------------------------

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
    connect(dir);
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

// --- the daemon dies
// -------------------------------------------------------------------------------

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

// --- fork
// ------------------------------------------------------------------------------------------

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
    TestDaemon daemon(dir.socket());
    pid_t child = -1;
    {
        Session ann = connect(dir, "ann");
        child = fork();
        if (child == 0) {
            for (;;) pause();
        }
    }
    Session again = connect(dir, "ann");
    EXPECT_EQ(again.private_name(), "#ann#n1");
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
    expect_message(ann);
    EXPECT_EQ(threads(), threads_before);
    for (int s = 1; s < 65; ++s) {
        struct sigaction now{};
        sigaction(s, nullptr, &now);
        EXPECT_EQ(now.sa_handler, before[static_cast<std::size_t>(s)].sa_handler) << s;
    }
}

}  // namespace
}  // namespace torc::client_shm::test
