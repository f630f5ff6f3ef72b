#include "tools/torc/bench_plan.hpp"

#include <algorithm>

namespace torc::tool {
namespace {

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
                    cells.push_back(std::move(cell));
                }
            }
        }
    }
    return cells;
}

}  // namespace torc::tool
