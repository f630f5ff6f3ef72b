#include "tests/sim/minimise.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace torc::sim {
namespace {

/// Without the node, the others move up; faults of nobody and splits of nothing go.
Scenario without_node(const Scenario& scenario, std::uint32_t node) {
    const auto moved = [node](std::uint32_t other) { return other > node ? other - 1 : other; };
    Scenario smaller = scenario;
    set_nodes(smaller.options, scenario.options.nodes - 1);
    smaller.schedule.clear();
    const std::uint64_t below = (std::uint64_t{1} << node) - 1;
    const std::uint64_t all = (std::uint64_t{1} << smaller.options.nodes) - 1;
    for (Fault fault : scenario.schedule) {
        const bool is_about_it = fault.node == node && is_of_one_node(fault.kind);
        const bool is_between =
            is_of_two_nodes(fault.kind) && (fault.node == node || fault.other == node);
        if (is_about_it || is_between) continue;
        const bool had_side = fault.side != 0;
        fault.side = (fault.side & below) | (fault.side >> 1 & ~below);
        if (had_side && (fault.side == 0 || fault.side == all)) continue;
        fault.node = moved(fault.node);
        fault.other = moved(fault.other);
        smaller.schedule.push_back(fault);
    }
    for (std::uint32_t* const hazard :
         {&smaller.options.hazards.link.bad_from, &smaller.options.hazards.link.bad_to}) {
        *hazard = std::min(*hazard, smaller.options.nodes - 1);
    }
    return smaller;
}

class Minimiser {
public:
    Minimiser(Scenario failing, const StillFails& still_fails, const MayGoOn& may_go_on)
        : best_(std::move(failing)), still_fails_(still_fails), may_go_on_(may_go_on) {}

    Scenario work() {
        bool progress = true;
        while (progress && may_go_on_()) {
            progress = false;
            progress |= fewer_faults();
            progress |= shorter_chaos();
            progress |= fewer_nodes();
            progress |= fewer_acts();
            progress |= plainer_options();
            progress |= fewer_hazards();
            progress |= plainer_faults();
        }
        return best_;
    }

private:
    /// Other noise around the same faults: a smaller run is another run, and a failure that needs
    /// some luck deserves a few throws.
    static constexpr std::uint64_t kThrows = 4;

    bool accept(Scenario candidate) {
        if (!may_go_on_() || !still_fails_(candidate)) return false;
        best_ = std::move(candidate);
        return true;
    }

    bool accept_with_luck(Scenario candidate) {
        for (std::uint64_t i = 0; i < kThrows; ++i) {
            if (accept(candidate)) return true;
            ++candidate.options.seed;
        }
        return false;
    }

    /// Applies `change` to a copy; false if it changes nothing or the copy does not fail.
    template <class Change>
    bool try_change(Change&& change) {
        Scenario candidate = best_;
        change(candidate);
        if (to_text(candidate) == to_text(best_)) return false;
        return accept_with_luck(std::move(candidate));
    }

    bool fewer_faults() {
        bool progress = false;
        for (std::size_t chunk = best_.schedule.size(); chunk != 0; chunk /= 2) {
            for (std::size_t begin = 0; begin < best_.schedule.size();) {
                Scenario candidate = best_;
                const auto first = candidate.schedule.begin() + static_cast<std::ptrdiff_t>(begin);
                const std::size_t size = std::min(chunk, candidate.schedule.size() - begin);
                candidate.schedule.erase(first, first + static_cast<std::ptrdiff_t>(size));
                if (accept(std::move(candidate))) {
                    progress = true;
                } else {
                    begin += chunk;
                }
                if (!may_go_on_()) return progress;
            }
        }
        return progress;
    }

    bool shorter_chaos() {
        bool progress = false;
        const Nanos chaos = best_.options.chaos;
        for (const int eighths : {1, 2, 4, 6, 7}) {
            progress = try_change([&](Scenario& scenario) {
                scenario.options.chaos = chaos * eighths / 8;
                std::erase_if(scenario.schedule, [&](const Fault& fault) {
                    return fault.at > scenario.options.chaos;
                });
            });
            if (progress) return true;
        }
        return false;
    }

