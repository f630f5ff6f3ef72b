// The delivery log through the whole of the client path: acceptor, plane, libtorc. Libraries that
// read from it and one that does not know of it get the same order.
#include <array>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

#include "client_shm/names.hpp"
#include "tests/unit/client_shm/library_support.hpp"
#include "tests/unit/client_shm/message_reader.hpp"

namespace torc::client_shm::test {
namespace {

/// A library from before the log: says hello without `takes`, reads its ring and nothing else.
class OldLibrary {
public:
    explicit OldLibrary(const TempDir& dir) {
        socket_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, dir.socket().c_str(), dir.socket().size() + 1);
        EXPECT_EQ(
            ::connect(socket_.get(), static_cast<const sockaddr*>(static_cast<void*>(&address)),
                      sizeof address),
            0);
        HelloRequest hello{};
        hello.magic = kHelloMagic;
        hello.version = kLayoutVersion;
        EXPECT_EQ(send(socket_.get(), &hello, sizeof hello, 0), ssize_t{sizeof hello});
        hear();
    }

    void join(const std::string& group) {
        ASSERT_EQ(producer_.reserve(name_bytes(group.size())), RingStatus::ok);
        write_name(producer_.body(), group);
        producer_.commit(
            {static_cast<std::uint32_t>(name_bytes(group.size())), RecordType::join, 0, 1});
        producer_.publish();
        ring_bell(fds_[kFdDoorbell].get());
    }
    /// Payloads, and "view".
    std::vector<std::string> read(std::size_t count) {
        std::vector<std::string> got;
        RecordView record;
        for (int i = 0; got.size() < count && i < 10'000; ++i) {
            if (consumer_.peek(record) != RingStatus::ok) {
                std::this_thread::sleep_for(1ms);
                continue;
            }
            got.push_back(text_of(record));
            consumer_.advance(record);
            consumer_.publish();
        }
        return got;
    }
    std::size_t descriptors{0};
    std::uint32_t log_blocks{0};

private:
    void hear() {
        HelloReply reply{};
        iovec piece{&reply, sizeof reply};
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(16 * sizeof(int))> control{};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        ASSERT_EQ(recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC), ssize_t{sizeof reply});
        const cmsghdr* header = CMSG_FIRSTHDR(&message);
        ASSERT_NE(header, nullptr);
        descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        log_blocks = reply.log_blocks;
        ASSERT_EQ(descriptors, kHelloFds);
        for (std::size_t i = 0; i < descriptors; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            fds_[i].reset(fd);
        }
        std::byte* const submit = map(fds_[kFdSubmit].get(), reply.capacity, PROT_WRITE);
        std::byte* const deliver = map(fds_[kFdDeliver].get(), reply.capacity, 0);
        auto* const ours = static_cast<SubmitHeader*>(static_cast<void*>(submit));
        auto* const theirs = static_cast<DeliverHeader*>(static_cast<void*>(deliver));
        producer_ = RingProducer(submit + kSegmentHeaderBytes, reply.capacity, &ours->submit_tail,
                                 &theirs->submit_head, &ours->submit_origin);
        consumer_ = RingConsumer(deliver + kSegmentHeaderBytes, reply.capacity, &ours->deliver_head,
                                 &theirs->deliver_tail, &theirs->deliver_origin);
    }
    static std::byte* map(int fd, std::uint64_t capacity, int writable) {
        const std::size_t once = kSegmentHeaderBytes + capacity;
        auto* const base = static_cast<std::byte*>(
            mmap(nullptr, once + capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        EXPECT_NE(mmap(base, once, PROT_READ | writable, MAP_SHARED | MAP_FIXED, fd, 0),
                  MAP_FAILED);
        EXPECT_NE(mmap(base + once, capacity, PROT_READ | writable, MAP_SHARED | MAP_FIXED, fd,
                       kSegmentHeaderBytes),
                  MAP_FAILED);
        return base;  // until the process ends
    }
    std::string text_of(const RecordView& record) {
        if (record.header.type == RecordType::message) return heads_.read(record).payload;
        heads_.forget();
        return "view";
    }

    Fd socket_;
    std::array<Fd, kHelloFds> fds_;
    RingProducer producer_;
    RingConsumer consumer_;
    MessageReader heads_;
};

/// FNV-1a over what a receiver got, in its order.
std::uint64_t hash_of(const std::vector<std::string>& texts) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const std::string& text : texts) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
        hash = (hash ^ 0xFF) * 0x100000001B3;
    }
    return hash;
}

std::vector<std::string> receive(Session& session, std::size_t count) {
    std::vector<std::string> got;
    while (got.size() < count) {
        const Message message = expect_message(session);
        got.push_back(message.raw().kind == TORC_MESSAGE ? std::string(message.text()) : "view");
        if (testing::Test::HasFailure()) break;
    }
    return got;
}

