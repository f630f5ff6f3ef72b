// Brings links of the vhost-user mesh up and back: attaches where the owner's socket answers, and
// when an owner dies, takes the device away from the ring core, closes it and attaches anew. The
// owner's half needs none of it: net_vhost serves a restarted peer by itself (data-plane.md 0.1).
#pragma once

#include <array>
#include <cstdint>

#include "base/limits.hpp"
#include "base/time.hpp"
#include "dataplane/dpdk/mesh_port.hpp"
#include "dataplane/dpdk/open_port.hpp"

namespace torc::dataplane::dpdk {

class MeshHealer final : public Healer {
public:
    /// Borrows the port, which must outlive it.
    MeshHealer(MeshPort& port, const MacAddress& own_mac, std::uint32_t frame_bytes,
               std::uint16_t descriptors)
        : port_(port), own_mac_(own_mac), frame_bytes_(frame_bytes), descriptors_(descriptors) {
        close_after_.fill(kNever);
    }

    /// **Threads**: the control thread, about every 20 ms. **Cost**: a system call a link; some
    /// milliseconds when a device is attached or removed; 20 ms a link whose owner is stopped.
    void step(Instant now) override;

    std::uint64_t attach_failures() const { return attach_failures_; }

    /// Devices that failed while they were started and could not be closed (device.hpp); from then
    /// on links are attached without interrupts, which can be closed.
    static constexpr unsigned kAbandonedMax = 8;

private:
    void attach(MeshLink& link, Instant now);
    void check(MeshLink& link);
    void close(MeshLink& link, Instant now);

    MeshPort& port_;
    MacAddress own_mac_;
    std::uint32_t frame_bytes_;
    std::uint16_t descriptors_;
    std::array<Instant, kNodesMax> attach_again_{};
    std::array<Instant, kNodesMax> close_after_;  ///< kNever until the device is stopped
    std::uint64_t attach_failures_{0};
    std::uint64_t attempts_{0};
    unsigned abandoned_{0};
};

}  // namespace torc::dataplane::dpdk
