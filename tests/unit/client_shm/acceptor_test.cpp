// The socket that lets clients in, against strangers: garbage, silence, floods, second daemons;
// with io_uring and with ppoll.
#include "client_shm/server/acceptor.hpp"

#include <array>
#include <cstring>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/client_shm/test_daemon.hpp"

namespace torc::client_shm::test {
namespace {

using namespace std::chrono_literals;

/// A stranger on the socket.
class Stranger {
public:
    explicit Stranger(const std::string& path) : fd_{socket(AF_UNIX, SOCK_SEQPACKET, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        connected_ =
            ::connect(fd_.get(), static_cast<const sockaddr*>(static_cast<void*>(&address)),
                      sizeof address) == 0;
    }
    bool connected() const { return connected_; }
    template <typename T>
    void say(const T& words, std::size_t size = sizeof(T)) const {
        ASSERT_EQ(send(fd_.get(), &words, size, MSG_NOSIGNAL), static_cast<ssize_t>(size));
    }
    static HelloRequest hello(const std::string& name = "") {
        HelloRequest request{};
        request.magic = kHelloMagic;
        request.version = kLayoutVersion;
        request.name_size = static_cast<std::uint8_t>(name.size());
        std::memcpy(request.name, name.data(), name.size());
        return request;
    }
    /// The reply and how many descriptors came with it; nothing if the other side hung up.
    std::optional<HelloReply> hear(std::size_t* fds = nullptr) const {
        HelloReply reply{};
        iovec piece{&reply, sizeof reply};
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(16 * sizeof(int))> control{};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t size = recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size != static_cast<ssize_t>(sizeof reply)) return std::nullopt;
        std::size_t count = 0;
        if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr) {
            count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
                close(fd);
            }
        }
        if (fds != nullptr) *fds = count;
        return reply;
    }
    bool hung_up() const {
        char byte = 0;
        return recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
    }
    int fd() const { return fd_.get(); }

private:
    Fd fd_;
    bool connected_{false};
};

ControlRequest order_to_end(const std::string& session) {
    ControlRequest request{};
    request.magic = kControlMagic;
    request.version = kLayoutVersion;
    request.name_size = static_cast<std::uint8_t>(session.size());
    std::memcpy(request.name, session.data(), session.size());
    return request;
}

/// The answer to an order; `partition` (which no order gets) if the other side hung up instead.
Reason answer_on(int fd, int flags = MSG_DONTWAIT) {
    ControlReply reply{};
    const ssize_t size = recv(fd, &reply, sizeof reply, flags);
    if (size != static_cast<ssize_t>(sizeof reply)) return Reason::partition;
    EXPECT_EQ(reply.magic, kControlMagic);
    return reply.result;
}

/// By hand, without threads: steps of the acceptor alternate with what strangers do.
class AcceptorTest : public ::testing::TestWithParam<bool> {
protected:
    void start(std::uint32_t sessions = 4, std::uint32_t hellos_max = 8,
               Nanos hello_timeout = 10s) {
        auto made = SessionTable::make({"n1", sessions, kCapacityMin, 1024});
        ASSERT_TRUE(made.has_value());
        table = std::move(*made);
        options.socket_path = dir.socket();
        options.hellos_max = hellos_max;
        options.hello_timeout = hello_timeout;
        options.allow_uring = GetParam();
        auto acceptor_made = Acceptor::make(*table, options);
        ASSERT_TRUE(acceptor_made.has_value());
        acceptor = std::move(*acceptor_made);
    }
    /// Plays the core as well: every session is opened.
    void steps(int count = 4) {
        for (int i = 0; i < count; ++i) {
            acceptor->step(Nanos{1'000'000});
            while (const auto message = table->take_for_core()) {
                news.push_back(*message);
                if (message->kind == ToCore::Kind::opened) table->opened(message->session);
            }
            table->flush_to_control();
        }
    }
    void release_all_that_hung_up() {
        for (const ToCore& message : news) {
            if (message.kind == ToCore::Kind::hung_up) table->release(message.session);
        }
        news.clear();
        table->flush_to_control();
    }
    Reason result_of(const HelloRequest& request) {
        const Stranger stranger(dir.socket());
        steps();
        stranger.say(request);
        steps();
        const auto reply = stranger.hear();
        EXPECT_TRUE(reply.has_value());
        return reply ? reply->result : Reason::none;
    }

