// How datagrams become frames of the pool: one face, two ways. `open_uring_receiver` needs io_uring
// with multishot receive (Linux 6.1), costs no system call while nothing comes and copies nothing
// but what the kernel must; `open_mmsg_receiver` works everywhere, e.g. under a seccomp profile
// that forbids io_uring.
#pragma once

#include <array>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <string>

#include "base/frame_ref.hpp"
#include "base/result.hpp"
#include "dataplane/frame_pool.hpp"
#include "dataplane/port.hpp"
#include "dataplane/source_filter.hpp"

namespace torc::dataplane {

/// What a kernel-UDP port counts beyond PortCounters.
struct UdpCounters {
    std::uint64_t rx_truncated{0};  ///< longer than frame_bytes; also in rx_rejected
    std::uint64_t rx_foreign{0};    ///< source is no daemon of the cluster; also in rx_rejected
    std::uint64_t rx_empty{0};      ///< no byte of payload; also in rx_rejected
    std::uint64_t rx_errors{0};  ///< the kernel answered a receive with an error; it was repeated
    std::uint64_t rx_own{0};     ///< own multicasts that came back and were left out
    std::uint64_t tx_calls{0};   ///< sendmmsg calls
    std::uint64_t tx_segmented{0};  ///< frames offered to the kernel in one piece with others
    std::uint64_t tx_retries{0};    ///< of them repeated because the socket was full
    std::uint64_t tx_errors{0};  ///< sends that the kernel refused; their frames are in tx_dropped
};

/// What both ways of receiving share: where frames come from and who judges a datagram.
struct ReceiveContext {
    FramePool& pool;
    const SourceFilter& filter;
    PortCounters& counters;
    UdpCounters& udp;

    /// Whether the engine gets this datagram; counts it either way.
    bool accept(const sockaddr_in& source, std::size_t size, bool truncated) const;
};

/// The sockets of one channel that are read; the second is -1 without multicast.
struct ChannelFds {
    std::array<int, 2> fds{-1, -1};
};

class UdpReceiver {
public:
    virtual ~UdpReceiver() = default;
    /// Fills `frames` from the control channel, then from the data channel. Gives how many.
    virtual std::size_t receive(std::span<FrameRef> frames) = 0;
    virtual int wake_fd() const = 0;
    virtual void arm_wake() = 0;
    /// Frames lent to the kernel or kept in hand to receive into; not loans of the engine.
    virtual std::size_t posted() const = 0;
    virtual std::string describe() const = 0;
};

/// **Fails** where the kernel has no io_uring or no multishot receive, or forbids it.
Result<std::unique_ptr<UdpReceiver>> open_uring_receiver(const ReceiveContext& context,
                                                         ChannelFds control, ChannelFds data);
/// **Fails** only when descriptors are short.
Result<std::unique_ptr<UdpReceiver>> open_mmsg_receiver(const ReceiveContext& context,
                                                        ChannelFds control, ChannelFds data);

}  // namespace torc::dataplane
