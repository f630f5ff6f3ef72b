// One DPDK Ethernet device from "probed" to "running" and back: one queue each way, and every
// decision that its capabilities force, kept as facts for start-up to print.
#pragma once

#include <cstdint>
#include <rte_mempool.h>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dataplane/dpdk/device_string.hpp"
#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

struct DeviceRequest {
    std::uint16_t port{0};
    rte_mempool* pool{nullptr};
    std::uint32_t frame_bytes{0};
    std::uint16_t receive_descriptors{0};
    std::uint16_t transmit_descriptors{0};
    std::uint32_t group{0};  ///< 0: no multicast filter to set
    /// net_af_packet: the interface's MTU, checked before, is the limit; the driver claims 1518
    /// bytes whatever its slots hold.
    bool ignore_driver_limit{false};
    bool offload_checksum{false};
    bool receive_interrupt{false};  ///< try it; the facts tell whether it worked
};

enum class MulticastFilter : std::uint8_t { none, filter, all_multicast, promiscuous };
const char* to_text(MulticastFilter filter);

struct DeviceFacts {
    std::string name;
    std::string driver;
    MacAddress mac;
    std::uint16_t receive_descriptors{0};
    std::uint16_t transmit_descriptors{0};
    MulticastFilter multicast{MulticastFilter::none};
    bool transmit_checksum{false};  ///< the device completes UDP checksums
    bool receive_checksum{false};   ///< the device verifies them
    bool receive_interrupt{false};
    std::uint32_t mtu{0};
};

/// Makes a device known to DPDK (hot-plug), so that a failure is a value here. A PCI device, and
/// one that the operator put among the EAL arguments, is there already.
/// Gives: its port. Fails: no such device, driver or right.
Result<std::uint16_t> probe_device(const DeviceString& device);
/// Stops a device; it must have no user left.
void stop_device(std::uint16_t port);
/// Closes a stopped device and forgets it.
void close_device(std::uint16_t port);
/// On a lost peer virtio_user leaves work to an alarm of the EAL's interrupt thread and does not
/// cancel it at close (DPDK 22.11): between stop and close this long must pass, so that the alarm,
/// due after a microsecond, has run before the device's memory goes.
inline constexpr Nanos kSettle{std::chrono::milliseconds{100}};
/// Lets that time pass; for a port that closes, when nothing else is left to do.
void settle();

/// Configures queues and filters and starts the device.
/// Fails: frames above what it can carry, no memory, a refusal of the driver; it is stopped then.
/// A virtio_user that failed here with `receive_interrupt` must not be closed: DPDK 22.11 leaves
/// its interrupt handler behind, which then runs on freed memory.
Result<DeviceFacts> start_device(const DeviceRequest& request);

/// True if the other side is there. Cheap for most drivers; virtio_user asks its socket.
bool link_is_up(std::uint16_t port);

}  // namespace torc::dataplane::dpdk
