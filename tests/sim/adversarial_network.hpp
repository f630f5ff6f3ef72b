// The adversarial network: any copy of any packet may be lost, late, doubled, out of order or
// corrupted, and any direction of any link may be cut.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/prng.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/options.hpp"

namespace torc::sim {

class AdversarialNetwork : public Network {
public:
    AdversarialNetwork(const PacketFaults& faults, std::uint32_t nodes, std::uint64_t seed)
        : Network(nodes), faults_(faults), prng_(seed) {}

    void carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
               const Packet& packet, std::vector<Arrival>& out) override;
    void calm() override;

private:
    void carry_copy(std::uint32_t from, std::uint32_t to, const Packet& packet,
                    std::vector<Arrival>& out);
    Nanos delay();

    PacketFaults faults_;
    Prng prng_;
};

}  // namespace torc::sim
