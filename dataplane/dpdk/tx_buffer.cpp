// See tx_buffer.hpp.
#include "dataplane/dpdk/tx_buffer.hpp"

#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

TxBuffer::Outcome TxBuffer::flush(std::uint16_t port, bool prepare) {
    Outcome outcome;
    const auto total = static_cast<std::uint16_t>(frames_.size());
    // Lengths first: a sent mbuf may be freed before the call returns.
    for (const rte_mbuf* mbuf : frames_) {
        outcome.bytes += mbuf->pkt_len > kHeaderBytes ? mbuf->pkt_len - kHeaderBytes : 0;
    }
    std::uint16_t sent = 0;
    std::uint16_t ready = total;
    if (prepare) ready = rte_eth_tx_prepare(port, 0, frames_.begin(), total);
    for (unsigned attempt = 0; sent < ready && attempt < kAttemptsMax; ++attempt) {
        const std::uint16_t now = rte_eth_tx_burst(port, 0, frames_.begin() + sent,
                                                   static_cast<std::uint16_t>(ready - sent));
        sent = static_cast<std::uint16_t>(sent + now);
        if (now == 0) rte_pause();
    }
    outcome.frames = sent;
    outcome.dropped = static_cast<std::uint64_t>(total - sent);
    for (std::uint16_t i = sent; i < total; ++i) {
        const std::uint32_t bytes = frames_[i]->pkt_len;
        outcome.bytes -= bytes > kHeaderBytes ? bytes - kHeaderBytes : 0;
        rte_pktmbuf_free(frames_[i]);
    }
    frames_.clear();
    return outcome;
}

std::size_t TxBuffer::discard() {
    const std::size_t count = frames_.size();
    for (rte_mbuf* mbuf : frames_) rte_pktmbuf_free(mbuf);
    frames_.clear();
    return count;
}

}  // namespace torc::dataplane::dpdk
