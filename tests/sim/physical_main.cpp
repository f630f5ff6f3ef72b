// torc-physical: figures of the real core on the physical network model, in virtual time: the same
// on every machine. `--event crash|leave|merge|join` gives the interruption of delivery, `--event
// throughput|latency` what a quiet ring does, `--event scale` what many groups take. Exit 0: all
// runs came to their ring.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "config/schema.hpp"
#include "tests/sim/physical_scenarios.hpp"

namespace {

using namespace torc::sim;
using torc::Nanos;

struct Job {
    std::string event{"crash"};
    std::string profile{"aggressive"};
    std::uint32_t nodes{8};
    std::uint32_t runs{20};
    std::uint64_t seed{1};
    std::int64_t interval_us{20};
    std::int64_t time_ms{4};
    std::size_t port_kib{1024};
    bool verbose{false};
    PhysicalOptions options;
};

double us(Nanos time) { return static_cast<double>(time.count()) / 1000; }

void print_line(const char* what, std::vector<Nanos> samples) {
    const Spread spread = spread_of(std::move(samples));
    std::printf("  %-34s median %8.1f us   max %8.1f us\n", what, us(spread.median),
                us(spread.max));
}

bool run_change(const Job& job, Change change) {
    std::vector<Nanos> delivery;
    std::vector<Nanos> view;
    std::uint32_t failed = 0;
    for (std::uint32_t run = 0; run < job.runs; ++run) {
        PhysicalOptions options = job.options;
        options.seed = job.seed + run;
        const auto one = interrupt(options, change);
        if (!one) {
            ++failed;
            std::printf("  seed %llu: the ring did not come\n",
                        static_cast<unsigned long long>(options.seed));
            continue;
        }
        if (job.verbose) {
            std::printf("  seed %llu: delivery %.1f us, view %.1f us\n",
                        static_cast<unsigned long long>(options.seed), us(one->delivery),
                        us(one->view));
        }
        delivery.push_back(one->delivery);
        view.push_back(one->view);
    }
    print_line("interruption of delivery", delivery);
    print_line("event to view, at the last member", view);
    return failed == 0;
}

bool run_scale(const Job& job) {
    PhysicalOptions options = job.options;
    options.seed = job.seed;
    options.watched = false;
    const Population& population = options.population;
    std::printf("  %u sessions a daemon, %u at the first, in %u of %u groups each\n",
                population.sessions, population.sessions_of(0), population.memberships,
                population.groups);
    const auto result = scale(options);
    if (!result) {
        std::printf("  the directories did not come to agree\n");
        return false;
    }
    std::printf(
        "  %zu groups, %zu memberships, joined in %.1f us\n"
        "  merge of halves: %.1f us, %llu frames, %llu bytes\n",
        result->groups, result->memberships, us(result->joining), us(result->merging),
        static_cast<unsigned long long>(result->sync_frames),
        static_cast<unsigned long long>(result->sync_bytes));
    return true;
}

bool run_throughput(const Job& job) {
    PhysicalOptions options = job.options;
    options.seed = job.seed;
    options.watched = false;
    const Throughput result = saturate(options, std::chrono::milliseconds{job.time_ms});
    std::printf(
        "  %.1f Gbit/s of payload at each member; rotation %.1f us; port peak %zu B; lost: "
        "%llu at ports, %llu for want of descriptors; %llu sent again\n",
        result.gbit, us(result.rotation), result.port_peak,
        static_cast<unsigned long long>(result.tail_drops),
        static_cast<unsigned long long>(result.descriptor_drops),
        static_cast<unsigned long long>(result.retransmissions));
    return result.gbit > 0;
}

bool run_latency(const Job& job) {
    bool ok = true;
    for (const torc::Service service : {torc::Service::agreed, torc::Service::safe}) {
        PhysicalOptions options = job.options;
        options.seed = job.seed;
        options.watched = false;
        options.service = service;
        const Latency result = latency(options, std::chrono::milliseconds{job.time_ms});
        std::printf("  %-7s median %7.2f us   p99 %7.2f us   max %7.2f us   at %.2f Gbit/s\n",
                    service == torc::Service::safe ? "safe" : "agreed", us(result.spread.median),
                    us(result.spread.p99), us(result.spread.max), result.gbit);
        ok = ok && result.gbit > 0;
    }
    return ok;
}

bool run(Job& job) {
    constexpr std::array<std::string_view, 3> kProfiles{"lan", "dpdk", "aggressive"};
    const auto profile = std::find(kProfiles.begin(), kProfiles.end(), job.profile);
    const PhysicalOptions base = physical_options(
        job.nodes,
        torc::config::timers_of_profile(static_cast<std::size_t>(profile - kProfiles.begin())));
    job.options.cluster.nodes = base.cluster.nodes;
    job.options.cluster.timers = base.cluster.timers;
    job.options.interval = std::chrono::microseconds{job.interval_us};
    job.options.parameters.port_bytes = job.port_kib * 1024;
    std::printf("%s: %u nodes, profile %s, %s\n", job.event.c_str(), job.nodes, job.profile.c_str(),
                describe(job.options.parameters).c_str());
    if (job.event == "throughput") return run_throughput(job);
    if (job.event == "scale") return run_scale(job);
    std::printf("  a message of %zu bytes every %lld us at each node; seeds %llu to %llu\n",
                job.options.payload, static_cast<long long>(job.interval_us),
                static_cast<unsigned long long>(job.seed),
                static_cast<unsigned long long>(job.seed + job.runs - 1));
    if (job.event == "latency") return run_latency(job);
    if (job.event == "crash") return run_change(job, Change::crash);
    if (job.event == "leave") return run_change(job, Change::leave);
    if (job.event == "merge") return run_change(job, Change::merge);
    return run_change(job, Change::join);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Figures of Torc's protocol on a model of links, switch and CPUs"};
    Job job;
    app.add_option("--event", job.event, "what happens")
        ->check(
            CLI::IsMember({"crash", "leave", "merge", "join", "scale", "throughput", "latency"}));
    app.add_option("--nodes", job.nodes)->check(CLI::Range(2, 64));
    app.add_option("--gbit", job.options.parameters.gbit, "rate of every link")
        ->check(CLI::Range(1, 800));
    app.add_option("--profile", job.profile, "timers")
        ->check(CLI::IsMember({"lan", "dpdk", "aggressive"}));
    app.add_option("--runs", job.runs, "so many runs, each with the next seed")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--seed", job.seed, "of the first run");
    app.add_option("--interval-us", job.interval_us, "mean time between a node's messages")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--payload", job.options.payload, "bytes of a message")
        ->check(CLI::Range(8, 65'536));
    app.add_option("--time-ms", job.time_ms, "virtual time of throughput and latency")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--port-kib", job.port_kib, "buffer of a switch port");
    app.add_option("--descriptors", job.options.parameters.rx_descriptors,
                   "frames that a NIC can hold for its CPU");
    app.add_option("--in-flight", job.options.cluster.in_flight_frames, "G, in frames")
        ->check(CLI::Range(1, int{torc::kInFlightMax}));
    app.add_option("--burst", job.options.cluster.burst_frames, "frames of a token visit")
        ->check(CLI::Range(1, int{torc::kBurstMax}));
    Population& population = job.options.population;
    app.add_option("--groups", population.groups, "scale: groups of the cluster")
        ->check(CLI::Range(1, int{torc::kGroupsMax} - 1));
    app.add_option("--sessions", population.sessions, "scale: sessions of each daemon")
        ->check(CLI::Range(0, int{torc::kSessionsMax} - 1));
    app.add_option("--crowd", population.crowd, "scale: sessions of the first daemon instead")
        ->check(CLI::Range(0, int{torc::kSessionsMax} - 1));
    app.add_option("--memberships", population.memberships, "scale: groups of each session")
        ->check(CLI::Range(1, 1000));
    app.add_flag("-v,--verbose", job.verbose, "a line for each run");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(job) ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const Violation& violation) {
        std::printf("FAILED: %s\n", violation.what());
        return EXIT_FAILURE;
    }
}
