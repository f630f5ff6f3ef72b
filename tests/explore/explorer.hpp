// Every placement of up to k faults, each once. At a point where a fault may be placed the process
// forks: the child has the fault and one fewer to place, the parent goes on without it. So nothing
// is run twice, a broken check ends one branch only, and memory is copied only where it changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/explore/choice.hpp"
#include "tests/explore/ledger.hpp"
#include "tests/explore/script.hpp"

namespace torc::explore {

/// Which faults are placed, and where.
enum class Scope : std::uint8_t {
    everywhere,  ///< whatever a copy or timer can suffer, without restarts
    restarts,    ///< the same, and who dies may be back soon
    kills,       ///< deaths only, at copies that belong to gather, form and recover
};

struct Exploration {
    Script script;
    unsigned faults{1};
    Scope scope{Scope::everywhere};
    bool prune{true};
    unsigned jobs{1};           ///< branches of the first fault at a time
    double seconds{0};          ///< 0: until done
    unsigned table_bits{24};    ///< states that can be remembered
    std::string replay_prefix;  ///< how to run one again, for a report
};

/// Explores in child processes; prints each violation with its replay command.
Findings explore(const Exploration& exploration);

/// One run with these faults, in this process. Gives false and says what broke, if it did.
bool replay(const Script& script, const std::vector<Placed>& placed, bool verbose);

}  // namespace torc::explore
