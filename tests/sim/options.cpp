#include "tests/sim/options.hpp"

#include <array>
#include <sstream>

#include "base/prng.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

/// Timers in the proportions of protocol.md 3.5, for hops of tens of microseconds.
config::Timers fast_timers() {
    using std::chrono::microseconds;
    using std::chrono::milliseconds;
    config::Timers timers;
    timers.token_retransmit = microseconds{400};
    timers.token_loss = milliseconds{12};
    timers.join_interval = milliseconds{1};
    timers.consensus = milliseconds{8};
    timers.form_step = milliseconds{8};
    timers.recovery = milliseconds{100};
    timers.merge_probe = milliseconds{25};
    timers.hold_refresh = milliseconds{2};
    timers.hold_after = microseconds{500};
    return timers;
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

FaultMenu fault_menu(Prng& prng) {
    FaultMenu menu;
    menu.partition = prng.chance(600'000);
    menu.one_way = prng.chance(300'000);
    menu.crash = prng.chance(500'000);
    menu.restart = menu.crash && prng.chance(800'000);
    menu.pause = prng.chance(400'000);
    menu.leave = prng.chance(300'000);
    menu.dying = prng.chance(500'000);
    menu.trap = prng.chance(500'000);
    menu.replay = prng.chance(300'000);
    menu.interval = std::chrono::milliseconds{prng.between(10, 100)};
    menu.cascade = prng.chance(250'000);
    if (menu.cascade) {
        menu.trap = menu.dying = menu.crash = menu.restart = true;
        menu.interval = std::chrono::milliseconds{prng.between(3, 20)};
    }
    return menu;
}

}  // namespace

Options options_from_seed(std::uint64_t seed, std::uint32_t nodes) {
    Prng prng(seed ^ 0x70726F7465737473u);
    Options options;
    options.seed = seed;
    options.nodes = static_cast<std::uint32_t>(prng.between(3, 7));
    if (nodes != 0) options.nodes = nodes;
    options.packets = packet_faults(prng);
    options.faults = fault_menu(prng);
    if (options.faults.cascade && options.packets.loss < 10'000) options.packets.loss = 30'000;
    options.load.interval = std::chrono::microseconds{prng.between(100, 4000)};
    options.load.sessions = static_cast<std::uint32_t>(prng.between(1, 3));
    options.load.burst = prng.chance(500'000) ? static_cast<std::uint32_t>(prng.between(2, 12)) : 1;
    if (prng.chance(400'000)) options.load.churn = 150'000;
    options.chaos = std::chrono::milliseconds{prng.between(200, 1000)};

    config::ClusterSettings& cluster = options.cluster;
    for (std::uint16_t i = 0; i < options.nodes; ++i) {
        cluster.nodes.push_back({"n" + std::to_string(i), 0x7F000001u + i, NodeIndex{i}});
    }
    cluster.timers = fast_timers();
    cluster.message_bytes = 64 * 1024;
    cluster.in_flight_frames = static_cast<std::uint32_t>(prng.between(16, 256));
    cluster.burst_frames = static_cast<std::uint32_t>(prng.between(4, 64));
    options.hazards = hazards_from_seed(seed, options.nodes, cluster.timers.token_loss);
    return options;
}

std::string describe(const Options& options) {
    std::ostringstream text;
    const auto us = [](Nanos t) {
        return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
    };
    text << "nodes " << options.nodes << ", loss " << options.packets.loss << " dup "
         << options.packets.duplicate << " late " << options.packets.late << " corrupt "
         << options.packets.corrupt << " ppm, delay <= " << us(options.packets.delay_max)
         << " us, kind " << options.packets.kind << " loss " << options.packets.kind_loss
         << " ppm, faults" << (options.faults.partition ? " partition" : "")
         << (options.faults.one_way ? " one-way" : "") << (options.faults.crash ? " crash" : "")
         << (options.faults.restart ? " restart" : "") << (options.faults.pause ? " pause" : "")
         << (options.faults.leave ? " leave" : "") << (options.faults.dying ? " dying" : "")
         << (options.faults.trap ? " trap" : "") << (options.faults.replay ? " replay" : "")
         << (options.faults.cascade ? " cascade" : "") << " every " << us(options.faults.interval)
         << " us, chaos " << us(options.chaos) << " us, G " << options.cluster.in_flight_frames
         << " burst " << options.cluster.burst_frames << ", load every "
         << us(options.load.interval) << " us up to " << options.load.burst << ", churn "
         << options.load.churn << " ppm, hazards: " << describe(options.hazards);
    return text.str();
}

}  // namespace torc::sim
