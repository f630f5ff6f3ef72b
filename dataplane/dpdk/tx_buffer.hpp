// Frames of one device between `transmit` and `flush`. Bounded retry, then a counted drop: a full
// queue must not stop the ring, and the protocol repairs what is lost.
#pragma once

#include <cstdint>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "base/fixed_vec.hpp"

namespace torc::dataplane::dpdk {

class TxBuffer {
public:
    /// Frames that wait at most; a burst beyond it is sent in parts.
    static constexpr std::size_t kFramesMax = 256;
    /// Attempts on a full queue, about 5 us in all, before the rest is dropped.
    static constexpr unsigned kAttemptsMax = 64;

    struct Outcome {
        std::uint64_t frames{0};
        std::uint64_t bytes{0};  ///< UDP payload
        std::uint64_t dropped{0};
    };

    bool full() const { return frames_.full(); }
    bool empty() const { return frames_.empty(); }
    /// Takes over one reference. The caller flushes a full buffer first.
    void push(rte_mbuf* mbuf) { frames_.push_back(mbuf); }

    /// Sends all to queue 0 of `port`. `prepare` runs the driver's own checks for offloads.
    Outcome flush(std::uint16_t port, bool prepare);
    /// Frees all unsent; gives how many.
    std::size_t discard();

private:
    FixedVec<rte_mbuf*, kFramesMax> frames_;
};

}  // namespace torc::dataplane::dpdk
