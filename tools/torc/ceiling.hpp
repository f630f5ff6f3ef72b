// What the port carries without the daemons: one torc-blast in the place of each daemon, in the
// same networks with the same settings. One sends, the others count.
#pragma once

#include <string>

#include "tools/torc/bench_result.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {

/// Where torc-blast is in a build directory, or beside this program; empty if it is not there (it
/// is not installed).
std::string blast_program();

/// **Takes**: a cluster none of whose daemons runs, of two nodes or more. **Fails**: throws with
/// the end of a log. **Cost**: some seconds.
Ceiling measure_ceiling(const LocalCluster& cluster, const std::string& program, double seconds);

}  // namespace torc::tool
