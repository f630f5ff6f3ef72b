#include "client_shm/server/acceptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

constexpr std::uint64_t kListenerToken = 0;
constexpr std::uint64_t kCoreToken = 1;
constexpr std::uint64_t kWakeToken = 2;
constexpr int kBacklog = 128;
constexpr int kAcceptsPerStep = 64;

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

tl::unexpected<Error> system_failure(const std::string& what, std::string remedy = {}) {
    return failure(what + ": " + std::strerror(errno), std::move(remedy));
}

}  // namespace

Acceptor::Acceptor(SessionTable& table, const AcceptorOptions& options)
    : table_{table},
      options_{options},
      watcher_{make_fd_watcher(options.allow_uring)},
      token_of_slot_(table.options().sessions, kListenerToken) {}

Result<std::unique_ptr<Acceptor>> Acceptor::make(SessionTable& table,
                                                 const AcceptorOptions& options) {
    std::unique_ptr<Acceptor> acceptor(new Acceptor(table, options));
    Result<Fd> lock = acceptor->take_lock();
    if (!lock) return tl::unexpected(lock.error());
    acceptor->lock_ = std::move(*lock);
    Result<Fd> listener = acceptor->listen_socket();
    if (!listener) return tl::unexpected(listener.error());
    acceptor->listener_ = std::move(*listener);
    acceptor->spare_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    acceptor->watcher_->watch(acceptor->listener_.get(), kListenerToken);
    acceptor->watcher_->watch(table.control_bell(), kCoreToken);
    return acceptor;
}

Acceptor::~Acceptor() {
    while (!connections_.empty()) drop(connections_.begin()->first);
    stop_listening();
    if (lock_) unlink((options_.socket_path + ".lock").c_str());
}

/// The lock says who owns the path; a socket file alone cannot (it outlives a killed daemon).
Result<Fd> Acceptor::take_lock() {
    const std::string path = options_.socket_path + ".lock";
    for (;;) {
        Fd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!lock) return system_failure(path, "create runtime_dir and let the daemon write to it");
        if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
            return failure("a daemon already serves " + options_.socket_path,
                           "stop it, or give this one another node name or runtime_dir");
        }
        struct stat held{};
        struct stat there{};
        // A daemon that was just stopping may have removed the file between our two calls.
        if (fstat(lock.get(), &held) == 0 && stat(path.c_str(), &there) == 0 &&
            held.st_ino == there.st_ino && held.st_dev == there.st_dev) {
            return lock;
        }
    }
}

Result<Fd> Acceptor::listen_socket() {
    const std::string& path = options_.socket_path;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return failure(path + ": longer than a socket path may be (" +
                           std::to_string(sizeof address.sun_path - 1) + " bytes)",
                       "choose a shorter runtime_dir");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener) return system_failure("socket");
    unlink(path.c_str());  // left by a daemon that was killed; we hold the lock
    // The mode is set before anyone can connect: nobody can before listen().
    if (bind(listener.get(), static_cast<const sockaddr*>(static_cast<const void*>(&address)),
             sizeof address) != 0) {
        return system_failure(path, "create runtime_dir and let the daemon write to it");
    }
    if (chmod(path.c_str(), options_.mode) != 0 || listen(listener.get(), kBacklog) != 0) {
        return system_failure(path);
    }
    return listener;
}

void Acceptor::stop_listening() {
    if (!listener_) return;
    watcher_->unwatch(kListenerToken);
    listener_.reset();
    unlink(options_.socket_path.c_str());
}

void Acceptor::wake_on(int fd) { watcher_->watch(fd, kWakeToken); }

void Acceptor::step(Nanos timeout) {
    std::array<std::uint64_t, 64> ready;
    // A hello's deadline may come first.
    if (hellos_ > 0) timeout = std::min(timeout, options_.hello_timeout / 4);
    const std::size_t count = watcher_->wait(ready, timeout);
    for (std::size_t i = 0; i < count; ++i) {
        if (ready[i] == kListenerToken) {
            accept_some();
        } else if (ready[i] == kCoreToken) {
            table_.clear_control_bell();
        } else if (ready[i] != kWakeToken) {
            on_connection(ready[i]);
        }
    }
    hear_core();
    if (hellos_ > 0) expire_hellos();
}

// --- connections ---------------------------------------------------------------------------------

void Acceptor::accept_some() {
    for (int i = 0; i < kAcceptsPerStep && listener_; ++i) {
        Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            ++counters_.accepted;
            add_connection(std::move(socket));
            continue;
        }
        if (errno == EMFILE || errno == ENFILE) refuse_without_descriptor();
        if (errno != ECONNABORTED && errno != EINTR) return;
    }
}

