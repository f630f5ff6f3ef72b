// The checker: which promises does this run break? Knows nothing of how the system works, only
// what protocol.md 5 promises. README.md lists the properties.
#pragma once

#include "tests/checker/record.hpp"
#include "tests/checker/verdict.hpp"

namespace torc::check {

struct Options {
    bool daemons{true};   ///< level 1, if the trace has it; false: black box
    bool sessions{true};  ///< level 2
    bool at_rest{false};  ///< as if the trace ended with Rest
};

/// Takes any trace, also a senseless one. Cost: near linear in the records, for a given number of
/// processes.
Verdict check(const Trace& trace, const Options& options = {});

}  // namespace torc::check
