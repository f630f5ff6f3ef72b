// torc-explore: every placement of a few faults on a fixed course of the real core, or every order
// of a few moves. Ends with "explored: N runs, S states, V violations, complete" (or partial, when
// time ran out).
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "base/mutants.hpp"
#include "tests/explore/explorer.hpp"
#include "tests/explore/self_test.hpp"

namespace {

using torc::explore::Exploration;
using torc::explore::Findings;
using torc::explore::Scope;

struct Job {
    std::vector<std::string> scripts;
    std::vector<std::uint32_t> nodes;
    Exploration how;
    std::string from{"token"};
    std::vector<std::string> only_at;
    bool wide{false};
    bool kill_each{false};
    bool no_prune{false};
    bool self_test{false};
    std::string replay;
    std::string mutant;
    bool verbose{false};
};

unsigned long long printable(std::uint64_t number) { return number; }

void add_up(Findings& sum, const Findings& found) {
    sum.runs += found.runs;
    sum.known += found.known;
    sum.violations += found.violations;
    sum.states += found.states;
    sum.complete = sum.complete && found.complete;
}

Exploration exploration_of(const Job& job, const std::string& name, std::uint32_t nodes) {
    Exploration exploration = job.how;
    exploration.script = torc::explore::make_script(name, nodes);
    exploration.from = torc::explore::frame_of_name(job.from);
    for (const std::string& kind : job.only_at) {
        exploration.only_at |= 1u << torc::explore::frame_of_name(kind);
    }
    if (job.wide) exploration.scope = Scope::wide;
    if (job.kill_each) exploration.scope = Scope::kills;
    exploration.prune = !job.no_prune;
    if (exploration.check_digest) exploration.jobs = 1;
    exploration.replay_prefix =
        "torc-explore --script " + name + " --nodes " + std::to_string(nodes);
    if (exploration.moves != 0) exploration.replay_prefix += " --moves 1 --from " + job.from;
    return exploration;
}

void print(const Exploration& exploration, const Findings& found, const std::string& from) {
    std::printf("%s, n=%u, ", exploration.script.name.c_str(), exploration.script.nodes());
    if (exploration.moves != 0) {
        std::printf("%u moves from %s: ", exploration.moves, from.c_str());
    } else {
        std::printf("k=%u on %llu points: ", exploration.faults, printable(found.base_points));
    }
    std::printf(
        "%llu runs to rest in %llu states (%016llx), %llu to known states, %llu states, %llu "
        "events, longest way to rest %.1f ms, %llu violations, %s\n",
        printable(found.runs), printable(found.finals), printable(found.finals_sum),
        printable(found.known), printable(found.states), printable(found.events),
        std::chrono::duration<double, std::milli>(found.longest_rest).count(),
        printable(found.violations), found.complete ? "complete" : "partial");
    if (found.forgotten != 0) {
        std::printf("  the table of states was full: %llu more were met, some of them again\n",
                    printable(found.forgotten));
    }
    if (exploration.check_digest) {
        std::printf("  %llu times a state was met again and went on in the same way\n",
                    printable(found.compared));
    }
    std::fflush(stdout);
}

int conclude(const Job& job, const Findings& sum) {
    if (!job.mutant.empty()) {
        std::printf("mutant %s: %s\n", job.mutant.c_str(),
                    sum.violations == 0 ? "survives" : "killed");
    }
    std::printf("explored: %llu runs, %llu states, %llu violations, %s\n",
                printable(sum.runs + sum.known), printable(sum.states), printable(sum.violations),
                sum.complete ? "complete" : "partial");
    return sum.violations == 0 && sum.runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(const Job& job) {
    Findings sum;
    for (const std::uint32_t nodes : job.nodes) {
        for (const std::string& name : job.scripts) {
            const Exploration exploration = exploration_of(job, name, nodes);
            const Findings found =
                exploration.moves != 0 ? explore_orders(exploration) : explore_faults(exploration);
            print(exploration, found, job.from);
            add_up(sum, found);
            if (exploration.manner.stop_at_first && found.violations != 0)
                return conclude(job, sum);
        }
    }
    return conclude(job, sum);
}

int run_one(const Job& job) {
    if (job.scripts.size() != 1 || job.nodes.size() != 1) {
        std::printf("torc-explore: --replay needs one --script and one --nodes\n");
        return EXIT_FAILURE;
    }
    const Exploration exploration = exploration_of(job, job.scripts.front(), job.nodes.front());
    return torc::explore::replay(exploration, job.replay, job.verbose) ? EXIT_SUCCESS
                                                                       : EXIT_FAILURE;
}

/// Makes the core wrong on purpose; false if there is no such mutant in this build.
bool choose_mutant(const std::string& name) {
    if (name.empty() || torc::select_mutant(name)) return true;
    std::printf(
        "torc-explore: no mutant '%s' in this build; with -Dmutants=true it has those of "
        "base/mutants.def\n",
        name.c_str());
    return false;
}

const std::vector<std::string> kKinds{"data",    "token", "wake", "join",
                                      "propose", "state", "plan", "merge"};

void describe(CLI::App& app, Job& job) {
    std::vector<std::string> known;
    for (const std::string_view name : torc::explore::script_names()) known.emplace_back(name);
    app.add_option("--script", job.scripts, "courses to explore; all without it")
        ->delimiter(',')
        ->check(CLI::IsMember(known));
    app.add_option("--nodes", job.nodes, "numbers of nodes, 2 to 5; 2 without it")
        ->delimiter(',')
        ->check(CLI::Range(2, 5));
    app.add_option("--faults", job.how.faults, "faults to place in each run")
        ->check(CLI::Range(0, 4));
    app.add_flag(
        "--wide", job.wide,
        "more faults: who dies may be back 2 ms later, copies may wait for PLAN or install");
    app.add_flag("--kill-each", job.kill_each,
                 "only deaths, at each message index of gather, form and recover");
    app.add_option("--moves", job.how.moves, "instead: every order of so many moves")
        ->check(CLI::Range(1, 32));
    app.add_option("--from", job.from, "they begin when such a frame is under way")
        ->check(CLI::IsMember(kKinds));
    app.add_option("--at", job.only_at, "faults at copies of these kinds of frames only")
        ->delimiter(',')
        ->check(CLI::IsMember(kKinds));
    app.add_flag("--no-prune", job.no_prune, "go on from states that are known, too");
    app.add_flag("--check-digest", job.how.check_digest,
                 "go on from known states and compare: equal digests need equal futures");
    app.add_flag("--self-test", job.self_test,
                 "the same with and without pruning; a bad digest must be found");
    app.add_option("--jobs", job.how.jobs, "branches at a time")->check(CLI::Range(1, 64));
    app.add_option("--budget", job.how.manner.seconds,
                   "seconds for each script and number of nodes");
    app.add_option("--replay", job.replay, "one run along the path of a report, or 'none'");
    app.add_option("--mutant", job.mutant, "run with this bug of base/mutants.def in the core");
    app.add_flag("-q,--quiet", job.how.manner.quiet, "count violations, do not print them");
    app.add_flag("--first", job.how.manner.stop_at_first, "one violation is enough");
    app.add_flag("-v,--verbose", job.verbose, "with --replay: each point");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs Torc's protocol through every placement of a few faults"};
    Job job;
    describe(app, job);
    CLI11_PARSE(app, argc, argv);
    if (job.scripts.empty()) {
        for (const auto name : torc::explore::script_names()) job.scripts.emplace_back(name);
    }
    if (job.nodes.empty()) job.nodes = {2};
    if (!choose_mutant(job.mutant)) return EXIT_FAILURE;
    if (job.self_test) return torc::explore::self_test() ? EXIT_SUCCESS : EXIT_FAILURE;
    return job.replay.empty() ? run(job) : run_one(job);
}
