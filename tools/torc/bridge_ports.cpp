#include "tools/torc/bridge_ports.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

#include <fcntl.h>
#include <sched.h>

namespace torc::tool {
namespace {

/// RTM_SETLINK with the one attribute IFLA_MASTER.
struct SetMaster {
    nlmsghdr head{};
    ifinfomsg link{};
    rtattr attribute{};
    unsigned master{0};
};

struct Answer {
    nlmsghdr head{};
    nlmsgerr error{};
};

std::runtime_error failed(const std::string& what, int error) {
    return std::runtime_error(what + ": " + std::strerror(error));
}

unsigned index_of(const std::string& interface) {
    const unsigned index = ::if_nametoindex(interface.c_str());
    if (index == 0) throw failed("no interface " + interface, errno);
    return index;
}

}  // namespace

BridgePorts::BridgePorts(const std::string& space, const std::string& bridge,
                         const std::vector<std::string>& ports) {
    // A socket belongs to the namespace that it was made in; so a thread goes there and ends.
    std::exception_ptr failure;
    std::thread visitor([&] {
        try {
            open(space, bridge, ports);
        } catch (...) {
            failure = std::current_exception();
        }
    });
    visitor.join();
    if (failure) std::rethrow_exception(failure);
}

void BridgePorts::open(const std::string& space, const std::string& bridge,
                       const std::vector<std::string>& ports) {
    if (!space.empty()) {
        const std::string path = "/var/run/netns/" + space;
        const dataplane::Fd door(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!door || ::setns(door.get(), CLONE_NEWNET) != 0) {
            throw failed("cannot enter network namespace " + space, errno);
        }
    }
    socket_ = dataplane::Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket_) throw failed("no netlink socket", errno);
    bridge_ = index_of(bridge);
    for (const std::string& port : ports) ports_.push_back(index_of(port));
}

void BridgePorts::set_master(std::size_t port, unsigned master) const {
    SetMaster request;
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = RTM_SETLINK;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.link.ifi_family = AF_UNSPEC;
    request.link.ifi_index = static_cast<int>(ports_.at(port));
    request.attribute.rta_type = IFLA_MASTER;
    request.attribute.rta_len = sizeof request.attribute + sizeof request.master;
    request.master = master;
    if (::send(socket_.get(), &request, sizeof request, 0) < 0) throw failed("netlink", errno);
    Answer answer;
    const ssize_t length = ::recv(socket_.get(), &answer, sizeof answer, 0);
    if (length < static_cast<ssize_t>(sizeof answer) || answer.head.nlmsg_type != NLMSG_ERROR) {
        throw std::runtime_error("netlink gave no answer");
    }
    if (answer.error.error != 0) throw failed("cannot change the bridge", -answer.error.error);
}

}  // namespace torc::tool
