#include "tests/sim/physical_network.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include "wire/hop.hpp"

namespace torc::sim {
namespace {

constexpr auto kToken = static_cast<std::uint32_t>(wire::Kind::token);

}  // namespace

std::size_t bytes_on_wire(std::size_t payload) {
    return std::max(payload + kHeaderBytes, kEthernetFrameMin) + kEthernetOverhead;
}

Nanos wire_time(std::uint32_t gbit, std::size_t payload) {
    const std::size_t bits = 8 * bytes_on_wire(payload);
    return Nanos{static_cast<std::int64_t>((bits + gbit - 1) / gbit)};
}

PhysicalParameters tight_parameters(Prng& prng) {
    constexpr std::array<std::uint32_t, 4> kGbit{1, 10, 25, 100};
    PhysicalParameters tight;
    tight.gbit = kGbit[prng.below(kGbit.size())];
    if (prng.chance(600'000)) tight.port_bytes = prng.between(4'000, 64'000);
    if (prng.chance(600'000)) tight.rx_descriptors = prng.between(8, 64);
    if (prng.chance(600'000)) tight.rx_frame = Nanos{prng.between(200, 10'000)};
    if (prng.chance(300'000)) tight.switching = Nanos{prng.between(450, 50'000)};
    return tight;
}

std::string describe(const PhysicalParameters& parameters) {
    std::ostringstream text;
    text << parameters.gbit << " Gbit/s, port " << parameters.port_bytes << " B, descriptors "
         << parameters.rx_descriptors << ", frame " << parameters.rx_frame.count() << "/"
         << parameters.tx_frame.count() << " ns, token " << parameters.token.count() << " ns, NIC "
         << parameters.adapter.count() << " ns, switch " << parameters.switching.count() << " ns";
    return text.str();
}

// --- links and ports ---------------------------------------------------------------------------

Instant Fabric::into_switch(Instant now, std::uint32_t from, std::size_t payload) {
    Instant& free = link_free_[from];
    free = std::max(now + parameters_.adapter, free) + wire_time(parameters_.gbit, payload);
    return free;
}

std::optional<Instant> Fabric::out_of_switch(Instant now, std::uint32_t to, std::size_t payload,
                                             bool first) {
    Port& port = ports_[to];
    while (!port.queue.empty() && port.queue.front().gone <= now) {
        port.bytes -= port.queue.front().bytes;
        port.queue.pop_front();
    }
    const std::size_t bytes = bytes_on_wire(payload);
    if (port.bytes + bytes > parameters_.port_bytes) {
        ++tail_drops_;
        return std::nullopt;
    }
    if (first && !port.queue.empty()) {
        const Nanos takes = wire_time(parameters_.gbit, payload);
        port.free += takes;
        // What is in front was being sent, or begins to be, when the frame comes to the port.
        const Instant at_port = now + parameters_.switching;
        for (const Queued& ahead : port.queue) {
            if (ahead.gone <= at_port) continue;
            return std::min(ahead.gone, port.free - takes) + takes + parameters_.adapter;
        }
        return at_port + takes + parameters_.adapter;
    }
    port.free =
        std::max(now + parameters_.switching, port.free) + wire_time(parameters_.gbit, payload);
    port.bytes += bytes;
    port.queue.push_back({port.free, bytes});
    port_peak_ = std::max(port_peak_, port.bytes);
    return port.free + parameters_.adapter;
}

// --- behind the World's interface ----------------------------------------------------------------

std::optional<Instant> PhysicalNetwork::receive(Instant at, std::uint32_t to, std::uint32_t kind) {
    Host& host = hosts_[to];
    while (!host.waiting.empty() && host.waiting.front() <= at) host.waiting.pop_front();
    const PhysicalParameters& parameters = fabric_.parameters();
    if (host.waiting.size() >= parameters.rx_descriptors) {
        ++descriptor_drops_;
        return std::nullopt;
    }
    host.cpu_free = std::max(at, host.cpu_free) + parameters.rx_frame;
    if (kind == kToken) host.cpu_free += parameters.token;
    host.waiting.push_back(host.cpu_free);
    return host.cpu_free;
}

void PhysicalNetwork::carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
                            const Packet& packet, std::vector<Arrival>& out) {
    // What the CPU of `from` is booked for in the future are frames that it has not seen yet: they
    // wait behind what it sends now.
    const Nanos cost = fabric_.parameters().tx_frame;
    Host& sender = hosts_[from];
    sender.sent = std::max(now, sender.sent) + cost;
    sender.cpu_free = std::max(now, sender.cpu_free) + cost;
    const Instant inside = fabric_.into_switch(sender.sent, from, packet->size());
    for (const std::uint32_t node : to) {
        if (is_cut(from, node)) continue;
        const auto arrival = fabric_.out_of_switch(inside, node, packet->size());
        if (!arrival) continue;
        if (const auto taken = receive(*arrival, node, kind_of(*packet))) {
            out.push_back({node, *taken - now, packet});
        }
    }
}

}  // namespace torc::sim
