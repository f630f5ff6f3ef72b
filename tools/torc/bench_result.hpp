// What the runs of a cell amount to: the median run, a row of the table, an object of the JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tools/torc/bench_run.hpp"

namespace torc::tool {

/// What the port carries without the daemons: frames of one size, multicast by one node as fast as
/// it can, counted by the others.
struct Ceiling {
    double frames_per_second{0};  ///< of the slowest receiver
    std::size_t frame_bytes{0};
};

/// What a cell is compared with.
struct Yardsticks {
    std::optional<Ceiling> ceiling;
    double link_bits_per_second{0};  ///< 0: unknown
};

/// The run in the middle: by messages/s where senders go as fast as they can, by the median latency
/// of own messages where the rate is given. Of an even number the worse of the two in the middle.
std::size_t median_run(const BenchCell& cell, const std::vector<CellResult>& runs);
/// All runs of the cell: everybody saw the same.
bool same_order(const std::vector<CellResult>& runs);

std::string table_head();
std::string table_row(const BenchCell& cell, const CellResult& result);
/// The median run's figures, and of each run those that were compared.
nlohmann::json to_json(const BenchCell& cell, const std::vector<CellResult>& runs,
                       const Yardsticks& yardsticks);

}  // namespace torc::tool
