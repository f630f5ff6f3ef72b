#include "tools/torc/bench_run.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace torc::tool {
namespace {

std::vector<double> cpu_of(const BenchTargets& targets) {
    std::vector<double> seconds;
    for (const std::string& daemon : targets.daemons) {
        const auto status = read_status(targets.runtime_dir, daemon);
        seconds.push_back(status ? cpu_seconds_of(status->pid) : 0);
    }
    return seconds;
}

/// Waits for all clients. When one fails, the others wait for markers that may never come: they
/// get a moment to finish all the same, then are ended.
void wait_for_all(const std::vector<std::unique_ptr<LoadClient>>& clients) {
    constexpr std::int64_t kMoment = 2'000'000'000;
    std::int64_t failed_at = 0;
    const auto finished = [](const auto& client) { return client->finished(); };
    const auto failed = [](const auto& client) { return client->failed(); };
    while (!std::all_of(clients.begin(), clients.end(), finished)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const bool any_failed = std::any_of(clients.begin(), clients.end(), failed);
        if (any_failed && failed_at == 0) failed_at = monotonic_ns();
        if (failed_at == 0 || monotonic_ns() - failed_at < kMoment) continue;
        for (const auto& client : clients) client->give_up();
    }
}

std::vector<std::unique_ptr<LoadClient>> connect_clients(const BenchCell& cell,
                                                         const BenchTargets& targets) {
    std::vector<std::unique_ptr<LoadClient>> clients;
    for (std::uint32_t i = 0; i < cell.clients(); ++i) {
        Target target;
        target.daemon = targets.daemons[i % targets.daemons.size()];
        target.runtime_dir = targets.runtime_dir;
        target.spin_ns = cell.load.spin_ns;
        const int sender = i < cell.senders ? static_cast<int>(i) : -1;
        clients.push_back(std::make_unique<LoadClient>(target, cell.load, sender, cell.senders));
        // Each one's arrival is a view for all before it: a thousand would fill their rings.
        for (const auto& client : clients) client->take_what_came();
    }
    for (const auto& client : clients) client->wait_for_members(clients.size());
    return clients;
}

CellResult sum_up(const BenchCell& cell, const std::vector<ClientReport>& reports) {
    CellResult result;
    result.same_order = true;
    result.messages_per_second = 1e18;
    for (const ClientReport& report : reports) {
        const double rate = static_cast<double>(report.measured) / cell.load.seconds;
        result.messages_per_second = std::min(result.messages_per_second, rate);
        result.others_latency.merge(report.others_latency);
        result.own_latency.merge(report.own_latency);
        result.own_safe_latency.merge(report.own_safe_latency);
        result.unsent += report.unsent;
        result.order_hashes.push_back(report.order_hash);
        if (!report.error.empty()) result.errors.push_back(report.name + ": " + report.error);
        result.same_order = result.same_order && report.error.empty() && report.gaps == 0 &&
                            report.order_hash == reports.front().order_hash;
    }
    result.latency.merge(result.others_latency);
    result.latency.merge(result.own_latency);
    result.latency.merge(result.own_safe_latency);
    result.payload_bits_per_second =
        result.messages_per_second * 8.0 * static_cast<double>(cell.load.payload_bytes);
    return result;
}

}  // namespace

BenchTargets targets_of(const LocalCluster& cluster) {
    BenchTargets targets;
    targets.runtime_dir = cluster.folder();
    for (std::size_t i = 0; i < cluster.size(); ++i) {
        targets.daemons.push_back(cluster.target(i).daemon);
    }
    return targets;
}

BenchTargets targets_in(const std::string& runtime_dir, const std::vector<std::string>& daemons) {
    BenchTargets targets{runtime_dir, daemons};
    if (targets.daemons.empty()) targets.daemons = nodes_in(runtime_dir);
    if (targets.daemons.empty()) {
        throw std::runtime_error("no daemon in " + runtime_dir +
                                 "; start one, or use --cluster for an own one");
    }
    return targets;
}

CellResult run_cell(const BenchCell& cell, const BenchTargets& targets) {
    const auto clients = connect_clients(cell, targets);
    const std::vector<double> cpu_before = cpu_of(targets);
    const std::int64_t from = monotonic_ns();
    for (const auto& client : clients) client->start();
    wait_for_all(clients);
    std::vector<ClientReport> reports;
    for (const auto& client : clients) reports.push_back(client->finish());
    const double elapsed = static_cast<double>(monotonic_ns() - from) / 1e9;
    const std::vector<double> cpu_after = cpu_of(targets);

    CellResult result = sum_up(cell, reports);
    for (std::size_t i = 0; i < cpu_before.size(); ++i) {
        result.daemon_cpu_percent.push_back(100.0 * (cpu_after[i] - cpu_before[i]) / elapsed);
    }
    return result;
}

}  // namespace torc::tool
