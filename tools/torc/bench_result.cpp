#include "tools/torc/bench_result.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torc::tool {
namespace {

constexpr std::array<std::pair<const char*, double>, 5> kPercentiles{{
    {"p50_us", 50},
    {"p90_us", 90},
    {"p99_us", 99},
    {"p99_9_us", 99.9},
    {"p99_99_us", 99.99},
}};

double us(std::uint64_t ns) { return static_cast<double>(ns) / 1000.0; }

/// Messages a second, or how many of its own a sender lets be under way, or no limit at all.
std::string offered_text(const BenchCell& cell) {
    if (cell.offered() > 0) return fmt::format("{:.0f}", cell.offered());
    return cell.load.window != 0 ? fmt::format("window {}", cell.load.window) : "flood";
}

nlohmann::json load_json(const BenchCell& cell) {
    nlohmann::json json;
    json["port"] = cell.port;
    if (cell.mtu != 0) json["mtu"] = cell.mtu;
    json["nodes"] = cell.nodes;
    json["senders"] = cell.senders;
    json["receivers"] = cell.clients();
    json["payload_bytes"] = cell.load.payload_bytes;
    json["service"] = service_name(cell.load.service);
    if (cell.load.safe_every != 0) json["safe_every"] = cell.load.safe_every;
    json["offered"] = cell.offered() > 0 ? nlohmann::json(cell.offered()) : nlohmann::json("flood");
    json["loop"] = cell.load.window != 0 ? "closed" : "open";
    if (cell.load.window != 0) json["window"] = cell.load.window;
    if (cell.offered() > 0) {
        json["arrivals"] = cell.load.arrivals == Arrivals::poisson ? "poisson" : "even";
        if (cell.load.arrivals == Arrivals::poisson) json["seed"] = cell.load.seed;
    }
    json["spin_us"] = us(static_cast<std::uint64_t>(std::max<std::int64_t>(cell.load.spin_ns, 0)));
    json["seconds"] = cell.load.seconds;
    return json;
}

void add_latency(nlohmann::json& json, const CellResult& result) {
    for (const auto& [name, percent] : kPercentiles) {
        json[name] = us(result.own_latency.percentile(percent));
        json[std::string("others_") + name] = us(result.others_latency.percentile(percent));
        json[std::string("all_") + name] = us(result.latency.percentile(percent));
    }
    json["max_us"] = us(result.own_latency.max());
    json["others_max_us"] = us(result.others_latency.max());
    json["all_max_us"] = us(result.latency.max());
    if (result.own_safe_latency.count() == 0) return;
    for (const auto& [name, percent] : kPercentiles) {
        json[std::string("safe_") + name] = us(result.own_safe_latency.percentile(percent));
    }
    json["safe_max_us"] = us(result.own_safe_latency.max());
}

/// Shares are of the payload: headers, tokens and repairs are part of what Torc costs.
void add_yardsticks(nlohmann::json& json, const CellResult& result, const Yardsticks& yardsticks) {
    json["ceiling_frames_per_second"] = nullptr;
    if (yardsticks.ceiling) {
        const Ceiling& ceiling = *yardsticks.ceiling;
        json["ceiling_frames_per_second"] = ceiling.frames_per_second;
        json["ceiling_frame_bytes"] = ceiling.frame_bytes;
        const double bits =
            ceiling.frames_per_second * 8.0 * static_cast<double>(ceiling.frame_bytes);
        if (bits > 0) json["share_of_ceiling"] = result.payload_bits_per_second / bits;
    }
    if (yardsticks.link_bits_per_second > 0) {
        json["share_of_link"] = result.payload_bits_per_second / yardsticks.link_bits_per_second;
    }
}

/// Below the row of a cell with `safe_every`: the SAFE ones among its messages.
std::string safe_row(const BenchCell& cell, const CellResult& result) {
    std::string row = fmt::format("  every {}th is safe:", cell.load.safe_every);
    for (const auto& [name, percent] : kPercentiles) {
        const std::string_view label = std::string_view(name).substr(0, std::strlen(name) - 3);
        row += fmt::format(" {} {:.1f} us", label, us(result.own_safe_latency.percentile(percent)));
    }
    return row;
}

}  // namespace

