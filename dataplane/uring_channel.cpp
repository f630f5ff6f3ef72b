// The life of a posted buffer: frame of the pool -> kernel -> engine (or straight back), and a new
// frame takes its place.
#include "dataplane/uring_channel.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/syscall.h>
#include <utility>

#include <unistd.h>

#include "base/check.hpp"

namespace torc::dataplane {
namespace {

constexpr int kBufferGroup = 0;
// The kernel writes its header and the source address in front of the payload. They go to the
// frame's headroom, so that the payload begins where the engine expects it.
constexpr std::size_t kPrefix = sizeof(io_uring_recvmsg_out) + sizeof(sockaddr_in);
static_assert(kPrefix <= FramePool::kHeadroom);

}  // namespace

UringChannel::UringChannel(const ReceiveContext& context, ChannelFds sockets, unsigned buffers,
                           int event_fd)
    : context_(context), buffers_(buffers), event_fd_(event_fd), frame_of_(buffers) {
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        sockets_[i].fd = sockets.fds[i];
        sockets_[i].shape.msg_namelen = sizeof(sockaddr_in);
    }
    idle_.reserve(buffers);
    for (unsigned i = buffers; i > 0; --i) idle_.push_back(static_cast<std::uint16_t>(i - 1));
}

UringChannel::~UringChannel() {
    if (is_open_) io_uring_queue_exit(&ring_);  // cancels the standing receives first
    if (buffer_ring_ != nullptr) munmap(buffer_ring_, buffer_ring_bytes_);
    for (const FrameRef& frame : frame_of_) {
        if (frame) context_.pool.release(frame.cookie);
    }
}

int UringChannel::open() {
    io_uring_params params{};
    // DEFER_TASKRUN: the kernel works for this ring only when we ask, and TASKRUN_FLAG says in a
    // shared word when asking is worth a system call. R_DISABLED: the thread that first receives,
    // not the one that opens, becomes the single issuer.
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
    params.cq_entries = 2 * buffers_;  // every completion takes a buffer or ends a receive
    if (const int error = io_uring_queue_init_params(8, &ring_, &params); error < 0) return -error;
    is_open_ = true;
    buffer_ring_bytes_ = buffers_ * sizeof(io_uring_buf);
    void* memory = mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) return errno;
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_ring_init(buffer_ring_);
    io_uring_buf_reg registration{};
    registration.ring_addr = std::bit_cast<std::uintptr_t>(buffer_ring_);
    registration.ring_entries = buffers_;
    registration.bgid = kBufferGroup;
    if (const int error = io_uring_register_buf_ring(&ring_, &registration, 0); error < 0) {
        return -error;
    }
    if (const int error = io_uring_register_eventfd(&ring_, event_fd_); error < 0) return -error;
    set_wake(false);
    restock();
    return 0;
}

bool UringChannel::start() {
    // Not io_uring_enable_rings: the shared library of liburing 2.3 does not export it.
    if (syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) <
        0) {
        ++context_.udp.rx_errors;
        return false;
    }
    started_ = true;
    return true;
}

std::size_t UringChannel::receive(std::span<FrameRef> frames) {
    if (!started_ && !start()) return 0;
    if (!idle_.empty()) restock();
    stand();
    if (io_uring_cq_ready(&ring_) == 0) collect();
    return harvest(frames);
}

// Where the passes without traffic end: two loads, no system call.
void UringChannel::collect() {
    const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
    if ((flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0) io_uring_get_events(&ring_);
}

std::size_t UringChannel::harvest(std::span<FrameRef> frames) {
    std::size_t taken = 0;
    unsigned seen = 0;
    unsigned head = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
        if (taken == frames.size()) break;
        ++seen;
        if ((completion->flags & IORING_CQE_F_BUFFER) != 0) {
            if (const FrameRef frame = take(*completion)) frames[taken++] = frame;
        }
        if ((completion->flags & IORING_CQE_F_MORE) == 0) {
            on_end(sockets_[completion->user_data], completion->res);
        }
    }
    if (seen == 0) return 0;
    io_uring_cq_advance(&ring_, seen);
    restock();
    return taken;
}

// The frame of one datagram, or an empty one after putting the refused buffer back.
FrameRef UringChannel::take(const io_uring_cqe& completion) {
    const auto buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    FrameRef frame = std::exchange(frame_of_[buffer], {});
    TORC_CHECK(frame);
    --posted_;
    io_uring_recvmsg_out header{};
    sockaddr_in source{};
    std::memcpy(&header, frame.data - kPrefix, sizeof header);
    std::memcpy(&source, frame.data - sizeof source, sizeof source);
    const bool whole = completion.res >= static_cast<int>(kPrefix);
    const bool truncated = !whole || (header.flags & MSG_TRUNC) != 0;
    const std::size_t size = whole ? static_cast<std::size_t>(completion.res) - kPrefix : 0;
    if (!context_.accept(source, size, truncated)) {
        post(buffer, frame);
        return {};
    }
    idle_.push_back(buffer);
    frame.size = static_cast<std::uint32_t>(size);
    frame.capacity = 0;
    return frame;
}

void UringChannel::on_end(Socket& socket, int result) {
    socket.standing = false;
    if (result == -ENOBUFS) {
        // Out of posted buffers. That is a dry pool only if there is none to post either.
        if (context_.pool.free_frames() == 0 && !std::exchange(dry_, true)) {
            ++context_.counters.rx_no_buffer;
        }
    } else if (result < 0 && result != -ECANCELED && result != -EINTR) {
        ++context_.udp.rx_errors;
    }
}

void UringChannel::post(std::uint16_t buffer, const FrameRef& frame) {
    frame_of_[buffer] = frame;
    ++posted_;
    io_uring_buf_ring_add(buffer_ring_, frame.data - kPrefix,
                          static_cast<unsigned>(kPrefix + context_.pool.frame_bytes()), buffer,
                          static_cast<int>(buffers_ - 1), added_);
    ++added_;
}

void UringChannel::restock() {
    while (!idle_.empty()) {
        const FrameRef frame = context_.pool.acquire();
        if (!frame) break;
        post(idle_.back(), frame);
        idle_.pop_back();
    }
    if (added_ > 0) io_uring_buf_ring_advance(buffer_ring_, added_);
    added_ = 0;
    if (posted_ > 0) dry_ = false;
}

// Puts the receives that ended back in place, as long as there is a buffer to receive into.
void UringChannel::stand() {
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        Socket& socket = sockets_[i];
        if (socket.fd < 0 || socket.standing || posted_ == 0) continue;
        io_uring_sqe* request = io_uring_get_sqe(&ring_);
        if (request == nullptr) break;
        io_uring_prep_recvmsg_multishot(request, socket.fd, &socket.shape, 0);
        request->flags |= IOSQE_BUFFER_SELECT;
        request->buf_group = kBufferGroup;
        request->user_data = i;
        socket.standing = true;
    }
    if (io_uring_sq_ready(&ring_) > 0 && io_uring_submit_and_get_events(&ring_) < 0) {
        ++context_.udp.rx_errors;  // it stays in the submission queue for the next pass
    }
}

}  // namespace torc::dataplane
