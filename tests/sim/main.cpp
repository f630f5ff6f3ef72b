// torc-sim: runs seeds through the simulator. `--seed N` replays one, `--seeds N` runs N fresh
// ones, `--fixed N` runs seeds 1..N. Ends with "N seeds, F failed, E events/s". A failed check of
// the core ends the process; the seed that did it is named first.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include <CLI/CLI.hpp>

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "tests/sim/world.hpp"

namespace {

struct Job {
    std::uint64_t seed{0};  ///< the one to replay
    std::uint64_t fresh{0};
    std::uint64_t fixed{0};
    std::uint32_t nodes{0};
    bool verbose{false};
    bool stop_at_failure{false};
    std::string mutant;
};

struct Tally {
    std::uint64_t seeds{0};
    std::uint64_t failed{0};
    std::uint64_t events{0};
};

/// What runs, for the check handler, which gets no argument of ours.
std::uint64_t running_seed = 0;
std::uint32_t running_nodes = 0;

unsigned long long printable(std::uint64_t number) { return number; }

void report_failure(const std::string& what) {
    std::printf("FAILED: %s\n  replay: ./dev sim --seed %llu", what.c_str(),
                printable(running_seed));
    if (running_nodes != 0) std::printf(" --nodes %u", running_nodes);
    std::printf("\n");
    std::fflush(stdout);
}

void on_failed_check(const char* expression, const std::source_location& where) {
    report_failure("check " + std::string(expression) + " at " + where.file_name() + ":" +
                   std::to_string(where.line()));
}

void run_one(std::uint64_t seed, const Job& job, bool verbose, Tally& tally) {
    if (job.stop_at_failure && tally.failed != 0) return;
    running_seed = seed;
    const torc::sim::Options options = torc::sim::options_from_seed(seed, job.nodes);
    if (verbose) std::printf("seed %llu: %s\n", printable(seed), describe(options).c_str());
    auto world = std::make_unique<torc::sim::World>(options);
    const torc::sim::Outcome outcome = world->run();
    // A violation left some engine in the middle of a call, by an exception that the core is not
    // built for: such a world is left alone, not taken apart.
    if (outcome.failed) static_cast<void>(world.release());
    ++tally.seeds;
    tally.events += outcome.events;
    if (verbose) {
        std::printf(
            "  %llu events, %llu deliveries, %llu installs, %.3f s of virtual time\n"
            "  trace %016llx\n",
            printable(outcome.events), printable(outcome.messages), printable(outcome.installs),
            std::chrono::duration<double>(outcome.virtual_time).count(), printable(outcome.trace));
    }
    if (!outcome.failed) return;
    ++tally.failed;
    report_failure(outcome.what);
}

Tally run(const Job& job, bool replay) {
    Tally tally;
    if (replay) run_one(job.seed, job, true, tally);
    for (std::uint64_t i = 1; i <= job.fixed; ++i) run_one(i, job, job.verbose, tally);
    std::random_device device;
    for (std::uint64_t i = 0; i < job.fresh; ++i) {
        run_one(std::uint64_t{device()} << 32 | device(), job, job.verbose, tally);
    }
    return tally;
}

/// Makes the core wrong on purpose; false if there is no such mutant in this build.
bool choose_mutant(const std::string& name) {
    if (torc::select_mutant(name)) return true;
    std::printf(torc::kHasMutants
                    ? "torc-sim: no mutant '%s'; base/mutants.def lists them\n"
                    : "torc-sim: '--mutant %s' needs a build with -Dmutants=true: ./dev mutants\n",
                name.c_str());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs Torc's protocol in virtual time, each run decided by one seed"};
    Job job;
    CLI::Option* const replay = app.add_option("--seed", job.seed, "replay this seed");
    app.add_option("--seeds", job.fresh, "run so many fresh seeds");
    app.add_option("--fixed", job.fixed, "run the seeds 1..N");
    app.add_option("--nodes", job.nodes, "so many nodes, instead of 3 to 7 as the seed says");
    app.add_flag("-v,--verbose", job.verbose, "say what each seed came to");
    app.add_flag("--stop-at-failure", job.stop_at_failure,
                 "run no seed after the first failed one");
    app.add_option("--mutant", job.mutant, "run with this bug of base/mutants.def in the core");
    CLI11_PARSE(app, argc, argv);
    if (!job.mutant.empty() && !choose_mutant(job.mutant)) return EXIT_FAILURE;

    running_nodes = job.nodes;
    torc::set_check_handler(&on_failed_check);
    const auto start = std::chrono::steady_clock::now();
    const Tally tally = run(job, replay->count() > 0);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!job.mutant.empty()) {
        std::printf("mutant %s: fired %llu times\n", job.mutant.c_str(),
                    printable(torc::mutant_firings()));
    }
    std::printf("%llu seeds, %llu failed, %.0f events/s\n", printable(tally.seeds),
                printable(tally.failed), static_cast<double>(tally.events) / seconds);
    return tally.failed == 0 && tally.seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
