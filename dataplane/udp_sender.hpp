// The transmit side of the kernel-UDP port: two bounded queues and a flush that hands as many
// frames as it can to the kernel in one call.
//
// Tokens and membership leave before data of the same flush: a token must not wait behind a burst.
#pragma once

#include <array>
#include <cstdint>
#include <netinet/in.h>
#include <span>
#include <sys/socket.h>
#include <vector>

#include "config/settings.hpp"
#include "dataplane/frame_pool.hpp"
#include "dataplane/port.hpp"
#include "dataplane/udp_receiver.hpp"
#include "dataplane/udp_sockets.hpp"
#include "wire/frame_io.hpp"

namespace torc::dataplane {

class UdpSender {
public:
    /// Frames that may wait in one queue between two flushes: two full visits of a token with the
    /// retransmissions of each. A frame past it flushes first.
    static constexpr std::size_t kQueueMax = 1024;

    UdpSender(FramePool& pool, const config::ClusterSettings& cluster, NodeIndex self,
              const UdpSockets& sockets, PortCounters& counters, UdpCounters& udp);
    ~UdpSender();
    UdpSender(const UdpSender&) = delete;
    UdpSender& operator=(const UdpSender&) = delete;

    /// Queues one frame and takes a reference of its own. A frame of no size or for a node that the
    /// cluster does not have is a programming error.
    void transmit(const wire::Transmit& transmit);
    /// Sends all. **Cost**: one system call a run of frames with the same destination; at the worst
    /// kTriesMax polls of kTryPauseMs when the socket stays full.
    void flush();
    /// References that wait in the queues.
    std::size_t queued() const { return control_.frames.size() + data_.frames.size(); }
    bool segments() const { return segments_; }

private:
    struct Queued {
        FrameRef frame;
        NodeIndex to;
    };
    struct Queue {
        int fd{-1};
        std::uint16_t port{0};
        std::vector<Queued> frames;  // reserved to kQueueMax
    };
    /// One message of sendmmsg: `count` frames, cut apart by the kernel when more than one.
    struct alignas(cmsghdr) SegmentControl {
        std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes{};
    };

    void flush_queue(Queue& queue);
    void send_run(const Queue& queue, std::span<const Queued> run);
    void send_to(const Queue& queue, std::span<const Queued> run, std::uint32_t address);
    std::size_t fill(std::span<const Queued> frames, sockaddr_in& to);
    std::size_t segment_count(std::span<const Queued> frames) const;
    std::size_t push_messages(int fd, std::size_t messages);
    bool survive(int fd, std::size_t message, int& tries);

    FramePool& pool_;
    PortCounters& counters_;
    UdpCounters& udp_;
    bool multicast_;
    std::uint32_t group_;
    NodeIndex self_;
    bool segments_;
    std::vector<std::uint32_t> addresses_;  // by node index
    Queue control_;
    Queue data_;
    std::vector<mmsghdr> messages_;
    std::vector<iovec> parts_;
    std::vector<SegmentControl> controls_;
};

}  // namespace torc::dataplane
