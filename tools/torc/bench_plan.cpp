#include "tools/torc/bench_plan.hpp"

#include <algorithm>
#include <bit>

#include "base/limits.hpp"

namespace torc::tool {
namespace {

/// A session's ring. Clients share the processors with everything else, and are late now and then.
constexpr std::uint64_t kRingBytesMax = std::uint64_t{32} << 20;
constexpr std::uint64_t kRingBytesMin = std::uint64_t{4} << 20;
/// All rings of all daemons, two a session. Their memory is taken when a client comes.
constexpr std::uint64_t kRingsBytesMax = std::uint64_t{8} << 30;
/// What a daemon takes if nobody says anything.
constexpr std::uint64_t kSessionsMin = 256;

BenchCell cell_of(const Sweep& sweep, std::uint32_t senders, std::size_t nodes) {
    const auto daemons = static_cast<std::uint32_t>(nodes);
    BenchCell cell;
    cell.nodes = nodes;
    cell.senders = senders == 0 ? daemons : senders;
    cell.receivers = sweep.receivers.value_or(daemons - std::min(daemons, cell.senders));
    cell.load = sweep.load;
    return cell;
}

}  // namespace

std::vector<BenchCell> cells_of(const Sweep& sweep, const std::string& port, std::size_t nodes,
                                std::size_t mtu) {
    std::vector<BenchCell> cells;
    for (const unsigned service : sweep.services) {
        for (const std::size_t size : sweep.sizes) {
            for (const std::uint32_t senders : sweep.senders) {
                for (const double rate : sweep.rates) {
                    BenchCell cell = cell_of(sweep, senders, nodes);
                    cell.port = port;
                    cell.mtu = mtu;
                    cell.load.service = service;
                    cell.load.payload_bytes = size;
                    cell.load.messages_per_second = rate / cell.senders;
                    cell.load.spin_ns =
                        sweep.spin_ns.value_or(rate > 0 ? kSpinAtRateNs : kSpinInFloodNs);
                    cells.push_back(std::move(cell));
                }
            }
        }
    }
    return cells;
}

std::vector<std::string> room_for_clients(const std::vector<BenchCell>& cells) {
    std::uint64_t clients = 1;
    std::uint64_t sessions = kSessionsMin;
    for (const BenchCell& cell : cells) {
        const std::uint64_t nodes = std::max<std::uint64_t>(cell.nodes, 1);
        clients = std::max<std::uint64_t>(clients, cell.clients());
        // Of the cell before some may still be leaving.
        sessions = std::max<std::uint64_t>(sessions, 2 * ((cell.clients() + nodes - 1) / nodes));
    }
    const std::uint64_t ring = std::bit_floor(kRingsBytesMax / (2 * clients));
    return {"daemon.sessions=" + std::to_string(std::min<std::uint64_t>(sessions, kSessionsMax)),
            "daemon.session_ring_bytes=" +
                std::to_string(std::clamp(ring, kRingBytesMin, kRingBytesMax) >> 20) + "MiB"};
}

}  // namespace torc::tool
