#include "tests/sim/adversarial_network.hpp"

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

Nanos AdversarialNetwork::delay() {
    const auto ns = [](Nanos t) { return static_cast<std::uint64_t>(t.count()); };
    if (faults_.late != 0 && prng_.chance(faults_.late)) {
        return Nanos{prng_.between(ns(faults_.delay_max), ns(faults_.late_max))};
    }
    return Nanos{prng_.between(ns(faults_.delay_min), ns(faults_.delay_max))};
}

void AdversarialNetwork::carry(Instant /*now*/, std::uint32_t from,
                               std::span<const std::uint32_t> to, const Packet& packet,
                               std::vector<Arrival>& out) {
    for (const std::uint32_t each : to) carry_copy(from, each, packet, out);
}

void AdversarialNetwork::carry_copy(std::uint32_t from, std::uint32_t to, const Packet& packet,
                                    std::vector<Arrival>& out) {
    if (is_cut(from, to) || prng_.chance(faults_.loss)) return;
    const bool has_it_worse = kind_of(*packet) == faults_.kind;
    if (has_it_worse && prng_.chance(faults_.kind_loss)) return;
    if (faults_.corrupt != 0 && prng_.chance(faults_.corrupt)) {
        out.push_back({to, delay(), corrupted(packet, prng_)});
    } else {
        out.push_back({to, delay(), packet});
    }
    if (faults_.duplicate != 0 && prng_.chance(faults_.duplicate)) {
        out.push_back({to, delay(), packet});
    }
}

void AdversarialNetwork::calm() {
    faults_.loss = faults_.duplicate = faults_.late = faults_.corrupt = faults_.kind_loss = 0;
}

}  // namespace torc::sim
