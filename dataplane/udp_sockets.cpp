// Finds the interface, binds, joins, sets options; turns each errno into words an operator can use.
#include "dataplane/udp_sockets.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <optional>
#include <sys/socket.h>
#include <thread>

#include <poll.h>

#include "config/mtu.hpp"
#include "dataplane/network_interface.hpp"

namespace torc::dataplane {
namespace {

// A killed daemon's io_uring is torn down after its process is gone, and holds the sockets so long.
constexpr std::chrono::milliseconds kBindPatience{500};
constexpr std::chrono::milliseconds kBindPause{10};

struct HostAddresses {
    std::optional<NetworkInterface> home;  // the interface that the node's address belongs to
    bool has_peers{false};                 // other nodes' addresses are on this host as well
};

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = htonl(address);
    result.sin_port = htons(port);
    return result;
}

template <typename T>
bool set_option(int fd, int level, int name, const T& value) {
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

HostAddresses look_at_host(std::uint32_t own, const std::vector<config::NodeEntry>& nodes) {
    HostAddresses result;
    const std::vector<HostAddress> addresses = addresses_of_host();
    if (const HostAddress* const home = find_address(addresses, own); home != nullptr) {
        result.home = interface_named(home->interface);
    }
    for (const config::NodeEntry& node : nodes) {
        const bool is_peer =
            node.address != own && find_address(addresses, node.address) != nullptr;
        result.has_peers = result.has_peers || is_peer;
    }
    return result;
}

std::string endpoint_text(std::uint32_t address, std::uint16_t port) {
    return address_text(address) + ":" + std::to_string(port);
}

tl::unexpected<Error> bind_failure(std::uint32_t address, std::uint16_t port, int error) {
    const std::string what =
        "cannot bind UDP " + endpoint_text(address, port) + ": " + std::strerror(error);
    switch (error) {
        case EADDRNOTAVAIL:
            return failure(what,
                           "this host does not have the address: check which node this is, "
                           "or add it with `ip address add`");
        case EADDRINUSE:
            return failure(what,
                           "another program has the port, perhaps a second daemon of the "
                           "same node: stop it, or set another data_port in the cluster");
        case EACCES:
        case EPERM:
            return failure(what,
                           "ports below 1024 need CAP_NET_BIND_SERVICE: set data_port to "
                           "1024 or more");
        default:
            return failure(what);
    }
}

Result<Fd> bound_socket(std::uint32_t address, std::uint16_t port, bool shared) {
    Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
        return failure(std::string("cannot make a UDP socket: ") + std::strerror(errno),
                       "raise the limit of open files, or allow sockets in the sandbox");
    }
    // Only the group is shared. Two sockets on a node's own address would silently split its
    // traffic, so there a second daemon must fail.
    if (shared) set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    const sockaddr_in where = socket_address(address, port);
    const auto give_up = std::chrono::steady_clock::now() + kBindPatience;
    while (bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        const int error = errno;
        if (error != EADDRINUSE || std::chrono::steady_clock::now() >= give_up) {
            return bind_failure(address, port, error);
        }
        std::this_thread::sleep_for(kBindPause);  // tidy: allow sleep: bounded, at start-up only
    }
    return fd;
}

int grow_buffer(int fd, int forced, int plain) {
    if (!set_option(fd, SOL_SOCKET, forced, kSocketBytes)) {
        set_option(fd, SOL_SOCKET, plain, kSocketBytes);
    }
    int granted = 0;
    socklen_t size = sizeof granted;
    getsockopt(fd, SOL_SOCKET, plain, &granted, &size);
    return granted / 2;  // the kernel doubles the figure for its own book-keeping
}

/// Our own multicasts come back where daemons share a host; the kernel drops them before they cost
/// a buffer. Without the filter (refused by a sandbox) the receiver drops them by their source.
void drop_own_multicasts(int fd, std::uint32_t own) {
    std::array<sock_filter, 4> code{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(SKF_NET_OFF + 12)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, own},
        {BPF_RET | BPF_K, 0, 0, 0},
        {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF},
    }};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, program);
}

struct Plan {
    std::uint32_t own;
    std::uint32_t group;
    bool multicast;
    std::uint32_t frame_bytes;
    NetworkInterface home;
};

Result<Fd> joined_socket(const Plan& plan, std::uint16_t port, bool loops) {
    Result<Fd> fd = bound_socket(plan.group, port, true);
    if (!fd) return fd;
    ip_mreqn membership{};
    membership.imr_multiaddr.s_addr = htonl(plan.group);
    membership.imr_ifindex = plan.home.index;
    if (!set_option(fd->get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, membership)) {
        return failure("cannot join multicast group " + address_text(plan.group) + " on " +
                           plan.home.name + ": " + std::strerror(errno),
                       "check the group (224.0.0.0/4) and the limit net.ipv4.igmp_max_memberships, "
                       "or set dissemination = \"unicast\" in the cluster");
    }
    // Only the interface of the ring: without this a membership of another program on another
    // interface would bring its frames here.
    set_option(fd->get(), IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (loops) drop_own_multicasts(fd->get(), plan.own);
    return fd;
}

bool prepare_sender(int fd, const Plan& plan, UdpSockets& result) {
    ip_mreqn way{};
    way.imr_ifindex = plan.home.index;
    way.imr_address.s_addr = htonl(plan.own);
    if (plan.multicast && !set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, way)) return false;
    set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, result.loops ? 1 : 0);
    set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1);  // a ring is one segment
    // PROBE sets DF and ignores what ICMP claims about the path, which anybody could forge.
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER,
               result.whole_frames ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
    result.segments = result.whole_frames && set_option(fd, SOL_UDP, UDP_SEGMENT, 0);
    return true;
}

