// See mesh_socket.hpp.
#include "dataplane/dpdk/mesh_socket.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <poll.h>
#include <unistd.h>

namespace torc::dataplane::dpdk {

namespace {

/// A non-blocking connection to a Unix socket that closes itself.
class Connection {
public:
    explicit Connection(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path) {
            error_ = ENAMETOOLONG;
            return;
        }
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        // The address of every kind of socket is passed as its common head: an API of C.
        const auto* head = reinterpret_cast<const sockaddr*>(&address);  // NOLINT
        if (fd_ < 0 || connect(fd_, head, sizeof address) != 0) error_ = errno;
    }
    ~Connection() {
        if (fd_ >= 0) close(fd_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd() const { return fd_; }
    int error() const { return error_; }

private:
    int fd_{-1};
    int error_{0};
};

}  // namespace

std::string mesh_socket_path(const std::string& dir, NodeIndex one, NodeIndex other) {
    const auto low = raw(one) < raw(other) ? raw(one) : raw(other);
    const auto high = raw(one) < raw(other) ? raw(other) : raw(one);
    return dir + "/v-" + std::to_string(low) + "-" + std::to_string(high) + ".sock";
}

SocketState probe_socket(const std::string& path) {
    const Connection connection(path);
    switch (connection.error()) {
        case 0:
            return SocketState::answers;
        case ECONNREFUSED:
            return SocketState::stale;
        case ENOENT:
        case ENAMETOOLONG:
            return SocketState::missing;
        case EACCES:
        case EPERM:
            return SocketState::forbidden;
        default:
            return SocketState::busy;
    }
}

bool owner_answers(const std::string& path, Nanos patience) {
    const Connection connection(path);
    if (connection.error() != 0) return false;
    constexpr std::uint32_t kGetFeatures = 1;
    constexpr std::uint32_t kVersion = 1;
    const std::array<std::uint32_t, 3> request{kGetFeatures, kVersion, 0};  // no payload
    if (send(connection.fd(), request.data(), sizeof request, MSG_NOSIGNAL) != sizeof request) {
        return false;
    }
    pollfd wait{connection.fd(), POLLIN, 0};
    const auto limit =
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(patience).count());
    if (poll(&wait, 1, limit) != 1) return false;
    std::array<std::byte, 20> answer;
    return recv(connection.fd(), answer.data(), answer.size(), MSG_DONTWAIT) > 0;
}

Result<void> prepare_mesh_dir(const std::string& dir) {
    if (dir.empty()) {
        return failure("device = \"vhost-mesh\" needs mesh_dir, the folder of the pair sockets",
                       "set mesh_dir to one folder for all daemons of this host");
    }
    const std::string longest =
        mesh_socket_path(dir, static_cast<NodeIndex>(998), static_cast<NodeIndex>(999));
    if (longest.size() >= sizeof(sockaddr_un::sun_path)) {
        return failure("mesh_dir \"" + dir + "\" is too long for a Unix socket",
                       "a socket's path has at most 107 bytes");
    }
    if (mkdir(dir.c_str(), 0770) != 0 && errno != EEXIST) {
        return failure("cannot make mesh_dir \"" + dir + "\": " + std::strerror(errno),
                       "make the folder, writable for the user that torcd runs as");
    }
    if (access(dir.c_str(), W_OK | X_OK) != 0) {
        return failure("cannot write in mesh_dir \"" + dir + "\": " + std::strerror(errno),
                       "make it writable for the user that torcd runs as");
    }
    return {};
}

Result<void> clear_socket(const std::string& path) {
    switch (probe_socket(path)) {
        case SocketState::missing:
            return {};
        case SocketState::stale:
            if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
            return failure("cannot remove the stale socket " + path + ": " + std::strerror(errno),
                           "remove it by hand");
        case SocketState::answers:
        case SocketState::busy:
            return failure("another process answers on " + path,
                           "is this daemon running already? else give each cluster its mesh_dir");
        case SocketState::forbidden:
            break;
    }
    return failure("no permission for " + path, "all daemons of a mesh run as one user or group");
}

}  // namespace torc::dataplane::dpdk
