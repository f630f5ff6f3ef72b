// Receiving with recvmmsg: one poll of all sockets a pass, then one call for each that has
// something. The frames to receive into are kept in hand between the calls.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

#include <poll.h>

#include "dataplane/fd.hpp"
#include "dataplane/udp_receiver.hpp"

namespace torc::dataplane {

namespace {

constexpr std::size_t kBatch = 64;  // datagrams of one recvmmsg

class MmsgReceiver final : public UdpReceiver {
public:
    MmsgReceiver(const ReceiveContext& context, ChannelFds control, ChannelFds data, Fd wake)
        : context_(context), wake_(std::move(wake)) {
        for (const int fd : {control.fds[0], control.fds[1], data.fds[0], data.fds[1]}) {
            if (fd >= 0) sockets_[socket_count_++] = pollfd{fd, POLLIN, 0};
        }
        for (std::size_t i = 0; i < kBatch; ++i) {
            headers_[i].msg_hdr.msg_iov = &parts_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
            headers_[i].msg_hdr.msg_name = &sources_[i];
        }
    }
    ~MmsgReceiver() override {
        while (in_hand_ > 0) context_.pool.release(frames_[--in_hand_].cookie);
    }

    std::size_t receive(std::span<FrameRef> frames) override {
        const timespec at_once{};
        if (ppoll(sockets_.data(), socket_count_, &at_once, nullptr) <= 0) return 0;
        std::size_t taken = 0;
        for (std::size_t i = 0; i < socket_count_; ++i) {
            // Also on POLLERR: receiving is what clears a pending error.
            if (sockets_[i].revents == 0) continue;
            taken += receive_from(sockets_[i].fd, frames.subspan(taken));
        }
        return taken;
    }

    int wake_fd() const override { return wake_.get(); }
    void arm_wake() override {}  // the epoll descriptor is readable as long as a socket is
    std::size_t posted() const override { return in_hand_; }
    std::string describe() const override {
        return "receive: recvmmsg, " + std::to_string(kBatch) + " datagrams a call";
    }

private:
    std::size_t receive_from(int fd, std::span<FrameRef> frames) {
        const std::size_t room = stock_up(std::min(frames.size(), kBatch));
        if (room == 0) {
            // The frames wait in the socket; one count an episode, not one a pass.
            if (!frames.empty() && !std::exchange(dry_, true)) ++context_.counters.rx_no_buffer;
            return 0;
        }
        dry_ = false;
        for (std::size_t i = 0; i < room; ++i) {
            parts_[i] = {frames_[i].data, frames_[i].capacity};
            headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
        }
        const int got =
            recvmmsg(fd, headers_.data(), static_cast<unsigned>(room), MSG_DONTWAIT, nullptr);
        if (got < 0) {
            if (errno != EAGAIN && errno != EINTR) ++context_.udp.rx_errors;
            return 0;
        }
        return hand_out(static_cast<std::size_t>(got), frames);
    }

    std::size_t stock_up(std::size_t wanted) {
        while (in_hand_ < wanted) {
            const FrameRef frame = context_.pool.acquire();
            if (!frame) break;
            frames_[in_hand_++] = frame;
        }
        return std::min(in_hand_, wanted);
    }

    std::size_t hand_out(std::size_t got, std::span<FrameRef> frames) {
        std::size_t taken = 0;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < in_hand_; ++i) {
            FrameRef frame = frames_[i];
            const bool truncated = (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
            if (i < got && context_.accept(sources_[i], headers_[i].msg_len, truncated)) {
                frame.size = headers_[i].msg_len;
                frame.capacity = 0;
                frames[taken++] = frame;
            } else {
                frames_[kept++] = frame;
            }
        }
        in_hand_ = kept;
        return taken;
    }

    ReceiveContext context_;
    Fd wake_;
    std::array<pollfd, 4> sockets_{};
    std::size_t socket_count_{0};
    std::array<FrameRef, kBatch> frames_{};  // [0, in_hand_) are writable and ours
    std::size_t in_hand_{0};
    bool dry_{false};
    std::array<mmsghdr, kBatch> headers_{};
    std::array<iovec, kBatch> parts_{};
    std::array<sockaddr_in, kBatch> sources_{};
};

}  // namespace

Result<std::unique_ptr<UdpReceiver>> open_mmsg_receiver(const ReceiveContext& context,
                                                        ChannelFds control, ChannelFds data) {
    Fd wake(epoll_create1(EPOLL_CLOEXEC));
    for (const int fd : {control.fds[0], control.fds[1], data.fds[0], data.fds[1]}) {
        epoll_event interest{};
        interest.events = EPOLLIN;
        if (fd >= 0 && wake && epoll_ctl(wake.get(), EPOLL_CTL_ADD, fd, &interest) != 0)
            wake = Fd();
    }
    if (!wake) {
        return failure(std::string("cannot watch the UDP sockets: ") + std::strerror(errno),
                       "raise the limit of open files (ulimit -n)");
    }
    return std::make_unique<MmsgReceiver>(context, control, data, std::move(wake));
}

}  // namespace torc::dataplane
