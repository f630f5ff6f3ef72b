// This host's network interfaces and addresses, as the kernel knows them.
//
// Threads: any; nothing is kept. Cost: some system calls; start-up only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torc::dataplane {

struct NetworkInterface {
    std::string name;
    int index{0};
    int mtu{0};             ///< bytes of an IP packet; 0: the kernel does not say
    bool multicast{false};  ///< carries multicasts, `lo` included
};

struct HostAddress {
    std::uint32_t address{0};  ///< IPv4, host byte order
    std::string interface;
};

/// Empty if there is none of that name.
std::optional<NetworkInterface> interface_named(const std::string& name);

std::vector<HostAddress> addresses_of_host();

/// The entry of `address`, or null. All of 127/8 is this host's without being listed.
const HostAddress* find_address(const std::vector<HostAddress>& addresses, std::uint32_t address);

}  // namespace torc::dataplane
