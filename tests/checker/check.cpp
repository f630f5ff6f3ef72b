#include "tests/checker/check.hpp"

#include "tests/checker/daemons.hpp"
#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

void judge_daemons(const Trace& trace, bool at_rest, Verdict& verdict) {
    Daemons story = read_daemons(trace, verdict);
    story.at_rest = story.at_rest || at_rest;
    check_causes(trace, story, verdict);
    check_integrity(trace, story, verdict);
    check_configurations(trace, story, verdict);
    check_self_delivery(trace, story, verdict);
    check_atomicity(trace, story, verdict);
    check_causality(trace, story, verdict);
    check_order(trace, story, verdict);
    check_safe(trace, story, verdict);
}

void judge_sessions(const Trace& trace, bool at_rest, Verdict& verdict) {
    Sessions story = read_sessions(trace, verdict);
    story.at_rest = story.at_rest || at_rest;
    check_views(trace, story, verdict);
    check_group_delivery(trace, story, verdict);
    check_group_synchrony(trace, story, verdict);
    check_group_order(trace, story, verdict);
    check_group_safe(trace, story, verdict);
    check_group_flush(trace, story, verdict);
    check_group_refusals(trace, story, verdict);
    if (story.at_rest) check_group_rest(trace, story, verdict);
}

}  // namespace

Verdict check(const Trace& trace, const Options& options) {
    Verdict verdict;
    if (options.daemons) judge_daemons(trace, options.at_rest, verdict);
    if (options.sessions) judge_sessions(trace, options.at_rest, verdict);
    return verdict;
}

}  // namespace torc::check
