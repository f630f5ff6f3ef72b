#include "tools/torc/control.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

#include "client_shm/layout.hpp"
#include "dataplane/fd.hpp"
#include "torc/torc.h"

namespace torc::tool {
namespace {

using client_shm::ControlReply;
using client_shm::ControlRequest;

constexpr timeval kPatience{5, 0};

tl::unexpected<Error> system_failure(const std::string& path) {
    return failure(path + ": " + std::strerror(errno), "is torcd running, and is it yours?");
}

Result<dataplane::Fd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return failure(path + ": too long for a socket");
    std::copy(path.begin(), path.end(), address.sun_path);
    dataplane::Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure(path);
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    if (connect(fd.get(), generic, sizeof address) != 0) return system_failure(path);
    return fd;
}

Result<void> judge(client_shm::Reason result, const std::string& session) {
    using client_shm::Reason;
    if (result == Reason::none) return {};
    if (result == Reason::bad_name) {
        return failure("no session is named '" + session + "' there", "see torc status");
    }
    if (result == Reason::permission) {
        return failure("only root and the daemon's own user may do that");
    }
    return failure(torc_strerror(static_cast<int>(result)));
}

}  // namespace

Result<void> disconnect_session(const std::string& socket_path, const std::string& session) {
    ControlRequest request{};
    request.magic = client_shm::kControlMagic;
    request.version = client_shm::kLayoutVersion;
    if (session.empty() || session.size() > sizeof request.name) {
        return failure("'" + session + "' cannot be a session's name", "see torc status");
    }
    request.name_size = static_cast<std::uint8_t>(session.size());
    std::copy(session.begin(), session.end(), request.name);

    Result<dataplane::Fd> fd = connect_to(socket_path);
    if (!fd) return tl::unexpected(fd.error());
    if (send(fd->get(), &request, sizeof request, MSG_NOSIGNAL) != sizeof request) {
        return system_failure(socket_path);
    }
    ControlReply reply{};
    const ssize_t size = recv(fd->get(), &reply, sizeof reply, 0);
    if (size < 0) return system_failure(socket_path);
    if (size != sizeof reply || reply.magic != client_shm::kControlMagic) {
        return failure(socket_path + ": what answers there is no torcd of this version");
    }
    return judge(reply.result, session);
}

}  // namespace torc::tool