    bool fewer_nodes() {
        bool progress = false;
        for (std::uint32_t node = best_.options.nodes; node-- > 0;) {
            if (best_.options.nodes == kNodesLeast) break;
            progress |= accept_with_luck(without_node(best_, node));
        }
        return progress;
    }

    bool fewer_acts() {
        const std::uint64_t acts = best_.options.load.acts;
        const auto most =
            static_cast<std::uint64_t>(best_.options.chaos / best_.options.load.interval);
        const std::uint64_t now = acts == 0 ? most + 1 : acts;
        for (const std::uint64_t fewer : {std::uint64_t{1}, now / 4, now / 2, now * 3 / 4}) {
            if (fewer == 0 || fewer >= now) continue;
            if (try_change([&](Scenario& scenario) {
                    scenario.options.load.acts = static_cast<std::uint32_t>(fewer);
                })) {
                return true;
            }
        }
        return false;
    }

    bool plainer_options() {
        bool progress = false;
        const Options plain;
        const auto set = [&](auto&& change) {
            progress |= try_change([&](Scenario& scenario) { change(scenario.options); });
        };
        set([](Options& o) { o.load.burst = 1; });
        set([](Options& o) { o.load.sessions = 1; });
        set([](Options& o) { o.load.groups = 1; });
        set([](Options& o) { o.load.large = 0; });
        set([](Options& o) { o.load.churn = 0; });
        set([](Options& o) { o.load.reopen = 0; });
        set([](Options& o) { o.packets.loss = 0; });
        set([](Options& o) { o.packets.duplicate = 0; });
        set([](Options& o) { o.packets.late = 0; });
        set([](Options& o) { o.packets.corrupt = 0; });
        set([](Options& o) { o.packets.kind = o.packets.kind_loss = 0; });
        set([](Options& o) { o.cluster.status_frames = false; });
        set([](Options& o) { o.cluster.in_flight = config::InFlight::fixed; });
        set([](Options& o) { o.cluster.frame_bytes = kFrameBytesMin; });
        set([&](Options& o) {
            o.packets.delay_max = std::min(o.packets.delay_max, plain.packets.delay_max);
        });
        set([](Options& o) { o.packets.delay_max = o.packets.delay_min; });
        return progress;
    }

    bool fewer_hazards() {
        bool progress = try_change([](Scenario& scenario) { scenario.options.hazards = {}; });
        std::vector<std::string> names;
        for_each_hazard(best_.options.hazards, [&](std::string_view name, const auto& value) {
            if (value != 0) names.emplace_back(name);
        });
        for (const std::string& name : names) {
            progress |= try_change([&](Scenario& scenario) {
                for_each_hazard(scenario.options.hazards, [&](std::string_view field, auto& value) {
                    if (field == name) value = 0;
                });
            });
        }
        return progress;
    }

    /// Numbers inside a fault: none of it, or half.
    bool plainer_faults() {
        bool progress = false;
        for (std::size_t i = 0; i < best_.schedule.size(); ++i) {
            const auto set = [&](auto&& change) {
                progress |= try_change([&](Scenario& scenario) { change(scenario.schedule[i]); });
            };
            set([](Fault& fault) { fault.late = Nanos{}; });
            set([](Fault& fault) { fault.skip = 0; });
            set([](Fault& fault) { fault.tokens = 0; });
            set([](Fault& fault) { fault.count = std::min<std::uint64_t>(fault.count, 1); });
        }
        return progress;
    }

    Scenario best_;
    const StillFails& still_fails_;
    const MayGoOn& may_go_on_;
};

}  // namespace

Scenario minimise(Scenario failing, const StillFails& still_fails, const MayGoOn& may_go_on) {
    return Minimiser(std::move(failing), still_fails, may_go_on).work();
}

std::string signature_of(const std::string& violation) {
    std::string signature = violation.substr(0, violation.find('\n'));
    std::erase_if(signature, [](unsigned char c) { return std::isdigit(c) != 0; });
    return signature;
}

}  // namespace torc::sim