TEST(LogLibrary, ReadersOfTheLogAndOfCopiesHearTheSameInTheSameOrder) {
    TempDir dir;
    TestDaemonOptions options;
    options.table.ring_bytes = 4 << 20;  // all that is said: nobody is warned or ended
    TestDaemon daemon(dir.socket(), options);
    OldLibrary old(dir);
    EXPECT_EQ(old.log_blocks, 0u);
    old.join("g");
    ASSERT_EQ(old.read(1), (std::vector<std::string>{"view"}));
    std::vector<Session> readers;
    for (int i = 0; i < 3; ++i) {
        readers.push_back(connect(dir));
        ASSERT_TRUE(readers.back().join("g"));
        skip_message(readers.back());
    }
    Session sender = connect(dir, "sender");
    constexpr int kMessages = 3000;
    std::thread sending([&] {
        for (int i = 0; i < kMessages; ++i) {
            const std::string text = std::to_string(i) + std::string(i % 7 * 90, 'm');
            ASSERT_TRUE(sender.send("g", text, TORC_AGREED, 0,
                                    Timeout(std::chrono::nanoseconds(kPatience))));
        }
    });
    // Each joined later than the one before, and saw the joins behind its own.
    std::vector<std::vector<std::string>> got(4);
    std::vector<std::thread> reading;
    for (std::size_t i = 0; i < 3; ++i) {
        reading.emplace_back([&, i] { got[i] = receive(readers[i], kMessages + 2 - i); });
    }
    got[3] = old.read(kMessages + 3);
    for (std::thread& thread : reading) thread.join();
    sending.join();
    for (std::vector<std::string>& texts : got) {
        std::erase(texts, "view");
        ASSERT_EQ(texts.size(), std::size_t{kMessages});
        EXPECT_EQ(hash_of(texts), hash_of(got[0]));
    }
    daemon.stop();
    EXPECT_GT(daemon.plane_counters.shared, std::uint64_t{kMessages});
    EXPECT_EQ(daemon.plane_counters.violations, 0u);
    EXPECT_EQ(daemon.plane_counters.slow_readers, 0u);
}

TEST(LogLibrary, AHeldMessageStaysAsItIsWhileTheLogGoesOn) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    Session bob = connect(dir, "bob");
    ASSERT_TRUE(ann.join("g"));
    skip_message(ann);
    ASSERT_TRUE(bob.join("g"));
    skip_message(ann);
    skip_message(bob);
    std::vector<Message> held;
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(bob.send("g", "held " + std::to_string(i)));
        held.push_back(expect_message(ann));
        skip_message(bob);
    }
    // Others of the same user go on: 6 MB through the log of 2 MB that all of them share.
    Session cat = connect(dir, "cat");
    ASSERT_TRUE(bob.join("h"));
    skip_message(bob);
    ASSERT_TRUE(cat.join("h"));
    skip_message(bob);
    skip_message(cat);
    for (int i = 0; i < 2000; ++i) {
        ASSERT_TRUE(bob.send("h", std::string(3000, 'n')));
        if (i % 2 == 0) continue;
        for (Session* session : {&bob, &cat}) {
            for (int n = 0; n < 2; ++n) ASSERT_EQ(expect_message(*session).text().size(), 3000u);
        }
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
        EXPECT_EQ(held[i].text(), "held " + std::to_string(i));
    }
    torc_counts counts{};
    counts.size = sizeof counts;
    ASSERT_EQ(torc_counts_of(ann.raw(), &counts), TORC_OK);
    EXPECT_EQ(counts.unread, 10u);
    EXPECT_GE(counts.unread_bytes, 10 * record_bytes(sizeof(MessageBody))) << "in the log, too";
    held.clear();
    ASSERT_EQ(torc_counts_of(ann.raw(), &counts), TORC_OK);
    EXPECT_EQ(counts.unread, 0u);
    EXPECT_EQ(counts.unread_bytes, 0u);
}

/// torc_hang_up: "what came is received", while others go on to write to the log.
TEST(LogLibrary, AfterAHangUpWhatCameIsStillThere) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    Session bob = connect(dir, "bob");
    Session cat = connect(dir, "cat");
    for (Session* session : {&ann, &bob, &cat}) ASSERT_TRUE(session->join("g"));
    for (Session* session : {&ann, &bob, &cat}) {
        while (expect_message(*session).raw().members.count < 3) {
        }
    }
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(bob.send("g", "came " + std::to_string(i)));
    for (Session* session : {&bob, &cat}) receive(*session, 20);
    const Message first = expect_message(ann);
    EXPECT_EQ(torc_hang_up(ann.raw()), TORC_OK);
    EXPECT_EQ(torc_hang_up(ann.raw()), TORC_OK);
    for (Session* session : {&bob, &cat}) EXPECT_EQ(receive(*session, 1).front(), "view");
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(bob.send("g", std::string(3000, 'n')));
        skip_message(bob);
        skip_message(cat);
    }
    EXPECT_EQ(first.text(), "came 0");
    for (int i = 1; i < 20; ++i) {
        EXPECT_EQ(expect_message(ann).text(), "came " + std::to_string(i));
    }
    EXPECT_EQ(ann.receive(Timeout::none()).status().code(), TORC_ERROR_CLOSED);
}

TEST(LogLibrary, WhoWasEndedReadsOnAndIsGoneWhenItCloses) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session bob = connect(dir, "bob");
    Session cat = connect(dir, "cat");
    Session ann = connect(dir, "ann");
    for (Session* session : {&ann, &bob, &cat}) ASSERT_TRUE(session->join("g"));
    for (Session* session : {&ann, &bob, &cat}) {
        while (expect_message(*session).raw().members.count < 3) {
        }
    }
    const std::string filler(3000, 'f');
    bool ended = false;
    int sent = 0;
    for (; sent < 1000 && !ended; ++sent) {  // ann does not read, and others see it go
        ASSERT_TRUE(bob.send("g", std::to_string(sent) + filler));
        for (Session* session : {&bob, &cat}) {
            while (expect_message(*session).raw().kind == TORC_VIEW) ended = true;
        }
    }
    ASSERT_TRUE(ended);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(expect_message(ann).text(), std::to_string(i) + filler);
    EXPECT_EQ(daemon.sessions.load(), 3u);
    EXPECT_EQ(try_connect(dir.socket(), "ann"), TORC_OK) << "its name is free";
    {
        const Session closed = std::move(ann);
    }
    for (int i = 0; i < 10'000 && daemon.sessions.load() > 2; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(daemon.sessions.load(), 2u);
}

}  // namespace
}  // namespace torc::client_shm::test
