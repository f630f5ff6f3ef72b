// See rx_wake.hpp.
#include "dataplane/dpdk/rx_wake.hpp"

#include <rte_ethdev.h>
#include <rte_log.h>

#include <unistd.h>

namespace torc::dataplane::dpdk {

void RxWake::open(std::uint16_t port) {
    port_ = port;
    armed_ = false;
    // Asking is the only way to find out, and a driver without an interrupt logs an error.
    const std::uint32_t level = rte_log_get_global_level();
    rte_log_set_global_level(RTE_LOG_CRIT);
    const int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(port, 0);
    rte_log_set_global_level(level);
    fd_ = fd >= 0 ? fd : -1;
}

bool RxWake::arm() {
    if (fd_ < 0) return false;
    armed_ = rte_eth_dev_rx_intr_enable(port_, 0) == 0;
    return armed_;
}

void RxWake::drain() {
    std::uint64_t rings = 0;
    static_cast<void>(!read(fd_, &rings, sizeof rings));  // non-blocking eventfd; empty is fine
}

void RxWake::disarm() {
    armed_ = false;
    static_cast<void>(rte_eth_dev_rx_intr_disable(port_, 0));
}

}  // namespace torc::dataplane::dpdk
