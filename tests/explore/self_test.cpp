#include "tests/explore/self_test.hpp"

#include <cstdio>

#include "tests/explore/explorer.hpp"

namespace torc::explore {
namespace {

unsigned long long printable(std::uint64_t number) { return number; }

Exploration small(std::string_view script, std::uint32_t nodes) {
    Exploration exploration;
    exploration.script = make_script(script, nodes);
    exploration.manner.quiet = true;
    return exploration;
}

bool same_verdict(const Exploration& pruned) {
    Exploration full = pruned;
    full.prune = false;
    const auto explore = pruned.moves != 0 ? &explore_orders : &explore_faults;
    const Findings a = explore(pruned);
    const Findings b = explore(full);
    // With violations the states at rest of the runs that are left may differ: one that is pruned
    // may stand for one that broke.
    const bool broken = a.violations != 0;
    const bool same = broken == (b.violations != 0) &&
                      (broken || (a.finals == b.finals && a.finals_sum == b.finals_sum));
    std::printf(
        "%s, n=%u, %s: pruned %llu runs (%llu to known states), %llu violations, %llu "
        "states at rest; all %llu runs, %llu violations, %llu states at rest: %s\n",
        pruned.script.name.c_str(), pruned.script.nodes(), pruned.moves != 0 ? "moves" : "faults",
        printable(a.runs + a.known), printable(a.known), printable(a.violations),
        printable(a.finals), printable(b.runs), printable(b.violations), printable(b.finals),
        same ? "same" : "DIFFERENT");
    return same && (broken || a.known > 0);
}

bool futures_agree(Exploration exploration, bool blind) {
    exploration.check_digest = true;
    exploration.blind_digest = blind;
    const Findings found = explore_faults(exploration);
    std::printf("%s, n=%u, digest%s: %llu states met again, %llu times with another future\n",
                exploration.script.name.c_str(), exploration.script.nodes(),
                blind ? " without time" : "", printable(found.compared),
                printable(found.violations));
    return blind ? found.violations != 0 : found.violations == 0 && found.compared != 0;
}

}  // namespace

bool self_test() {
    bool good = true;
    for (const std::string_view script : script_names()) {
        good = same_verdict(small(script, 2)) && good;
    }
    good = same_verdict(small("flap", 3)) && good;
    Exploration orders = small("flap", 2);
    orders.moves = 3;
    orders.from = frame_of_name("plan");
    good = same_verdict(orders) && good;
    good = futures_agree(small("flap", 2), false) && good;
    good = futures_agree(small("flap", 2), true) && good;
    return good;
}

}  // namespace torc::explore
