// From settings to a running DPDK port: the composition root of this folder, used by the daemon.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "dataplane/port.hpp"

// This header names nothing of DPDK, so that the daemon is built without its headers and flags.
namespace torc::dataplane::dpdk {

/// Work on the port that is too slow for the ring core; see mesh_healer.hpp.
class Healer {
public:
    virtual ~Healer() = default;
    /// **Threads**: the control thread, about every 20 ms.
    virtual void step(Instant now) = 0;
};

struct OpenedPort {
    std::unique_ptr<Port> port;
    /// Null but for "vhost-mesh". Goes before the port, after the ring core has stopped.
    std::unique_ptr<Healer> healer;
};

/// The largest IP packet of `node.device`, before the EAL starts: its kernel interface's MTU, or on
/// "vhost-mesh", where nothing bounds it, the largest that Torc uses.
/// Fails, with a remedy: no such interface, or a device that only the EAL can ask.
Result<std::uint32_t> device_mtu(const config::NodeSettings& node);

/// Starts the EAL and opens `node.device` for `node.node` of the cluster.
/// Takes checked settings. Fails, with a remedy: unknown node or device, device or interface
/// missing, no right, no memory, frame_pool too small, frames too large for the device.
/// Threads: the control thread, once a process, before the ring core starts.
/// Cost: 0.2 to 1 s, and the memory of frame_pool.
Result<OpenedPort> open_port(const config::ClusterSettings& cluster,
                             const config::NodeSettings& node);

}  // namespace torc::dataplane::dpdk
