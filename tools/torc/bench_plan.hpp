// Which cells a benchmark has: every combination of what the lists name. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/torc/load.hpp"

namespace torc::tool {

/// A number of clients under one load.
struct BenchCell {
    std::string port;    ///< what joins the daemons, for the report
    std::size_t mtu{0};  ///< 0: unknown, the daemons are not ours
    std::size_t nodes{0};
    std::uint32_t senders{0};
    std::uint32_t receivers{0};  ///< further clients, which only receive
    LoadPlan load;

    std::uint32_t clients() const { return senders + receivers; }
    /// Of all senders together; 0: as fast as it goes.
    double offered() const { return load.messages_per_second * senders; }
};

/// What is varied. The other fields of `load` are the same in all cells.
struct Sweep {
    std::vector<unsigned> services;
    std::vector<std::size_t> sizes;
    std::vector<double> rates;               ///< messages/s of all senders together; 0 floods
    std::vector<std::uint32_t> senders;      ///< 0: one a daemon
    std::optional<std::uint32_t> receivers;  ///< none: as many as give each daemon a client
    /// LoadPlan::spin_ns; none: kSpinAtRateNs, or kSpinInFloodNs.
    std::optional<std::int64_t> spin_ns;
    LoadPlan load;
};

/// The cells for so many daemons, in the order service, size, senders, rate.
std::vector<BenchCell> cells_of(const Sweep& sweep, const std::string& port, std::size_t nodes,
                                std::size_t mtu);

/// Settings of daemons on this machine, `section.key=value`, with room for the clients of any of
/// the cells: as many sessions, and memory for them to be late, of all together not more than a few
/// gigabytes.
std::vector<std::string> room_for_clients(const std::vector<BenchCell>& cells);

}  // namespace torc::tool
