// One mapping, one array of counts, one stack of free slots.
#include "dataplane/frame_pool.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace torc::dataplane {

Result<std::unique_ptr<FramePool>> FramePool::open(std::uint32_t frames,
                                                   std::uint32_t frame_bytes) {
    if (frames == 0 || frames > kFramesMax) {
        return failure("frame pool of " + std::to_string(frames) + " frames",
                       "set frame_pool between 1 and " + std::to_string(kFramesMax));
    }
    if (frame_bytes == 0 || frame_bytes > kFrameBytesMax) {
        return failure("frames of " + std::to_string(frame_bytes) + " bytes",
                       "set frame_bytes to at most " + std::to_string(kFrameBytesMax));
    }
    const std::size_t lines = (kHeadroom + frame_bytes + kCacheLine - 1) / kCacheLine;
    const std::size_t stride = lines * kCacheLine;
    const std::size_t bytes = stride * frames;
    // Touched now: a page fault in the ring core would be a stall that peers can see.
    void* arena = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (arena == MAP_FAILED) {
        return failure("no memory for " + std::to_string(frames) + " frames (" +
                           std::to_string(bytes >> 20) + " MiB): " + std::strerror(errno),
                       "lower frame_pool, or give the daemon more memory");
    }
    return std::unique_ptr<FramePool>(
        new FramePool(static_cast<std::byte*>(arena), bytes, frames, frame_bytes, stride));
}

FramePool::FramePool(std::byte* arena, std::size_t arena_bytes, std::uint32_t frames,
                     std::uint32_t frame_bytes, std::size_t stride)
    : arena_(arena),
      arena_bytes_(arena_bytes),
      frame_bytes_(frame_bytes),
      stride_(stride),
      slots_(frames) {
    free_.reserve(frames);
    for (std::uint32_t i = frames; i > 0; --i) free_.push_back(i - 1);
}

FramePool::~FramePool() { munmap(arena_, arena_bytes_); }

FramePool::Slot& FramePool::slot_of(void* cookie) {
    auto* slot = static_cast<Slot*>(cookie);
    TORC_CHECK(slot >= slots_.data() && slot < slots_.data() + slots_.size());
    TORC_CHECK(slot->references > 0);
    return *slot;
}

FrameRef FramePool::acquire() {
    if (free_.empty()) return {};
    const std::uint32_t number = free_.back();
    free_.pop_back();
    Slot& slot = slots_[number];
    slot.references = 1;
    ++references_;
    return {&slot, arena_ + number * stride_ + kHeadroom, 0, frame_bytes_};
}

void FramePool::ref(void* cookie) {
    ++slot_of(cookie).references;
    ++references_;
}

void FramePool::release(void* cookie) {
    Slot& slot = slot_of(cookie);
    --references_;
    if (--slot.references == 0) {
        free_.push_back(static_cast<std::uint32_t>(&slot - slots_.data()));
    }
}

}  // namespace torc::dataplane
