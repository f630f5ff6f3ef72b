// The DPDK port on one Ethernet device of any driver: a NIC by PCI address, or a virtual device on
// a kernel interface. No kernel stands behind it, so it answers ARP and tells IGMP itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "dataplane/dpdk/device.hpp"
#include "dataplane/dpdk/intake.hpp"
#include "dataplane/dpdk/mbuf_pool.hpp"
#include "dataplane/dpdk/neighbourhood.hpp"
#include "dataplane/dpdk/peer_table.hpp"
#include "dataplane/dpdk/rx_wake.hpp"
#include "dataplane/dpdk/tx_buffer.hpp"
#include "dataplane/port.hpp"

namespace torc::dataplane::dpdk {

class EtherPort final : public Port {
public:
    struct Parts {
        std::uint16_t port{0};
        DeviceFacts facts;
        std::unique_ptr<MbufPool> pool;
        int wake_socket{-1};  ///< the driver's packet socket, if it has one
        RxChecksum unverified{RxChecksum::verify};
        std::string memory;  ///< how the EAL got its memory, for describe()
        std::string device;  ///< as completed
    };

    /// Takes a started device and its pool; closes both when it goes.
    EtherPort(const config::ClusterSettings& cluster, NodeIndex self, Parts parts);
    ~EtherPort() override;
    EtherPort(const EtherPort&) = delete;
    EtherPort& operator=(const EtherPort&) = delete;

    std::size_t receive(std::span<FrameRef> frames) override;
    void transmit(const wire::Transmit& transmit) override;
    void flush() override;
    FrameRef acquire() override { return parts_.pool->acquire(); }
    void release(void* cookie) override { parts_.pool->release(cookie); }
    std::size_t loans() const override { return parts_.pool->loans(); }
    void maintain(Instant now) override;
    int wake_fd() const override;
    void arm_wake() override;
    Nanos sleep_max() const override;
    PortCounters counters() const override;
    std::string describe() const override;

    /// For operators and tests: refusals by reason, ARP and IGMP, copies. Ring core only.
    std::string detail() const;
    const MbufPool& pool() const { return *parts_.pool; }

private:
    void send_to(const wire::Transmit& transmit, NodeIndex peer, std::uint64_t payload_sum);
    void send(const FrameRef& frame, const UdpPath& path, std::uint64_t payload_sum);
    void push(rte_mbuf* mbuf);
    void send_link_frames();

    config::Dissemination dissemination_;
    std::uint32_t group_;
    std::uint16_t data_port_;
    Parts parts_;
    PeerTable peers_;
    Neighbourhood neighbourhood_;
    Intake intake_;
    TxBuffer transmit_buffer_;
    RxWake wake_;
    PortCounters sent_;  ///< only its tx half
    Instant statistics_at_{};
    std::uint64_t no_buffer_{0};
    std::uint64_t tx_no_buffer_{0};
};

}  // namespace torc::dataplane::dpdk
