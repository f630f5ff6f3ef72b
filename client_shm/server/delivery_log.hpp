// Messages for several sessions, stored once: memory of the daemon that these sessions map
// read-only. It is cut into blocks. Records are written one behind the other into the open extent,
// one or more neighbouring blocks; a session's ring refers to stretches of it (RecordType::run),
// and pins the extent as long as it does. An extent without pins is free again, wherever it lies: a
// reader that stands still keeps what it has not read, and nothing behind that.
//
// The lowest free blocks are taken first, so that with readers that keep up only a few blocks are
// used, and those stay in the caches.
//
// Threads: the control thread makes it and destroys it once no session is left that was given it;
// in between everything but `fd` is the ring core's. Nothing a client writes is read here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/server/segment.hpp"

namespace torc::client_shm {

class DeliveryLog {
public:
    /// Takes: blocks of kLogBlockBytes, a power of two. Fails: no memory, no descriptor.
    static Result<std::unique_ptr<DeliveryLog>> make(std::uint32_t blocks);

    int fd() const { return segment_.fd(); }
    std::uint32_t blocks() const { return static_cast<std::uint32_t>(taken_.size()); }

    // --- writing ---

    /// Whether a record of so many bytes fits behind the last one.
    bool has_room(std::uint64_t bytes) const { return bytes <= limit_ - end_; }
    /// Makes a free extent the open one, with room for that many bytes at least; the open one, too,
    /// is free if nobody reads it. False: there is none. Cost: looks at each block once at the
    /// most.
    bool open_extent(std::uint64_t bytes);
    /// Where the next record goes; after `has_room`.
    std::byte* place() const { return segment_.data() + end_; }
    void advance(std::uint64_t bytes) { end_ += bytes; }
    /// The same as an offset from the log's first byte.
    std::uint64_t end() const { return end_; }

    // --- who still reads ---

    /// Names the open extent; valid while it is open or pinned.
    std::uint32_t open() const { return open_; }
    /// Blocks of an extent.
    std::uint32_t size_of(std::uint32_t extent) const { return extents_[extent].blocks; }
    void pin(std::uint32_t extent) { ++extents_[extent].pins; }
    void unpin(std::uint32_t extent);
    /// As its readers see it.
    const std::byte* data() const { return segment_.data(); }
    /// Blocks that belong to no extent.
    std::uint32_t free_blocks() const { return free_; }

    static constexpr std::uint32_t kNone = UINT32_MAX;

    /// When its writer last found it full; the writer's.
    std::uint64_t full_in_pass{0};

private:
    struct Extent {
        std::uint32_t blocks{0};
        std::uint32_t pins{0};  ///< sessions
    };

    explicit DeliveryLog(std::uint32_t blocks);
    std::uint32_t find_free(std::uint32_t blocks) const;
    void give_back(std::uint32_t extent);

    Segment segment_;
    std::vector<Extent> extents_;      ///< by first block
    std::vector<std::uint8_t> taken_;  ///< by block
    std::uint32_t free_;
    std::uint32_t open_{kNone};
    std::uint64_t end_{0};    ///< offset behind the last record of the open extent
    std::uint64_t limit_{0};  ///< of the open extent
};

}  // namespace torc::client_shm
