// Shared memory made by the daemon: a memfd of fixed size whose pages exist before anyone sees it
// (a full memory is an error here, never a SIGBUS later), sealed so that no client can resize it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/server/fd.hpp"

namespace torc::client_shm {

/// Whose memory it is decides who may write.
enum class SegmentWriter : std::uint8_t {
    client,  ///< our mapping is read-only, so that not even a stray store of ours reaches it
    daemon,  ///< sealed against every later writable mapping and write()
};

class Segment {
public:
    Segment() = default;
    Segment(Segment&& other) noexcept;
    Segment& operator=(Segment&& other) noexcept;
    ~Segment();

    /// Makes and maps a segment with `identity` at its start.
    /// Takes: identity.capacity, a power of two and a multiple of the page size, or 0 for a header
    /// without ring. Fails: no memory, no descriptor. Cost: allocates all pages; set-up only.
    static Result<Segment> make(const SegmentIdentity& identity, SegmentWriter writer);

    template <typename Header>
    Header* header() const {
        return static_cast<Header*>(base_);
    }
    std::byte* data() const { return static_cast<std::byte*>(base_) + kSegmentHeaderBytes; }
    std::uint64_t capacity() const { return capacity_; }
    int fd() const { return fd_.get(); }
    /// After hand-over the daemon needs the mapping only.
    void close_fd() { fd_.reset(); }
    explicit operator bool() const { return base_ != nullptr; }

private:
    void unmap();

    Fd fd_;
    void* base_{nullptr};
    std::uint64_t capacity_{0};
};

}  // namespace torc::client_shm
