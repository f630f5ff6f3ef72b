// One port: how frames leave and reach this daemon. Called once per burst, never per packet, so an
// ordinary virtual call is cheap enough here. Implementations: dpdk_port, udp_port.
//
// Threads: everything but `wake_fd` and `describe` belongs to the ring core.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/frame_ref.hpp"
#include "base/time.hpp"
#include "wire/frame_io.hpp"

namespace torc::dataplane {

struct PortCounters {
    std::uint64_t rx_frames{0};
    std::uint64_t rx_bytes{0};
    std::uint64_t rx_rejected{0};   ///< not ours: wrong ether type, address, port, length or source
    std::uint64_t rx_no_buffer{0};  ///< lost because the pool was dry
    std::uint64_t rx_missed{0};     ///< lost in the queue before us (socket, NIC): read too late
    std::uint64_t tx_frames{0};
    std::uint64_t tx_bytes{0};
    std::uint64_t tx_dropped{0};  ///< queue still full after the bounded retry
    bool is_lossy{false};         ///< a LossyPort is in front; the rest is its
    std::uint64_t lossy_lost{0};  ///< received and lost on purpose
    std::uint64_t lossy_duplicated{0};
    std::uint64_t lossy_delayed{0};
};

class Port {
public:
    virtual ~Port() = default;

    /// Takes up to `frames.size()` received frames: UDP payloads of our two ports, from a source
    /// address of the cluster, our own multicasts already left out. Each is a loan (see
    /// wire/frame_io.hpp). Token and control frames come before data of the same poll.
    /// Gives: how many. Cost: no system call on DPDK; at most one on UDP when nothing is pending.
    virtual std::size_t receive(std::span<FrameRef> frames) = 0;

    /// Queues one frame. Takes a reference; see FrameIo::transmit.
    virtual void transmit(const wire::Transmit& transmit) = 0;

    /// Puts everything queued on the wire: bounded retry, then counted drop.
    virtual void flush() = 0;

    /// Lends a writable frame of the cluster's frame_bytes, or an empty one when the pool is dry.
    virtual FrameRef acquire() = 0;
    virtual void release(void* cookie) = 0;
    /// Loans outstanding; 0 after a clean stop.
    virtual std::size_t loans() const = 0;

    /// Housekeeping off the hot path, about every millisecond: ARP, IGMP, link state, port swaps.
    virtual void maintain(Instant now) = 0;

    /// A descriptor that polls readable when frames may be waiting, or -1 if this port cannot wake
    /// a sleeper (the loop then bounds its sleep to `sleep_max`).
    virtual int wake_fd() const = 0;
    /// Arms the wake source; the caller must look at `receive` once more before it sleeps.
    virtual void arm_wake() = 0;
    virtual Nanos sleep_max() const = 0;

    virtual PortCounters counters() const = 0;
    /// What the port can and cannot do and what was chosen, one fact a line, for start-up.
    virtual std::string describe() const = 0;
};

}  // namespace torc::dataplane
