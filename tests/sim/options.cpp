#include "tests/sim/options.hpp"

#include <array>
#include <sstream>

#include "base/prng.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

Nanos times(Nanos period, std::uint64_t numerator, std::uint64_t denominator = 1) {
    const auto ns = static_cast<std::uint64_t>(period.count());
    return Nanos{static_cast<std::int64_t>(ns * numerator / denominator)};
}

/// Timers in the proportions of protocol.md 3.5. All else in a run is measured in `loss` too, so
/// that fast networks do not only make long runs.
config::Timers timers_for(Nanos loss) {
    config::Timers timers;
    timers.token_loss = loss;
    timers.token_retransmit = times(loss, 1, 30);
    timers.join_interval = times(loss, 1, 12);
    timers.consensus = times(loss, 2, 3);
    timers.form_step = times(loss, 2, 3);
    timers.recovery = times(loss, 8);
    timers.merge_probe = times(loss, 2);
    timers.hold_refresh = times(loss, 1, 6);
    timers.hold_after = times(loss, 1, 24);
    return timers;
}

/// A token must come round several times before it counts as lost.
Nanos token_loss_for(const Options& options) {
    constexpr Nanos kLeast = std::chrono::milliseconds{3};
    const Nanos rotation = options.packets.delay_max * options.nodes;
    return std::max(kLeast, rotation * 4);
}

