// Opening and closing a session: one hello on a Unix socket, six descriptors back, three mappings;
// with a delivery log, one more of each. Nothing that the peer says is used before it is checked:
// whoever owns the socket's path decides what answers there.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "client_shm/client/session.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

constexpr std::int64_t kConnectTimeoutNs = 5'000'000'000;
constexpr std::int64_t kSpinNs = 20'000;
constexpr const char* kRuntimeDir = "/run/torc";
constexpr const char* kSuffix = ".sock";

/// Descriptors of the reply until the session owns them.
struct HelloFds {
    int fds[kHelloFdsMax];
    HelloFds() {
        for (int& fd : fds) fd = -1;
    }
    HelloFds(const HelloFds&) = delete;
    HelloFds& operator=(const HelloFds&) = delete;
    ~HelloFds() {
        for (const int fd : fds) {
            if (fd >= 0) close(fd);
        }
    }
    int take(unsigned which) {
        const int fd = fds[which];
        fds[which] = -1;
        return fd;
    }
};

// --- where the daemon listens --------------------------------------------------------------------

bool append(sockaddr_un& address, std::string_view text) {
    const std::size_t used = strlen(address.sun_path);
    if (used + text.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path + used, text.data(), text.size());
    return true;
}

/// The one name in `directory` that ends in ".sock"; TORC_ERROR_ARGUMENT if there are several.
int only_socket(const char* directory, sockaddr_un& address) {
    DIR* listing = opendir(directory);
    if (listing == nullptr) return errno == EACCES ? TORC_ERROR_PERMISSION : TORC_ERROR_NO_DAEMON;
    int code = TORC_ERROR_NO_DAEMON;
    while (const dirent* entry = readdir(listing)) {
        const std::string_view name(entry->d_name);
        if (name.size() <= strlen(kSuffix) || !name.ends_with(kSuffix)) continue;
        if (code == TORC_OK) {
            code = TORC_ERROR_ARGUMENT;
            break;
        }
        const bool fits =
            append(address, directory) && append(address, "/") && append(address, name);
        code = fits ? TORC_OK : TORC_ERROR_ARGUMENT;
        if (!fits) break;
    }
    closedir(listing);
    return code;
}

int find_socket(const torc_options& options, sockaddr_un& address) {
    address.sun_family = AF_UNIX;
    const char* directory = options.runtime_dir != nullptr ? options.runtime_dir : kRuntimeDir;
    if (options.daemon == nullptr) return only_socket(directory, address);
    if (strchr(options.daemon, '/') != nullptr) {
        return append(address, options.daemon) ? TORC_OK : TORC_ERROR_ARGUMENT;
    }
    const bool fits = append(address, directory) && append(address, "/") &&
                      append(address, options.daemon) && append(address, kSuffix);
    return fits ? TORC_OK : TORC_ERROR_ARGUMENT;
}

// --- hello ---------------------------------------------------------------------------------------

int code_of_errno() {
    switch (errno) {
        case ENOENT:
        case ECONNREFUSED:
        case ENOTDIR:
            return TORC_ERROR_NO_DAEMON;
        case EACCES:
        case EPERM:
            return TORC_ERROR_PERMISSION;
        case EPROTOTYPE:
            return TORC_ERROR_HANDSHAKE;
        case ENOMEM:
        case ENOBUFS:
            return TORC_ERROR_MEMORY;
        case ECONNRESET:
        case EPIPE:
            return TORC_ERROR_DAEMON_LOST;
        default:
            return TORC_ERROR_SYSTEM;
    }
}

