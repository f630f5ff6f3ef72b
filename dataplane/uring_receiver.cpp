// Receiving with io_uring: control channel first, then data; one eventfd wakes for both.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <sys/eventfd.h>

#include "dataplane/fd.hpp"
#include "dataplane/uring_channel.hpp"

namespace torc::dataplane {
namespace {

// Posted frames are only a stock: what they cannot hold waits in the socket's buffer.
constexpr unsigned kDataBuffers = 512;
constexpr unsigned kControlBuffers = 128;

// A small pool keeps at least half of its frames for the engine.
unsigned buffers_for(std::uint32_t pool_frames, unsigned wanted, unsigned share) {
    return std::bit_floor(std::clamp(pool_frames / share, 1u, wanted));
}

void full_fence() {
#ifdef __SANITIZE_THREAD__
    // ThreadSanitizer does not know fences; it cannot see the kernel's half of the pairing anyway.
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

class UringReceiver final : public UdpReceiver {
public:
    UringReceiver(const ReceiveContext& context, ChannelFds control, ChannelFds data, Fd event)
        : event_(std::move(event)),
          control_(context, control, buffers_for(context.pool.frames(), kControlBuffers, 8),
                   event_.get()),
          data_(context, data, buffers_for(context.pool.frames(), kDataBuffers, 4), event_.get()) {}

    int open() {
        const int error = control_.open();
        return error != 0 ? error : data_.open();
    }

    std::size_t receive(std::span<FrameRef> frames) override {
        // Armed, the eventfd costs a signal a completion. The first look after arming may be the
        // last before the sleep, so only the second one disarms.
        if (looks_while_armed_ > 0 && --looks_while_armed_ == 0) set_wake(false);
        const std::size_t taken = control_.receive(frames);
        return taken + data_.receive(frames.subspan(taken));
    }

    int wake_fd() const override { return event_.get(); }

    void arm_wake() override {
        eventfd_t stale = 0;
        eventfd_read(event_.get(), &stale);
        set_wake(true);
        looks_while_armed_ = 2;
        // The kernel raises TASKRUN and then reads the armed flag; we write it and then look for
        // TASKRUN. With a full fence on both sides one of the two sees the other.
        full_fence();
    }

    std::size_t posted() const override { return control_.posted() + data_.posted(); }
    std::string describe() const override {
        return "receive: io_uring, standing receives into the frame pool, no system call while "
               "idle";
    }

private:
    void set_wake(bool armed) {
        control_.set_wake(armed);
        data_.set_wake(armed);
    }

    Fd event_;
    UringChannel control_;
    UringChannel data_;
    int looks_while_armed_{0};
};

}  // namespace

Result<std::unique_ptr<UdpReceiver>> open_uring_receiver(const ReceiveContext& context,
                                                         ChannelFds control, ChannelFds data) {
    Fd event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!event) {
        return failure(std::string("cannot make an eventfd: ") + std::strerror(errno),
                       "raise the limit of open files (ulimit -n)");
    }
    auto receiver = std::make_unique<UringReceiver>(context, control, data, std::move(event));
    if (const int error = receiver->open(); error != 0) {
        return failure(std::string("no io_uring receive: ") + std::strerror(error),
                       "it needs Linux 6.1, kernel.io_uring_disabled = 0, and a seccomp profile "
                       "that allows it");
    }
    return receiver;
}

}  // namespace torc::dataplane
