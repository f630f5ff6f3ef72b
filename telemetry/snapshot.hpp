// A value that one thread publishes and other processes read whole: a seqlock (Lameter; Boehm, "Can
// seqlocks get along with programming language memory models?", MSPC 2012). The words are atomic,
// so that an overtaken reader sees a changed version and not undefined behaviour.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/limits.hpp"

namespace torc::telemetry {

template <typename T>
struct alignas(kCacheLine) Snapshot {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(std::uint64_t) == 0);

    std::uint64_t version{0};  ///< odd while the words are being written
    std::array<std::uint64_t, sizeof(T) / sizeof(std::uint64_t)> words{};
};

/// Threads: one writer. Cost: one pass over the words, no wait.
template <typename T>
void publish(Snapshot<T>& snapshot, const T& value) {
    using Ref = std::atomic_ref<std::uint64_t>;
    Snapshot<T> staged;
    std::memcpy(staged.words.data(), &value, sizeof value);
    const Ref version{snapshot.version};
    const std::uint64_t before = version.load(std::memory_order_relaxed);
    version.store(before + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);  // pairs with the fence in try_read
    for (std::size_t i = 0; i < staged.words.size(); ++i) {
        Ref{snapshot.words[i]}.store(staged.words[i], std::memory_order_relaxed);
    }
    version.store(before + 2, std::memory_order_release);  // pairs with the load in try_read
}

/// Gives false, and leaves `value` alone, if a publish came in between: try again.
template <typename T>
bool try_read(Snapshot<T>& snapshot, T& value) {
    using Ref = std::atomic_ref<std::uint64_t>;
    Snapshot<T> staged;
    const Ref version{snapshot.version};
    const std::uint64_t before = version.load(std::memory_order_acquire);  // pairs with publish
    for (std::size_t i = 0; i < staged.words.size(); ++i) {
        staged.words[i] = Ref{snapshot.words[i]}.load(std::memory_order_relaxed);
    }
    std::atomic_thread_fence(std::memory_order_acquire);  // pairs with the fence in publish
    if (before % 2 != 0 || version.load(std::memory_order_relaxed) != before) return false;
    std::memcpy(static_cast<void*>(&value), staged.words.data(), sizeof value);
    return true;
}

}  // namespace torc::telemetry
