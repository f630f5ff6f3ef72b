// From queued frames to messages of sendmmsg: runs by destination, segments by size.
#include "dataplane/udp_sender.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/udp.h>
#include <optional>

#include <poll.h>

#include "base/check.hpp"
#include "wire/hop.hpp"
#include "wire/validate.hpp"

namespace torc::dataplane {
namespace {

constexpr std::size_t kMessagesMax = 64;            // of one sendmmsg
constexpr std::size_t kSegmentsMax = 64;            // UDP_MAX_SEGMENTS of Linux before 6.2
constexpr std::size_t kSegmentedBytesMax = 65'000;  // an IPv4 datagram less its headers, rounded
constexpr int kTriesMax = 4;
constexpr int kTryPauseMs = 1;

/// Who asked for it may have lost all of a burst because it left as one: a packet socket or a DPDK
/// port on a virtual interface (veth, tap) gets what the sending kernel has not cut yet, and drops
/// it as too long. So what is sent again goes alone, or it would be lost like that for ever.
bool is_sent_again(const FrameRef& frame) {
    const std::optional<wire::HopHeader> hop = wire::peek_hop(frame.bytes());
    return hop && hop->magic == wire::kMagic && wire::Kind{hop->kind} == wire::Kind::data &&
           (hop->flags & wire::kHopRetransmitted) != 0;
}

}  // namespace

UdpSender::UdpSender(FramePool& pool, const config::ClusterSettings& cluster, NodeIndex self,
                     const UdpSockets& sockets, PortCounters& counters, UdpCounters& udp)
    : pool_(pool),
      counters_(counters),
      udp_(udp),
      multicast_(cluster.dissemination == config::Dissemination::multicast),
      group_(cluster.multicast_group),
      self_(self),
      segments_(sockets.segments),
      control_{sockets.control.unicast.get(), sockets.control.port, {}},
      data_{sockets.data.unicast.get(), sockets.data.port, {}},
      messages_(kMessagesMax),
      parts_(kQueueMax),
      controls_(kMessagesMax) {
    for (const config::NodeEntry& node : cluster.nodes) addresses_.push_back(node.address);
    control_.frames.reserve(kQueueMax);
    data_.frames.reserve(kQueueMax);
}

UdpSender::~UdpSender() {
    for (Queue* queue : {&control_, &data_}) {
        for (const Queued& queued : queue->frames) pool_.release(queued.frame.cookie);
    }
}

void UdpSender::transmit(const wire::Transmit& transmit) {
    TORC_CHECK(transmit.frame.size > 0 && transmit.frame.size <= pool_.frame_bytes());
    TORC_CHECK(transmit.to == kNoNode || raw(transmit.to) < addresses_.size());
    Queue& queue = transmit.channel == wire::Channel::data ? data_ : control_;
    if (queue.frames.size() == kQueueMax) flush_queue(queue);
    pool_.ref(transmit.frame.cookie);
    queue.frames.push_back({transmit.frame, transmit.to});
}

void UdpSender::flush() {
    if (!control_.frames.empty()) flush_queue(control_);
    if (!data_.frames.empty()) flush_queue(data_);
}

void UdpSender::flush_queue(Queue& queue) {
    std::span<const Queued> rest(queue.frames);
    while (!rest.empty()) {
        const auto end = std::find_if(rest.begin(), rest.end(), [&](const Queued& queued) {
            return queued.to != rest.front().to;
        });
        const auto run = static_cast<std::size_t>(end - rest.begin());
        send_run(queue, rest.first(run));
        rest = rest.subspan(run);
    }
    // The kernel copied the bytes or refused them; either way the frames are free to change.
    for (const Queued& queued : queue.frames) pool_.release(queued.frame.cookie);
    queue.frames.clear();
}

void UdpSender::send_run(const Queue& queue, std::span<const Queued> run) {
    const NodeIndex to = run.front().to;
    if (to != kNoNode) return send_to(queue, run, addresses_[raw(to)]);
    if (multicast_) return send_to(queue, run, group_);
    for (std::size_t node = 0; node < addresses_.size(); ++node) {
        if (node != raw(self_)) send_to(queue, run, addresses_[node]);
    }
}

void UdpSender::send_to(const Queue& queue, std::span<const Queued> run, std::uint32_t address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(address);
    to.sin_port = htons(queue.port);
    while (!run.empty()) {
        const std::size_t messages = fill(run, to);
        run = run.subspan(push_messages(queue.fd, messages));
    }
}

// How many frames from the front may leave as one message: all of one size but the last, which may
// be shorter.
std::size_t UdpSender::segment_count(std::span<const Queued> frames) const {
    if (!segments_ || is_sent_again(frames.front().frame)) return 1;
    const std::uint32_t size = frames.front().frame.size;
    const std::size_t most = std::min({frames.size(), kSegmentsMax, kSegmentedBytesMax / size});
    std::size_t count = 1;
    while (count < most && frames[count].frame.size <= size) {
        if (is_sent_again(frames[count].frame)) break;
        if (frames[count++].frame.size < size) break;
    }
    return count;
}

// Builds up to kMessagesMax messages from the front of `frames`; gives how many.
std::size_t UdpSender::fill(std::span<const Queued> frames, sockaddr_in& to) {
    std::size_t used = 0;
    std::size_t message = 0;
    for (; message < kMessagesMax && used < frames.size(); ++message) {
        const std::size_t count = segment_count(frames.subspan(used));
        msghdr& header = messages_[message].msg_hdr;
        header = {};
        header.msg_name = &to;
        header.msg_namelen = sizeof to;
        header.msg_iov = &parts_[used];
        header.msg_iovlen = count;
        if (count > 1) {
            udp_.tx_segmented += count;
            header.msg_control = controls_[message].bytes.data();
            header.msg_controllen = controls_[message].bytes.size();
            cmsghdr* control = CMSG_FIRSTHDR(&header);
            control->cmsg_level = SOL_UDP;
            control->cmsg_type = UDP_SEGMENT;
            control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
            const auto size = static_cast<std::uint16_t>(frames[used].frame.size);
            std::memcpy(CMSG_DATA(control), &size, sizeof size);
        }
        for (std::size_t end = used + count; used < end; ++used) {
            const FrameRef& frame = frames[used].frame;
            parts_[used] = {frame.data, frame.size};
        }
    }
    return message;
}

// Sends the messages that `fill` built; gives how many frames are done with, sent or dropped. Fewer
// than were built when segmentation turned out not to work: the caller builds the rest anew.
std::size_t UdpSender::push_messages(int fd, std::size_t messages) {
    std::size_t frames = 0;
    int tries = 0;
    for (std::size_t done = 0; done < messages;) {
        ++udp_.tx_calls;
        const int sent =
            sendmmsg(fd, &messages_[done], static_cast<unsigned>(messages - done), MSG_DONTWAIT);
        for (int i = 0; i < sent; ++i, ++done) {
            const msghdr& header = messages_[done].msg_hdr;
            frames += header.msg_iovlen;
            counters_.tx_frames += header.msg_iovlen;
            counters_.tx_bytes += messages_[done].msg_len;
        }
        if (sent > 0 || survive(fd, done, tries)) continue;
        const std::size_t count = messages_[done].msg_hdr.msg_iovlen;
        if (count > 1 && segments_ && errno != EAGAIN) {
            segments_ = false;  // this interface cannot: one frame a message from now on
            return frames;
        }
        frames += count;
        counters_.tx_dropped += count;
        ++done;
    }
    return frames;
}

// Whether the message that failed is worth another try. A full socket drains at the speed of the
// link; an error that belongs to an earlier datagram (ECONNREFUSED) goes away by being reported.
bool UdpSender::survive(int fd, std::size_t message, int& tries) {
    const int error = errno;
    if (tries < kTriesMax) {
        if (error == EAGAIN || error == ENOBUFS) {
            ++tries;
            ++udp_.tx_retries;
            pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
            poll(&writable, 1, kTryPauseMs);
            return true;
        }
        if (error == EINTR || error == ECONNREFUSED) return ++tries, true;
    }
    const bool is_segmented = messages_[message].msg_hdr.msg_iovlen > 1 && segments_;
    if (!is_segmented) ++udp_.tx_errors;
    errno = error;
    return false;
}

}  // namespace torc::dataplane
