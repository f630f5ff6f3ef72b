#include "client_shm/server/core_link.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/eventfd.h>

#include "client_shm/server/event_records.hpp"

namespace torc::client_shm {
namespace {

Result<Segment> make_ring(std::uint64_t capacity) {
    const SegmentIdentity identity{
        kSegmentMagic, kLayoutVersion, SegmentKind::daemon, capacity, 0, 0};
    Result<Segment> ring = Segment::make(identity, SegmentWriter::daemon);
    if (ring) ring->close_fd();
    return ring;
}

}  // namespace

void SharedCounters::write(const PlaneCounters& counters, std::size_t sessions) {
    const auto values = std::bit_cast<std::array<std::uint64_t, kWords>>(counters);
    for (std::size_t i = 0; i < kWords; ++i) words_[i].store(values[i], std::memory_order_relaxed);
    sessions_.store(sessions, std::memory_order_relaxed);
}

PlaneCounters SharedCounters::read() const {
    std::array<std::uint64_t, kWords> values;
    for (std::size_t i = 0; i < kWords; ++i) values[i] = words_[i].load(std::memory_order_relaxed);
    return std::bit_cast<PlaneCounters>(values);
}

Result<std::unique_ptr<CoreLink>> CoreLink::make(const SessionTable& table) {
    const TableOptions& options = table.options();
    std::unique_ptr<CoreLink> link(new CoreLink);
    Result<Segment> operations = make_ring(kOperationsBytes);
    if (!operations) return tl::unexpected(operations.error());
    link->operations_ = std::move(*operations);
    Result<Segment> events =
        make_ring(capacity_for(options.ring_bytes, options.message_bytes + kDeliveryExtraMax));
    if (!events) return tl::unexpected(events.error());
    link->events_ = std::move(*events);
    link->ring_bell_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!link->ring_bell_) {
        return failure(std::string("eventfd: ") + std::strerror(errno), "raise LimitNOFILE");
    }
    return link;
}

}  // namespace torc::client_shm
