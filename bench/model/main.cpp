// torc-model: what the protocol allows and what the code allows, on hardware that is a model. Runs
// the core that ships on links of a given rate, a switch with finite ports and CPUs that take their
// time (tests/sim/physical_cluster.hpp), for every combination of its lists, and holds what goes
// through against the bound (layout.hpp). Virtual time: a seed gives the same bytes on every
// machine and with any number of threads. Exit 0: all rings came, and shares are at least --expect.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/limits.hpp"
#include "bench/model/cell.hpp"
#include "bench/model/report.hpp"
#include "config/schema.hpp"

namespace torc::model {
namespace {

constexpr std::uint32_t kNodesModelled = 64;  ///< what PhysicalCluster has bits for

struct CommandLine {
    std::vector<std::uint32_t> gbit{10, 25, 100};
    std::vector<std::uint32_t> mtu{1500, 9000};
    std::vector<std::uint32_t> nodes{2, 3, 4, 8, 16, 32};
    std::vector<std::size_t> payloads{64, 1350, 8850};
    std::vector<std::uint32_t> loss_ppm{0};
    std::vector<std::uint32_t> in_flight{768};
    std::vector<std::uint32_t> bursts{64};
    std::vector<std::string> cpus{"free"};
    std::vector<std::string> services{"agreed", "safe"};
    std::string profile{"dpdk"};
    std::size_t port_kib{1024};
    std::uint32_t settle_ms{0};
    double expect{0};
    unsigned jobs{1};
    std::string json;
    Setup setup;
};

/// `free`, or NAME:PART=NS,... with the parts of Cpu; what is not named costs nothing.
Cpu cpu_of(const std::string& text) {
    const std::size_t colon = text.find(':');
    Cpu cpu;
    cpu.name = text.substr(0, colon);
    std::istringstream parts(colon == std::string::npos ? "" : text.substr(colon + 1));
    for (std::string part; std::getline(parts, part, ',');) {
        const std::size_t equals = part.find('=');
        const std::string name = part.substr(0, equals);
        Nanos* const cost = name == "rx_frame"      ? &cpu.rx_frame
                            : name == "tx_frame"    ? &cpu.tx_frame
                            : name == "built_frame" ? &cpu.built_frame
                            : name == "token"       ? &cpu.token
                            : name == "message_in"  ? &cpu.messages.in
                            : name == "message_out" ? &cpu.messages.out
                            : name == "message_own" ? &cpu.messages.own
                            : name == "client_in"   ? &cpu.messages.client_in
                            : name == "client_out"  ? &cpu.messages.client_out
                            : name == "client_own"  ? &cpu.messages.client_own
                                                    : nullptr;
        const std::string digits = equals == std::string::npos ? "" : part.substr(equals + 1);
        const bool number = !digits.empty() && digits.size() < 10 &&
                            digits.find_first_not_of("0123456789") == std::string::npos;
        if (cost == nullptr || !number) {
            throw CLI::ValidationError(
                "--cpu", "'" + part +
                             "' is not PART=NS: rx_frame, tx_frame, "
                             "built_frame, token, message_in, message_out or message_own; "
                             "client_in, client_out or client_own");
        }
        *cost = Nanos{std::stoll(digits)};
    }
    return cpu;
}

std::vector<Cell> cells_of(const CommandLine& line) {
    std::vector<Cell> cells{Cell{}};
    const auto multiply = [&](const auto& values, auto set) {
        std::vector<Cell> more;
        for (const Cell& cell : cells) {
            for (const auto& value : values) {
                more.push_back(cell);
                set(more.back(), value);
            }
        }
        cells = std::move(more);
    };
    multiply(line.cpus, [](Cell& cell, const std::string& cpu) { cell.cpu = cpu_of(cpu); });
    multiply(line.gbit, [](Cell& cell, std::uint32_t gbit) { cell.gbit = gbit; });
    multiply(line.mtu, [](Cell& cell, std::uint32_t mtu) { cell.mtu = mtu; });
    multiply(line.payloads, [](Cell& cell, std::size_t payload) { cell.payload = payload; });
    multiply(line.nodes, [](Cell& cell, std::uint32_t nodes) { cell.nodes = nodes; });
    multiply(line.loss_ppm, [](Cell& cell, std::uint32_t loss) { cell.loss_ppm = loss; });
    multiply(line.in_flight, [](Cell& cell, std::uint32_t frames) { cell.in_flight = frames; });
    multiply(line.bursts, [](Cell& cell, std::uint32_t frames) { cell.burst = frames; });
    return cells;
}

/// All cells, some at once; the order of the results is that of the cells.
std::vector<Result> run(const std::vector<Cell>& cells, const Setup& setup, unsigned jobs) {
    std::vector<Result> results(cells.size());
    std::atomic<std::size_t> next{0};
    std::mutex printing;
    const auto work = [&] {
        for (std::size_t i = next++; i < cells.size(); i = next++) {
            results[i] = measure(cells[i], setup);
            const std::lock_guard lock(printing);
            std::cout << text_of(results[i]) << std::flush;
        }
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < jobs; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    return results;
}

bool is_good(const Result& result, double expect) {
    if (!result.saturation.formed) return false;
    if (100 * result.saturation.share() >= expect) return true;
    std::cout << "below " << expect << " % of the bound: " << text_of(result);
    return false;
}

void describe(CLI::App& app, CommandLine& line) {
    const auto list = [&](const char* name, auto& values, const char* what) {
        return app.add_option(name, values, what)->delimiter(',');
    };
    list("--gbit", line.gbit, "rates of every link")->check(CLI::Range(1, 800));
    list("--mtu", line.mtu, "of the network")->check(CLI::Range(1500, 9000));
    list("--nodes", line.nodes, "daemons")->check(CLI::Range(2u, kNodesModelled));
    list("--payload", line.payloads, "bytes of a message")->check(CLI::Range(8, 65'536));
    list("--loss-ppm", line.loss_ppm, "copies lost of a million, tokens too")
        ->check(CLI::Range(0, 500'000));
    list("--in-flight", line.in_flight, "in_flight_frames")
        ->check(CLI::Range(1, int{kInFlightMax}));
    list("--burst", line.bursts, "burst_frames")->check(CLI::Range(1, int{kBurstMax}));
    app.add_option(
        "--cpu", line.cpus,
        "free, or NAME:PART=NS,...; parts: rx_frame, tx_frame, built_frame, token, message_in, "
        "message_out, message_own; with client_in, client_out or client_own nodes "
        "have a second CPU, for clients; may be repeated");
    list("--loads", line.setup.loads, "per cent of saturation at which latency is measured")
        ->check(CLI::Range(1, 100));
    list("--services", line.services, "of the latencies")->check(CLI::IsMember({"agreed", "safe"}));
    app.add_option("--profile", line.profile, "timers")
        ->check(CLI::IsMember({"lan", "dpdk", "aggressive"}));
    app.add_option("--port-kib", line.port_kib, "buffer of a switch port");
    app.add_option("--descriptors", line.setup.descriptors, "frames a NIC holds for its CPU");
    app.add_flag("--token-first", line.setup.token_first,
                 "what if: tokens leave before the deliveries of their visit");
    app.add_option("--token-priority", line.setup.token_priority,
                   "what if: tokens pass data in the switch; below-half: with less in flight than "
                   "half of what may be")
        ->transform(CLI::CheckedTransformer(std::map<std::string, sim::TokenPriority>{
            {"never", sim::TokenPriority::never},
            {"below-half", sim::TokenPriority::below_half},
            {"always", sim::TokenPriority::always}}));
    app.add_flag("--adaptive", line.setup.adaptive, "in_flight = \"adaptive\"");
    app.add_option("--settle-ms", line.settle_ms,
                   "virtual time under load before a measurement: an adaptive window is found");
    app.add_option("--seed", line.setup.seed, "of every cell");
    app.add_option("--budget", line.setup.budget,
                   "frames that all nodes of a measurement may receive before it ends unstable");
    app.add_option("--expect", line.expect, "least share of the bound in per cent; else exit 1");
    app.add_option("-j,--jobs", line.jobs, "cells at once")->check(CLI::Range(1, 256));
    app.add_option("--json", line.json, "where the result goes");
}

int main(int argc, char** argv) {
    CLI::App app{"Torc's core on modelled links, switches and CPUs, held against the bound"};
    CommandLine line;
    describe(app, line);
    CLI11_PARSE(app, argc, argv);
    std::vector<Cell> cells;
    try {
        cells = cells_of(line);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    constexpr std::array<std::string_view, 3> kProfiles{"lan", "dpdk", "aggressive"};
    const auto profile = std::find(kProfiles.begin(), kProfiles.end(), line.profile);
    line.setup.timers =
        config::timers_of_profile(static_cast<std::size_t>(profile - kProfiles.begin()));
    line.setup.port_bytes = line.port_kib * 1024;
    line.setup.settle = std::chrono::milliseconds{line.settle_ms};
    for (const std::string& service : line.services) {
        line.setup.services.push_back(service == "safe" ? Service::safe : Service::agreed);
    }
    const std::vector<Result> results = run(cells, line.setup, line.jobs);
    bool good = true;
    for (const Result& result : results) good = is_good(result, line.expect) && good;
    if (!line.json.empty()) {
        std::ofstream file(line.json);
        file << json_of(line.setup, results);
        if (!file.flush()) {
            std::cerr << "torc-model: cannot write " << line.json << '\n';
            return EXIT_FAILURE;
        }
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace torc::model

int main(int argc, char** argv) { return torc::model::main(argc, argv); }
