// Runs scenarios in processes of their own, so that no seed can be lost: whatever ends one (a
// violation, a failed check of the core, a signal, a loop without end), the parent knows which run
// it was and goes on with the next.
//
// Threads: one; it forks, so nothing else may run in the process. Not for the core: this is the
// one part of the simulator that knows the operating system.
#pragma once

#include <cstdint>
#include <functional>

#include "tests/sim/scenario.hpp"
#include "tests/sim/world.hpp"

namespace torc::sim {

inline constexpr std::uint32_t kJobsMax = 256;

struct Apart {
    std::uint32_t jobs{1};            ///< processes at a time, at most kJobsMax
    std::uint32_t seconds_a_run{60};  ///< of processor time; then the run counts as failed
};

struct Report {
    Outcome outcome;
    std::uint64_t mutant_fired{0};  ///< how often, in this run
};

/// Gives the run of that number (from 0).
using RunSource = std::function<Scenario(std::uint64_t number)>;
/// Hears how a run ended. False: no more runs are begun, and those under way are not heard of.
using RunSink = std::function<bool(std::uint64_t number, const Report& report)>;

/// Runs 0..count-1, each exactly once, in any order. `sink` is called in this process.
void run_apart(std::uint64_t count, const Apart& apart, const RunSource& source,
               const RunSink& sink);

/// One run.
Report run_one_apart(const Scenario& scenario, std::uint32_t seconds_max);

}  // namespace torc::sim
