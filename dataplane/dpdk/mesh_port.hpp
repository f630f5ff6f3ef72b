// The DPDK port between daemons of one host: a vhost-user link to each other daemon, no kernel in
// the path. Frames carry the same headers as on a wire; a multicast is one buffer on all links.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "dataplane/dpdk/device.hpp"
#include "dataplane/dpdk/intake.hpp"
#include "dataplane/dpdk/mbuf_pool.hpp"
#include "dataplane/dpdk/mesh_link.hpp"
#include "dataplane/dpdk/peer_table.hpp"
#include "dataplane/dpdk/rx_wake.hpp"
#include "dataplane/dpdk/tx_buffer.hpp"
#include "dataplane/port.hpp"

namespace torc::dataplane::dpdk {

class MeshPort final : public Port {
public:
    struct Parts {
        std::vector<std::unique_ptr<MeshLink>> links;  ///< one a peer, owners' already offered
        std::unique_ptr<MbufPool> pool;
        std::uint16_t descriptors{0};  ///< of each link and direction
        std::string memory;
        std::string folder;
    };

    MeshPort(const config::ClusterSettings& cluster, NodeIndex self, Parts parts);
    /// The healer and the ring core have stopped by now.
    ~MeshPort() override;
    MeshPort(const MeshPort&) = delete;
    MeshPort& operator=(const MeshPort&) = delete;

    std::size_t receive(std::span<FrameRef> frames) override;
    void transmit(const wire::Transmit& transmit) override;
    void flush() override;
    FrameRef acquire() override { return parts_.pool->acquire(); }
    void release(void* cookie) override { parts_.pool->release(cookie); }
    std::size_t loans() const override { return parts_.pool->loans(); }
    /// Takes offered links and lets leaving ones go, besides looking at link states.
    void maintain(Instant now) override;
    int wake_fd() const override { return epoll_; }
    void arm_wake() override;
    Nanos sleep_max() const override;
    PortCounters counters() const override;
    std::string describe() const override;

    /// Frames that met a link without a peer: what a multicast to a daemon that is down costs.
    std::uint64_t frames_to_absent_peers() const { return to_absent_; }
    std::string detail() const;
    const MbufPool& pool() const { return *parts_.pool; }
    std::span<const std::unique_ptr<MeshLink>> links() const { return parts_.links; }

private:
    /// The ring core's half of a link.
    struct Lane {
        MeshLink* link{nullptr};
        bool in_use{false};
        bool is_up{false};
        std::uint64_t no_buffer{0};  ///< of this device
        TxBuffer transmit_buffer;
        RxWake wake;
    };

    void take(Lane& lane);
    void let_go(Lane& lane);
    void look_at(Lane& lane);
    void read_statistics();
    void watch(Lane& lane);
    void empty_bell();
    void unwatch(Lane& lane);
    void push(Lane& lane, rte_mbuf* mbuf);
    void flush(Lane& lane);
    void poll(Lane& lane);

    std::uint32_t group_;
    std::uint16_t data_port_;
    Parts parts_;
    PeerTable peers_;
    Intake intake_;
    std::vector<Lane> lanes_;
    std::array<std::uint8_t, kNodesMax> lane_of_{};
    std::size_t first_lane_{0};
    int epoll_;
    bool armed_{false};     ///< a sleep was prepared and no frame came since
    bool all_wake_{false};  ///< every link that is up can wake us
    PortCounters sent_;
    std::uint64_t to_absent_{0};
    std::uint64_t tx_no_buffer_{0};
    Instant statistics_at_{};
    std::uint64_t no_buffer_before_{0};  ///< of devices that are closed
};

}  // namespace torc::dataplane::dpdk
