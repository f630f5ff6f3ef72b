// Puts sockets, pool, sender and a way to receive together, and says what it became.
#include "dataplane/udp_port.hpp"

#include <array>
#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace torc::dataplane {
namespace {

constexpr Nanos kCheckInterval = std::chrono::milliseconds(100);

const char* text(config::Dissemination dissemination) {
    return dissemination == config::Dissemination::multicast ? "multicast" : "unicast";
}

}  // namespace

Result<std::unique_ptr<UdpPort>> UdpPort::open(const config::ClusterSettings& cluster,
                                               NodeIndex node, const UdpOptions& options) {
    if (options.frame_pool < kFramesMin) {
        return failure("frame_pool = " + std::to_string(options.frame_pool) + " is too small",
                       "give the port at least " + std::to_string(kFramesMin) + " frames");
    }
    Result<UdpSockets> sockets = open_udp_sockets(cluster, node, options.interface);
    if (!sockets) return tl::unexpected<Error>(sockets.error());
    sockets->segments = sockets->segments && options.segmented_send;
    Result<std::unique_ptr<FramePool>> pool =
        FramePool::open(options.frame_pool, cluster.frame_bytes);
    if (!pool) return tl::unexpected<Error>(pool.error());
    std::unique_ptr<UdpPort> port(
        new UdpPort(cluster, node, std::move(*pool), std::move(*sockets)));
    if (Result<void> opened = port->open_receiver(options.receive); !opened) {
        return tl::unexpected<Error>(opened.error());
    }
    return port;
}

UdpPort::UdpPort(const config::ClusterSettings& cluster, NodeIndex node,
                 std::unique_ptr<FramePool> pool, UdpSockets sockets)
    : title_("port: kernel UDP, " + address_text(cluster.nodes[raw(node)].address) + " ports " +
             std::to_string(cluster.data_port) + " and " + std::to_string(cluster.data_port + 1) +
             "\ndissemination: " + text(cluster.dissemination) +
             (cluster.dissemination == config::Dissemination::multicast
                  ? " to " + address_text(cluster.multicast_group)
                  : "")),
      pool_(std::move(pool)),
      sockets_(std::move(sockets)),
      filter_(cluster.nodes, node),
      sender_(*pool_, cluster, node, sockets_, counters_, udp_) {}

Result<void> UdpPort::open_receiver(UdpOptions::Receive wanted) {
    const ReceiveContext context{*pool_, filter_, counters_, udp_};
    const ChannelFds control{{sockets_.control.unicast.get(), sockets_.control.multicast.get()}};
    const ChannelFds data{{sockets_.data.unicast.get(), sockets_.data.multicast.get()}};
    if (wanted != UdpOptions::Receive::mmsg) {
        Result<std::unique_ptr<UdpReceiver>> uring = open_uring_receiver(context, control, data);
        if (uring) {
            receiver_ = std::move(*uring);
            return {};
        }
        if (wanted == UdpOptions::Receive::uring) return tl::unexpected<Error>(uring.error());
        fallback_ = uring.error().message;
    }
    Result<std::unique_ptr<UdpReceiver>> mmsg = open_mmsg_receiver(context, control, data);
    if (!mmsg) return tl::unexpected<Error>(mmsg.error());
    receiver_ = std::move(*mmsg);
    return {};
}

std::size_t UdpPort::loans() const {
    return pool_->references() - receiver_->posted() - sender_.queued();
}

void UdpPort::maintain(Instant now) {
    if (now < next_check_) return;
    next_check_ = now + kCheckInterval;
    count_missed();
}

// What the sockets lost because nobody read them in time; the kernel counts, modulo 2^32.
void UdpPort::count_missed() {
    const std::array<int, 4> fds{sockets_.control.unicast.get(), sockets_.control.multicast.get(),
                                 sockets_.data.unicast.get(), sockets_.data.multicast.get()};
    for (std::size_t i = 0; i < fds.size(); ++i) {
        std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
        socklen_t size = sizeof info;
        if (fds[i] < 0 || getsockopt(fds[i], SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) {
            continue;
        }
        const std::uint32_t now_missed = info[SK_MEMINFO_DROPS];
        counters_.rx_missed += static_cast<std::uint32_t>(now_missed - missed_[i]);
        missed_[i] = now_missed;
    }
}

std::string UdpPort::describe() const {
    std::string text =
        title_ + "\ninterface: " + sockets_.interface + ", MTU " + std::to_string(sockets_.mtu);
    text += sockets_.whole_frames
                ? ", frames are never fragmented"
                : ", the largest frame does not fit and is fragmented: lower frame_bytes or raise "
                  "the MTU";
    text += "\nsocket buffers: receive " + std::to_string(sockets_.rcvbuf >> 10) + " KiB, send " +
            std::to_string(sockets_.sndbuf >> 10) + " KiB";
    if (sockets_.rcvbuf < kSocketBytes) {
        text += " (asked for " + std::to_string(kSocketBytes >> 10) +
                "; raise net.core.rmem_max and wmem_max, or grant CAP_NET_ADMIN)";
    }
    text += "\n" + receiver_->describe();
    if (!fallback_.empty()) text += "\nfallback: " + fallback_;
    text += sender_.segments() ? "\nsend: sendmmsg, the kernel cuts bursts into frames"
                               : "\nsend: sendmmsg, one message a frame";
    if (sockets_.loops) text += "\nother daemons live on this host: own multicasts are filtered";
    text += "\nframe pool: " + std::to_string(pool_->frames()) + " frames of " +
            std::to_string(pool_->frame_bytes()) + " bytes";
    return text;
}

}  // namespace torc::dataplane
