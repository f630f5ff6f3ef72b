// One channel of the io_uring receive path: an io_uring, a ring of buffers that are frames of the
// pool, and a standing (multishot) receive on each of the channel's sockets.
//
// Why one io_uring a channel: tokens must be seen before data of the same poll and must find a
// buffer while a data burst takes all of its own.
#pragma once

#include <liburing.h>
#include <span>
#include <sys/mman.h>
#include <vector>

#include "dataplane/udp_receiver.hpp"

namespace torc::dataplane {

class UringChannel {
public:
    /// `buffers`: a power of two. `event_fd` is signalled on completions while the wake is armed.
    UringChannel(const ReceiveContext& context, ChannelFds sockets, unsigned buffers, int event_fd);
    ~UringChannel();
    UringChannel(const UringChannel&) = delete;
    UringChannel& operator=(const UringChannel&) = delete;

    /// Sets the ring up, disabled: any thread. Gives 0 or an errno.
    int open();
    /// Takes what completed. The first call binds the ring to the calling thread.
    std::size_t receive(std::span<FrameRef> frames);
    void set_wake(bool armed) { io_uring_cq_eventfd_toggle(&ring_, armed); }
    std::size_t posted() const { return posted_; }

private:
    struct Socket {
        int fd{-1};
        bool standing{false};  // its multishot receive is in the kernel
        msghdr shape{};        // tells the kernel how much room a source address needs
    };

    bool start();
    void collect();
    std::size_t harvest(std::span<FrameRef> frames);
    FrameRef take(const io_uring_cqe& completion);
    void on_end(Socket& socket, int result);
    void post(std::uint16_t buffer, const FrameRef& frame);
    void restock();
    void stand();

    ReceiveContext context_;
    std::array<Socket, 2> sockets_;
    unsigned buffers_;
    int event_fd_;
    io_uring ring_{};
    bool is_open_{false};
    bool started_{false};
    bool dry_{false};
    io_uring_buf_ring* buffer_ring_{nullptr};
    std::size_t buffer_ring_bytes_{0};
    int added_{0};  // buffers written but not yet shown to the kernel
    std::size_t posted_{0};
    std::vector<FrameRef> frame_of_;   // by buffer id; empty while the id is idle
    std::vector<std::uint16_t> idle_;  // ids that wait for a frame
};

}  // namespace torc::dataplane
