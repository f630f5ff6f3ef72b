#include "daemon/open_port.hpp"

#include <random>
#include <utility>

#include "dataplane/lossy_port.hpp"
#include "dataplane/udp_port.hpp"

namespace torc::daemon {
namespace {

Result<OpenPort> open_udp(const config::ClusterSettings& cluster, const config::NodeSettings& node,
                          NodeIndex me) {
    dataplane::UdpOptions options;
    options.interface = node.interface;
    options.frame_pool = node.frame_pool;
    auto udp = dataplane::UdpPort::open(cluster, me, options);
    if (!udp) return tl::unexpected(udp.error());
    OpenPort opened;
    opened.port = std::move(*udp);
    return opened;
}

#ifdef TORC_HAVE_DPDK
Result<OpenPort> open_dpdk(const config::ClusterSettings& cluster,
                           const config::NodeSettings& node) {
    auto dpdk = dataplane::dpdk::open_port(cluster, node);
    if (!dpdk) return tl::unexpected(dpdk.error());
    OpenPort opened;
    opened.port = std::move(dpdk->port);
    opened.healer = std::move(dpdk->healer);
    return opened;
}
#else
Result<OpenPort> open_dpdk(const config::ClusterSettings&, const config::NodeSettings&) {
    return failure("this torcd was built without DPDK",
                   "set daemon.port = \"udp\", or build with -Ddpdk=enabled");
}
#endif

Result<OpenPort> open_plain(const config::ClusterSettings& cluster,
                            const config::NodeSettings& node, NodeIndex me) {
    switch (node.port) {
        case config::PortKind::udp:
            return open_udp(cluster, node, me);
        case config::PortKind::dpdk:
            return open_dpdk(cluster, node);
    }
    return failure("unknown port kind");
}

/// One that loses frames on purpose, in front of the real one.
Result<void> make_lossy(OpenPort& opened, const config::NodeSettings& node, NodeIndex me) {
    auto page = dataplane::LossyPage::create(dataplane::lossy_path(node.runtime_dir, node.node),
                                             dataplane::rates_of(node.lossy));
    if (!page) return tl::unexpected(page.error());
    const std::uint64_t seed = node.lossy.seed == 0 ? std::random_device()() : node.lossy.seed;
    opened.port = std::make_unique<dataplane::LossyPort>(std::move(opened.port), std::move(*page),
                                                         seed + raw(me));
    return {};
}

}  // namespace

Result<OpenPort> open_port(const config::ClusterSettings& cluster, const config::NodeSettings& node,
                           NodeIndex me) {
    Result<OpenPort> opened = open_plain(cluster, node, me);
    if (!opened || !node.lossy.enabled) return opened;
    if (const Result<void> lossy = make_lossy(*opened, node, me); !lossy) {
        return tl::unexpected(lossy.error());
    }
    return opened;
}

void OpenPort::step([[maybe_unused]] Instant now) {
#ifdef TORC_HAVE_DPDK
    if (healer) healer->step(now);
#endif
}

}  // namespace torc::daemon
