// Operators count in MTUs, the core in UDP payloads.
#pragma once

#include <cstdint>

namespace torc::config {

/// IPv4 and UDP headers: the difference between an MTU and frame_bytes.
inline constexpr std::uint32_t kIpUdpBytes = 28;

/// frame_bytes of `mtu = "auto"`. No port and no engine is made before the daemon has settled it
/// (daemon/machine.hpp).
inline constexpr std::uint32_t kFrameBytesAuto = 0;

}  // namespace torc::config
