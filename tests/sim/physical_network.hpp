// The physical network: a link of a given rate to each node, one output-queued switch with finite
// ports, finite receive descriptors, and one CPU a node that takes its time for every frame. No
// dice: what is lost was lost because something was full (protocol.md 7.1, testing.md 2.1).
//
// `Fabric` is the arithmetic of links and ports, exact when its calls come in the order of time;
// physical_cluster.hpp drives it so. `PhysicalNetwork` puts it behind the World's interface, which
// wants to know at once when a packet will arrive: there a frame takes its place in a port's queue
// when it is sent, not when it reaches the switch, and a node's CPU is a queue in front of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "tests/sim/network.hpp"

namespace torc::sim {

/// Times are those of protocol.md 7.1, measured on hardware of that kind.
struct PhysicalParameters {
    std::uint32_t gbit{100};                       ///< of every link, each way
    Nanos adapter{700};                            ///< NIC and PCIe, each side
    Nanos switching{450};                          ///< from the last bit in to the first bit out
    std::size_t port_bytes{std::size_t{1} << 20};  ///< buffer of one switch port; tail drop
    std::size_t rx_descriptors{1024};  ///< frames that wait for a CPU; then they are lost
    Nanos rx_frame{60};                ///< CPU for a received frame
    Nanos tx_frame{50};                ///< CPU for a sent frame
    Nanos token{250};                  ///< CPU for a token, beside rx_frame
};

/// Preamble, frame check sequence and the gap between frames.
inline constexpr std::size_t kEthernetOverhead = 24;
/// Ethernet, IPv4 and UDP in front of each frame of ours.
inline constexpr std::size_t kHeaderBytes = 14 + 20 + 8;
/// Without preamble, gap and check sequence.
inline constexpr std::size_t kEthernetFrameMin = 60;

/// What `payload` bytes of UDP take of a link, with everything around them.
std::size_t bytes_on_wire(std::size_t payload);
/// How long they occupy it.
Nanos wire_time(std::uint32_t gbit, std::size_t payload);

/// Small buffers, slow links or slow CPUs, so that a burst overloads something (swarm seeds).
PhysicalParameters tight_parameters(Prng& prng);
std::string describe(const PhysicalParameters& parameters);

class Fabric {
public:
    Fabric(const PhysicalParameters& parameters, std::uint32_t nodes)
        : parameters_(parameters), link_free_(nodes), ports_(nodes) {}

    /// The CPU of `from` hands a frame to its NIC at `now`; one time also for a multicast. Gives
    /// when its last bit is in the switch.
    Instant into_switch(Instant now, std::uint32_t from, std::size_t payload);
    /// A frame in the switch at `now` goes to the port of `to`. Gives when it is in that host's
    /// memory; nothing if the port was full. `first`: of the strict-priority class, small; it waits
    /// for the frame that is being sent only. What it delays counts from the next frame on.
    std::optional<Instant> out_of_switch(Instant now, std::uint32_t to, std::size_t payload,
                                         bool first = false);

    std::uint64_t tail_drops() const { return tail_drops_; }
    /// The most bytes that stood in one port since `forget_port_peak`.
    std::size_t port_peak() const { return port_peak_; }
    void forget_port_peak() { port_peak_ = 0; }
    const PhysicalParameters& parameters() const { return parameters_; }
    void set_parameters(const PhysicalParameters& parameters) { parameters_ = parameters; }

private:
    struct Queued {
        Instant gone;
        std::size_t bytes;
    };
    struct Port {
        Instant free{};
        std::size_t bytes{0};
        std::deque<Queued> queue;
    };

    PhysicalParameters parameters_;
    std::vector<Instant> link_free_;
    std::vector<Port> ports_;
    std::uint64_t tail_drops_{0};
    std::size_t port_peak_{0};
};

class PhysicalNetwork final : public Network {
public:
    PhysicalNetwork(const PhysicalParameters& parameters, std::uint32_t nodes)
        : Network(nodes), fabric_(parameters, nodes), hosts_(nodes) {}

    void carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
               const Packet& packet, std::vector<Arrival>& out) override;
    /// Buffers and CPUs of ordinary size.
    void calm() override { fabric_.set_parameters(PhysicalParameters{}); }

    std::uint64_t tail_drops() const { return fabric_.tail_drops(); }
    std::uint64_t descriptor_drops() const { return descriptor_drops_; }

private:
    struct Host {
        Instant sent{};  ///< when the CPU is through with what was sent so far
        Instant cpu_free{};
        std::deque<Instant> waiting;  ///< frames in descriptors: when the CPU is done with each
    };
    /// When the CPU of `to` has taken the frame; nothing if all descriptors were taken.
    std::optional<Instant> receive(Instant at, std::uint32_t to, std::uint32_t kind);

    Fabric fabric_;
    std::vector<Host> hosts_;
    std::uint64_t descriptor_drops_{0};
};

}  // namespace torc::sim
