// The kernel-UDP port: no privileges, any network. Receives through io_uring where the kernel lets
// it, sends through sendmmsg with UDP segmentation.
//
// Measured (see bench/udp_port_rate.cpp for the command and the machine):
//   FIGURES
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "dataplane/frame_pool.hpp"
#include "dataplane/port.hpp"
#include "dataplane/source_filter.hpp"
#include "dataplane/udp_receiver.hpp"
#include "dataplane/udp_sender.hpp"
#include "dataplane/udp_sockets.hpp"

namespace torc::dataplane {

struct UdpOptions {
    enum class Receive : std::uint8_t { automatic, uring, mmsg };

    std::string interface{};              ///< empty: the one that has the node's address
    std::uint32_t frame_pool{16384};      ///< frames; at least kFramesMin
    Receive receive{Receive::automatic};  ///< automatic: io_uring, else recvmmsg
};

class UdpPort final : public Port {
public:
    /// Fewest frames a port runs with; enough for the posted ones and a few loans.
    static constexpr std::uint32_t kFramesMin = 32;

    /// Opens the sockets, the pool and the receive path for one node of the cluster.
    /// **Fails** with what is wrong and what the operator can do about it.
    /// **Threads**: any one; the thread that first calls `receive` owns the port from then on.
    static Result<std::unique_ptr<UdpPort>> open(const config::ClusterSettings& cluster,
                                                 NodeIndex node, const UdpOptions& options = {});

    std::size_t receive(std::span<FrameRef> frames) override { return receiver_->receive(frames); }
    void transmit(const wire::Transmit& transmit) override { sender_.transmit(transmit); }
    void flush() override { sender_.flush(); }
    FrameRef acquire() override { return pool_->acquire(); }
    void release(void* cookie) override { pool_->release(cookie); }
    std::size_t loans() const override;
    void maintain(Instant now) override;
    int wake_fd() const override { return receiver_->wake_fd(); }
    void arm_wake() override { receiver_->arm_wake(); }
    /// The descriptor wakes for every frame: the sleep needs no bound of the port's.
    Nanos sleep_max() const override { return Nanos::max(); }
    PortCounters counters() const override { return counters_; }
    std::string describe() const override;

    const UdpCounters& udp_counters() const { return udp_; }

private:
    UdpPort(const config::ClusterSettings& cluster, NodeIndex node, std::unique_ptr<FramePool> pool,
            UdpSockets sockets);

    Result<void> open_receiver(UdpOptions::Receive wanted);
    void count_missed();

    std::string title_;
    std::unique_ptr<FramePool> pool_;
    UdpSockets sockets_;
    SourceFilter filter_;
    PortCounters counters_;
    UdpCounters udp_;
    UdpSender sender_;
    std::unique_ptr<UdpReceiver> receiver_;
    std::string fallback_;  // why it is not io_uring
    Instant next_check_{};
    std::array<std::uint32_t, 4> missed_{};  // the kernel's drop counts at the last check
};

}  // namespace torc::dataplane