/// A full backlog makes connect() wait; SO_SNDTIMEO bounds that.
int connect_socket(torc_session& session, const sockaddr_un& address, Deadline& deadline) {
    session.socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (session.socket < 0) return code_of_errno();
    const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    for (;;) {
        if (!deadline.forever()) {
            const std::int64_t left = deadline.left_ns();
            if (left == 0) return TORC_WOULD_BLOCK;
            const std::int64_t us = left / 1000 + 1;  // 0 would mean for ever
            const timeval limit{us / 1'000'000, us % 1'000'000};
            setsockopt(session.socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        }
        if (connect(session.socket, generic, sizeof address) == 0) return TORC_OK;
        if (errno != EINTR && errno != EAGAIN) return code_of_errno();
    }
}

int send_hello(torc_session& session, const char* name) {
    HelloRequest hello{};
    hello.magic = kHelloMagic;
    hello.version = kLayoutVersion;
    hello.takes = kTakesRuns;
    if (name != nullptr && *name != 0) {
        const std::string_view text(name, strnlen(name, kNameMax + 1));
        if (!is_session_name(text)) return TORC_ERROR_NAME;
        hello.name_size = static_cast<std::uint8_t>(text.size());
        std::memcpy(hello.name, text.data(), text.size());
    }
    ssize_t sent = 0;
    do {
        sent = send(session.socket, &hello, sizeof hello, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return code_of_errno();
    return sent == static_cast<ssize_t>(sizeof hello) ? TORC_OK : TORC_ERROR_HANDSHAKE;
}

void take_fds(msghdr& message, HelloFds& fds, std::size_t& count) {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t bytes = header->cmsg_len - CMSG_LEN(0);
        for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
            if (count < kHelloFdsMax) {
                fds.fds[count] = fd;
            } else {
                close(fd);
            }
            ++count;
        }
    }
}

int receive_reply(torc_session& session, HelloReply& reply, HelloFds& fds, Deadline& deadline) {
    for (;;) {
        timespec left{};
        const timespec* limit = deadline.remaining(left);
        pollfd polled{session.socket, POLLIN, 0};
        const int ready = ppoll(&polled, 1, limit, nullptr);
        if (ready == 0) return TORC_WOULD_BLOCK;
        if (ready < 0 && errno != EINTR) return TORC_ERROR_SYSTEM;
        if (ready > 0) break;
    }
    iovec piece{&reply, sizeof reply};
    alignas(cmsghdr) unsigned char control[CMSG_SPACE(kHelloFdsMax * sizeof(int))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(session.socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    std::size_t count = 0;
    if (size >= 0) take_fds(message, fds, count);
    if (size < 0) return code_of_errno();
    if (size == 0) return TORC_ERROR_DAEMON_LOST;  // it dropped us without a word
    if (size != static_cast<ssize_t>(sizeof reply) || reply.magic != kHelloMagic) {
        return TORC_ERROR_HANDSHAKE;
    }
    if (reply.result != Reason::none) {
        const int code = static_cast<int>(reply.result);
        return code < 0 ? code : TORC_ERROR_HANDSHAKE;
    }
    if (reply.version != kLayoutVersion) return TORC_ERROR_VERSION;
    const bool truncated = (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
    const std::size_t expected = reply.log_blocks > 0 ? kHelloFdsMax : kHelloFds;
    return count == expected && !truncated ? TORC_OK : TORC_ERROR_HANDSHAKE;
}

// --- memory --------------------------------------------------------------------------------------

/// Maps a segment, its ring twice. The seals are what makes the mapping safe from SIGBUS.
int map_segment(int fd, std::uint64_t capacity, int protection, Mapping& mapping) {
    struct stat status{};
    const std::size_t once = kSegmentHeaderBytes + capacity;
    const int seals = fcntl(fd, F_GET_SEALS);
    if (fstat(fd, &status) != 0 || status.st_size != static_cast<off_t>(once) || seals < 0 ||
        (seals & F_SEAL_SHRINK) == 0) {
        return TORC_ERROR_HANDSHAKE;
    }
    void* base = mmap(nullptr, once + capacity, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return TORC_ERROR_MEMORY;
    mapping = {base, once + capacity};
    auto* bytes = static_cast<std::byte*>(base);
    if (mmap(bytes, once, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        return TORC_ERROR_MEMORY;
    }
    if (capacity > 0 && mmap(bytes + once, capacity, protection, MAP_SHARED | MAP_FIXED, fd,
                             kSegmentHeaderBytes) == MAP_FAILED) {
        return TORC_ERROR_MEMORY;
    }
    return TORC_OK;
}

bool identity_is(const SegmentIdentity& identity, SegmentKind kind, std::uint64_t capacity) {
    return identity.magic == kSegmentMagic && identity.version == kLayoutVersion &&
           identity.kind == kind && identity.capacity == capacity;
}

int map_log(torc_session& session, std::uint32_t blocks, int fd) {
    if (blocks == 0) return TORC_OK;
    if (blocks > kLogBlocksMax || (blocks & (blocks - 1)) != 0) return TORC_ERROR_HANDSHAKE;
    const std::uint64_t bytes = blocks * kLogBlockBytes;
    if (const int code = map_segment(fd, bytes, PROT_READ, session.log_map); code != TORC_OK) {
        return code;
    }
    if (!identity_is(*static_cast<const SegmentIdentity*>(session.log_map.base), SegmentKind::log,
                     bytes)) {
        return TORC_ERROR_HANDSHAKE;
    }
    session.walk.set_log(static_cast<const std::byte*>(session.log_map.base) + kSegmentHeaderBytes,
                         bytes);
    return TORC_OK;
}

int map_all(torc_session& session, const HelloReply& reply, const HelloFds& fds) {
    const std::uint64_t capacity = reply.capacity;
    if (capacity < kCapacityMin || capacity > kCapacityMax || (capacity & (capacity - 1)) != 0) {
        return TORC_ERROR_HANDSHAKE;
    }
    int code =
        map_segment(fds.fds[kFdSubmit], capacity, PROT_READ | PROT_WRITE, session.submit_map);
    if (code == TORC_OK) {
        code = map_segment(fds.fds[kFdDeliver], capacity, PROT_READ, session.deliver_map);
    }
    if (code == TORC_OK) code = map_segment(fds.fds[kFdDaemon], 0, PROT_READ, session.daemon_map);
    if (code == TORC_OK) code = map_log(session, reply.log_blocks, fds.fds[kFdLog]);
    if (code != TORC_OK) return code;
    session.submit_header = static_cast<SubmitHeader*>(session.submit_map.base);
    session.deliver_header = static_cast<const DeliverHeader*>(session.deliver_map.base);
    session.daemon_header = static_cast<const DaemonHeader*>(session.daemon_map.base);
    if (!identity_is(session.submit_header->identity, SegmentKind::submit, capacity) ||
        !identity_is(session.deliver_header->identity, SegmentKind::deliver, capacity) ||
        !identity_is(session.daemon_header->identity, SegmentKind::daemon, 0)) {
        return TORC_ERROR_HANDSHAKE;
    }
    auto* submit_data = static_cast<std::byte*>(session.submit_map.base) + kSegmentHeaderBytes;
    auto* deliver_data = static_cast<std::byte*>(session.deliver_map.base) + kSegmentHeaderBytes;
    session.submit =
        RingProducer(submit_data, capacity, &session.submit_header->submit_tail,
                     &session.deliver_header->submit_head, &session.submit_header->submit_origin);
    session.deliver = RingConsumer(deliver_data, capacity, &session.submit_header->deliver_head,
                                   &session.deliver_header->deliver_tail,
                                   &session.deliver_header->deliver_origin);
    return TORC_OK;
}

/// A page that a forked child finds zeroed. Kernels before 4.14 cannot: then getpid() tells.
void make_fork_guard(torc_session& session) {
    session.owner = getpid();
    void* page = mmap(nullptr, kSegmentHeaderBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (madvise(page, kSegmentHeaderBytes, MADV_WIPEONFORK) != 0) {
        munmap(page, kSegmentHeaderBytes);
        return;
    }
    session.fork_guard = static_cast<std::uint32_t*>(page);
    *session.fork_guard = 1;
}

/// One descriptor for a bell and the daemon's death.
int make_pollable(const torc_session& session, Waiting& waiting) {
    waiting.pollable = epoll_create1(EPOLL_CLOEXEC);
    if (waiting.pollable < 0) return TORC_ERROR_SYSTEM;
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(waiting.pollable, EPOLL_CTL_ADD, waiting.bell, &event) != 0 ||
        epoll_ctl(waiting.pollable, EPOLL_CTL_ADD, session.socket, &event) != 0) {
        return TORC_ERROR_SYSTEM;
    }
    return TORC_OK;
}

int open_session(torc_session& session, const torc_options& options) {
    sockaddr_un address{};
    if (const int code = find_socket(options, address); code != TORC_OK) return code;
    Deadline deadline(options.timeout_ns != 0 ? options.timeout_ns : kConnectTimeoutNs);
    if (const int code = connect_socket(session, address, deadline); code != TORC_OK) return code;
    if (const int code = send_hello(session, options.name); code != TORC_OK) return code;
    HelloReply reply{};
    HelloFds fds;
    int code = receive_reply(session, reply, fds, deadline);
    if (code == TORC_OK) code = map_all(session, reply, fds);
    if (code != TORC_OK) return code;

    session.receiving = {fds.take(kFdReceive), -1, &session.submit_header->receive_ticket};
    session.sending = {fds.take(kFdSpace), -1, &session.submit_header->send_ticket};
    session.doorbell = fds.take(kFdDoorbell);
    session.message_bytes_max = reply.message_bytes_max;
    session.single_threaded = (options.flags & TORC_SINGLE_THREADED) != 0;
    if ((options.flags & TORC_LONG_NAMES) != 0) session.group_name_max = TORC_LONG_GROUP_NAME_MAX;
    session.spin_ns = options.spin_ns != 0 ? options.spin_ns : kSpinNs;
    std::memcpy(session.private_name, reply.private_name, sizeof session.private_name - 1);
    make_fork_guard(session);
    code = make_pollable(session, session.receiving);
    if (code == TORC_OK) code = make_pollable(session, session.sending);
    return code;
}

void unmap(const Mapping& mapping) {
    if (mapping.base != nullptr) munmap(mapping.base, mapping.bytes);
}

void close_fd(int fd) {
    if (fd >= 0) close(fd);
}

void destroy(torc_session* session) {
    const int saved = errno;  // the program wants to know of the call that failed, not of these
    close_fd(session->receiving.pollable);
    close_fd(session->sending.pollable);
    close_fd(session->receiving.bell);
    close_fd(session->sending.bell);
    close_fd(session->doorbell);
    close_fd(session->socket);
    unmap(session->submit_map);
    unmap(session->deliver_map);
    unmap(session->daemon_map);
    unmap(session->log_map);
    if (session->fork_guard != nullptr) munmap(session->fork_guard, kSegmentHeaderBytes);
    session->~torc_session();
    free(session);
    errno = saved;
}

}  // namespace
}  // namespace torc::client_shm

using namespace torc::client_shm;

int torc_connect(const torc_options* options, torc_session** session) {
    if (session == nullptr) return TORC_ERROR_ARGUMENT;
    torc_options given{};
    given.size = sizeof given;
    if (options != nullptr) {
        // A later library accepts the smaller struct of an earlier header: the rest is default.
        if (options->size < offsetof(torc_options, daemon) + sizeof given.daemon ||
            options->size > sizeof given) {
            return TORC_ERROR_ARGUMENT;
        }
        std::memcpy(&given, options, options->size);
    }
    constexpr std::uint32_t known = TORC_SINGLE_THREADED | TORC_LONG_NAMES;
    if ((given.flags & ~known) != 0 || given.reserved != 0) return TORC_ERROR_ARGUMENT;
    void* memory = nullptr;
    if (posix_memalign(&memory, alignof(torc_session), sizeof(torc_session)) != 0) {
        return TORC_ERROR_MEMORY;
    }
    auto* made = new (memory) torc_session;
    const int code = open_session(*made, given);
    if (code != TORC_OK) {
        destroy(made);
        return code;
    }
    *session = made;
    return TORC_OK;
}

int torc_close(torc_session* session) {
    if (session == nullptr) return TORC_OK;
    if (!forked(*session)) {
        // In order if there is room; without it the hang-up has the same effect.
        if (session->ended.load(std::memory_order_relaxed) == TORC_OK &&
            session->submit.reserve(0) == RingStatus::ok) {
            session->submit.commit({0, RecordType::close, 0, 0});
            session->submit.publish();
            ring_core(*session);
        }
        // Not close alone: a child that we forked may hold the socket open.
        shutdown(session->socket, SHUT_RDWR);
    }
    destroy(session);
    return TORC_OK;
}

const char* torc_private_name(const torc_session* session) {
    return session == nullptr ? "" : session->private_name;
}

size_t torc_message_bytes_max(const torc_session* session) {
    return session == nullptr ? 0 : session->message_bytes_max;
}
