// IPv4 addresses as text and as host-order numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace torc::config {

/// Dotted quad without leading zeros (which some readers take for octal). Total.
std::optional<std::uint32_t> parse_ipv4(std::string_view text);
std::string format_ipv4(std::uint32_t address);

/// An address that a daemon can have: not 0.x, not multicast or above.
constexpr bool is_unicast(std::uint32_t address) {
    return (address >> 24) != 0 && (address >> 28) < 0xE;
}
/// A group that a switch may confine: 224.0.0.x never leaves the link's control plane.
constexpr bool is_usable_group(std::uint32_t address) {
    return (address >> 28) == 0xE && (address >> 8) != 0xE00000;
}

}  // namespace torc::config
