// torc-explore: every placement of a few faults on a fixed course of the real core. Ends with
// "explored: N runs, S states, V violations, complete" (or partial, when time ran out).
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "base/mutants.hpp"
#include "tests/explore/explorer.hpp"

namespace {

using torc::explore::Exploration;
using torc::explore::Findings;
using torc::explore::Scope;

struct Job {
    std::vector<std::string> scripts;
    std::vector<std::uint32_t> nodes{2};
    unsigned faults{1};
    bool restarts{false};
    bool kill_each{false};
    bool no_prune{false};
    unsigned jobs{1};
    double budget{0};
    std::string replay;
    std::string mutant;
    bool verbose{false};
};

unsigned long long printable(std::uint64_t number) { return number; }

void add_up(Findings& sum, const Findings& found) {
    sum.runs += found.runs;
    sum.known += found.known;
    sum.violations += found.violations;
    sum.events += found.events;
    sum.states += found.states;
    sum.complete = sum.complete && found.complete;
    sum.longest_rest = std::max(sum.longest_rest, found.longest_rest);
}

Findings explore_one(const Job& job, const std::string& name, std::uint32_t nodes) {
    Exploration exploration;
    exploration.script = torc::explore::make_script(name, nodes);
    exploration.faults = job.faults;
    exploration.scope = job.kill_each  ? Scope::kills
                        : job.restarts ? Scope::restarts
                                       : Scope::everywhere;
    exploration.prune = !job.no_prune;
    exploration.jobs = job.jobs;
    exploration.seconds = job.budget;
    exploration.replay_prefix =
        "torc-explore --script " + name + " --nodes " + std::to_string(nodes);
    const Findings found = torc::explore::explore(exploration);
    std::printf(
        "%s, n=%u, k=%u: %llu points in the base run; %llu runs to rest, %llu ended in a known "
        "state, %llu states of %llu looked at, %llu at rest (%016llx), %llu events, longest way "
        "to rest %.1f ms, %llu violations, %s\n",
        name.c_str(), nodes, job.faults, printable(found.base_points), printable(found.runs),
        printable(found.known), printable(found.states), printable(found.looked_at),
        printable(found.finals), printable(found.finals_sum), printable(found.events),
        std::chrono::duration<double, std::milli>(found.longest_rest).count(),
        printable(found.violations), found.complete ? "complete" : "partial");
    std::fflush(stdout);
    return found;
}

int run(const Job& job) {
    Findings sum;
    for (const std::uint32_t nodes : job.nodes) {
        for (const std::string& name : job.scripts) add_up(sum, explore_one(job, name, nodes));
    }
    std::printf("explored: %llu runs, %llu states, %llu violations, %s\n",
                printable(sum.runs + sum.known), printable(sum.states), printable(sum.violations),
                sum.complete ? "complete" : "partial");
    return sum.violations == 0 && sum.runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_again(const Job& job) {
    std::vector<torc::explore::Placed> placed;
    if (job.scripts.size() != 1 || job.nodes.size() != 1 ||
        !torc::explore::parse(job.replay == "none" ? "" : job.replay, placed)) {
        std::printf("torc-explore: --replay takes POINT:FAULT,... for one --script and --nodes\n");
        return EXIT_FAILURE;
    }
    const auto script = torc::explore::make_script(job.scripts.front(), job.nodes.front());
    return torc::explore::replay(script, placed, job.verbose) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/// Makes the core wrong on purpose; false if there is no such mutant in this build.
bool choose_mutant(const std::string& name) {
    if (name.empty() || torc::select_mutant(name)) return true;
    std::printf(
        "torc-explore: no mutant '%s' in this build (-Dmutants=true has those of "
        "base/mutants.def)\n",
        name.c_str());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs Torc's protocol through every placement of a few faults"};
    Job job;
    std::vector<std::string> known;
    for (const std::string_view name : torc::explore::script_names()) known.emplace_back(name);
    app.add_option("--script", job.scripts, "courses to explore; all without it")
        ->delimiter(',')
        ->check(CLI::IsMember(known));
    app.add_option("--nodes", job.nodes, "numbers of nodes, 2 to 5")
        ->delimiter(',')
        ->check(CLI::Range(2, 5));
    app.add_option("--faults", job.faults, "faults to place in each run")->check(CLI::Range(0, 4));
    app.add_flag("--restarts", job.restarts, "who dies may be back 2 ms later");
    app.add_flag("--kill-each", job.kill_each,
                 "only deaths, at each message index of gather, form and recover");
    app.add_flag("--no-prune", job.no_prune, "go on from states that are known, too");
    app.add_option("--jobs", job.jobs, "branches at a time")->check(CLI::Range(1, 64));
    app.add_option("--budget", job.budget, "seconds for each script and number of nodes");
    app.add_option("--replay", job.replay, "one run with these faults, or 'none'");
    app.add_option("--mutant", job.mutant, "run with this bug of base/mutants.def in the core");
    app.add_flag("-v,--verbose", job.verbose, "with --replay: each point");
    CLI11_PARSE(app, argc, argv);
    if (job.scripts.empty()) job.scripts = known;
    if (!choose_mutant(job.mutant)) return EXIT_FAILURE;
    return job.replay.empty() ? run(job) : run_again(job);
}