PacketFaults packet_faults(Prng& prng) {
    constexpr std::array<std::uint32_t, 5> kLoss{0, 1'000, 10'000, 50'000, 150'000};
    PacketFaults faults;
    faults.loss = kLoss[prng.below(kLoss.size())];
    if (prng.chance(400'000)) faults.duplicate = 20'000;
    if (prng.chance(400'000)) faults.late = 5'000;
    if (prng.chance(300'000)) faults.corrupt = 3'000;
    if (prng.chance(500'000)) faults.delay_max = std::chrono::microseconds{prng.between(10, 400)};
    if (prng.chance(300'000)) {
        faults.kind = static_cast<std::uint32_t>(prng.between(1, wire::kKindLast));
        faults.kind_loss = static_cast<std::uint32_t>(prng.between(50'000, 500'000));
    }
    return faults;
}

FaultMenu fault_menu(Prng& prng, Nanos loss) {
    FaultMenu menu;
    menu.partition = prng.chance(600'000);
    menu.one_way = prng.chance(300'000);
    menu.non_transitive = prng.chance(250'000);
    menu.flapping = prng.chance(200'000);
    menu.swizzle = prng.chance(200'000);
    menu.crash = prng.chance(500'000);
    menu.restart = menu.crash && prng.chance(800'000);
    menu.restart_all = prng.chance(100'000);
    menu.pause = prng.chance(400'000);
    menu.leave = prng.chance(300'000);
    menu.dying = prng.chance(500'000);
    menu.trap = prng.chance(500'000);
    menu.token = prng.chance(400'000);
    menu.kind = prng.chance(250'000);
    menu.replay = prng.chance(300'000);
    menu.interval = times(loss, prng.between(10, 80), 10);
    menu.cascade = prng.chance(250'000);
    if (menu.cascade) {
        menu.trap = menu.dying = menu.crash = menu.restart = true;
        menu.interval = times(loss, prng.between(3, 16), 10);
    }
    return menu;
}

Load load(Prng& prng, Nanos loss) {
    Load load;
    load.interval = times(loss, prng.between(1, 4) << prng.below(4), 100);
    load.sessions = static_cast<std::uint32_t>(prng.between(1, 3));
    load.groups = static_cast<std::uint32_t>(prng.between(1, 4));
    load.burst = prng.chance(500'000) ? static_cast<std::uint32_t>(prng.between(2, 12)) : 1;
    if (prng.chance(400'000)) load.churn = 150'000;
    if (prng.chance(200'000)) load.large = 150'000;
    return load;
}

/// What an operator may set, in the sizes that make corners come soon.
void features(Options& options, Prng& prng) {
    config::ClusterSettings& cluster = options.cluster;
    cluster.message_bytes = 64 * 1024;
    cluster.in_flight_frames = static_cast<std::uint32_t>(prng.between(16, 256));
    cluster.burst_frames = static_cast<std::uint32_t>(prng.between(4, 64));
    if (prng.chance(250'000)) cluster.frame_bytes = kFrameBytesMax;
    cluster.status_frames = prng.chance(500'000);
    // A stream of its own: the other things that a seed decides stay as they were.
    Prng windows(options.seed ^ 0x77696E646F77u);
    if (windows.chance(500'000)) cluster.in_flight = config::InFlight::adaptive;
    if (prng.chance(200'000)) cluster.timers.hold_after = cluster.timers.recovery;  // never held
}

/// Whoever may be silent needs a deadline; where none is, half of the runs have none. Changes of
/// membership are what flush groups are about, so many have more of them.
void flush_options(Options& options, Nanos loss) {
    Prng prng(options.seed ^ 0x666C757368u);
    const bool needs_one = options.hazards.client.silent != 0;
    options.cluster.flush_deadline =
        needs_one || prng.chance(500'000) ? times(loss, prng.between(3, 8)) : Nanos{0};
    if (prng.chance(400'000)) options.load.churn = 200'000;
}

}  // namespace

void set_nodes(Options& options, std::uint32_t nodes) {
    options.nodes = nodes;
    options.cluster.nodes.clear();
    for (std::uint16_t i = 0; i < nodes; ++i) {
        options.cluster.nodes.push_back({"n" + std::to_string(i), 0x7F000001u + i, NodeIndex{i}});
    }
}

Options options_from_seed(std::uint64_t seed, std::uint32_t nodes) {
    Prng prng(seed ^ 0x70726F7465737473u);
    Options options;
    options.seed = seed;
    const auto chosen = static_cast<std::uint32_t>(prng.between(3, 9));
    set_nodes(options, nodes == 0 ? chosen : nodes);
    options.packets = packet_faults(prng);
    const Nanos loss = token_loss_for(options);
    options.packets.late_max = times(loss, 5, 3);
    options.faults = fault_menu(prng, loss);
    if (options.faults.cascade && options.packets.loss < 10'000) options.packets.loss = 30'000;
    options.load = load(prng, loss);
    const bool is_long = prng.chance(60'000);
    options.chaos = times(loss, is_long ? prng.between(60, 120) : prng.between(8, 30));
    options.cluster.timers = timers_for(loss);
    features(options, prng);
    options.hazards = hazards_from_seed(seed, options.nodes, loss);
    if (options.hazards.client.flush != kNoFlush) flush_options(options, loss);
    options.physical = prng.chance(100'000);
    if (options.physical) options.fabric = tight_parameters(prng);
    return options;
}

// Nearly all runs are at rest within one recovery timeout; a few need several attempts.
Nanos heal_limit(const Options& options) { return 8 * options.cluster.timers.recovery; }

Nanos lateness_max(const Options& options) {
    const LinkHazards& link = options.hazards.link;
    return options.packets.late_max + 8 * options.cluster.timers.token_loss +
           std::chrono::milliseconds{link.encore_ms} +
           std::chrono::microseconds{link.ailment_lasts} +
           Nanos{std::uint64_t{link.slow_ns} * link.slow_ring};
}

// A node whose every word is of the largest size needs many visits of the token to get rid of them,
// and no rotation of a ring at rest takes longer than token_loss. Every join and leave may ask a
// group's members once more.
Nanos fresh_limit(const Options& options) {
    const auto& cluster = options.cluster;
    const Nanos flushes =
        4 * kFreshThings * std::chrono::microseconds{options.hazards.client.flush_wait};
    const auto frames = kFreshThings * (cluster.message_bytes / (cluster.frame_bytes / 2) + 1);
    return cluster.timers.recovery + frames / cluster.burst_frames * cluster.timers.token_loss +
           flushes;
}

Nanos calm_time(const Options& options) { return 3 * options.cluster.timers.merge_probe; }

namespace {

std::string menu_words(const FaultMenu& menu) {
    std::string words;
    const auto add = [&words](bool chosen, const char* word) {
        if (chosen) words.append(" ").append(word);
    };
    add(menu.partition, "partition");
    add(menu.one_way, "one-way");
    add(menu.non_transitive, "non-transitive");
    add(menu.flapping, "flapping");
    add(menu.swizzle, "swizzle");
    add(menu.crash, "crash");
    add(menu.restart, "restart");
    add(menu.restart_all, "restart-all");
    add(menu.pause, "pause");
    add(menu.leave, "leave");
    add(menu.dying, "dying");
    add(menu.trap, "trap");
    add(menu.token, "token");
    add(menu.kind, "kind");
    add(menu.replay, "replay");
    add(menu.cascade, "cascade");
    return words;
}

}  // namespace

std::string describe(const Options& options) {
    std::ostringstream text;
    const auto us = [](Nanos t) {
        return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
    };
    text << "nodes " << options.nodes << ", loss " << options.packets.loss << " dup "
         << options.packets.duplicate << " late " << options.packets.late << " corrupt "
         << options.packets.corrupt << " ppm, delay <= " << us(options.packets.delay_max)
         << " us, kind " << options.packets.kind << " loss " << options.packets.kind_loss
         << " ppm, faults" << menu_words(options.faults) << " every " << us(options.faults.interval)
         << " us, chaos " << us(options.chaos) << " us, token_loss "
         << us(options.cluster.timers.token_loss) << " us, frame " << options.cluster.frame_bytes
         << " G " << options.cluster.in_flight_frames
         << (options.cluster.in_flight == config::InFlight::adaptive ? " adaptive" : "")
         << " burst " << options.cluster.burst_frames
         << (options.cluster.status_frames ? " status" : "") << ", load every "
         << us(options.load.interval) << " us up to " << options.load.burst << ", churn "
         << options.load.churn << " ppm, hazards: " << describe(options.hazards)
         << (options.physical ? ", physical: " + describe(options.fabric) : "");
    return text.str();
}

}  // namespace torc::sim
