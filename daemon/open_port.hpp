// Which port the settings ask for, opened.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "dataplane/port.hpp"
#ifdef TORC_HAVE_DPDK
#include "dataplane/dpdk/open_port.hpp"
#endif

namespace torc::daemon {

struct OpenPort {
    std::unique_ptr<dataplane::Port> port;
#ifdef TORC_HAVE_DPDK
    std::unique_ptr<dataplane::dpdk::Healer> healer;  ///< goes before the port
#endif

    /// Slow work for the port, every 20 ms on the control thread.
    void step(Instant now);
};

Result<OpenPort> open_port(const config::ClusterSettings& cluster, const config::NodeSettings& node,
                           NodeIndex me);

}  // namespace torc::daemon
