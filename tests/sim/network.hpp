// The adversarial network: any copy of any packet may be lost, late, doubled, out of order or
// corrupted, and any direction of any link may be cut.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/fixed_vec.hpp"
#include "base/prng.hpp"
#include "tests/sim/options.hpp"

namespace torc::sim {

using Packet = std::shared_ptr<const std::vector<std::byte>>;

/// The wire::Kind that a frame says it is.
inline std::uint32_t kind_of(std::span<const std::byte> frame) {
    return std::to_integer<std::uint32_t>(frame[2]);
}

/// One copy of a packet that will arrive.
struct Arrival {
    Nanos delay{};
    Packet packet;
};

class Network {
public:
    Network(const PacketFaults& faults, std::uint32_t nodes, std::uint64_t seed)
        : faults_(faults), nodes_(nodes), prng_(seed), cut_(nodes * nodes, false) {}

    /// What becomes of one copy on its way. At most two arrivals.
    FixedVec<Arrival, 2> send(std::uint32_t from, std::uint32_t to, const Packet& packet);

    void cut(std::uint32_t from, std::uint32_t to) { cut_[from * nodes_ + to] = true; }
    bool is_cut(std::uint32_t from, std::uint32_t to) const { return cut_[from * nodes_ + to]; }
    /// Splits the nodes into the two sides that `side` (a bit a node) says.
    void split(std::uint32_t side);
    void heal() { cut_.assign(cut_.size(), false); }
    /// No packet faults from now on, only the base delay.
    void calm();

private:
    Nanos delay();

    PacketFaults faults_;
    std::uint32_t nodes_;
    Prng prng_;
    std::vector<bool> cut_;
};

}  // namespace torc::sim
