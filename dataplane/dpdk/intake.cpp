// See intake.hpp.
#include "dataplane/dpdk/intake.hpp"

#include <algorithm>
#include <rte_prefetch.h>

#include "base/check.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// Buffers ahead whose headers are fetched while one is sorted.
constexpr std::size_t kPrefetchAhead = 3;

void prefetch(const rte_mbuf* mbuf) { rte_prefetch0(bytes_of(mbuf).data()); }

}  // namespace

void Intake::take(std::span<rte_mbuf* const> burst, NodeIndex only_from,
                  Neighbourhood* neighbourhood) {
    TORC_CHECK(burst.size() <= room());
    for (std::size_t i = 0; i < std::min(kPrefetchAhead, burst.size()); ++i) prefetch(burst[i]);
    for (std::size_t i = 0; i < burst.size(); ++i) {
        if (i + kPrefetchAhead < burst.size()) prefetch(burst[i + kPrefetchAhead]);
        take_one(burst[i], only_from, neighbourhood);
    }
}

void Intake::take_one(rte_mbuf* mbuf, NodeIndex only_from, Neighbourhood* neighbourhood) {
    Sorted sorted;
    if (mbuf->nb_segs == 1) {
        sorted = filter_.sort(bytes_of(mbuf), judged(*mbuf));
    } else {
        sorted.refusal = Refusal::chained;
    }
    const bool is_frame = sorted.arrival == Arrival::token || sorted.arrival == Arrival::data;
    if (is_frame && only_from != kNoNode && sorted.from != only_from) {
        sorted.arrival = Arrival::refused;
        sorted.refusal = Refusal::foreign_source;
    }
    switch (sorted.arrival) {
        case Arrival::token:
        case Arrival::data: {
            peers_.learn(sorted.from, sorted.ethernet.source);
            ++frames_;
            bytes_ += sorted.payload.size();
            const FrameRef frame = pool_.lend(mbuf, sorted.payload);
            if (sorted.arrival == Arrival::token) {
                out_[urgent_++] = frame;
            } else {
                data_.push_back(frame);
            }
            return;  // the loan keeps the buffer
        }
        case Arrival::arp:
            if (neighbourhood != nullptr) neighbourhood->on_arp(sorted.ethernet);
            break;
        case Arrival::igmp:
            if (neighbourhood != nullptr) neighbourhood->on_igmp(sorted.packet);
            break;
        case Arrival::refused:
            refusals_.add(sorted.refusal);
            break;
    }
    rte_pktmbuf_free(mbuf);
}

RxChecksum Intake::judged(const rte_mbuf& mbuf) const {
    const std::uint64_t flags = mbuf.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
    if (flags == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN) return unverified_;
    // "None" means: not in the header, but the data is known to be whole (virtual devices).
    return flags == RTE_MBUF_F_RX_L4_CKSUM_BAD ? RxChecksum::bad : RxChecksum::good;
}

std::size_t Intake::finish() {
    std::copy(data_.begin(), data_.end(), out_.begin() + static_cast<std::ptrdiff_t>(urgent_));
    return urgent_ + data_.size();
}

void Intake::count_into(PortCounters& counters) const {
    counters.rx_frames = frames_;
    counters.rx_bytes = bytes_;
    counters.rx_rejected = refusals_.total();
}

}  // namespace torc::dataplane::dpdk