    TempDir dir;
    AcceptorOptions options;
    std::unique_ptr<SessionTable> table;
    std::unique_ptr<Acceptor> acceptor;
    std::vector<ToCore> news;  ///< what the core has heard
};

TEST_P(AcceptorTest, UsesWhatWasAskedFor) {
    start();
    EXPECT_STREQ(acceptor->watcher_name(), GetParam() ? "io_uring" : "ppoll");
}

TEST_P(AcceptorTest, GoodHelloGetsMemoryAndThePeerIsKnown) {
    start();
    const Stranger client(dir.socket());
    client.say(Stranger::hello("ann"));
    steps();
    std::size_t fds = 0;
    const auto reply = client.hear(&fds);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->result, Reason::none);
    EXPECT_EQ(fds, kHelloFds);
    EXPECT_STREQ(reply->private_name, "#ann#n1");
    EXPECT_EQ(reply->message_bytes_max, 1024u);
    EXPECT_EQ(acceptor->peer(session_id(reply->session)).pid, getpid());
    ASSERT_EQ(news.size(), 1u);
    EXPECT_EQ(news[0].kind, ToCore::Kind::opened);
    EXPECT_EQ(raw(news[0].session), reply->session);
}

TEST_P(AcceptorTest, ClientHearsNothingBeforeTheCoreHasOpenedItsSession) {
    start();
    const Stranger client(dir.socket());
    client.say(Stranger::hello("ann"));
    for (int i = 0; i < 4; ++i) acceptor->step(Nanos{1'000'000});
    EXPECT_FALSE(client.hear().has_value());
    EXPECT_FALSE(client.hung_up());
    table->kick(table->take_for_core()->session, Reason::name_taken);
    table->flush_to_control();
    steps();
    const auto reply = client.hear();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->result, Reason::name_taken) << "what the engine says is the connect's answer";
}

TEST_P(AcceptorTest, HangUpReachesTheCoreOnce) {
    start();
    {
        const Stranger client(dir.socket());
        client.say(Stranger::hello());
        steps();
    }
    steps(8);
    ASSERT_EQ(news.size(), 2u);
    EXPECT_EQ(news[1].kind, ToCore::Kind::hung_up);
    EXPECT_EQ(table->in_use(), 1u) << "the memory stays until the core has let go";
    release_all_that_hung_up();
    steps();
    EXPECT_EQ(table->in_use(), 0u);
}

TEST_P(AcceptorTest, ClientThatBreaksItsSilenceIsDropped) {
    start();
    const Stranger client(dir.socket());
    client.say(Stranger::hello());
    steps();
    client.hear();
    client.say(Stranger::hello());
    steps();
    EXPECT_TRUE(client.hung_up());
    EXPECT_EQ(acceptor->counters().hung_up, 1u);
}

TEST_P(AcceptorTest, KickHangsUp) {
    start();
    const Stranger client(dir.socket());
    client.say(Stranger::hello());
    steps();
    const auto reply = client.hear();
    ASSERT_TRUE(reply.has_value());
    table->kick(session_id(reply->session), Reason::kicked);
    table->flush_to_control();
    steps();
    EXPECT_TRUE(client.hung_up());
    EXPECT_EQ(acceptor->connections(), 0u);
}

TEST_P(AcceptorTest, RefusesWithReasons) {
    start(1);
    HelloRequest request = Stranger::hello();
    request.version = 99;
    EXPECT_EQ(result_of(request), Reason::version);
    request = Stranger::hello();
    request.flags = 1;
    EXPECT_EQ(result_of(request), Reason::version);
    EXPECT_EQ(result_of(Stranger::hello("a#b")), Reason::bad_name);
    EXPECT_EQ(result_of(Stranger::hello(std::string(1, '\0'))), Reason::bad_name);
    request = Stranger::hello();
    request.name_size = 32;
    EXPECT_EQ(result_of(request), Reason::malformed);
    request = Stranger::hello();
    request.magic ^= 1;
    EXPECT_EQ(result_of(request), Reason::malformed);
    const Stranger ann(dir.socket());
    ann.say(Stranger::hello("ann"));
    steps();
    EXPECT_EQ(result_of(Stranger::hello("ann")), Reason::name_taken);
    EXPECT_EQ(result_of(Stranger::hello("bob")), Reason::limit);
    acceptor->stop_listening();
    EXPECT_FALSE(Stranger(dir.socket()).connected());
}

