// What a daemon says about itself in its counters file, as the tool needs it. Needs no session and
// no answer from the daemon.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace torc::tool {

struct DaemonStatus {
    std::string node;
    int pid{0};
    bool alive{false};            ///< the heartbeat moved within the last two seconds
    std::string state;            ///< boot, gather, form, recover, operational, left
    std::uint64_t ring_epoch{0};
    std::string representative;
    std::vector<std::string> members;
    std::uint64_t rotation_ns{0};
    std::uint32_t sessions{0};
    std::map<std::string, std::uint64_t> counters;
};

/// Nothing if there is no (valid) file of that daemon.
std::optional<DaemonStatus> read_status(const std::string& runtime_dir, const std::string& node);
/// Daemons that have a counters file in the folder, sorted.
std::vector<std::string> nodes_in(const std::string& runtime_dir);

}  // namespace torc::tool
