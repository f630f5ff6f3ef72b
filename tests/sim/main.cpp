// torc-sim: runs seeds through the simulator. `--seed N` replays one, `--seeds N` runs N fresh
// ones, `--fixed N` runs seeds 1..N. Ends with "N seeds, F failed, E events/s".
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <CLI/CLI.hpp>

#include "tests/sim/world.hpp"

namespace {

struct Tally {
    std::uint64_t seeds{0};
    std::uint64_t failed{0};
    std::uint64_t events{0};
};

void run_one(std::uint64_t seed, std::uint32_t nodes, bool verbose, Tally& tally) {
    const torc::sim::Options options = torc::sim::options_from_seed(seed, nodes);
    if (verbose) std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                             torc::sim::describe(options).c_str());
    const torc::sim::Outcome outcome = torc::sim::World(options).run();
    ++tally.seeds;
    tally.events += outcome.events;
    if (verbose) {
        std::printf("  %llu events, %llu deliveries, %llu installs, %.3f s of virtual time\n",
                    static_cast<unsigned long long>(outcome.events),
                    static_cast<unsigned long long>(outcome.messages),
                    static_cast<unsigned long long>(outcome.installs),
                    std::chrono::duration<double>(outcome.virtual_time).count());
    }
    if (!outcome.failed) return;
    ++tally.failed;
    std::printf("FAILED: %s\n  replay: ./dev sim --seed %llu%s%s\n", outcome.what.c_str(),
                static_cast<unsigned long long>(seed), nodes == 0 ? "" : " --nodes ",
                nodes == 0 ? "" : std::to_string(nodes).c_str());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs Torc's protocol in virtual time, each run decided by one seed"};
    std::uint64_t seed = 0;
    std::uint64_t fresh = 0;
    std::uint64_t fixed = 0;
    std::uint32_t nodes = 0;
    bool verbose = false;
    CLI::Option* const one = app.add_option("--seed", seed, "replay this seed");
    app.add_option("--seeds", fresh, "run so many fresh seeds");
    app.add_option("--fixed", fixed, "run the seeds 1..N");
    app.add_option("--nodes", nodes, "so many nodes, instead of 3 to 7 as the seed says");
    app.add_flag("-v,--verbose", verbose, "say what each seed came to");
    CLI11_PARSE(app, argc, argv);

    const auto start = std::chrono::steady_clock::now();
    Tally tally;
    if (one->count() > 0) run_one(seed, nodes, true, tally);
    for (std::uint64_t i = 1; i <= fixed; ++i) run_one(i, nodes, verbose, tally);
    std::random_device device;
    for (std::uint64_t i = 0; i < fresh; ++i) {
        run_one(std::uint64_t{device()} << 32 | device(), nodes, verbose, tally);
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%llu seeds, %llu failed, %.0f events/s\n",
                static_cast<unsigned long long>(tally.seeds),
                static_cast<unsigned long long>(tally.failed),
                static_cast<double>(tally.events) / seconds);
    return tally.failed == 0 && tally.seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
