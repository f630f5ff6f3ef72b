// What the world sees of a network: a matrix of links that can be cut and healed, and the question
// what becomes of a packet. The models behind it say how long a copy takes and which copies never
// come: adversarial_network.hpp (anything may happen to any copy) and physical_network.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.hpp"

namespace torc::sim {

using Packet = std::shared_ptr<const std::vector<std::byte>>;

/// The wire::Kind that a frame says it is; 0 if it is too short to say.
inline std::uint32_t kind_of(std::span<const std::byte> frame) {
    return frame.size() < 3 ? 0 : std::to_integer<std::uint32_t>(frame[2]);
}

/// One copy of a packet that will arrive.
struct Arrival {
    std::uint32_t to{0};
    Nanos delay{};
    Packet packet;
};

class Network {
public:
    explicit Network(std::uint32_t nodes)
        : nodes_(nodes), cut_(std::size_t{nodes} * nodes, false) {}
    virtual ~Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// What becomes of a packet that `from` sends at `now` to each of `to`; appends the arrivals.
    /// One `to` is a unicast frame; a multicast one names all others, the dead too.
    virtual void carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
                       const Packet& packet, std::vector<Arrival>& out) = 0;
    /// No faults from now on, only what a good network does.
    virtual void calm() {}

    void cut(std::uint32_t from, std::uint32_t to) { cut_[from * nodes_ + to] = true; }
    void mend(std::uint32_t from, std::uint32_t to) { cut_[from * nodes_ + to] = false; }
    bool is_cut(std::uint32_t from, std::uint32_t to) const { return cut_[from * nodes_ + to]; }
    /// Splits the nodes into the two sides that `side` (a bit a node) says.
    void split(std::uint64_t side);
    void heal() { cut_.assign(cut_.size(), false); }
    std::uint32_t nodes() const { return nodes_; }

private:
    std::uint32_t nodes_;
    std::vector<bool> cut_;
};

}  // namespace torc::sim