TEST_P(AcceptorTest, GarbageOfEverySizeIsAnsweredAndDropped) {
    start();
    std::array<std::byte, 4096> garbage;
    garbage.fill(std::byte{0xA5});
    for (const std::size_t size : {1, 8, 63, 65, 200, 4096}) {
        const Stranger stranger(dir.socket());
        stranger.say(garbage, size);
        steps();
        const auto reply = stranger.hear();
        ASSERT_TRUE(reply.has_value()) << size;
        EXPECT_EQ(reply->result, Reason::malformed);
        EXPECT_TRUE(stranger.hung_up());
    }
    EXPECT_EQ(acceptor->connections(), 0u);
    EXPECT_EQ(acceptor->counters().malformed, 6u);
}

TEST_P(AcceptorTest, DescriptorsFromStrangersAreNotKept) {
    start();
    const auto count_fds = [] {
        int count = 0;
        for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        return count;
    };
    const Stranger stranger(dir.socket());
    steps();
    const int before = count_fds();
    HelloRequest request{};
    iovec piece{&request, sizeof request};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int gift = 2;
    std::memcpy(CMSG_DATA(header), &gift, sizeof gift);
    ASSERT_GT(sendmsg(stranger.fd(), &message, MSG_NOSIGNAL), 0);
    steps();
    EXPECT_EQ(count_fds(), before - 1) << "only our end of the dropped connection is gone";
}

TEST_P(AcceptorTest, HalfHandshakesAreBoundedInNumber) {
    start(4, 8);
    std::vector<std::unique_ptr<Stranger>> silent;
    for (int i = 0; i < 50; ++i) {
        silent.push_back(std::make_unique<Stranger>(dir.socket()));
        steps(1);
    }
    steps();
    EXPECT_LE(acceptor->connections(), 8u);
    EXPECT_TRUE(silent.front()->hung_up()) << "the oldest goes first";
    EXPECT_FALSE(silent.back()->hung_up());
    const Stranger client(dir.socket());
    client.say(Stranger::hello("late"));
    steps();
    EXPECT_EQ(client.hear()->result, Reason::none);
}

TEST_P(AcceptorTest, HalfHandshakesAreBoundedInTime) {
    start(4, 8, 20ms);
    const Stranger silent(dir.socket());
    for (int i = 0; i < 1000 && !silent.hung_up(); ++i) acceptor->step(5ms);
    EXPECT_TRUE(silent.hung_up());
    EXPECT_EQ(acceptor->counters().timed_out, 1u);
}

TEST_P(AcceptorTest, SurvivesAFloodOfConnectionsThatVanish) {
    start();
    for (int i = 0; i < 500; ++i) {
        const Stranger stranger(dir.socket());
        if (i % 2 == 0) stranger.say(Stranger::hello());
        if (i % 8 == 0) steps(2);
        release_all_that_hung_up();
    }
    for (int i = 0; i < 200 && (acceptor->connections() > 0 || table->in_use() > 0); ++i) {
        steps(1);
        release_all_that_hung_up();
    }
    EXPECT_EQ(acceptor->connections(), 0u);
    EXPECT_EQ(table->in_use(), 0u);
}

