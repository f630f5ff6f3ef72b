// See network_interface.hpp.
#include "dataplane/network_interface.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <ifaddrs.h>

#include "dataplane/fd.hpp"

namespace torc::dataplane {
namespace {

std::uint32_t ipv4_of(const sockaddr* address) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return ntohl(in.sin_addr.s_addr);
}

bool is_loopback(std::uint32_t address) { return address >> 24 == 127; }

}  // namespace

std::optional<NetworkInterface> interface_named(const std::string& name) {
    ifreq request{};
    if (name.empty() || name.size() >= sizeof request.ifr_name) return std::nullopt;
    std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
    const Fd probe(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (ioctl(probe.get(), SIOCGIFFLAGS, &request) != 0) return std::nullopt;
    NetworkInterface found{.name = name, .index = static_cast<int>(if_nametoindex(name.c_str()))};
    // `lo` says it has no multicast, yet it carries one sent with an explicit interface.
    found.multicast = (request.ifr_flags & (IFF_MULTICAST | IFF_LOOPBACK)) != 0;
    if (ioctl(probe.get(), SIOCGIFMTU, &request) == 0) found.mtu = request.ifr_mtu;
    return found;
}

std::vector<HostAddress> addresses_of_host() {
    std::vector<HostAddress> found;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return found;
    for (const ifaddrs* item = list; item != nullptr; item = item->ifa_next) {
        if (item->ifa_addr == nullptr || item->ifa_addr->sa_family != AF_INET) continue;
        found.push_back({ipv4_of(item->ifa_addr), item->ifa_name});
    }
    freeifaddrs(list);
    return found;
}

const HostAddress* find_address(const std::vector<HostAddress>& addresses, std::uint32_t address) {
    const auto at = std::find_if(addresses.begin(), addresses.end(), [&](const HostAddress& each) {
        return each.address == address || (is_loopback(each.address) && is_loopback(address));
    });
    return at == addresses.end() ? nullptr : &*at;
}

}  // namespace torc::dataplane
