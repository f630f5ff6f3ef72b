// libtorc from end to end through shared memory: the real acceptor and plane around a tiny engine.
#include <string>
#include <sys/epoll.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/unit/client_shm/library_support.hpp"

namespace torc::client_shm::test {
namespace {

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
    skip_message(bob);
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
    skip_message(ann);
    skip_message(ann);
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

std::vector<iovec> as_messages(std::vector<std::string>& texts) {
    std::vector<iovec> messages;
    for (std::string& text : texts) messages.push_back({text.data(), text.size()});
    return messages;
}

TEST(Library, ManyMessagesAreSentAsIfOneByOne) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("a"));
    skip_message(ann);
    std::vector<std::string> texts;
    for (int i = 0; i < 40; ++i) texts.push_back(std::string(static_cast<std::size_t>(i), 'x'));
    const char* groups[] = {"nobody", "a"};
    std::size_t sent = 99;
    ASSERT_TRUE(ann.send_many(groups, as_messages(texts), sent, TORC_CAUSAL, 7));
    EXPECT_EQ(sent, texts.size());
    EXPECT_EQ(torc_operations(ann.raw()), 41u);
    ASSERT_TRUE(ann.send("a", "another"));  // of other groups, and alone
    ASSERT_TRUE(ann.join("b"));             // what comes behind says everything again
    ASSERT_TRUE(ann.send("a", "behind"));
    for (const std::string& text : texts) {
        const Message message = expect_message(ann);
        EXPECT_EQ(message.text(), text);
        EXPECT_EQ(message.raw().type, 7);
        EXPECT_EQ(message.raw().service, TORC_CAUSAL);
        EXPECT_EQ(message.raw().groups.count, 2u);
    }
    EXPECT_EQ(expect_message(ann).text(), "another");
    skip_message(ann);  // the view of b
    EXPECT_EQ(expect_message(ann).text(), "behind");
}

TEST(Library, ManyMessagesTellHowManyHadRoom) {
    TempDir dir;
    TestDaemonOptions options;
    options.core_serves = false;
    TestDaemon daemon(dir.socket(), options);
    Session ann = connect(dir, "ann");
    std::vector<std::string> texts(64, std::string(16 * 1024, 'x'));
    const char* groups[] = {"nobody"};
    std::size_t sent = 0;
    const Status status =
        ann.send_many(groups, as_messages(texts), sent, TORC_AGREED, 0, Timeout::none());
    EXPECT_TRUE(status.would_block()) << status.text();
    EXPECT_GT(sent, 0u);
    EXPECT_LT(sent, 20u);
    EXPECT_EQ(torc_operations(ann.raw()), sent);
    daemon.stop();
}

TEST(Library, ManyMessagesWaitForRoomAsOftenAsTheyMust) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    std::vector<std::string> texts(500, std::string(4096, 'x'));
    const char* groups[] = {"nobody"};
    std::size_t sent = 0;
    ASSERT_TRUE(ann.send_many(groups, as_messages(texts), sent));
    EXPECT_EQ(sent, texts.size());
    ASSERT_TRUE(ann.send("#ann#n1", "behind"));
    EXPECT_EQ(expect_message(ann).text(), "behind");
    EXPECT_EQ(torc_operations(ann.raw()), texts.size() + 1);
}

TEST(Library, ManyMessagesAreJudgedBeforeAnyIsSent) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    std::vector<std::string> texts{"one", std::string(65537, 'x'), "three"};
    std::vector<iovec> messages = as_messages(texts);
    const char* self[] = {"#ann#n1"};
    std::size_t sent = 99;
    EXPECT_EQ(ann.send_many(self, messages, sent).code(), TORC_ERROR_TOO_LARGE);
    EXPECT_EQ(sent, 0u);
    messages[1] = {nullptr, 1};
    EXPECT_EQ(ann.send_many(self, messages, sent).code(), TORC_ERROR_ARGUMENT);
    const char* bad[] = {""};
    messages.resize(1);
    EXPECT_EQ(ann.send_many(bad, messages, sent).code(), TORC_ERROR_NAME);
    EXPECT_EQ(torc_send_many(ann.raw(), TORC_AGREED, self, 1, 0, nullptr, 1, &sent, 0),
              TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send_many(ann.raw(), TORC_AGREED, self, 1, 0, nullptr, 0, &sent, 0), TORC_OK);
    EXPECT_EQ(torc_operations(ann.raw()), 0u);
}

TEST(Library, ARoomThatWasGivenBackChangesNothingForTheNext) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    const char* self[] = {"#ann#n1"};
    const char* more[] = {"#ann#n1", "b"};
    ASSERT_TRUE(ann.send("#ann#n1", "one"));
    (void)ann.reserve(more, 10);  // aborted, its head was written
    ASSERT_TRUE(ann.send("#ann#n1", "two"));
    (void)ann.reserve(self, 10);  // aborted, its head is that of the last
    ASSERT_TRUE(ann.multigroup_send(more, "three"));
    auto room = ann.reserve(more, 10);
    ASSERT_TRUE(room);
    std::memcpy(room->room().data(), "four", 4);
    ASSERT_TRUE(room->commit(4));
    for (const auto& [text, groups] :
         {std::pair{"one", 1u}, {"two", 1u}, {"three", 2u}, {"four", 2u}}) {
        const Message message = expect_message(ann);
        EXPECT_EQ(message.text(), text);
        EXPECT_EQ(message.raw().groups.count, groups);
    }
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

