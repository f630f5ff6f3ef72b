// One node's part of a blast: one sends frames to all others as fast as its port takes them, the
// others count. No token, no order, no clients: what the port itself can do.
#pragma once

#include "base/result.hpp"
#include "bench/blast/turns.hpp"
#include "dataplane/port.hpp"

namespace torc::blast {

struct BlastPlan {
    NodeIndex me{0};
    std::size_t nodes{0};
    std::uint32_t frame_bytes{0};
    Nanos warm_up{std::chrono::milliseconds{500}};
    Nanos time{std::chrono::seconds{2}};  ///< of all ways to take turns together
};

/// **Takes**: a port that nobody else uses. **Gives**: how many frames it put on the wire.
/// **Fails**: when the others do not all answer.
Result<std::uint64_t> send_blast(dataplane::Port& port, const BlastPlan& plan);
/// **Fails**: when no blast comes.
Result<TurnTallies> count_blast(dataplane::Port& port, const BlastPlan& plan);

}  // namespace torc::blast
