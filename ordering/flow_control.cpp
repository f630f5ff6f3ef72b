#include "ordering/flow_control.hpp"

#include <algorithm>

#include "base/mutants.hpp"

namespace torc::ordering {
namespace {

/// The token is from outside: its sums may be anything, so nothing here wraps.
std::uint32_t replaced(std::uint32_t sum, std::uint32_t before, std::uint32_t now) {
    const std::uint64_t others = sum - std::min(sum, before);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(others + now, UINT32_MAX));
}

}  // namespace

std::uint64_t FlowControl::total_backlog(std::uint64_t mine, const wire::Token& token) const {
    return token.backlog - std::min(token.backlog, sent_.backlog) + mine;
}

std::uint32_t FlowControl::allowance(const Visit& visit, const wire::Token& token) const {
    const std::uint64_t in_flight = mutant(Mutant::in_flight_unlimited) ? 0 : visit.in_flight;
    const std::uint64_t in_flight_max = window(token);
    if (in_flight >= in_flight_max || visit.repairs >= burst_max_) return 0;
    const std::uint64_t credit = in_flight_max - in_flight;
    const std::uint64_t total = std::max<std::uint64_t>(1, total_backlog(visit.backlog, token));
    const std::uint64_t fair = (in_flight_max * visit.backlog + total - 1) / total;
    const std::uint64_t burst = std::max(fair / kRotationsInFlight, kBurstFloor);
    const std::uint64_t allowed =
        std::min({credit, std::max<std::uint64_t>(1, fair), burst,
                  std::uint64_t{burst_max_ - visit.repairs}, visit.sendable});
    return static_cast<std::uint32_t>(allowed);
}

void FlowControl::report(const Sent& sent, wire::Token& token) {
    token.fcc_frames = replaced(token.fcc_frames, sent_.frames, sent.frames);
    token.fcc_bytes = replaced(token.fcc_bytes, sent_.bytes, sent.bytes);
    token.backlog = replaced(token.backlog, sent_.backlog, sent.backlog);
    sent_ = sent;
}

}  // namespace torc::ordering
