#include "tests/sim/ailments.hpp"

namespace torc::sim {

Nanos Ailments::microseconds(std::uint64_t low, std::uint64_t high) {
    return std::chrono::microseconds{prng_.between(low, high)};
}

void Ailments::advance(Instant now) {
    if (hazards_.ailments == 0) return;
    FixedVec<Case, 4> still;
    for (const Case& each : cases_) {
        if (each.until > now) still.push_back(each);
    }
    cases_ = still;
    const std::uint64_t mean = hazards_.ailment_every;
    if (next_ == Instant{}) next_ = now + microseconds(mean / 2, mean + mean / 2);
    if (next_ > now) return;
    next_ = now + microseconds(mean / 2, mean + mean / 2);
    begin(now);
}

void Ailments::begin(Instant now) {
    if (cases_.full() || nodes_ < 2) return;
    const auto ailment = static_cast<std::uint32_t>(prng_.below(kAilments));
    if ((hazards_.ailments >> ailment & 1) == 0) return;
    Case begun;
    begun.ailment = static_cast<Ailment>(ailment);
    begun.to = static_cast<std::uint32_t>(prng_.below(nodes_));
    begun.from = static_cast<std::uint32_t>((begun.to + prng_.between(1, nodes_ - 1)) % nodes_);
    if (prng_.chance(300'000)) begun.from = kAnybody;
    begun.until = now + microseconds(1'000, hazards_.ailment_lasts);
    cases_.push_back(begun);
}

bool Ailments::loses(std::uint32_t from, std::uint32_t to, bool multicast, std::size_t bytes) {
    for (const Case& each : cases_) {
        if (!each.is_on(from, to)) continue;
        if (each.ailment == Ailment::no_unicast && !multicast) return true;
        if (each.ailment == Ailment::no_multicast && multicast) return true;
        if (each.ailment == Ailment::small_only && bytes > kSmall) return true;
        if (each.ailment == Ailment::lossy && prng_.chance(500'000)) return true;
    }
    return false;
}

Instant Ailments::clogged_until(std::uint32_t from, std::uint32_t to) const {
    Instant until{};
    for (const Case& each : cases_) {
        if (each.ailment == Ailment::clogged && each.is_on(from, to)) {
            until = std::max(until, each.until);
        }
    }
    return until;
}

void Ailments::cure() {
    hazards_.ailments = 0;
    cases_.clear();
}

}  // namespace torc::sim
