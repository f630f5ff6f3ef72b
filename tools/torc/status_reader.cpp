#include "tools/torc/status_reader.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "telemetry/counters_file.hpp"
#include "tools/torc/clock.hpp"

namespace torc::tool {
namespace {

constexpr std::uint64_t kStale = 2'000'000'000;
constexpr const char* kSuffix = ".counters";
/// In the order of membership::State; the tool does not link the core.
constexpr std::array<const char*, 6> kStates{"boot",    "gather",      "form",
                                             "recover", "operational", "left"};

std::string node_named(const telemetry::StatusBlock& status, std::uint16_t index) {
    if (index >= status.members || index >= status.member_list.size()) return "-";
    return std::string(telemetry::get_name(status.member_list[index].name));
}

}  // namespace

std::optional<DaemonStatus> read_status(const std::string& runtime_dir, const std::string& node) {
    const auto reading = telemetry::read_counters(telemetry::counters_path(runtime_dir, node));
    if (!reading) return std::nullopt;
    const telemetry::StatusBlock& block = reading->status;
    DaemonStatus status;
    status.cluster = telemetry::get_name(block.cluster);
    status.node = telemetry::get_name(block.node);
    status.pid = static_cast<int>(reading->header.pid);
    status.alive =
        static_cast<std::uint64_t>(monotonic_ns()) - reading->header.heartbeat_ns < kStale;
    status.state = block.state < kStates.size() ? kStates[block.state] : "?";
    status.ring_epoch = block.ring_epoch;
    status.ring_since_ns = block.ring_since_ns;
    status.representative = node_named(block, block.ring_representative);
    for (std::uint16_t i = 0; i < std::min<std::size_t>(block.members, block.member_list.size());
         ++i) {
        const bool in_ring = (block.member_list[i].flags & telemetry::kMemberInRing) != 0;
        (in_ring ? status.members : status.missing).push_back(node_named(block, i));
    }
    for (const telemetry::SessionStatus& session : reading->sessions) {
        status.sessions.push_back({std::string(telemetry::get_name(session.name)),
                                   static_cast<int>(session.pid), session.uid, session.messages_in,
                                   session.messages_out, session.deliver_unread,
                                   session.deliver_used, session.deliver_capacity});
    }
    for (const telemetry::CounterReading& counter : reading->counters) {
        status.counters[counter.name] = counter.value;
    }
    status.high = block.high;
    status.stable = block.stable;
    return status;
}

std::vector<std::string> configured_nodes(const std::string& runtime_dir, const std::string& node) {
    std::vector<std::string> nodes;
    const auto reading = telemetry::read_counters(telemetry::counters_path(runtime_dir, node));
    if (!reading) return nodes;
    const telemetry::StatusBlock& block = reading->status;
    for (std::uint16_t i = 0; i < std::min<std::size_t>(block.members, block.member_list.size());
         ++i) {
        nodes.push_back(node_named(block, i));
    }
    return nodes;
}

std::vector<std::string> nodes_in(const std::string& runtime_dir) {
    std::vector<std::string> nodes;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(runtime_dir, ignored)) {
        if (entry.path().extension() == kSuffix) nodes.push_back(entry.path().stem().string());
    }
    std::sort(nodes.begin(), nodes.end());
    return nodes;
}

}  // namespace torc::tool
