#include "tools/torc/bench_run.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <sys/utsname.h>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

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

double us(std::uint64_t ns) { return static_cast<double>(ns) / 1000.0; }

/// Messages a second, or how many of its own a sender lets be under way, or no limit at all.
std::string offered_text(const BenchCell& cell) {
    const double offered = cell.load.messages_per_second * cell.senders;
    if (offered > 0) return fmt::format("{:.0f}", offered);
    return cell.load.window != 0 ? fmt::format("window {}", cell.load.window) : "flood";
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
    std::vector<std::unique_ptr<LoadClient>> clients;
    for (std::uint32_t i = 0; i < cell.senders + cell.receivers; ++i) {
        Target target;
        target.daemon = targets.daemons[i % targets.daemons.size()];
        target.runtime_dir = targets.runtime_dir;
        target.spin_ns = -1;  // more pollers than cores: spinning would only take turns away
        const int sender = i < cell.senders ? static_cast<int>(i) : -1;
        clients.push_back(std::make_unique<LoadClient>(target, cell.load, sender, cell.senders));
    }
    for (const auto& client : clients) client->wait_for_members(clients.size());

    const std::vector<double> cpu_before = cpu_of(targets);
    const std::int64_t from = monotonic_ns();
    for (const auto& client : clients) client->start();
    wait_for_all(clients);
    std::vector<ClientReport> reports;
    for (const auto& client : clients) reports.push_back(client->finish());
    const double elapsed = static_cast<double>(monotonic_ns() - from) / 1e9;
    const std::vector<double> cpu_after = cpu_of(targets);

    CellResult result;
    result.same_order = true;
    result.messages_per_second = 1e18;
    for (const ClientReport& report : reports) {
        const double rate = static_cast<double>(report.measured) / cell.load.seconds;
        result.messages_per_second = std::min(result.messages_per_second, rate);
        result.latency.merge(report.latency);
        result.own_latency.merge(report.own_latency);
        result.order_hashes.push_back(report.order_hash);
        if (!report.error.empty()) result.errors.push_back(report.name + ": " + report.error);
        result.same_order = result.same_order && report.error.empty() && report.gaps == 0 &&
                            report.order_hash == reports.front().order_hash;
    }
    result.payload_bits_per_second =
        result.messages_per_second * 8.0 * static_cast<double>(cell.load.payload_bytes);
    for (std::size_t i = 0; i < cpu_before.size(); ++i) {
        result.daemon_cpu_percent.push_back(100.0 * (cpu_after[i] - cpu_before[i]) / elapsed);
    }
    return result;
}

std::string table_head() {
    return fmt::format(
        "{:<16} {:>7} {:>9} {:>8} {:>8} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} "
        "{:>9} {:<14} {}",
        "port", "senders", "receivers", "bytes", "service", "offered", "msg/s", "Mbit/s", "p50 us",
        "p90 us", "p99 us", "p99.9 us", "max us", "daemon CPU %", "order");
}

std::string table_row(const BenchCell& cell, const CellResult& result) {
    std::string cpu;
    for (const double percent : result.daemon_cpu_percent) cpu += fmt::format("{:.0f} ", percent);
    std::string row = fmt::format(
        "{:<16} {:>7} {:>9} {:>8} {:>8} {:>10} {:>9.0f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} "
        "{:>9.1f} {:>9.1f} {:<14} {}",
        cell.port, cell.senders, cell.senders + cell.receivers, cell.load.payload_bytes,
        service_name(cell.load.service), offered_text(cell), result.messages_per_second,
        result.payload_bits_per_second / 1e6, us(result.own_latency.percentile(50)),
        us(result.own_latency.percentile(90)), us(result.own_latency.percentile(99)),
        us(result.own_latency.percentile(99.9)), us(result.own_latency.max()), cpu,
        result.same_order ? fmt::format("same ({:016x})", result.order_hashes.front())
                          : std::string("DIFFERENT"));
    for (const std::string& error : result.errors) row += "\n  " + error;
    return row;
}

nlohmann::json to_json(const BenchCell& cell, const CellResult& result) {
    const double offered = cell.load.messages_per_second * cell.senders;
    nlohmann::json json;
    json["port"] = cell.port;
    json["nodes"] = result.daemon_cpu_percent.size();
    json["senders"] = cell.senders;
    json["receivers"] = cell.senders + cell.receivers;
    json["payload_bytes"] = cell.load.payload_bytes;
    json["service"] = service_name(cell.load.service);
    json["offered"] = offered > 0 ? nlohmann::json(offered) : nlohmann::json("flood");
    json["loop"] = cell.load.window != 0 ? "closed" : "open";
    json["messages_per_second"] = result.messages_per_second;
    json["payload_bits_per_second"] = result.payload_bits_per_second;
    json["p50_us"] = us(result.own_latency.percentile(50));
    json["p90_us"] = us(result.own_latency.percentile(90));
    json["p99_us"] = us(result.own_latency.percentile(99));
    json["p99_9_us"] = us(result.own_latency.percentile(99.9));
    json["max_us"] = us(result.own_latency.max());
    json["all_p50_us"] = us(result.latency.percentile(50));
    json["all_p99_us"] = us(result.latency.percentile(99));
    json["daemon_cpu_percent"] = result.daemon_cpu_percent;
    json["order_hash"] = nlohmann::json::array();
    for (const std::uint64_t hash : result.order_hashes) {
        json["order_hash"].push_back(fmt::format("{:016x}", hash));
    }
    json["same_order"] = result.same_order;
    json["errors"] = result.errors;
    return json;
}

nlohmann::json machine_fingerprint() {
    nlohmann::json machine;
    utsname names{};
    if (::uname(&names) == 0) machine["kernel"] = names.release;
    machine["cores"] = ::sysconf(_SC_NPROCESSORS_ONLN);
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        machine["cpu"] = line.substr(line.find(':') + 2);
        break;
    }
    return machine;
}

}  // namespace torc::tool
