// Facts about a kernel network interface and this process' rights on it, looked at before a driver
// fails on them with less to say. Only for net_af_packet and net_af_xdp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace torc::dataplane::dpdk {

/// Fails, naming the remedy: no such interface, it is down, its MTU is below what `frame_bytes`
/// needs, or the process lacks CAP_NET_RAW or CAP_NET_ADMIN.
Result<void> check_interface(const std::string& name, std::uint32_t frame_bytes);

/// Descriptors of this process that are AF_PACKET or AF_XDP sockets. The drivers do not tell
/// theirs, and `poll` on it is the only way to sleep until a frame comes (data-plane.md A.1).
std::vector<int> packet_sockets();

}  // namespace torc::dataplane::dpdk
