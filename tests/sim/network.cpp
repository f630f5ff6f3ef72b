#include "tests/sim/network.hpp"

namespace torc::sim {
namespace {

Packet corrupted(const Packet& packet, Prng& prng) {
    auto copy = std::make_shared<std::vector<std::byte>>(*packet);
    // The first bytes decide most; whole frames are protected by the UDP checksum in real life,
    // so the simulator only corrupts what `validate` must catch: length and identity.
    const std::size_t at = prng.below(std::min<std::size_t>(copy->size(), 12));
    (*copy)[at] ^= static_cast<std::byte>(1u << prng.below(8));
    return copy;
}

}  // namespace

Nanos Network::delay() {
    const auto ns = [](Nanos t) { return static_cast<std::uint64_t>(t.count()); };
    if (faults_.late != 0 && prng_.chance(faults_.late)) {
        return Nanos{prng_.between(ns(faults_.delay_max), ns(faults_.late_max))};
    }
    return Nanos{prng_.between(ns(faults_.delay_min), ns(faults_.delay_max))};
}

FixedVec<Arrival, 2> Network::send(std::uint32_t from, std::uint32_t to, const Packet& packet) {
    FixedVec<Arrival, 2> arrivals;
    if (is_cut(from, to) || prng_.chance(faults_.loss)) return arrivals;
    const bool has_it_worse = kind_of(*packet) == faults_.kind;
    if (has_it_worse && prng_.chance(faults_.kind_loss)) return arrivals;
    if (faults_.corrupt != 0 && prng_.chance(faults_.corrupt)) {
        arrivals.push_back({delay(), corrupted(packet, prng_)});
    } else {
        arrivals.push_back({delay(), packet});
    }
    if (faults_.duplicate != 0 && prng_.chance(faults_.duplicate)) {
        arrivals.push_back({delay(), packet});
    }
    return arrivals;
}

void Network::split(std::uint32_t side) {
    for (std::uint32_t a = 0; a < nodes_; ++a) {
        for (std::uint32_t b = 0; b < nodes_; ++b) {
            if (((side >> a) & 1) != ((side >> b) & 1)) cut(a, b);
        }
    }
}

void Network::calm() {
    faults_.loss = faults_.duplicate = faults_.late = faults_.corrupt = faults_.kind_loss = 0;
}

}  // namespace torc::sim
