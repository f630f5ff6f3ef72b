// A cell of the sweep: hardware, settings of the cluster, messages, and what its figures are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "tests/sim/physical_scenarios.hpp"

namespace torc::model {

/// What a node's CPU takes for the things that it does.
struct Cpu {
    std::string name{"free"};
    Nanos rx_frame{0};  ///< a frame received
    Nanos tx_frame{0};  ///< a frame sent
    /// A frame begun and closed. Its messages pay for it when they come in, in equal parts.
    Nanos built_frame{0};
    Nanos token{0};  ///< a token visit, beside receiving and sending the token
    sim::MessageCosts messages;
};

struct Cell {
    std::uint32_t gbit{10};
    std::uint32_t mtu{1500};
    std::uint32_t nodes{3};
    std::size_t payload{1350};
    std::uint32_t loss_ppm{0};
    std::uint32_t in_flight{512};
    std::uint32_t burst{64};
    Cpu cpu;
};

/// What all cells have in common.
struct Setup {
    config::Timers timers;
    std::size_t port_bytes{std::size_t{1} << 20};
    std::size_t descriptors{1024};
    bool token_first{false};  ///< sim::PhysicalOptions::token_first
    sim::TokenPriority token_priority{sim::TokenPriority::never};
    bool adaptive{false};  ///< config::InFlight::adaptive
    Nanos settle{0};       ///< under full load before anything is measured
    std::uint64_t seed{1};
    /// Frames that all nodes of a measurement may receive, warm-up apart: bounds its time.
    std::uint64_t budget{400'000};
    std::vector<std::uint32_t> loads;  ///< per cent of saturation at which latency is measured
    std::vector<Service> services;
};

/// A mean of batches, and how far to trust it.
struct Estimate {
    double mean{0};
    double error{0};     ///< standard error of the mean, as a share of it
    bool stable{false};  ///< the error came below the limit before the budget was used up
    std::size_t batches{0};
};

struct Saturation {
    bool formed{false};  ///< else the ring did not come, and nothing here means anything
    Estimate gbit;       ///< payload delivered at a node, its own included, mean of all nodes
    double bound_gbit{0};
    double body_bound_gbit{0};
    double frames_per_second{0};   ///< DATA frames of all nodes
    double messages_per_frame{0};  ///< of a frame sent
    double cpu_busy{0};            ///< share of the time, the busiest node
    double client_cpu_busy{0};     ///< the same of second CPUs
    Nanos rotation{};              ///< the last one
    Nanos time{};                  ///< virtual, that was measured
    std::uint64_t tail_drops{0};
    std::uint64_t descriptor_drops{0};
    std::uint64_t lost{0};
    std::uint64_t retransmissions{0};
    std::uint64_t tokens_resent{0};
    std::size_t port_peak{0};
    std::uint64_t window{0};  ///< frames that may be in flight, at the end

    double share() const { return gbit.mean / bound_gbit; }
};

inline constexpr std::array<double, 8> kQuantiles{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1};

struct Latency {
    bool formed{false};
    Service service{};
    std::uint32_t load{0};  ///< per cent of saturation
    Estimate p99;           ///< of batches, in ns
    std::array<Nanos, kQuantiles.size()> quantiles{};
    std::size_t samples{0};
    double gbit{0};           ///< that came
    std::uint64_t unsent{0};  ///< messages given up because too many waited
};

struct Result {
    Cell cell;
    Saturation saturation;
    std::vector<Latency> latencies;
};

/// One cell: saturation, then latency at shares of it. A Violation of the simulator passes through.
/// **Threads**: any; nothing is shared. **Cost**: `setup.budget` frames for each measurement.
Result measure(const Cell& cell, const Setup& setup);

}  // namespace torc::model