TEST_P(AcceptorTest, OutOfDescriptorsClosesStrangersInsteadOfSpinning) {
    start();
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    std::vector<Fd> hoard;
    const rlimit low{256, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    const Stranger stranger(dir.socket());
    for (int fd = dup(2); fd >= 0; fd = dup(2)) hoard.emplace_back(fd);
    steps();
    EXPECT_TRUE(stranger.hung_up());
    EXPECT_GE(acceptor->counters().no_descriptor, 1u);
    hoard.clear();
    setrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(result_of(Stranger::hello("ann")), Reason::none) << "and serves on afterwards";
}

TEST_P(AcceptorTest, NoMemoryForASessionIsAReasonNotACrash) {
    start();
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const Stranger client(dir.socket());
    steps();
    client.say(Stranger::hello("ann"));
    std::vector<Fd> hoard;
    const rlimit low{256, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    for (int fd = dup(2); fd >= 0; fd = dup(2)) hoard.emplace_back(fd);
    steps();
    hoard.clear();
    setrlimit(RLIMIT_NOFILE, &limit);
    const auto reply = client.hear();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->result, Reason::no_memory);
    EXPECT_EQ(table->in_use(), 0u);
}

TEST_P(AcceptorTest, SecondDaemonIsRefusedAndAStaleSocketReplaced) {
    start();
    auto second = Acceptor::make(*table, options);
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().message.find("already serves"), std::string::npos);
    acceptor.reset();
    EXPECT_NE(access(dir.socket().c_str(), F_OK), 0) << "an orderly end leaves no file";
    EXPECT_NE(access((dir.socket() + ".lock").c_str(), F_OK), 0);
    close(open(dir.socket().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));  // left by a kill
    auto third = Acceptor::make(*table, options);
    ASSERT_TRUE(third.has_value());
    EXPECT_TRUE(Stranger(dir.socket()).connected());
    struct stat status{};
    ASSERT_EQ(stat(dir.socket().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0660u);
}

TEST_P(AcceptorTest, AdministratorEndsASessionByName) {
    start();
    const Stranger client(dir.socket());
    client.say(Stranger::hello("ann"));
    steps();
    const Stranger admin(dir.socket());
    admin.say(order_to_end("ann"));
    steps();
    EXPECT_EQ(answer_on(admin.fd()), Reason::none);
    EXPECT_TRUE(admin.hung_up()) << "one order a connection";
    ASSERT_EQ(news.size(), 2u);
    EXPECT_EQ(news[1].kind, ToCore::Kind::end);
    EXPECT_EQ(news[1].reason, Reason::kicked);
    EXPECT_EQ(acceptor->counters().controls, 1u);

    const Stranger again(dir.socket());
    again.say(order_to_end("nobody"));
    steps();
    EXPECT_EQ(answer_on(again.fd()), Reason::bad_name);
    ControlRequest old = order_to_end("ann");
    old.version = kLayoutVersion + 1;
    const Stranger older(dir.socket());
    older.say(old);
    steps();
    EXPECT_EQ(answer_on(older.fd()), Reason::version);
    ControlRequest nonsense = order_to_end("ann");
    nonsense.name_size = kNameMax + 1;
    const Stranger liar(dir.socket());
    liar.say(nonsense);
    steps();
    EXPECT_EQ(acceptor->counters().malformed, 1u);
    EXPECT_EQ(news.size(), 2u);
}

TEST_P(AcceptorTest, NobodyElseIsObeyed) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    options.mode = 0666;
    start();
    ASSERT_EQ(chmod(dir.path().c_str(), 0755), 0);
    const Stranger client(dir.socket());
    client.say(Stranger::hello("ann"));
    steps();
    const pid_t child = fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(2);
        const Stranger other(dir.socket());
        const ControlRequest request = order_to_end("ann");
        if (send(other.fd(), &request, sizeof request, MSG_NOSIGNAL) < 0) _exit(3);
        _exit(answer_on(other.fd(), 0) == Reason::permission ? 0 : 1);
    }
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0) steps(1);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(news.size(), 1u) << "the session goes on";
}

TEST_P(AcceptorTest, MissingDirectoryAndLongPathAreErrorsWithARemedy) {
    start();
    AcceptorOptions bad = options;
    bad.socket_path = dir.path() + "/missing/n1.sock";
    auto missing = Acceptor::make(*table, bad);
    ASSERT_FALSE(missing.has_value());
    EXPECT_FALSE(missing.error().remedy.empty());
    bad.socket_path = dir.path() + "/" + std::string(120, 'x');
    auto too_long = Acceptor::make(*table, bad);
    ASSERT_FALSE(too_long.has_value());
    EXPECT_NE(too_long.error().message.find("longer"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Both, AcceptorTest, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "io_uring" : "ppoll"; });

}  // namespace
}  // namespace torc::client_shm::test
