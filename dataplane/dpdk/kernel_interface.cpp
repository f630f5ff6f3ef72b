// See kernel_interface.hpp.
#include "dataplane/dpdk/kernel_interface.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <unistd.h>

#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

namespace {

constexpr int kCapNetAdmin = 12;
constexpr int kCapNetRaw = 13;

std::uint64_t effective_capabilities() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word != "CapEff:") continue;
        status >> word;
        return std::strtoull(word.c_str(), nullptr, 16);
    }
    return 0;
}

Result<void> check_rights(const std::string& name) {
    const std::uint64_t capabilities = effective_capabilities();
    const bool raw = (capabilities >> kCapNetRaw & 1) != 0;
    const bool admin = (capabilities >> kCapNetAdmin & 1) != 0;
    if (raw && admin) return {};
    return failure("no permission to open interface " + name + " with DPDK: " +
                       (raw ? "" : "CAP_NET_RAW ") + (admin ? "" : "CAP_NET_ADMIN ") + "missing",
                   "run torcd as root, give it the capabilities (setcap "
                   "cap_net_raw,cap_net_admin+ep), or use port = \"udp\"");
}

}  // namespace

Result<void> check_interface(const std::string& name, std::uint32_t frame_bytes) {
    ifreq request{};
    if (name.empty() || name.size() >= sizeof request.ifr_name) {
        return failure("the device string names no interface (iface=NAME)",
                       "as in \"net_af_packet0,iface=eth0\"");
    }
    if (auto rights = check_rights(name); !rights) return rights;
    std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
    const int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return failure(std::string("socket: ") + std::strerror(errno));
    const bool exists = ioctl(probe, SIOCGIFFLAGS, &request) == 0;
    const bool is_up = exists && (request.ifr_flags & IFF_UP) != 0;
    int mtu = 0;
    if (exists && ioctl(probe, SIOCGIFMTU, &request) == 0) mtu = request.ifr_mtu;
    close(probe);
    if (!exists) {
        return failure("no network interface \"" + name + "\"", "`ip link` lists what there is");
    }
    if (!is_up) {
        return failure("network interface " + name + " is down", "ip link set " + name + " up");
    }
    const auto needed = static_cast<int>(frame_bytes + kIpUdpBytes);
    if (mtu < needed) {
        return failure("network interface " + name + " has MTU " + std::to_string(mtu) +
                           ", less than mtu = \"" + std::to_string(needed) + "B\" in [cluster]",
                       "ip link set " + name + " mtu " + std::to_string(needed) +
                           ", or lower mtu at every daemon, or set mtu = \"auto\"");
    }
    return {};
}

std::vector<int> packet_sockets() {
    std::vector<int> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const std::string name = entry.path().filename().string();
        int fd = -1;
        std::from_chars(name.data(), name.data() + name.size(), fd);
        int domain = 0;
        socklen_t length = sizeof domain;
        if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) continue;
        if (domain == AF_PACKET || domain == AF_XDP) found.push_back(fd);
    }
    return found;
}

}  // namespace torc::dataplane::dpdk
