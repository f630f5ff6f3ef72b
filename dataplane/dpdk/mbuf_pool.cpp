// See mbuf_pool.hpp. Payloads stand at the same place in every buffer: after DPDK's headroom and
// 42 bytes of headers, whether a driver put them there or we did.
#include "dataplane/dpdk/mbuf_pool.hpp"

#include <algorithm>
#include <cstring>
#include <rte_errno.h>
#include <rte_mempool.h>
#include <string>

#include "base/check.hpp"

namespace torc::dataplane::dpdk {

namespace {

constexpr std::size_t kPayloadOffset = RTE_PKTMBUF_HEADROOM + kHeaderBytes;
/// What a driver may count to a frame besides its bytes: VLAN tags, the check sum, virtio's header.
constexpr std::uint32_t kDriverBytes = 32;
/// Per buffer: the rte_mbuf, the mempool's header and trailer, padding to cache lines.
constexpr std::uint64_t kBufferOverhead = 320;

std::byte* buffer_of(const rte_mbuf* mbuf) { return static_cast<std::byte*>(mbuf->buf_addr); }

void set_frame(rte_mbuf* mbuf, std::size_t offset, std::size_t bytes) {
    mbuf->data_off = static_cast<std::uint16_t>(offset);
    mbuf->data_len = static_cast<std::uint16_t>(bytes);
    mbuf->pkt_len = static_cast<std::uint32_t>(bytes);
    mbuf->ol_flags = 0;
    mbuf->tx_offload = 0;
}

}  // namespace

Result<void> check_pool(std::uint32_t frames, const PoolDemand& demand) {
    if (frames >= demand.total()) return {};
    const auto text = [](std::uint32_t value) { return std::to_string(value); };
    return failure("frame_pool = " + text(frames) + " is too small: " + text(demand.receive_ring) +
                       " receive descriptors + " + text(demand.transmit_ring) +
                       " transmit descriptors + " + text(demand.window) + " retained frames + " +
                       text(demand.burst) + " in bursts + " + text(demand.caches) +
                       " in caches = " + text(demand.total()),
                   "set frame_pool to at least " + text(demand.total()));
}

std::uint32_t buffer_room(std::uint32_t frame_bytes, std::uint32_t slot_bytes) {
    const auto frame = static_cast<std::uint32_t>(frame_bytes + kHeaderBytes + kDriverBytes);
    const std::uint32_t room =
        RTE_PKTMBUF_HEADROOM + std::max({frame, slot_bytes, std::uint32_t{2048}});
    return (room + 63) / 64 * 64;
}

std::uint64_t pool_bytes(std::uint32_t frames, std::uint32_t room) {
    return std::uint64_t{frames} * (room + kBufferOverhead);
}

Result<std::unique_ptr<MbufPool>> MbufPool::create(std::uint32_t frames, std::uint32_t room,
                                                   std::uint32_t frame_bytes) {
    TORC_CHECK(room <= UINT16_MAX && room >= kPayloadOffset + frame_bytes);
    rte_mempool* pool = rte_pktmbuf_pool_create("torc_frames", frames, kPoolCache, 0,
                                                static_cast<std::uint16_t>(room), SOCKET_ID_ANY);
    if (pool == nullptr) {
        const std::uint64_t mib = (pool_bytes(frames, room) >> 20) + 1;
        return failure("no memory for " + std::to_string(frames) + " frames of " +
                           std::to_string(room) + " bytes, " + std::to_string(mib) + " MiB (" +
                           rte_strerror(rte_errno) + ")",
                       "raise -m in `eal` (or leave it away: it is computed), free huge pages, "
                       "or lower frame_pool");
    }
    return std::unique_ptr<MbufPool>(new MbufPool(pool, frames, frame_bytes));
}

MbufPool::~MbufPool() { rte_mempool_free(pool_); }

FrameRef MbufPool::acquire() {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    if (mbuf == nullptr) return {};
    ++loans_;
    return {mbuf, buffer_of(mbuf) + kPayloadOffset, 0, frame_bytes_};
}

void MbufPool::release(void* cookie) {
    TORC_CHECK(loans_ > 0 && cookie != nullptr);
    --loans_;
    rte_pktmbuf_free(static_cast<rte_mbuf*>(cookie));
}

FrameRef MbufPool::lend(rte_mbuf* mbuf, std::span<const std::byte> payload) {
    ++loans_;
    std::byte* data = buffer_of(mbuf) + (payload.data() - buffer_of(mbuf));
    return {mbuf, data, static_cast<std::uint32_t>(payload.size()), 0};
}

rte_mbuf* MbufPool::dress(const FrameRef& frame, const HeaderBytes& headers) {
    auto* mbuf = static_cast<rte_mbuf*>(frame.cookie);
    const auto payload_offset = static_cast<std::size_t>(frame.data - buffer_of(mbuf));
    TORC_CHECK(payload_offset >= kHeaderBytes && payload_offset + frame.size <= mbuf->buf_len &&
               frame.size <= frame_bytes_);
    const std::size_t offset = payload_offset - kHeaderBytes;
    std::byte* place = buffer_of(mbuf) + offset;
    if (rte_mbuf_refcnt_read(mbuf) == 1) {
        std::memcpy(place, headers.data(), headers.size());
        set_frame(mbuf, offset, kHeaderBytes + frame.size);
    } else if (mbuf->data_off != offset || mbuf->data_len != kHeaderBytes + frame.size ||
               std::memcmp(place, headers.data(), headers.size()) != 0) {
        rte_mbuf* copy = rte_pktmbuf_alloc(pool_);
        if (copy == nullptr) return nullptr;
        ++copies_;
        std::memcpy(buffer_of(copy) + kPayloadOffset, frame.data, frame.size);
        std::memcpy(buffer_of(copy) + RTE_PKTMBUF_HEADROOM, headers.data(), headers.size());
        set_frame(copy, RTE_PKTMBUF_HEADROOM, kHeaderBytes + frame.size);
        return copy;
    }
    rte_mbuf_refcnt_update(mbuf, 1);
    return mbuf;
}

rte_mbuf* MbufPool::fill(std::span<const std::byte> frame) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    if (mbuf == nullptr) return nullptr;
    std::memcpy(buffer_of(mbuf) + RTE_PKTMBUF_HEADROOM, frame.data(), frame.size());
    set_frame(mbuf, RTE_PKTMBUF_HEADROOM, frame.size());
    return mbuf;
}

std::uint32_t MbufPool::available() const { return rte_mempool_avail_count(pool_); }

}  // namespace torc::dataplane::dpdk
