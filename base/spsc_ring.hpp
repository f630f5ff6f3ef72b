// Single-producer single-consumer queue between the two kinds of thread in the daemon. One writer
// per cache line; a full queue answers, it never blocks.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <optional>

#include "base/limits.hpp"

namespace torc {

template <typename T, std::size_t N>
class SpscRing {
    static_assert(std::has_single_bit(N));

public:
    /// Producer only. False when the queue is full; the item is not taken.
    bool push(const T& item) {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == N) return false;  // pairs with pop()
        items_[tail & (N - 1)] = item;
        tail_.store(tail + 1, std::memory_order_release);  // pairs with pop()
        return true;
    }

    /// Consumer only.
    std::optional<T> pop() {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire))
            return std::nullopt;  // pairs with push()
        T item = items_[head & (N - 1)];
        head_.store(head + 1, std::memory_order_release);  // pairs with push()
        return item;
    }

    bool empty() const {
        return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
    }

private:
    alignas(kCacheLine) std::atomic<std::size_t> head_{0};
    alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
    alignas(kCacheLine) std::array<T, N> items_{};
};

}  // namespace torc
