// torc-sim: runs seeds through the simulator. `--seed N` replays one, `--seeds N` runs N fresh
// ones, `--fixed N` runs seeds 1..N, `--scenario FILE` replays scenario files. Ends with "N seeds,
// F failed, E events/s". Seeds run in processes of their own, and what fails is made small.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "tests/checker/text.hpp"
#include "tests/sim/apart.hpp"
#include "tests/sim/minimise.hpp"

namespace {

using torc::sim::Report;
using torc::sim::Scenario;

struct Job {
    std::uint64_t seed{0};  ///< the one to replay
    std::uint64_t fresh{0};
    std::uint64_t fixed{0};
    std::uint32_t nodes{0};
    std::string trace;                   ///< file for what one run did, for torc-check
    std::vector<std::string> scenarios;  ///< files to replay
    torc::sim::Apart apart;
    std::string mutant;
    std::uint32_t forge{0};  ///< lies per million packets
    bool verbose{false};
    bool show{false};
    bool stop_at_failure{false};
    bool minimise{false};
    std::uint32_t minimise_seconds{20};
};

struct Run {
    std::string name;    ///< for people
    std::string replay;  ///< arguments that repeat it
    std::string file;    ///< where its minimised scenario goes
    Scenario scenario;
};

struct Tally {
    std::uint64_t seeds{0};
    std::uint64_t failed{0};
    std::uint64_t events{0};
    std::uint64_t mutant_fired{0};
    std::uint64_t first_failed{0};  ///< number of a run
    std::string what;               ///< its violation
};

unsigned long long printable(std::uint64_t number) { return number; }

/// For the check handler, which gets no argument of ours: what runs in this process.
std::string running;

void on_failed_check(const char* expression, const std::source_location& where) {
    std::printf("FAILED: check %s at %s:%u\n  replay: ./dev sim %s\n", expression,
                where.file_name(), static_cast<unsigned>(where.line()), running.c_str());
    std::fflush(stdout);
}

Run run_of_seed(const Job& job, std::uint64_t seed) {
    const std::string number = std::to_string(seed);
    std::string replay = "--seed " + number;
    if (job.nodes != 0) replay += " --nodes " + std::to_string(job.nodes);
    if (!job.mutant.empty()) replay += " --mutant " + job.mutant;
    if (job.forge != 0) replay += " --forge " + std::to_string(job.forge);
    Run run{"seed " + number, replay, "torc-sim-" + number + ".torc",
            torc::sim::scenario_from_seed(seed, job.nodes)};
    run.scenario.options.hazards.link.forge = job.forge;
    return run;
}

std::optional<Run> run_of_file(const std::string& path) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Run run{path, "--scenario " + path, path + ".small", {}};
    const std::string problem = file ? torc::sim::from_text(text, run.scenario) : "cannot be read";
    if (problem.empty()) return run;
    std::printf("torc-sim: %s: %s\n", path.c_str(), problem.c_str());
    return std::nullopt;
}

/// A folder stands for the scenarios in it.
std::vector<std::string> files_of(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        if (!std::filesystem::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        std::vector<std::string> inside;
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            if (entry.path().extension() == ".torc") inside.push_back(entry.path().string());
        }
        std::sort(inside.begin(), inside.end());
        files.insert(files.end(), inside.begin(), inside.end());
    }
    return files;
}

void tell(const Job& job, const Run& run, const Report& report, Tally& tally) {
    const torc::sim::Outcome& outcome = report.outcome;
    ++tally.seeds;
    tally.events += outcome.events;
    tally.mutant_fired += report.mutant_fired;
    if (job.verbose) {
        const auto seconds = [](torc::Nanos t) { return std::chrono::duration<double>(t).count(); };
        std::printf(
            "%s: %s\n  %zu faults, %llu events, %llu deliveries, %llu installs, %.3f s of virtual "
            "time, %.6f s to heal, %.6f s to speak\n  trace %016llx\n",
            run.name.c_str(), describe(run.scenario.options).c_str(), run.scenario.schedule.size(),
            printable(outcome.events), printable(outcome.messages), printable(outcome.installs),
            seconds(outcome.virtual_time), seconds(outcome.healing), seconds(outcome.saying),
            printable(outcome.trace));
    }
    if (!outcome.failed) return;
    if (tally.failed++ == 0) tally.what = outcome.what;
    std::printf("FAILED: %s: %s\n  replay: ./dev sim %s\n", run.name.c_str(), outcome.what.c_str(),
                run.replay.c_str());
    std::fflush(stdout);
}

/// Shrinks a failed run, as long as the job allows, and writes down what is left.
void make_small(const Job& job, const Run& run, const std::string& what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{job.minimise_seconds};
    const std::string signature = torc::sim::signature_of(what);
    std::uint64_t runs = 0;
    const Scenario small = torc::sim::minimise(
        run.scenario,
        [&](const Scenario& candidate) {
            ++runs;
            const Report report = torc::sim::run_one_apart(candidate, job.apart.seconds_a_run);
            return report.outcome.failed &&
                   torc::sim::signature_of(report.outcome.what) == signature;
        },
        [&] { return std::chrono::steady_clock::now() < end; });
    std::ofstream file(run.file);
    file << torc::sim::to_text(small) << "# " << signature << "\n# from " << run.name << '\n';
    std::printf(
        "  minimised in %llu runs: %u nodes instead of %u, %zu faults instead of %zu\n"
        "  replay: ./dev sim --scenario %s\n",
        printable(runs), small.options.nodes, run.scenario.options.nodes, small.schedule.size(),
        run.scenario.schedule.size(), run.file.c_str());
}