Result<UdpChannelSockets> open_channel(const Plan& plan, std::uint16_t port, UdpSockets& result) {
    UdpChannelSockets channel;
    channel.port = port;
    Result<Fd> unicast = bound_socket(plan.own, port, false);
    if (!unicast) return tl::unexpected<Error>(unicast.error());
    channel.unicast = std::move(*unicast);
    if (!prepare_sender(channel.unicast.get(), plan, result)) {
        return failure("cannot send multicasts on " + plan.home.name + ": " + std::strerror(errno),
                       "set `interface` of the node to the ring's network interface");
    }
    if (plan.multicast) {
        Result<Fd> multicast = joined_socket(plan, port, result.loops);
        if (!multicast) return tl::unexpected<Error>(multicast.error());
        channel.multicast = std::move(*multicast);
        grow_buffer(channel.multicast.get(), SO_RCVBUFFORCE, SO_RCVBUF);
    }
    result.rcvbuf = grow_buffer(channel.unicast.get(), SO_RCVBUFFORCE, SO_RCVBUF);
    result.sndbuf = grow_buffer(channel.unicast.get(), SO_SNDBUFFORCE, SO_SNDBUF);
    return channel;
}

Result<NetworkInterface> find_interface(const HostAddresses& host, const std::string& wanted,
                                        std::uint32_t own) {
    if (wanted.empty()) {
        if (host.home) return *host.home;
        return bind_failure(own, 0, EADDRNOTAVAIL);
    }
    if (const auto named = interface_named(wanted)) return *named;
    return failure("no network interface \"" + wanted + "\"",
                   "`ip link` lists them; leave `interface` empty to follow the address");
}

Result<Plan> make_plan(const config::ClusterSettings& cluster, NodeIndex node,
                       const HostAddresses& host, const std::string& interface) {
    const std::uint32_t own = cluster.nodes[raw(node)].address;
    Result<NetworkInterface> home = find_interface(host, interface, own);
    if (!home) return tl::unexpected<Error>(home.error());
    const bool multicast = cluster.dissemination == config::Dissemination::multicast;
    if (multicast && !home->multicast) {
        return failure("interface " + home->name + " cannot do multicast",
                       "set dissemination = \"unicast\" in the cluster, or another `interface`");
    }
    return Plan{own, cluster.multicast_group, multicast, cluster.frame_bytes, std::move(*home)};
}

}  // namespace

std::string address_text(std::uint32_t address) {
    return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 0xFF) + "." +
           std::to_string(address >> 8 & 0xFF) + "." + std::to_string(address & 0xFF);
}

Result<UdpSockets> open_udp_sockets(const config::ClusterSettings& cluster, NodeIndex node,
                                    const std::string& interface) {
    if (raw(node) >= cluster.nodes.size()) {
        return failure("node " + std::to_string(raw(node)) + " is not in the cluster",
                       "the cluster file lists " + std::to_string(cluster.nodes.size()) + " nodes");
    }
    if (cluster.dissemination == config::Dissemination::mesh) {
        return failure("the udp port cannot do dissemination = \"mesh\"",
                       "use port = \"dpdk\" with device = \"vhost-mesh\", or multicast or unicast");
    }
    if (cluster.data_port == 0 || cluster.data_port == 0xFFFF) {
        return failure("data_port " + std::to_string(cluster.data_port) + " is out of range",
                       "tokens use data_port + 1: set 1024 to 65534");
    }
    const HostAddresses host = look_at_host(cluster.nodes[raw(node)].address, cluster.nodes);
    Result<Plan> plan = make_plan(cluster, node, host, interface);
    if (!plan) return tl::unexpected<Error>(plan.error());
    UdpSockets result;
    result.interface = plan->home.name;
    result.mtu = plan->home.mtu;
    result.loops = host.has_peers;
    result.whole_frames =
        static_cast<int>(cluster.frame_bytes + config::kIpUdpBytes) <= plan->home.mtu;
    Result<UdpChannelSockets> data = open_channel(*plan, cluster.data_port, result);
    if (!data) return tl::unexpected<Error>(data.error());
    const auto control_port = static_cast<std::uint16_t>(cluster.data_port + 1);
    Result<UdpChannelSockets> control = open_channel(*plan, control_port, result);
    if (!control) return tl::unexpected<Error>(control.error());
    result.data = std::move(*data);
    result.control = std::move(*control);
    return result;
}

bool multicast_supported(std::uint32_t address, std::uint32_t group) {
    const HostAddresses host = look_at_host(address, {});
    if (!host.home || !host.home->multicast) return false;
    const Plan plan{address, group, true, 0, *host.home};
    Result<Fd> receiver = joined_socket(plan, 0, false);  // port 0: any free one
    Result<Fd> sender = bound_socket(address, 0, false);
    if (!receiver || !sender) return false;
    sockaddr_in where{};
    socklen_t size = sizeof where;
    auto* generic = reinterpret_cast<sockaddr*>(&where);
    if (getsockname(receiver->get(), generic, &size) != 0) return false;
    UdpSockets options;
    options.loops = true;
    if (!prepare_sender(sender->get(), plan, options)) return false;
    if (sendto(sender->get(), "torc", 4, 0, generic, size) != 4) return false;
    pollfd waiting{.fd = receiver->get(), .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, 100) == 1;
}

}  // namespace torc::dataplane
