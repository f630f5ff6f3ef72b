// What settings ask of the machine that the daemon is to run on: looked at by `torcd` before it
// starts, by `torcd --check` and by whoever else opens the daemon's port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "config/check_command.hpp"
#include "config/schema.hpp"
#include "dataplane/core_budget.hpp"

namespace torc::daemon {

struct MachineFacts {
    dataplane::CoreFacts core;    ///< of the thread that will be the ring core
    std::size_t daemons_here{1};  ///< of this cluster, as far as their addresses tell
};

MachineFacts read_machine_facts(const config::Settings& settings);

/// What would run, but not as it was meant. Pure.
std::vector<Error> warnings_of(const config::NodeSettings& node, const MachineFacts& facts);

/// The frames for a port that carries IP packets of `carried` bytes: those that were asked for, or,
/// for 0, the largest that fit. Where the port can fragment, the smallest frames always fit.
/// Fails: the port carries less. Pure.
Result<std::uint32_t> fit_frame(std::uint32_t frame_bytes, std::uint32_t carried,
                                bool may_fragment);

/// Settles `mtu = "auto"` to what the port of `settings.node` carries, and sees that a given MTU
/// fits. Fails: it does not, or for "auto" what the port carries cannot be found out.
Result<void> settle_mtu(config::Settings& settings);

/// All of it. `serves`: the settings are of a daemon that is to run here; otherwise the file is
/// only read here, and its port may be elsewhere.
config::Opinion ask_machine(config::Settings& settings, bool serves);

}  // namespace torc::daemon
