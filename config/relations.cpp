// Each rule stands with its reason. The timers' relations come from protocol.md 3.5 and 4.3.
#include "config/relations.hpp"

#include <array>
#include <bit>
#include <map>
#include <utility>

#include "config/convert.hpp"
#include "config/ipv4.hpp"
#include "config/nearest.hpp"
#include "config/units.hpp"

namespace torc::config {

namespace {

constexpr std::string_view kTimers = "cluster.timers";

/// `shorter * times` must not exceed `longer`.
struct TimerRule {
    std::string_view shorter;
    Nanos Timers::* shorter_value;
    int times;
    std::string_view longer;
    Nanos Timers::* longer_value;
    std::string_view reason;
};

constexpr std::array kTimerRules{
    TimerRule{"token_retransmit", &Timers::token_retransmit, 4, "token_loss", &Timers::token_loss,
              "a lost token must be repaired several times before the ring is given up"},
    TimerRule{"hold_refresh", &Timers::hold_refresh, 4, "token_loss", &Timers::token_loss,
              "a held token must prove that it lives before the ring is given up"},
    TimerRule{"join_interval", &Timers::join_interval, 4, "consensus", &Timers::consensus,
              "a lost JOIN must be repeated before its sender is left out"},
    TimerRule{"join_interval", &Timers::join_interval, 4, "form_step", &Timers::form_step,
              "a lost PROPOSE must be repeated before the attempt is given up"},
    TimerRule{"form_step", &Timers::form_step, 2, "recovery", &Timers::recovery,
              "recovery comes after a step of forming, and moves data as well"},
    TimerRule{"token_loss", &Timers::token_loss, 1, "recovery", &Timers::recovery,
              "a lost recovery token must be noticed before recovery is given up"},
    TimerRule{"join_interval", &Timers::join_interval, 1, "merge_probe", &Timers::merge_probe,
              "daemons outside the ring must speak more often than they are asked for"},
    TimerRule{"join_interval", &Timers::join_interval, 4, "token_loss", &Timers::token_loss,
              "a lost PLAN must be repeated before the token of the new ring counts as lost"},
    TimerRule{"hold_refresh", &Timers::hold_refresh, 1, "merge_probe", &Timers::merge_probe,
              "the token that invites outsiders must come by while what they said still counts"},
};

/// Below these a timer cannot be kept on this host, however good the network is.
struct ServingRule {
    std::string_view timer;
    Nanos Timers::* value;
    Nanos least;
    bool (*applies)(const NodeSettings&);
    std::string_view reason;
};

/// A turn of the kernel's scheduler: for so long others may have the processor of a ring core that
/// is not pinned.
constexpr Nanos kTurnOfOthers = std::chrono::milliseconds(4);
/// What a sleep of the ring core adds to a frame's way: being woken, or the longest sleep on a port
/// that cannot wake (data-plane.md C).
constexpr Nanos kFrameMayLie = std::chrono::microseconds(200);

bool shares_its_core(const NodeSettings& node) { return node.core < 0; }
bool may_sleep(const NodeSettings& node) { return node.idle != IdleStrategy::spin; }

constexpr std::string_view kNotPinned =
    "others may run for so long on the processor of a ring core that is not pinned; set core in "
    "[daemon], or another profile";

constexpr std::array kServingRules{
    ServingRule{"token_loss", &Timers::token_loss, kTurnOfOthers, shares_its_core, kNotPinned},
    ServingRule{"consensus", &Timers::consensus, kTurnOfOthers, shares_its_core, kNotPinned},
    ServingRule{"form_step", &Timers::form_step, kTurnOfOthers, shares_its_core, kNotPinned},
    ServingRule{"join_interval", &Timers::join_interval, kFrameMayLie, may_sleep,
                "a frame may lie unread for so long while the ring core sleeps; set idle = "
                "\"spin\" in [daemon], or another profile"},
};

void check_serving(const Settings& settings, const Places& places, Problems& problems) {
    const Timers& timers = settings.cluster.timers;
    for (const ServingRule& rule : kServingRules) {
        if (timers.*rule.value >= rule.least || !rule.applies(settings.node)) continue;
        const std::string_view blamed =
            places.given(kTimers, rule.timer) ? rule.timer : std::string_view("profile");
        problems.add(places.of(kTimers, blamed),
                     std::string(rule.timer) + " (" + format_duration(timers.*rule.value) +
                         ") must be at least " + format_duration(rule.least) +
                         " here: " + std::string(rule.reason));
    }
}

void check_timers(const Timers& timers, const Places& places, Problems& problems) {
    for (const TimerRule& rule : kTimerRules) {
        const Nanos shorter = timers.*rule.shorter_value;
        const Nanos longer = timers.*rule.longer_value;
        if (shorter * rule.times <= longer) continue;
        const std::string_view blamed =
            places.given(kTimers, rule.shorter) ? rule.shorter : rule.longer;
        const std::string share = rule.times == 1 ? "" : "1/" + std::to_string(rule.times) + " of ";
        problems.add(places.of(kTimers, blamed),
                     std::string(rule.shorter) + " (" + format_duration(shorter) +
                         ") must be at most " + share + std::string(rule.longer) + " (" +
                         format_duration(longer) + "): " + std::string(rule.reason));
    }
}

void check_frames(const Settings& settings, const Places& places, Problems& problems) {
    const ClusterSettings& cluster = settings.cluster;
    if (cluster.burst_frames > cluster.in_flight_frames) {
        problems.add(
            places.of("cluster", places.given("cluster", "burst_frames") ? "burst_frames"
                                                                         : "in_flight_frames"),
            "burst_frames (" + std::to_string(cluster.burst_frames) +
                ") must be at most in_flight_frames (" + std::to_string(cluster.in_flight_frames) +
                "): no visit may send more than may be on the way");
    }
    const std::uint32_t needed = 4 * cluster.in_flight_frames + 1024;
    if (settings.node.frame_pool < needed) {
        problems.add(places.of("daemon", "frame_pool"),
                     "frame_pool is " + std::to_string(settings.node.frame_pool) +
                         "; in_flight_frames = " + std::to_string(cluster.in_flight_frames) +
                         " needs at least " + std::to_string(needed));
    }
    if (settings.node.client_core >= 0 && settings.node.client_core == settings.node.core) {
        problems.add(places.of("daemon", "client_core"),
                     "client_core is " + std::to_string(settings.node.client_core) +
                         ", as core is: two threads that look all the time would take turns on it");
    }
    if (!std::has_single_bit(settings.node.session_ring_bytes)) {
        problems.add(places.of("daemon", "session_ring_bytes"),
                     "session_ring_bytes is " + format_bytes(settings.node.session_ring_bytes) +
                         "; it must be a power of two, such as \"" +
                         format_bytes(std::bit_floor(settings.node.session_ring_bytes)) +
                         "\" or \"" +
                         format_bytes(std::bit_ceil(settings.node.session_ring_bytes)) + "\"");
    }
}

/// Names and addresses are unique. Nodes whose own values were refused are skipped.
void check_nodes(const ClusterSettings& cluster, const Places& places, Problems& problems) {
    if (cluster.nodes.empty()) {
        return problems.add(places.file, "no [[node]]: list every daemon of the cluster");
    }
    if (cluster.nodes.size() > kNodesMax) {
        problems.add(places.node_names[kNodesMax], std::to_string(cluster.nodes.size()) +
                                                       " nodes; a cluster has at most " +
                                                       std::to_string(kNodesMax));
    }
    std::map<std::string_view, std::size_t> names;
    std::map<std::uint32_t, std::size_t> addresses;
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        const NodeEntry& node = cluster.nodes[i];
        const auto [name, new_name] = names.try_emplace(node.name, i);
        if (!node.name.empty() && !new_name) {
            problems.add(places.node_names[i], "duplicate node name " + quoted(node.name) +
                                                   "; first given at " +
                                                   places.node_names[name->second].text());
        }
        const auto [address, new_address] = addresses.try_emplace(node.address, i);
        if (node.address != 0 && !new_address) {
            problems.add(places.node_addresses[i],
                         "duplicate node address " + quoted(format_ipv4(node.address)) +
                             "; first given at " + places.node_addresses[address->second].text());
        }
    }
}

void check_identity(const Settings& settings, const Overrides& overrides, const Places& places,
                    Problems& problems) {
    const std::string& name = settings.node.node;
    if (name.empty()) {
        if (overrides.node_needed && !places.given("daemon", "node")) {
            problems.add(places.file, "which node is this? Neither [daemon] node nor --node tells",
                         "say `torcd --node NAME`, or set node in [daemon]");
        }
        return;
    }
    std::vector<std::string_view> known;
    for (const NodeEntry& node : settings.cluster.nodes) {
        if (node.name == name) return;
        known.push_back(node.name);
    }
    if (known.empty()) return;  // reported by check_nodes
    std::string message = "node " + quoted(name) + " is not among the [[node]] sections";
    const std::string_view near = nearest(name, known);
    if (!near.empty()) message += "; did you mean " + quoted(near) + "?";
    problems.add(
        overrides.node.empty() ? places.of("daemon", "node") : Place{"--node " + name, 0, 0},
        message);
}

void check_port(const Settings& settings, const Places& places, Problems& problems) {
    const NodeSettings& node = settings.node;
    const bool mesh = settings.cluster.dissemination == Dissemination::mesh;
    const bool vhost = node.device == "vhost-mesh";
    if (mesh && node.port != PortKind::dpdk) {
        problems.add(places.of("cluster", "dissemination"),
                     "dissemination = \"mesh\" needs port = \"dpdk\" in [daemon]");
    }
    if (node.port != PortKind::dpdk) return;
    if (node.device.empty()) {
        problems.add(places.of("daemon", "port"),
                     "port = \"dpdk\" needs a device: a name as the EAL knows it, or "
                     "\"vhost-mesh\"");
    }
    if (vhost && !mesh) {
        problems.add(places.of("daemon", "device"),
                     "device = \"vhost-mesh\" needs dissemination = \"mesh\" in [cluster]");
    }
    if (vhost && node.mesh_dir.empty()) {
        problems.add(places.of("daemon", "device"), "device = \"vhost-mesh\" needs mesh_dir");
    }
}

/// Rates that do nothing are a mistake: somebody believes that they test something.
void check_lossy(const LossySettings& lossy, const Places& places, Problems& problems) {
    if (lossy.enabled) return;
    for (const auto& [name, rate] :
         {std::pair{"loss_ppm", lossy.loss_ppm}, std::pair{"duplicate_ppm", lossy.duplicate_ppm},
          std::pair{"delay_ppm", lossy.delay_ppm}}) {
        if (rate == 0) continue;
        problems.add(places.of("lossy", name),
                     std::string(name) + " is " + std::to_string(rate) +
                         ", but [lossy] enabled is false, so that no frame would be touched");
    }
}

}  // namespace

void check_relations(const Settings& settings, const Overrides& overrides, const Places& places,
                     Problems& problems) {
    check_nodes(settings.cluster, places, problems);
    check_timers(settings.cluster.timers, places, problems);
    check_frames(settings, places, problems);
    check_identity(settings, overrides, places, problems);
    check_lossy(settings.node.lossy, places, problems);
    if (!overrides.node_needed) return;
    check_port(settings, places, problems);
    check_serving(settings, places, problems);
}

}  // namespace torc::config
