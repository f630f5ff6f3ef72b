// The port's frames: packet buffers of DPDK, lent to the core and counted. A retained frame is a
// reference count; the copy in `dress` is the one exception and says when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <rte_mbuf.h>
#include <span>

#include "base/frame_ref.hpp"
#include "base/result.hpp"
#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

/// Who needs how many buffers at once; their sum is the least a pool may have.
struct PoolDemand {
    std::uint32_t receive_ring{0};   ///< descriptors that a driver keeps filled
    std::uint32_t transmit_ring{0};  ///< sent frames that a driver has not given back yet
    std::uint32_t window{0};         ///< frames that the core may retain
    std::uint32_t burst{0};          ///< frames on their way between the two
    std::uint32_t caches{0};         ///< free ones that sit in a per-core cache
    std::uint32_t total() const { return receive_ring + transmit_ring + window + burst + caches; }
};

/// Fails, with the arithmetic in its text, if `frames` cannot cover the demand.
Result<void> check_pool(std::uint32_t frames, const PoolDemand& demand);

/// Free buffers per core kept at hand (rte_mempool keeps up to 1.5 times as many).
inline constexpr std::uint32_t kPoolCache = 256;
inline constexpr std::uint32_t kPoolCacheMost = kPoolCache * 3 / 2;

/// Bytes of one buffer's data: DPDK's headroom and a whole Ethernet frame, at least the 2 KiB that
/// drivers like, at least `slot_bytes` where a driver copies whole slots.
std::uint32_t buffer_room(std::uint32_t frame_bytes, std::uint32_t slot_bytes = 0);
/// Bytes of memory that such a pool takes.
std::uint64_t pool_bytes(std::uint32_t frames, std::uint32_t room);

class MbufPool {
public:
    /// Fails: no memory. Needs a started EAL.
    static Result<std::unique_ptr<MbufPool>> create(std::uint32_t frames, std::uint32_t room,
                                                    std::uint32_t frame_bytes);
    /// All devices that use it are closed by now.
    ~MbufPool();
    MbufPool(const MbufPool&) = delete;
    MbufPool& operator=(const MbufPool&) = delete;

    // The ring core's.
    FrameRef acquire();
    void release(void* cookie);
    /// A received frame becomes a loan; `payload` points into it.
    FrameRef lend(rte_mbuf* mbuf, std::span<const std::byte> payload);
    std::size_t loans() const { return loans_; }

    /// Takes a reference for one transmission and puts the headers before the payload. If somebody
    /// else holds the frame as well (another queue, or a NIC that reads late) and needs other
    /// headers, gives a copy instead: only unicast fan-out does. Null when the pool is dry.
    rte_mbuf* dress(const FrameRef& frame, const HeaderBytes& headers);
    /// A buffer with these bytes as its whole frame (ARP, IGMP); null when the pool is dry.
    rte_mbuf* fill(std::span<const std::byte> frame);
    std::uint64_t copies() const { return copies_; }

    rte_mempool* mempool() const { return pool_; }
    std::uint32_t frames() const { return frames_; }
    /// Buffers that nobody holds. Slow: for tests and start-up.
    std::uint32_t available() const;

private:
    MbufPool(rte_mempool* pool, std::uint32_t frames, std::uint32_t frame_bytes)
        : pool_(pool), frames_(frames), frame_bytes_(frame_bytes) {}

    rte_mempool* pool_;
    std::uint32_t frames_;
    std::uint32_t frame_bytes_;
    std::size_t loans_{0};
    std::uint64_t copies_{0};
};

/// The bytes of a buffer's first segment.
inline std::span<const std::byte> bytes_of(const rte_mbuf* mbuf) {
    return {static_cast<const std::byte*>(mbuf->buf_addr) + mbuf->data_off, mbuf->data_len};
}

}  // namespace torc::dataplane::dpdk
