// Every placement of up to k faults on the course of a script, each once; and every order of a few
// moves from a state on that course.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/explore/branches.hpp"
#include "tests/explore/choice.hpp"
#include "tests/explore/ledger.hpp"
#include "tests/explore/script.hpp"

namespace torc::explore {

/// Which faults are placed, and where.
enum class Scope : std::uint8_t {
    everywhere,  ///< whatever a copy or timer can suffer, without restarts
    wide,        ///< the same; who dies may be back soon, copies may wait for a change of the ring
    kills,       ///< deaths only, at copies that belong to gather, form and recover
};

struct Exploration {
    Script script;
    unsigned faults{1};
    Scope scope{Scope::everywhere};
    std::uint32_t only_at{0};  ///< bits of wire::Kind: faults at copies of these only; 0: anywhere
    /// Instead of placed faults: orders of so many moves, from when the script is over and a frame
    /// of kind `from` is under way.
    unsigned moves{0};
    std::uint32_t from{0};

    bool prune{true};
    /// Instead of ending there, hold states with equal digests to equal futures. One job.
    bool check_digest{false};
    /// Digests without time: a mistake that `check_digest` must find.
    bool blind_digest{false};
    unsigned jobs{1};  ///< branches of the first fault at a time
    Branches::Manner manner;
    unsigned table_bits{25};    ///< states that can be remembered: their number's logarithm
    std::string replay_prefix;  ///< how to run one again, for a report
};

/// Explores in child processes; prints each violation with its replay command.
Findings explore_faults(const Exploration& exploration);
Findings explore_orders(const Exploration& exploration);

/// One run along a path that a report named, in this process: "12:drop,40:late", or moves if
/// `exploration.moves` is not 0. Gives false and says what broke, if something did.
bool replay(const Exploration& exploration, const std::string& path, bool verbose);

}  // namespace torc::explore
