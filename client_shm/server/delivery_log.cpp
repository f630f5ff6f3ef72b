#include "client_shm/server/delivery_log.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.hpp"

namespace torc::client_shm {

DeliveryLog::DeliveryLog(std::uint32_t blocks) : extents_(blocks), taken_(blocks), free_{blocks} {}

Result<std::unique_ptr<DeliveryLog>> DeliveryLog::make(std::uint32_t blocks) {
    TORC_CHECK(std::has_single_bit(blocks) && blocks <= kLogBlocksMax);
    const SegmentIdentity identity{
        kSegmentMagic, kLayoutVersion, SegmentKind::log, blocks * kLogBlockBytes, 0, 0};
    Result<Segment> segment = Segment::make(identity, SegmentWriter::daemon);
    if (!segment) return tl::unexpected(segment.error());
    std::unique_ptr<DeliveryLog> log(new DeliveryLog(blocks));
    log->segment_ = std::move(*segment);
    return log;
}

/// The lowest stretch of so many free blocks.
std::uint32_t DeliveryLog::find_free(std::uint32_t blocks) const {
    std::uint32_t found = 0;
    for (std::uint32_t block = 0; block < taken_.size(); ++block) {
        found = taken_[block] != 0 ? 0 : found + 1;
        if (found == blocks) return block + 1 - blocks;
    }
    return kNone;
}

void DeliveryLog::give_back(std::uint32_t extent) {
    const std::uint32_t blocks = extents_[extent].blocks;
    std::fill_n(taken_.begin() + extent, blocks, std::uint8_t{0});
    extents_[extent] = {};
    free_ += blocks;
}

bool DeliveryLog::open_extent(std::uint64_t bytes) {
    const std::uint64_t blocks = (bytes + kLogBlockBytes - 1) / kLogBlockBytes;
    if (open_ != kNone && extents_[open_].pins == 0) {
        give_back(open_);
        open_ = kNone;
        end_ = limit_ = 0;
    }
    if (blocks == 0 || blocks > free_) return false;
    const std::uint32_t first = find_free(static_cast<std::uint32_t>(blocks));
    if (first == kNone) return false;
    open_ = first;
    extents_[first] = {static_cast<std::uint32_t>(blocks), 0};
    std::fill_n(taken_.begin() + first, blocks, std::uint8_t{1});
    free_ -= static_cast<std::uint32_t>(blocks);
    end_ = first * kLogBlockBytes;
    limit_ = end_ + blocks * kLogBlockBytes;
    return true;
}

void DeliveryLog::unpin(std::uint32_t extent) {
    TORC_CHECK(extents_[extent].pins > 0);
    if (--extents_[extent].pins == 0 && extent != open_) give_back(extent);
}

}  // namespace torc::client_shm
