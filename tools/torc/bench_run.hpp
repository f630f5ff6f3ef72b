// One run of one cell of a benchmark: clients under load, and what they measured.
#pragma once

#include <string>
#include <vector>

#include "tools/torc/bench_plan.hpp"
#include "tools/torc/load.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {

/// Where the clients of a benchmark connect.
struct BenchTargets {
    std::string runtime_dir;
    std::vector<std::string> daemons;
};
BenchTargets targets_of(const LocalCluster& cluster);
/// `daemons` empty: all that have a counters file there.
BenchTargets targets_in(const std::string& runtime_dir, const std::vector<std::string>& daemons);

struct CellResult {
    double messages_per_second{0};  ///< of the slowest receiver
    double payload_bits_per_second{0};
    telemetry::Histogram<> latency;           ///< all messages at all receivers
    telemetry::Histogram<> others_latency;    ///< messages at those who did not send them
    telemetry::Histogram<> own_latency;       ///< own messages at their senders
    telemetry::Histogram<> own_safe_latency;  ///< of those that LoadPlan::safe_every made SAFE
    std::uint64_t unsent{0};  ///< due messages for which there was no room to the end
    std::vector<double> daemon_cpu_percent;
    std::vector<std::uint64_t> order_hashes;  ///< one a receiver
    bool same_order{false};
    std::vector<std::string> errors;
};

CellResult run_cell(const BenchCell& cell, const BenchTargets& targets);

}  // namespace torc::tool
