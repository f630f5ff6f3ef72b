#include "tests/sim/schedule.hpp"

#include <algorithm>
#include <array>

#include "base/prng.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

constexpr std::array<std::string_view, kFaultKinds> kNames{
    "heal",        "partition",     "one_way",     "mend",           "deaf",
    "mute",        "triangle",      "majorities",  "crash",          "restart_all",
    "pause",       "leave",         "dying",       "trap_partition", "trap_tokens",
    "lose_tokens", "double_tokens", "late_tokens", "lose_kind",      "replay"};

/// What a menu offers: mostly one fault, sometimes a pattern of several.
enum class Pattern : std::uint8_t { single, flap, swizzle };
struct Dish {
    Pattern pattern{};
    FaultKind kind{};
};

/// Expands a menu, fault by fault. Each draws from the same stream; nothing else does.
class Planner {
public:
    explicit Planner(const Options& options)
        : options_(options), prng_(options.seed ^ 0x6661756C7473u) {}

    Schedule plan() {
        const std::vector<Dish> offers = offered();
        for (Nanos at = around(options_.faults.interval); at < options_.chaos;
             at += around(options_.faults.interval)) {
            Dish dish = offers[prng_.below(offers.size())];
            if (options_.faults.cascade && prng_.chance(700'000)) dish = cascading();
            if (dish.pattern == Pattern::single) schedule_.push_back(make(at, dish.kind));
            if (dish.pattern == Pattern::flap) flap(at);
            if (dish.pattern == Pattern::swizzle) swizzle(at);
        }
        std::stable_sort(schedule_.begin(), schedule_.end(),
                         [](const Fault& a, const Fault& b) { return a.at < b.at; });
        return std::move(schedule_);
    }

private:
    std::vector<Dish> offered() const;
    Dish cascading();
    void flap(Nanos at);
    void swizzle(Nanos at);
    Fault make(Nanos at, FaultKind kind);
    void fill_topology(Fault& fault);
    void fill_process(Fault& fault);
    Nanos pause_length();
    void fill_trap(Fault& fault);
    void fill_tokens(Fault& fault);

    /// Between half and one and a half of it.
    Nanos around(Nanos mean) {
        const auto ns = static_cast<std::uint64_t>(mean.count());
        return between(Nanos{static_cast<std::int64_t>(ns / 2)},
                       Nanos{static_cast<std::int64_t>(ns + ns / 2)});
    }
    Nanos between(Nanos low, Nanos high) {
        return Nanos{static_cast<std::int64_t>(prng_.between(
            static_cast<std::uint64_t>(low.count()), static_cast<std::uint64_t>(high.count())))};
    }
    std::uint32_t any_node() { return static_cast<std::uint32_t>(prng_.below(options_.nodes)); }
    /// Some of the nodes, neither none nor all.
    std::uint64_t any_side() {
        return prng_.between(1, (~std::uint64_t{0} >> (kNodesMost - options_.nodes)) - 1);
    }
    Nanos token_loss() const { return options_.cluster.timers.token_loss; }
    Nanos until_restart() {
        return options_.faults.restart ? around(options_.faults.interval) : Nanos{};
    }

    const Options& options_;
    Prng prng_;
    Schedule schedule_;
};

std::vector<Dish> Planner::offered() const {
    using enum FaultKind;
    const FaultMenu& menu = options_.faults;
    std::vector<Dish> offers{{Pattern::single, heal}};
    const auto offer = [&offers](bool chosen, std::initializer_list<FaultKind> kinds) {
        if (!chosen) return;
        for (const FaultKind kind : kinds) offers.push_back({Pattern::single, kind});
    };
    offer(menu.partition, {partition, heal});
    offer(menu.one_way, {one_way, one_way, deaf, mute, heal});
    offer(menu.non_transitive, {triangle, majorities, heal});
    offer(menu.crash, {crash});
    offer(menu.restart_all, {restart_all});
    offer(menu.pause, {pause});
    offer(menu.leave, {leave});
    offer(menu.dying, {dying});
    offer(menu.trap, {trap_partition, trap_tokens});
    offer(menu.token, {lose_tokens, double_tokens, late_tokens});
    offer(menu.kind, {lose_kind});
    offer(menu.replay, {replay});
    if (menu.flapping) offers.push_back({Pattern::flap, partition});
    if (menu.swizzle) offers.push_back({Pattern::swizzle, one_way});
    return offers;
}

Dish Planner::cascading() {
    constexpr std::array kKinds{FaultKind::trap_partition, FaultKind::trap_tokens,
                                FaultKind::trap_partition, FaultKind::trap_tokens,
                                FaultKind::dying};
    return {Pattern::single, kKinds[prng_.below(kKinds.size())]};
}

/// A side comes and goes, well before, just before or just after a token counts as lost.
void Planner::flap(Nanos at) {
    constexpr std::array<int, 3> kPercent{50, 90, 110};
    const Nanos period = token_loss() * kPercent[prng_.below(kPercent.size())] / 100;
    const std::uint64_t side = any_side();
    const std::uint64_t cycles = prng_.between(2, 6);
    for (std::uint64_t i = 0; i < 2 * cycles; ++i) {
        Fault fault;
        fault.at = at + period * static_cast<std::int64_t>(i);
        fault.kind = i % 2 == 0 ? FaultKind::partition : FaultKind::heal;
        if (fault.kind == FaultKind::partition) fault.side = side;
        schedule_.push_back(fault);
    }
}

/// Every direction to and from some nodes is cut, one by one, and mended in another order.
void Planner::swizzle(Nanos at) {
    const std::uint64_t side = any_side();
    const Nanos step = between(token_loss() / 40, token_loss() / 4);
    std::vector<Fault> cuts;
    for (std::uint32_t a = 0; a < options_.nodes; ++a) {
        for (std::uint32_t b = 0; b < options_.nodes; ++b) {
            if (((side >> a) & 1) == ((side >> b) & 1)) continue;
            Fault& cut = cuts.emplace_back();
            cut.node = a;
            cut.other = b;
        }
    }
    for (const FaultKind kind : {FaultKind::one_way, FaultKind::mend}) {
        for (std::size_t i = cuts.size(); i > 1; --i) std::swap(cuts[i - 1], cuts[prng_.below(i)]);
        for (Fault& fault : cuts) {
            fault.kind = kind;
            fault.at = at += step;
            schedule_.push_back(fault);
        }
    }
}

Fault Planner::make(Nanos at, FaultKind kind) {
    Fault fault;
    fault.at = at;
    fault.kind = kind;
    switch (kind) {
        case FaultKind::heal:
            break;
        case FaultKind::partition:
        case FaultKind::one_way:
        case FaultKind::mend:
        case FaultKind::deaf:
        case FaultKind::mute:
        case FaultKind::triangle:
        case FaultKind::majorities:
            fill_topology(fault);
            break;
        case FaultKind::crash:
        case FaultKind::restart_all:
        case FaultKind::pause:
        case FaultKind::leave:
        case FaultKind::dying:
            fill_process(fault);
            break;
        case FaultKind::trap_partition:
        case FaultKind::trap_tokens:
            fill_trap(fault);
            break;
        case FaultKind::lose_tokens:
        case FaultKind::double_tokens:
        case FaultKind::late_tokens:
            fill_tokens(fault);
            break;
        case FaultKind::lose_kind:
            fault.frame = static_cast<std::uint32_t>(prng_.between(1, wire::kKindLast));
            fault.lasts = between(token_loss() / 2, token_loss() * 3);
            break;
        case FaultKind::replay:
            fault.count = prng_.between(1, 40);
            fault.salt = prng_.next();
            break;
    }
    return fault;
}

void Planner::fill_topology(Fault& fault) {
    if (fault.kind == FaultKind::partition) {
        fault.side = any_side();
        return;
    }
    if (fault.kind == FaultKind::majorities) return;
    fault.node = any_node();
    if (fault.kind == FaultKind::deaf || fault.kind == FaultKind::mute) return;
    fault.other = (fault.node + 1 + static_cast<std::uint32_t>(prng_.below(options_.nodes - 1))) %
                  options_.nodes;
}

void Planner::fill_process(Fault& fault) {
    if (fault.kind == FaultKind::restart_all) {
        fault.lasts = between(Nanos{1'000}, token_loss() * 2);
        return;
    }
    fault.node = any_node();
    if (fault.kind == FaultKind::pause) {
        fault.lasts = pause_length();
    } else if (fault.kind == FaultKind::leave) {
        if (prng_.chance(500'000)) fault.lasts = around(options_.faults.interval);
    } else {
        fault.lasts = until_restart();
    }
    if (fault.kind != FaultKind::dying) return;
    fault.count = prng_.below(4);
    fault.skip = prng_.below(4);
    if (prng_.chance(500'000)) fault.late = between(token_loss(), token_loss() * 4);
}

/// Half, one, two or a hundred times token_loss, or anything below.
Nanos Planner::pause_length() {
    constexpr std::array<int, 4> kPercent{50, 100, 200, 10'000};
    if (prng_.chance(700'000)) return between(Nanos{1'000}, token_loss() * 4);
    return token_loss() * kPercent[prng_.below(kPercent.size())] / 100;
}

void Planner::fill_trap(Fault& fault) {
    // Half of them between PLAN and install: some have gone over, others have not.
    const bool at_plan = prng_.chance(500'000);
    fault.frame = static_cast<std::uint32_t>(wire::Kind::plan);
    if (at_plan) {
        fault.tokens = prng_.below(std::uint64_t{4} * options_.nodes);
    } else {
        fault.frame = static_cast<std::uint32_t>(prng_.between(1, wire::kKindLast));
        fault.skip = prng_.below(8);
    }
    if (fault.kind == FaultKind::trap_tokens) {
        fault.count = prng_.between(1, 60);
    } else {
        const Nanos consensus = options_.cluster.timers.consensus;
        fault.side = any_side();
        fault.lasts = between(consensus / 4, consensus * 6);
    }
}

void Planner::fill_tokens(Fault& fault) {
    fault.count = prng_.between(1, fault.kind == FaultKind::lose_tokens ? 40 : 4);
    const Nanos retransmit = options_.cluster.timers.token_retransmit;
    if (fault.kind == FaultKind::double_tokens) {
        fault.late = between(retransmit / 4, prng_.chance(500'000) ? retransmit : token_loss() * 2);
    }
    if (fault.kind == FaultKind::late_tokens) {
        fault.late = between(token_loss() / 2, token_loss() * 4);
    }
}

}  // namespace

std::string_view name_of(FaultKind kind) { return kNames.at(static_cast<std::size_t>(kind)); }

bool kind_from_name(std::string_view name, FaultKind& kind) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return false;
    kind = static_cast<FaultKind>(found - kNames.begin());
    return true;
}

bool is_of_one_node(FaultKind kind) {
    using enum FaultKind;
    constexpr std::array kKinds{deaf, mute, crash, pause, leave, dying};
    return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

bool is_of_two_nodes(FaultKind kind) {
    using enum FaultKind;
    constexpr std::array kKinds{one_way, mend, triangle};
    return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

Schedule schedule_of(const Options& options) { return Planner(options).plan(); }

}  // namespace torc::sim
