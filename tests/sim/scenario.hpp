// A run as text: all options, expanded, and the schedule of faults. It says the same when the
// generator of options or schedules has changed, which a seed does not; and a person can edit it.
//
//     torc-scenario 1
//     # anything
//     option nodes 3
//     option token_loss 3ms
//     fault 17250us partition side=5
//     fault 40ms crash node=2 lasts=8ms
//
// Options that are missing have the values of Options{}; `hazard NAME VALUE` is a field of
// hazards.hpp that is not 0. The README of this folder lists the faults.
#pragma once

#include <string>
#include <string_view>

#include "tests/sim/options.hpp"
#include "tests/sim/schedule.hpp"

namespace torc::sim {

struct Scenario {
    Options options;
    Schedule schedule;
};

/// What a seed comes to.
Scenario scenario_from_seed(std::uint64_t seed, std::uint32_t nodes = 0);

std::string to_text(const Scenario& scenario);

/// Reads such a text. Gives an empty string, or what is wrong with it and in which line; then the
/// scenario is whatever it is. Accepts nothing that a run could not bear.
std::string from_text(std::string_view text, Scenario& scenario);

}  // namespace torc::sim
