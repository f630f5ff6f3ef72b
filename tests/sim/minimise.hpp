// Makes a failing scenario small, by delta debugging: fewer faults, a shorter chaos, fewer nodes,
// fewer client actions, hazards and features switched off one by one; again until nothing helps.
// What is left is the directed test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/sim/scenario.hpp"

namespace torc::sim {

/// Whether a scenario still fails in the way that matters.
using StillFails = std::function<bool(const Scenario&)>;
/// Whether there is time for another run.
using MayGoOn = std::function<bool()>;

/// `failing` itself must fail. Gives the smallest that was found to fail; deterministic, apart from
/// where `may_go_on` cuts it short.
Scenario minimise(Scenario failing, const StillFails& still_fails, const MayGoOn& may_go_on);

/// What two failures of the same kind have in common: the first line, without numbers.
std::string signature_of(const std::string& violation);

}  // namespace torc::sim
