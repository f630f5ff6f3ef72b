// What a daemon says about itself in its counters file, as the tool needs it. Needs no session and
// no answer from the daemon.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace torc::tool {

struct SessionInfo {
    std::string name;
    int pid{0};
    std::uint32_t uid{0};
    std::uint64_t taken{0};         ///< operations that the daemon took from it
    std::uint64_t written{0};       ///< records that the daemon wrote for it
    std::uint64_t unread{0};        ///< of those, how many it has not released
    std::uint64_t unread_bytes{0};  ///< bytes of them
    std::uint64_t capacity{0};      ///< of its receive memory
};

struct DaemonStatus {
    std::string cluster;
    std::string node;
    int pid{0};
    bool alive{false};  ///< the heartbeat moved within the last two seconds
    std::string state;  ///< boot, gather, form, recover, operational, left
    std::uint64_t ring_epoch{0};
    std::uint64_t ring_since_ns{0};  ///< CLOCK_MONOTONIC of its install
    std::string representative;
    std::vector<std::string> members;
    std::vector<std::string> missing;  ///< configured, but not in the ring
    std::uint64_t high{0};
    std::uint64_t stable{0};
    std::vector<SessionInfo> sessions;
    std::map<std::string, std::uint64_t> counters;
};

/// Nothing if there is no (valid) file of that daemon.
std::optional<DaemonStatus> read_status(const std::string& runtime_dir, const std::string& node);
/// All daemons that it is configured with, in the order of the configuration; empty without a file.
std::vector<std::string> configured_nodes(const std::string& runtime_dir, const std::string& node);
/// Daemons that have a counters file in the folder, sorted.
std::vector<std::string> nodes_in(const std::string& runtime_dir);

}  // namespace torc::tool
