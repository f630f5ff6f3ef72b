// Tells the control thread which descriptors are readable or hung up, level-triggered: through
// io_uring poll requests, or ppoll where the kernel or a sandbox refuses io_uring.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/time.hpp"

namespace torc::client_shm {

class FdWatcher {
public:
    virtual ~FdWatcher() = default;

    /// Takes: a token that is never used twice. The descriptor must stay open until `unwatch`.
    virtual void watch(int fd, std::uint64_t token) = 0;
    virtual void unwatch(std::uint64_t token) = 0;
    /// Waits at most `timeout` (0: not at all). Gives: how many of `ready` were filled.
    virtual std::size_t wait(std::span<std::uint64_t> ready, Nanos timeout) = 0;
    virtual const char* name() const = 0;
};

/// io_uring if `allow_uring` and the kernel has it, else ppoll.
std::unique_ptr<FdWatcher> make_fd_watcher(bool allow_uring);

}  // namespace torc::client_shm
