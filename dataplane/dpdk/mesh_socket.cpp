// See mesh_socket.hpp.
#include "dataplane/dpdk/mesh_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace torc::dataplane::dpdk {

std::string mesh_socket_path(const std::string& dir, NodeIndex one, NodeIndex other) {
    const auto low = raw(one) < raw(other) ? raw(one) : raw(other);
    const auto high = raw(one) < raw(other) ? raw(other) : raw(one);
    return dir + "/v-" + std::to_string(low) + "-" + std::to_string(high) + ".sock";
}

SocketState probe_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return SocketState::missing;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return SocketState::busy;
    // The address of every kind of socket is passed as its common head: an API of C.
    const int result =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);  // NOLINT
    const int error = result == 0 ? 0 : errno;
    close(fd);
    switch (error) {
        case 0: return SocketState::answers;
        case ECONNREFUSED: return SocketState::stale;
        case ENOENT: return SocketState::missing;
        case EACCES:
        case EPERM: return SocketState::forbidden;
        default: return SocketState::busy;
    }
}

Result<void> prepare_mesh_dir(const std::string& dir) {
    if (dir.empty()) {
        return failure("device = \"vhost-mesh\" needs mesh_dir, the folder of the pair sockets",
                       "set mesh_dir to one folder for all daemons of this host");
    }
    const std::string longest = mesh_socket_path(dir, static_cast<NodeIndex>(998),
                                                 static_cast<NodeIndex>(999));
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
        case SocketState::missing: return {};
        case SocketState::stale:
            if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
            return failure("cannot remove the stale socket " + path + ": " +
                               std::strerror(errno),
                           "remove it by hand");
        case SocketState::answers:
        case SocketState::busy:
            return failure("another process answers on " + path,
                           "is this daemon running already? else give each cluster its mesh_dir");
        case SocketState::forbidden: break;
    }
    return failure("no permission for " + path, "all daemons of a mesh run as one user or group");
}

}  // namespace torc::dataplane::dpdk
