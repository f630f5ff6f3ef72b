// torc-blast: a node's port without its daemon. With the configuration and the name of a node it
// opens the port that the daemon would and sends a blast of frames, or counts one; `torc bench`
// runs one for each node, before the daemons, to learn what the port carries at most. Prints one
// line of JSON. The daemons must not run meanwhile.
#include <atomic>
#include <cstdio>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <time.h>

#include "bench/blast/blast.hpp"
#include "bench/blast/blast_frame.hpp"
#include "config/check_command.hpp"
#include "config/load.hpp"
#include "daemon/machine.hpp"
#include "daemon/open_port.hpp"

namespace torc::blast {
namespace {

struct CommandLine {
    std::string config{"/etc/torc/torc.toml"};
    config::Overrides overrides;
    std::string role;
    double seconds{2};
    double warm_up{0.5};
    std::uint32_t frame_bytes{0};
};

Nanos nanos(double seconds) { return Nanos{static_cast<std::int64_t>(seconds * 1e9)}; }

/// Does the port's slow work beside the blast, as the daemon's control thread does.
class Caretaker {
    /// Links are healed and neighbours asked for again by this clock; a warm-up has many.
    static constexpr std::chrono::milliseconds kStepInterval{20};

public:
    explicit Caretaker(daemon::OpenPort& port) : thread_([this, &port] { run(port); }) {}
    ~Caretaker() {
        stop_.store(true, std::memory_order_relaxed);
        thread_.join();
    }

private:
    void run(daemon::OpenPort& port) {
        while (!stop_.load(std::memory_order_relaxed)) {
            timespec time{};
            ::clock_gettime(CLOCK_MONOTONIC, &time);
            port.step(instant_from_ns(time.tv_sec * 1'000'000'000 + time.tv_nsec));
            std::this_thread::sleep_for(kStepInterval);
        }
    }

    std::atomic<bool> stop_{false};
    std::thread thread_;
};

Result<BlastPlan> plan_of(const CommandLine& line, const config::Settings& settings) {
    BlastPlan plan;
    plan.me = kNoNode;
    for (const config::NodeEntry& entry : settings.cluster.nodes) {
        if (entry.name == settings.node.node) plan.me = entry.index;
    }
    if (plan.me == kNoNode) return failure("no [[node]] is named '" + settings.node.node + "'");
    const std::uint32_t largest = settings.cluster.frame_bytes;
    plan.nodes = settings.cluster.nodes.size();
    plan.frame_bytes = line.frame_bytes == 0 ? largest : line.frame_bytes;
    if (plan.frame_bytes > largest || plan.frame_bytes < sizeof(BlastFrame)) {
        return failure(
            fmt::format("--frame-bytes must be from {} to {}", sizeof(BlastFrame), largest));
    }
    plan.warm_up = nanos(line.warm_up);
    plan.time = nanos(line.seconds);
    return plan;
}

Result<std::string> blast(const CommandLine& line, const config::Settings& settings) {
    const Result<BlastPlan> plan = plan_of(line, settings);
    if (!plan) return tl::unexpected(plan.error());
    auto opened = daemon::open_port(settings.cluster, settings.node, plan->me);
    if (!opened) return tl::unexpected(opened.error());
    const Caretaker caretaker(*opened);
    if (line.role == "send") {
        const Result<std::uint64_t> sent = send_blast(*opened->port, *plan);
        if (!sent) return tl::unexpected(sent.error());
        return fmt::format(R"({{"role": "send", "frame_bytes": {}, "frames": {}}})",
                           plan->frame_bytes, *sent);
    }
    const Result<TurnTallies> tallies = count_blast(*opened->port, *plan);
    if (!tallies) return tl::unexpected(tallies.error());
    const std::size_t best = tallies->best();
    const Tally& tally = (*tallies)[best];
    return fmt::format(
        R"({{"role": "count", "frame_bytes": {}, "frames": {}, "frames_per_second": {:.1f}, )"
        R"("bits_per_second": {:.1f}, "turn_frames": {}, "missed": {}}})",
        plan->frame_bytes, tally.frames(), tally.frames_per_second(), tally.bits_per_second(),
        kTurns[best], opened->port->counters().rx_missed);
}

int run(const CommandLine& line) {
    config::LoadOutcome loaded = config::load_file(line.config, line.overrides);
    if (!loaded.ok()) {
        config::report(loaded.errors, std::cerr);
        return config::kExitBadConfig;
    }
    if (const Result<void> settled = daemon::settle_mtu(loaded.settings); !settled) {
        config::report({settled.error()}, std::cerr);
        return EXIT_FAILURE;
    }
    const Result<std::string> told = blast(line, loaded.settings);
    if (!told) {
        config::report({told.error()}, std::cerr);
        return EXIT_FAILURE;
    }
    fmt::print("{}\n", *told);
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace torc::blast

int main(int argc, char** argv) {
    CLI::App app{"torc-blast: what a node's port carries, without daemons"};
    torc::blast::CommandLine line;
    app.add_option("-c,--config", line.config, "configuration file")->capture_default_str();
    app.add_option("-n,--node", line.overrides.node, "which [[node]] this is");
    app.add_option("--set", line.overrides.sets, "override one key: section.key=value")
        ->allow_extra_args(false);
    app.add_option("--seconds", line.seconds, "measured time")
        ->check(CLI::Range(0.001, 3600.0))
        ->capture_default_str();
    app.add_option("--warm-up", line.warm_up, "seconds before it")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    app.add_option("--frame-bytes", line.frame_bytes, "of each frame (default: the largest)");
    app.add_option("role", line.role, "what this node does")
        ->required()
        ->check(CLI::IsMember({"send", "count"}));
    CLI11_PARSE(app, argc, argv);
    return torc::blast::run(line);
}
