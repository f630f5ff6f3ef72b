// The frames of the kernel-UDP port: one prefaulted arena, a reference count and a LIFO free list.
// A frame that was given back last is lent first, because its bytes are still in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/frame_ref.hpp"
#include "base/result.hpp"

namespace torc::dataplane {

/// Frames with reference counts.
///
/// **Threads**: one, the ring core's; no atomics. Frame memory may be written by the kernel.
/// **Cost**: every call is O(1) without allocation; `open` maps and touches the whole arena.
class FramePool {
public:
    /// Most frames of one pool; bounds a typing error in the configuration (1 Mi x 9 KiB = 9 GiB).
    static constexpr std::uint32_t kFramesMax = std::uint32_t{1} << 20;
    /// Writable bytes in front of every frame's data. The io_uring receive path has the kernel put
    /// its 32 bytes (length, flags, source address) there, so that the payload lands at `data`.
    static constexpr std::size_t kHeadroom = 64;

    /// **Takes** the number of frames and the bytes of each. **Fails** if there is no memory or the
    /// numbers are out of range.
    static Result<std::unique_ptr<FramePool>> open(std::uint32_t frames, std::uint32_t frame_bytes);
    ~FramePool();
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    /// Lends a frame with one reference and `size` 0, or an empty FrameRef when the pool is dry.
    FrameRef acquire();
    /// One reference more for a frame that somebody already holds.
    void ref(void* cookie);
    /// Gives one reference back. A cookie that is not lent out is a programming error: it aborts.
    void release(void* cookie);

    /// References outstanding, over all frames.
    std::size_t references() const { return references_; }
    std::size_t free_frames() const { return free_.size(); }
    std::uint32_t frames() const { return static_cast<std::uint32_t>(slots_.size()); }
    std::uint32_t frame_bytes() const { return frame_bytes_; }

private:
    struct Slot {
        std::uint32_t references{0};
    };

    FramePool(std::byte* arena, std::size_t arena_bytes, std::uint32_t frames,
              std::uint32_t frame_bytes, std::size_t stride);
    Slot& slot_of(void* cookie);

    std::byte* arena_;
    std::size_t arena_bytes_;
    std::uint32_t frame_bytes_;
    std::size_t stride_;
    std::size_t references_{0};
    std::vector<Slot> slots_;          // a cookie is the address of a slot
    std::vector<std::uint32_t> free_;  // a stack of slot numbers, never grows past its first size
};

}  // namespace torc::dataplane
