// The kernel-UDP port: no privileges, any network. Receives through io_uring where the kernel lets
// it, sends through sendmmsg with UDP segmentation.
//
// Measured with `ninja -C BUILD bench/udp_port/udp_rate && bench/udp_port/udp_rate.sh BUILD`
// (multicast over a veth pair; 2-core Sapphire Rapids VM, Linux 6.18, box shared with builds, hence
// as frames a second of processor time; one of three runs that agreed within 30 %):
//
//                                         64 B        1400 B      8900 B
//   send, segmented (64-frame bursts)     2.9 M/s     1.8 M/s     0.92 M/s
//   send, one message a frame             0.90 M/s    0.74 M/s    0.57 M/s
//   receive io_uring, of segmented        0.95 M/s    1.1 M/s     0.41 M/s
//   receive recvmmsg, of segmented        1.0 M/s     1.0 M/s     0.41 M/s
//   receive io_uring, of single frames    0.53 M/s    0.46 M/s    0.22 M/s
//   receive recvmmsg, of single frames    0.49 M/s    0.42 M/s    0.20 M/s
//   a look at a quiet port: io_uring 14 ns (two loads a channel), recvmmsg 290 ns (one ppoll)
//
// So io_uring receives no faster, but a quiet pass costs nothing. For sending it would gain nothing
// either (data-plane.md B: 0.56 M/s against 0.57 with sendmmsg, zero-copy sends slower); cutting
// bursts in the kernel does, by a factor of two to three.
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

    std::string interface = {};           ///< empty: the one that has the node's address
    std::uint32_t frame_pool{16384};      ///< frames; at least kFramesMin
    Receive receive{Receive::automatic};  ///< automatic: io_uring, else recvmmsg
    bool segmented_send{true};            ///< false: one message a frame even where more could do
};

/// A dry pool loses nothing at once: frames wait in the socket. `rx_no_buffer` counts the episodes,
/// `rx_missed` what the sockets then could not hold.
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
