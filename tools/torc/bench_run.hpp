// One cell of a benchmark: a number of clients under one load, and what they measured.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

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

struct BenchCell {
    std::string port;  ///< what joins the daemons, for the report
    std::uint32_t senders{0};
    std::uint32_t receivers{0};
    LoadPlan load;
};

struct CellResult {
    double messages_per_second{0};  ///< of the slowest receiver
    double payload_bits_per_second{0};
    telemetry::Histogram<> latency;      ///< all messages at all receivers
    telemetry::Histogram<> own_latency;  ///< own messages at their senders
    std::vector<double> daemon_cpu_percent;
    std::vector<std::uint64_t> order_hashes;  ///< one a receiver
    bool same_order{false};
    std::vector<std::string> errors;
};

CellResult run_cell(const BenchCell& cell, const BenchTargets& targets);
std::string table_head();
std::string table_row(const BenchCell& cell, const CellResult& result);
nlohmann::json to_json(const BenchCell& cell, const CellResult& result);
/// CPU, kernel, cores: what a figure means nothing without.
nlohmann::json machine_fingerprint();

}  // namespace torc::tool
