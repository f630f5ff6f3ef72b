// The receive half that all DPDK ports share: a burst of buffers becomes loans in the order the
// core wants them (tokens and control first), everything else is answered or counted and freed.
#pragma once

#include <cstdint>
#include <rte_mbuf.h>
#include <span>

#include "base/fixed_vec.hpp"
#include "dataplane/dpdk/mbuf_pool.hpp"
#include "dataplane/dpdk/neighbourhood.hpp"
#include "dataplane/dpdk/rx_filter.hpp"
#include "dataplane/port.hpp"

namespace torc::dataplane::dpdk {

/// Frames of one poll at most.
inline constexpr std::size_t kReceiveBurst = 64;

class Intake {
public:
    /// `unverified` is what to do with frames whose checksum the device did not judge.
    Intake(RxFilter filter, PeerTable& peers, MbufPool& pool, RxChecksum unverified)
        : filter_(filter), peers_(peers), pool_(pool), unverified_(unverified) {}

    /// A poll begins: frames go to `out`, tokens at once, data waits until finish().
    void begin(std::span<FrameRef> out) {
        out_ = out.first(out.size() < kReceiveBurst ? out.size() : kReceiveBurst);
        urgent_ = 0;
        data_.clear();
    }
    /// How many more buffers this poll can take.
    std::uint16_t room() const {
        return static_cast<std::uint16_t>(out_.size() - urgent_ - data_.size());
    }
    /// Takes over the buffers of one burst, at most room() of them. A link with one peer names it;
    /// a port on a real link has a neighbourhood that hears ARP and IGMP.
    void take(std::span<rte_mbuf* const> burst, NodeIndex only_from, Neighbourhood* neighbourhood);
    /// Puts the data after the tokens. Gives how many frames stand in `out`.
    std::size_t finish();

    void count_into(PortCounters& counters) const;
    const RefusalCounts& refusals() const { return refusals_; }

private:
    void take_one(rte_mbuf* mbuf, NodeIndex only_from, Neighbourhood* neighbourhood);
    RxChecksum judged(const rte_mbuf& mbuf) const;

    RxFilter filter_;
    PeerTable& peers_;
    MbufPool& pool_;
    RxChecksum unverified_;
    std::span<FrameRef> out_;
    std::size_t urgent_{0};
    FixedVec<FrameRef, kReceiveBurst> data_;
    RefusalCounts refusals_;
    std::uint64_t frames_{0};
    std::uint64_t bytes_{0};
};

}  // namespace torc::dataplane::dpdk