TEST(Library, ManyThreadsMixEveryCallUntilOneHangsUp) {
    TempDir dir;
    TestDaemonOptions options;
    options.plane.slow_reader = config::SlowReaderPolicy::block;
    TestDaemon daemon(dir.socket(), options);
    Session ann = connect(dir, "ann");
    torc_session* const raw = ann.raw();
    // Before the threads: each flush_ok for a group that was never joined would be answered by a
    // record, which no policy holds back.
    ASSERT_EQ(torc_flush_join(raw, "flush", kPatience), TORC_OK);
    skip_message(ann);
    std::atomic<std::uint64_t> received{0};
    std::vector<std::thread> pool;
    const auto until_closed = [&pool](auto step) {
        pool.emplace_back([step] {
            int code = TORC_OK;
            while (code != TORC_ERROR_CLOSED) {
                code = step();
                ASSERT_TRUE(code == TORC_OK || code == TORC_READY || code == TORC_WOULD_BLOCK ||
                            code == TORC_ERROR_CLOSED || code == TORC_ERROR_STATE ||
                            code == TORC_ERROR_FLUSHED)
                    << torc_strerror(code);
            }
        });
    };
    constexpr std::int64_t kShort = 1'000'000;
    until_closed([raw] { return torc_send(raw, TORC_AGREED, "#ann#n1", 0, "x", 1, kShort); });
    until_closed([raw] { return torc_flush_join(raw, "flush", kShort); });
    until_closed([raw] { return torc_flush_ok(raw, "flush", kShort); });
    until_closed([raw] { return torc_send(raw, TORC_AGREED, "flush", 0, "x", 1, kShort); });
    until_closed([raw] {
        const char* self[] = {"#ann#n1"};
        torc_reservation room{};
        const int code = torc_reserve(raw, TORC_AGREED, self, 1, 0, 8, &room, kShort);
        return code == TORC_OK ? torc_commit(raw, &room, 8) : code;
    });
    for (int i = 0; i < 2; ++i) {
        until_closed([raw, &received] {
            torc_message message{};
            const int code = torc_receive(raw, &message, kShort);
            if (code == TORC_OK) ++received;
            return code == TORC_OK ? torc_release(raw, &message) : code;
        });
        until_closed([raw, &received] {
            torc_message message{};
            torc_target target{};
            target.flags = TORC_TRUNCATE;
            const int code = torc_receive_into(raw, &message, &target, kShort);
            if (code == TORC_OK) ++received;
            return code;
        });
    }
    until_closed([raw] {
        torc_counts counts{};
        counts.size = sizeof counts;
        EXPECT_EQ(torc_counts_of(raw, &counts), TORC_OK);
        EXPECT_LE(counts.ordered + counts.refused, counts.accepted);
        return torc_arm_send(raw, 1);
    });
    while (received.load() < 2000) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(torc_hang_up(raw), TORC_OK);
    for (std::thread& thread : pool) thread.join();
}

TEST(Library, RefusedOperationNamesItsNumberAndReason) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("fine"));
    ASSERT_TRUE(ann.join("forbidden"));
    const std::uint64_t number = ann.operations();
    skip_message(ann);
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
    skip_message(ann);
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

// --- arguments -----------------------------------------------------------------------------------

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

TEST(Library, LongNamesAreForThoseWhoAsk) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session plain = connect(dir, "plain");
    const std::string path = dir.socket();
    SessionOptions options;
    options.daemon = path.c_str();
    options.long_names = true;
    auto session = Session::connect(options);
    ASSERT_TRUE(session);
    const std::string longest(255, 'x');
    EXPECT_EQ(plain.join(longest).code(), TORC_ERROR_NAME);
    ASSERT_TRUE(session->join(longest));
    Message view = expect_message(*session);
    EXPECT_EQ(view.group(), longest);
    ASSERT_TRUE(session->send(longest, "x"));
    EXPECT_EQ(expect_message(*session).group(), longest);
    EXPECT_EQ(session->join(longest + "x").code(), TORC_ERROR_NAME);
}

TEST(Library, EveryCodeHasItsOwnText) {
    std::vector<std::string> texts;
    for (int code = 1; code >= -60; --code) {
        const std::string text = torc_strerror(code);
        if (text == torc_strerror(-1000)) continue;
        EXPECT_EQ(std::find(texts.begin(), texts.end(), text), texts.end()) << text;
        texts.push_back(text);
    }
    EXPECT_EQ(texts.size(), 29u);
    EXPECT_STREQ(torc_version(), TORC_VERSION);
}

}  // namespace
}  // namespace torc::client_shm::test
