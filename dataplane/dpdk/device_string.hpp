// The operator's `device` setting taken apart: a PCI address or a virtual device with arguments,
// with what we know better filled in. Pure text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace torc::dataplane::dpdk {

inline constexpr std::string_view kVhostMesh = "vhost-mesh";

enum class DeviceBus : std::uint8_t { pci, vdev };

struct DeviceString {
    DeviceBus bus{DeviceBus::vdev};
    std::string name;       ///< "0000:3b:00.0", "net_af_packet0"
    std::string arguments;  ///< after the first comma, as given

    bool is_driver(std::string_view driver) const { return name.starts_with(driver); }
    /// Value of `key=` among the arguments.
    std::optional<std::string> argument(std::string_view key) const;
    std::string to_text() const;
};

/// Fails: empty, or a name that is neither a PCI address nor a virtual device ("net_...",
/// "eth_..." are what DPDK knows).
Result<DeviceString> parse_device(std::string_view text);

/// Adds the ring geometry that frames of `frame_bytes` need on net_af_packet, unless the operator
/// gave his own. Slots are multiples of 2048 and sixteen make a block: the two sizes that were
/// measured (2048/32768 and 10240/163840; data-plane.md A.1) come out of it.
DeviceString complete_af_packet(DeviceString device, std::uint32_t frame_bytes);
/// Bytes of one slot of the completed device; what a buffer must be able to hold.
std::uint32_t af_packet_slot_bytes(const DeviceString& device);

}  // namespace torc::dataplane::dpdk
