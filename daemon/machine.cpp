// See machine.hpp.
#include "daemon/machine.hpp"

#include <algorithm>
#include <string>

#include "base/limits.hpp"
#include "config/ipv4.hpp"
#include "config/mtu.hpp"
#include "config/units.hpp"
#include "dataplane/network_interface.hpp"
#ifdef TORC_HAVE_DPDK
#include "dataplane/dpdk/open_port.hpp"
#endif

namespace torc::daemon {
namespace {

using config::IdleStrategy;
using config::kFrameBytesAuto;
using config::kIpUdpBytes;

constexpr std::uint32_t kMtuMin = kFrameBytesMin + kIpUdpBytes;
constexpr std::uint32_t kMtuMax = kFrameBytesMax + kIpUdpBytes;

std::uint32_t address_of(const config::Settings& settings) {
    for (const config::NodeEntry& entry : settings.cluster.nodes) {
        if (entry.name == settings.node.node) return entry.address;
    }
    return 0;
}

Result<std::uint32_t> udp_mtu(const config::Settings& settings) {
    std::string name = settings.node.interface;
    if (name.empty()) {
        const auto addresses = dataplane::addresses_of_host();
        const std::uint32_t own = address_of(settings);
        const auto* const home = dataplane::find_address(addresses, own);
        if (home == nullptr) {
            return failure("this host does not have the address " + config::format_ipv4(own) +
                               " of node " + settings.node.node,
                           "check which node this is, or add it with `ip address add`");
        }
        name = home->interface;
    }
    if (const auto found = dataplane::interface_named(name)) {
        return static_cast<std::uint32_t>(std::max(found->mtu, 0));
    }
    return failure("no network interface \"" + name + "\"",
                   "`ip link` lists them; leave `interface` empty to follow the address");
}

Result<std::uint32_t> port_mtu(const config::Settings& settings) {
    if (settings.node.port == config::PortKind::udp) return udp_mtu(settings);
#ifdef TORC_HAVE_DPDK
    return dataplane::dpdk::device_mtu(settings.node);
#else
    return failure("this torcd was built without DPDK",
                   "set daemon.port = \"udp\", or build with -Ddpdk=enabled");
#endif
}

}  // namespace

MachineFacts read_machine_facts(const config::Settings& settings) {
    MachineFacts facts;
    facts.core = dataplane::read_core_facts(settings.node.core);
    const auto addresses = dataplane::addresses_of_host();
    const bool mesh = settings.cluster.dissemination == config::Dissemination::mesh;
    const auto& nodes = settings.cluster.nodes;
    const auto here = std::count_if(nodes.begin(), nodes.end(), [&](const auto& entry) {
        // The links of a mesh are shared memory: all its daemons are on one machine.
        return mesh || dataplane::find_address(addresses, entry.address) != nullptr;
    });
    facts.daemons_here = std::max<std::size_t>(static_cast<std::size_t>(here), 1);
    return facts;
}

std::vector<Error> warnings_of(const config::NodeSettings& node, const MachineFacts& facts) {
    std::vector<Error> warnings;
    const auto processors = static_cast<std::size_t>(std::max(facts.core.online_cpus, 1));
    if (node.client_core >= 0 && facts.daemons_here + 1 > processors) {
        warnings.push_back(
            {"client_core: with it " + std::to_string(facts.daemons_here + 1) +
                 " threads of the cluster's daemons on this machine look for work all the time; "
                 "it has " +
                 std::to_string(processors) + (processors == 1 ? " processor" : " processors") +
                 ", and handing over from core to core only costs",
             "leave client_core in [daemon] unset (-1) on machines without a core to spare"});
    }
    if (node.idle != IdleStrategy::spin) return warnings;
    const dataplane::CoreBudget budget = dataplane::judge_core(facts.core);
    if (facts.daemons_here > processors) {
        warnings.push_back(
            {"idle = \"spin\": " + std::to_string(facts.daemons_here) +
                 " daemons of the cluster run on this machine, which has " +
                 std::to_string(processors) + (processors == 1 ? " processor" : " processors") +
                 "; spinners that share one trade whole scheduler ticks, 8 ms a rotation",
             "set idle = \"adaptive\" in [daemon] of all of them"});
    } else if (!budget.is_owned) {
        warnings.push_back(
            {"idle = \"spin\" needs a processor of its own (" + budget.reason +
                 "): the ring core will yield instead of spinning, and never sleep",
             "set core in [daemon] to a processor that nothing else uses, or idle = \"adaptive\""});
    }
    return warnings;
}

Result<std::uint32_t> fit_frame(std::uint32_t frame_bytes, std::uint32_t carried,
                                bool may_fragment) {
    const std::uint32_t wanted =
        frame_bytes == kFrameBytesAuto ? kMtuMin : frame_bytes + kIpUdpBytes;
    if (carried < wanted && !(may_fragment && wanted == kMtuMin)) {
        return failure("mtu = \"" + config::format_bytes(wanted) +
                           "\" in [cluster], but the interface of this daemon carries " +
                           std::to_string(carried) + " bytes",
                       "raise it (`ip link set NAME mtu`) on every host and switch of the ring, or "
                       "lower mtu at every daemon");
    }
    if (frame_bytes != kFrameBytesAuto) return frame_bytes;
    return std::clamp(carried, kMtuMin, kMtuMax) - kIpUdpBytes;
}

Result<void> settle_mtu(config::Settings& settings) {
    std::uint32_t& frame_bytes = settings.cluster.frame_bytes;
    const bool is_udp = settings.node.port == config::PortKind::udp;
    // With DPDK the port's own check of a given MTU says more.
    if (frame_bytes != kFrameBytesAuto && !is_udp) return {};
    const Result<std::uint32_t> carried = port_mtu(settings);
    if (!carried) {
        // What is wrong with the place of a given MTU the port itself says better.
        if (frame_bytes != kFrameBytesAuto) return {};
        return tl::unexpected(carried.error());
    }
    const Result<std::uint32_t> fits = fit_frame(frame_bytes, *carried, is_udp);
    if (!fits) return tl::unexpected(fits.error());
    frame_bytes = *fits;
    return {};
}

config::Opinion ask_machine(config::Settings& settings, bool serves) {
    config::Opinion opinion;
    if (serves) {
        if (const Result<void> settled = settle_mtu(settings); !settled) {
            opinion.errors.push_back(settled.error());
            return opinion;
        }
    }
    opinion.warnings = warnings_of(settings.node, read_machine_facts(settings));
    return opinion;
}

}  // namespace torc::daemon
