// One point-to-point link of the vhost-user mesh, as both threads see it: who may touch the device
// is written in `phase`, and only the owner of a phase leaves it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/ids.hpp"

namespace torc::dataplane::dpdk {

/// absent -> offered -> active -> leaving -> released -> absent. The ring core leaves `offered` and
/// `leaving` (in maintain(), between two bursts); the healer leaves the others. So a device is
/// closed only after the ring core has said that it will not touch it again.
enum class LinkPhase : std::uint8_t {
    absent,    ///< healer: there is no device
    offered,   ///< ring core: a started device waits to be taken
    active,    ///< ring core uses the device; healer may ask for it
    leaving,   ///< ring core: let go
    released,  ///< healer: close it
};

/// Which half of vhost-user this daemon has.
enum class LinkRole : std::uint8_t {
    owner,     ///< lower index: owns the socket (net_vhost), serves a restarted peer by itself
    attacher,  ///< higher index: attaches (net_virtio_user), attaches again when the owner is back
};

struct MeshLink {
    NodeIndex peer{kNoNode};
    LinkRole role{LinkRole::owner};
    std::string socket;
    /// Written by the healer while the phase is absent; read by the ring core from offered on.
    std::uint16_t port{0};
    std::atomic<LinkPhase> phase{LinkPhase::absent};
    /// The other side is there. The owner's half is looked at by the ring core, the attacher's
    /// (a system call) by the healer.
    std::atomic<bool> is_up{false};
    std::atomic<std::uint64_t> attachments{0};  ///< how often a device was started
};

}  // namespace torc::dataplane::dpdk