/// Without this the listener would stay readable for ever and the control thread would spin.
void Acceptor::refuse_without_descriptor() {
    ++counters_.no_descriptor;
    spare_.reset();
    Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
    spare_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    errno = EMFILE;
}

void Acceptor::add_connection(Fd socket) {
    if (hellos_ >= options_.hellos_max) {
        auto oldest = connections_.end();
        for (auto it = connections_.begin(); it != connections_.end(); ++it) {
            if (it->second.has_session) continue;
            if (oldest == connections_.end() ||
                it->second.hello_deadline_ns < oldest->second.hello_deadline_ns) {
                oldest = it;
            }
        }
        ++counters_.timed_out;
        if (oldest != connections_.end()) drop(oldest->first);
    }
    Connection connection;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
    connection.peer = {credentials.pid, credentials.uid, credentials.gid};
    connection.hello_deadline_ns = now_ns() + options_.hello_timeout.count();
    const std::uint64_t token = next_token_++;
    watcher_->watch(socket.get(), token);
    connection.socket = std::move(socket);
    connections_.emplace(token, std::move(connection));
    ++hellos_;
}

void Acceptor::on_connection(std::uint64_t token) {
    const auto found = connections_.find(token);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    // One byte more than a hello, so that a longer packet is told apart. Descriptors that a client
    // sends along are discarded by the kernel: we give it no control buffer.
    std::array<std::byte, sizeof(HelloRequest) + 1> packet;
    const ssize_t size = recv(connection.socket.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (connection.has_session) {
        on_session(token, connection, size > 0);
        return;
    }
    HelloRequest hello{};
    if (size == static_cast<ssize_t>(sizeof hello)) {
        std::memcpy(&hello, packet.data(), sizeof hello);
        if (hello.magic == kHelloMagic && hello.name_size <= kNameMax) {
            on_hello(token, connection, hello);
            return;
        }
    }
    ControlRequest control{};
    if (size == static_cast<ssize_t>(sizeof control)) {
        std::memcpy(&control, packet.data(), sizeof control);
        if (control.magic == kControlMagic && control.name_size <= kNameMax) {
            on_control(connection, control);
            drop(token);
            return;
        }
    }
    if (size > 0) {
        ++counters_.malformed;
        HelloReply reply{};
        reply.result = Reason::malformed;
        send_reply(connection, reply, nullptr);
    }
    drop(token);
}

/// The client is gone, or breaks its silence: then it is done, but, where it reads from a log,
/// wants that left alone until it is gone.
void Acceptor::on_session(std::uint64_t token, Connection& connection, bool said_something) {
    if (said_something && connection.let_go) return;
    if (!connection.let_go) ++counters_.hung_up;
    if (said_something && table_.slot(connection.session).log != nullptr) {
        connection.let_go = true;
        table_.let_go(connection.session);
        return;
    }
    table_.hang_up(connection.session);
    drop(token);
}

/// Who may stop the daemon may end its sessions: root, and the user it runs as.
void Acceptor::on_control(const Connection& connection, const ControlRequest& request) {
    ControlReply reply{kControlMagic, kLayoutVersion, Reason::none};
    const SessionSlot* const slot = table_.find({request.name, request.name_size});
    if (request.version != kLayoutVersion) {
        reply.result = Reason::version;
    } else if (connection.peer.uid != 0 && connection.peer.uid != geteuid()) {
        reply.result = Reason::permission;
    } else if (slot == nullptr) {
        reply.result = Reason::bad_name;
    } else {
        ++counters_.controls;
        table_.end(slot->id, Reason::kicked);
    }
    if (reply.result != Reason::none) ++counters_.refused;
    // To somebody who no longer waits for it, it need not arrive.
    [[maybe_unused]] const ssize_t sent =
        send(connection.socket.get(), &reply, sizeof reply, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Acceptor::on_hello(std::uint64_t token, Connection& connection, const HelloRequest& hello) {
    if (hello.version != kLayoutVersion || hello.flags != 0) {
        refuse(token, connection, Reason::version);
        return;
    }
    if (!listener_) {
        refuse(token, connection, Reason::shutdown);
        return;
    }
    Reason reason{};
    const LogReader reader{(hello.takes & kTakesRuns) != 0, connection.peer.uid};
    const SessionSlot* slot = table_.open({hello.name, hello.name_size}, reason, reader);
    if (slot == nullptr) {
        refuse(token, connection, reason);
        return;
    }
    connection.has_session = true;
    connection.session = slot->id;
    token_of_slot_[slot->id.slot] = token;
    --hellos_;
}

/// The core has opened the session: the client may have it.
void Acceptor::admit(std::uint64_t token, Connection& connection) {
    SessionSlot& slot = table_.slot(connection.session);
    HelloReply reply{};
    reply.session = raw(slot.id);
    reply.capacity = table_.options().ring_bytes;
    reply.message_bytes_max = table_.options().message_bytes;
    if (slot.log != nullptr) reply.log_blocks = slot.log->blocks();
    const std::string name = "#" + slot.name + "#" + table_.options().daemon;
    std::memcpy(reply.private_name, name.c_str(),
                std::min(name.size() + 1, sizeof reply.private_name));
    connection.answered = true;
    const bool told = send_reply(connection, reply, &slot);
    slot.submit.close_fd();
    slot.deliver.close_fd();
    if (told) {
        ++counters_.opened;
        return;
    }
    table_.hang_up(connection.session);
    drop(token);
}

void Acceptor::refuse(std::uint64_t token, Connection& connection, Reason reason) {
    ++counters_.refused;
    HelloReply reply{};
    reply.result = reason;
    send_reply(connection, reply, nullptr);
    drop(token);
}

bool Acceptor::send_reply(const Connection& connection, const HelloReply& reply,
                          const SessionSlot* slot) const {
    HelloReply copy = reply;
    copy.magic = kHelloMagic;
    copy.version = kLayoutVersion;
    iovec piece{&copy, sizeof copy};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kHelloFdsMax * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (slot != nullptr) {
        std::array<int, kHelloFdsMax> fds{};
        fds[kFdSubmit] = slot->submit.fd();
        fds[kFdDeliver] = slot->deliver.fd();
        fds[kFdDaemon] = table_.daemon_page().fd();
        fds[kFdReceive] = slot->receive_bell.get();
        fds[kFdSpace] = slot->space_bell.get();
        fds[kFdDoorbell] = table_.core_bell();
        std::size_t bytes = kHelloFds * sizeof(int);
        if (slot->log != nullptr) {
            fds[kFdLog] = slot->log->fd();
            bytes += sizeof(int);
        }
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(bytes);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(bytes);
        std::memcpy(CMSG_DATA(header), fds.data(), bytes);
    }
    const ssize_t sent = sendmsg(connection.socket.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == static_cast<ssize_t>(sizeof copy);
}

// --- the core, time, ends ------------------------------------------------------------------------

void Acceptor::hear_core() {
    while (const std::optional<ToControl> message = table_.take()) {
        const std::uint64_t token = token_of_slot_[message->session.slot];
        const auto found = connections_.find(token);
        if (found == connections_.end() || !found->second.has_session ||
            found->second.session != message->session) {
            continue;  // hung up already
        }
        switch (message->kind) {
            case ToControl::Kind::opened:
                admit(token, found->second);
                break;
            case ToControl::Kind::kick:
                ++counters_.kicked;
                if (message->lingers) {
                    // Tells the client, and still hears of the client's own end.
                    found->second.let_go = true;
                    shutdown(found->second.socket.get(), SHUT_WR);
                } else if (found->second.answered) {
                    drop(token);
                } else {
                    refuse(token, found->second, message->reason);
                }
                break;
            case ToControl::Kind::lingers:
                break;
            case ToControl::Kind::released:  // not without a kick or a hang-up before
                drop(token);
                break;
        }
    }
}

void Acceptor::expire_hellos() {
    const std::int64_t now = now_ns();
    for (auto it = connections_.begin(); it != connections_.end();) {
        const auto next = std::next(it);
        if (!it->second.has_session && it->second.hello_deadline_ns <= now) {
            ++counters_.timed_out;
            drop(it->first);
        }
        it = next;
    }
}

void Acceptor::drop(std::uint64_t token) {
    const auto found = connections_.find(token);
    if (!found->second.has_session) --hellos_;
    watcher_->unwatch(token);
    // Not close alone: a poll request may hold the socket a little longer, and a client that
    // leaked its end to a child would not hear of it.
    shutdown(found->second.socket.get(), SHUT_RDWR);
    connections_.erase(found);
}

Peer Acceptor::peer(SessionId session) const {
    if (session.slot >= token_of_slot_.size()) return {};
    const auto found = connections_.find(token_of_slot_[session.slot]);
    if (found == connections_.end() || found->second.session != session) return {};
    return found->second.peer;
}

}  // namespace torc::client_shm