/// One run in this process, where a debugger can follow it.
Tally run_here(const Job& job, const Run& run) {
    running = run.replay;
    torc::set_check_handler(&on_failed_check);
    Report report;
    torc::sim::World world(run.scenario.options, run.scenario.schedule);
    report.outcome = world.run();
    if (!job.trace.empty()) {
        std::ofstream file(job.trace);
        torc::check::write_text(file, world.recorded());
        if (!file.flush()) std::printf("torc-sim: cannot write %s\n", job.trace.c_str());
    }
    report.mutant_fired = torc::mutant_firings();
    Tally tally;
    tell(job, run, report, tally);
    return tally;
}

template <class RunOf>
Tally run_many(const Job& job, std::uint64_t count, RunOf&& run_of) {
    Tally tally;
    torc::sim::run_apart(
        count, job.apart, [&](std::uint64_t number) { return run_of(number).scenario; },
        [&](std::uint64_t number, const Report& report) {
            if (report.outcome.failed && tally.failed == 0) tally.first_failed = number;
            tell(job, run_of(number), report, tally);
            return tally.failed == 0 || !job.stop_at_failure;
        });
    if (tally.failed == 0 || job.minimise_seconds == 0) return tally;
    if (job.minimise || job.mutant.empty()) make_small(job, run_of(tally.first_failed), tally.what);
    return tally;
}

Tally run_seeds(const Job& job) {
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 1; i <= job.fixed; ++i) seeds.push_back(i);
    std::random_device device;
    for (std::uint64_t i = 0; i < job.fresh; ++i) {
        seeds.push_back(std::uint64_t{device()} << 32 | device());
    }
    return run_many(job, seeds.size(),
                    [&](std::uint64_t number) { return run_of_seed(job, seeds[number]); });
}

/// What the command line asks for; nullopt if it cannot be done.
std::optional<Tally> run(Job& job, bool has_seed) {
    std::vector<Run> runs;
    if (has_seed) runs.push_back(run_of_seed(job, job.seed));
    const std::vector<std::string> files = files_of(job.scenarios);
    for (const std::string& path : files) {
        std::optional<Run> run = run_of_file(path);
        if (!run) return std::nullopt;
        runs.push_back(std::move(*run));
    }
    if (job.show) {
        for (const Run& run : runs) std::printf("%s", to_text(run.scenario).c_str());
        return Tally{runs.size(), 0, 0, 0, 0, {}};
    }
    if (!has_seed && job.scenarios.empty()) return run_seeds(job);
    if (runs.size() == 1) job.verbose = true;
    if (runs.size() == 1 && !job.minimise) return run_here(job, runs.front());
    return run_many(job, runs.size(), [&](std::uint64_t number) { return runs[number]; });
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

void add_options(CLI::App& app, Job& job) {
    app.add_option("--seeds", job.fresh, "run so many fresh seeds");
    app.add_option("--fixed", job.fixed, "run the seeds 1..N");
    app.add_option("--scenario", job.scenarios, "replay these files, or all of a folder")
        ->check(CLI::ExistingPath);
    app.add_option("--nodes", job.nodes, "so many nodes, instead of 3 to 9 as the seed says")
        ->check(CLI::Range(torc::sim::kNodesLeast, torc::sim::kNodesMost));
    job.apart.jobs = std::clamp(std::thread::hardware_concurrency(), 1u, torc::sim::kJobsMax);
    app.add_option("-j,--jobs", job.apart.jobs, "runs at a time")
        ->check(CLI::Range(1u, torc::sim::kJobsMax))
        ->capture_default_str();
    app.add_option("--seconds-a-run", job.apart.seconds_a_run, "of processor time, then it failed")
        ->capture_default_str();
    app.add_flag("-v,--verbose", job.verbose, "say what each seed came to");
    app.add_flag("--show", job.show, "print the scenario of --seed or --scenario, run nothing");
    app.add_flag("--stop-at-failure", job.stop_at_failure,
                 "run no seed after the first failed one");
    app.add_flag("--minimise", job.minimise,
                 "make --seed or --scenario small if it fails (of many, the first failed one is)");
    app.add_option("--minimise-seconds", job.minimise_seconds, "for that; 0: not at all")
        ->capture_default_str();
    app.add_option("--trace", job.trace, "with one run: write what it did, for torc-check");
    app.add_option("--mutant", job.mutant, "run with this bug of base/mutants.def in the core");
    app.add_option("--forge", job.forge,
                   "so many lies per million packets; then only crashes and storms are failures")
        ->check(CLI::Range(0u, 1'000'000u));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs Torc's protocol in virtual time, each run decided by one seed"};
    Job job;
    CLI::Option* const seed = app.add_option("--seed", job.seed, "replay this seed");
    add_options(app, job);
    CLI11_PARSE(app, argc, argv);
    if (!job.mutant.empty() && !choose_mutant(job.mutant)) return EXIT_FAILURE;

    const auto start = std::chrono::steady_clock::now();
    const std::optional<Tally> tally = run(job, seed->count() > 0);
    if (!tally) return EXIT_FAILURE;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!job.mutant.empty()) {
        std::printf("mutant %s: fired %llu times\n", job.mutant.c_str(),
                    printable(tally->mutant_fired));
    }
    if (job.show) return EXIT_SUCCESS;
    std::printf("%llu seeds, %llu failed, %.0f events/s\n", printable(tally->seeds),
                printable(tally->failed), static_cast<double>(tally->events) / seconds);
    return tally->failed == 0 && tally->seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