std::size_t median_run(const BenchCell& cell, const std::vector<CellResult>& runs) {
    std::vector<std::size_t> from_best(runs.size());
    std::iota(from_best.begin(), from_best.end(), std::size_t{0});
    std::stable_sort(from_best.begin(), from_best.end(), [&](std::size_t a, std::size_t b) {
        if (cell.offered() > 0) {
            return runs[a].own_latency.percentile(50) < runs[b].own_latency.percentile(50);
        }
        return runs[a].messages_per_second > runs[b].messages_per_second;
    });
    return from_best[runs.size() / 2];
}

bool same_order(const std::vector<CellResult>& runs) {
    return std::all_of(runs.begin(), runs.end(),
                       [](const CellResult& run) { return run.same_order; });
}

std::string table_head() {
    return fmt::format(
        "{:<16} {:>5} {:>7} {:>9} {:>8} {:>8} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10} "
        "{:>9} {:<14} {}",
        "port", "nodes", "senders", "receivers", "bytes", "service", "offered", "msg/s", "Mbit/s",
        "p50 us", "p90 us", "p99 us", "p99.9 us", "p99.99 us", "max us", "daemon CPU %", "order");
}

std::string table_row(const BenchCell& cell, const CellResult& result) {
    std::string cpu;
    for (const double percent : result.daemon_cpu_percent) cpu += fmt::format("{:.0f} ", percent);
    const auto percentile = [&](double percent) {
        return us(result.own_latency.percentile(percent));
    };
    std::string row = fmt::format(
        "{:<16} {:>5} {:>7} {:>9} {:>8} {:>8} {:>10} {:>9.0f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} "
        "{:>9.1f} {:>10.1f} {:>9.1f} {:<14} {}",
        cell.port, cell.nodes, cell.senders, cell.clients(), cell.load.payload_bytes,
        service_name(cell.load.service), offered_text(cell), result.messages_per_second,
        result.payload_bits_per_second / 1e6, percentile(50), percentile(90), percentile(99),
        percentile(99.9), percentile(99.99), us(result.own_latency.max()), cpu,
        result.same_order ? fmt::format("same ({:016x})", result.order_hashes.front())
                          : std::string("DIFFERENT"));
    if (result.own_safe_latency.count() != 0) row += "\n" + safe_row(cell, result);
    if (result.unsent != 0) row += fmt::format("\n  {} due messages had no room", result.unsent);
    for (const std::string& error : result.errors) row += "\n  " + error;
    return row;
}

nlohmann::json to_json(const BenchCell& cell, const std::vector<CellResult>& runs,
                       const Yardsticks& yardsticks) {
    const CellResult& result = runs[median_run(cell, runs)];
    nlohmann::json json = load_json(cell);
    json["messages_per_second"] = result.messages_per_second;
    json["payload_bits_per_second"] = result.payload_bits_per_second;
    add_latency(json, result);
    add_yardsticks(json, result, yardsticks);
    json["unsent"] = result.unsent;
    json["daemon_cpu_percent"] = result.daemon_cpu_percent;
    json["order_hash"] = nlohmann::json::array();
    for (const std::uint64_t hash : result.order_hashes) {
        json["order_hash"].push_back(fmt::format("{:016x}", hash));
    }
    json["same_order"] = same_order(runs);
    json["errors"] = result.errors;
    json["runs"] = nlohmann::json::array();
    for (const CellResult& run : runs) {
        json["runs"].push_back({{"messages_per_second", run.messages_per_second},
                                {"p50_us", us(run.own_latency.percentile(50))},
                                {"p99_us", us(run.own_latency.percentile(99))}});
    }
    return json;
}

}  // namespace torc::tool
