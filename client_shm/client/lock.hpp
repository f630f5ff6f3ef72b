// A lock of one word on a futex, with a deadline. Not a pthread mutex: a reservation is taken by
// one call and given back by another, perhaps of another thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <unistd.h>

#include "client_shm/client/deadline.hpp"

namespace torc::client_shm {

class Lock {
public:
    bool try_acquire() {
        std::uint32_t expected = kFree;
        return word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                             std::memory_order_relaxed);
    }

    /// False when the deadline passed first.
    bool acquire(Deadline& deadline) {
        if (try_acquire()) return true;
        if (deadline.immediate()) return false;
        while (word_.exchange(kContended, std::memory_order_acquire) != kFree) {
            timespec left{};
            const timespec* limit = deadline.remaining(left);
            if (limit != nullptr && left.tv_sec == 0 && left.tv_nsec == 0) return false;
            syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, kContended, limit, nullptr, 0);
        }
        return true;
    }

    void release() {
        if (word_.exchange(kFree, std::memory_order_release) == kContended) {
            syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
        }
    }

private:
    static constexpr std::uint32_t kFree = 0;
    static constexpr std::uint32_t kHeld = 1;
    static constexpr std::uint32_t kContended = 2;  ///< held, and somebody waits

    std::atomic<std::uint32_t> word_{kFree};
    static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
};

}  // namespace torc::client_shm
