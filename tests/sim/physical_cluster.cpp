#include "tests/sim/physical_cluster.hpp"

#include <algorithm>

#include "wire/hop.hpp"

namespace torc::sim {
namespace {

/// dataplane::BasicPollLoop::kBurst and dpdk::kReceiveBurst.
constexpr std::size_t kPollBurst = 64;
/// Loss and arrivals have streams of their own.
constexpr std::uint64_t kDiceSalt = 0x6C6F7373;

bool is_data(const Packet& packet) {
    return kind_of(*packet) == static_cast<std::uint32_t>(wire::Kind::data);
}

}  // namespace

PhysicalCluster::PhysicalCluster(const PhysicalOptions& options)
    : options_(options),
      prng_(options.seed),
      dice_(options.seed ^ kDiceSalt),
      fabric_(options.parameters, static_cast<std::uint32_t>(options.cluster.nodes.size())) {
    for (std::uint32_t i = 0; i < options.cluster.nodes.size(); ++i) {
        Machine& machine = machines_.emplace_back(Arrivals(dice_.next(), options.poisson_ps));
        machine.host = std::make_unique<PhysicalHost>(options_, i, *this, oracle_);
    }
}

PhysicalCluster::~PhysicalCluster() {
    for (Machine& machine : machines_) {
        if (machine.host->alive()) machine.host->crash();
    }
}

void PhysicalCluster::boot(std::uint32_t index) {
    cursor_ = now_;
    machines_[index].host->boot(now_, prng_.next());
    flush();
    after_pass(index);
}

void PhysicalCluster::crash(std::uint32_t index) {
    Machine& machine = machines_[index];
    machine.host->crash();
    machine.descriptors.clear();
    machine.pass_at = kNever;
}

void PhysicalCluster::leave(std::uint32_t index) {
    cursor_ = std::max(now_, machines_[index].cpu_free);
    machines_[index].host->leave(now_);
    flush();
    after_pass(index);
}

void PhysicalCluster::set_sending(bool sending) {
    if (sending && !sending_) {
        for (std::uint32_t i = 0; i < hosts(); ++i) {
            const auto mean = static_cast<std::uint64_t>(options_.interval.count());
            const Nanos first = options_.poisson_ps != 0 ? gap(i) : Nanos{prng_.below(mean)};
            push(now_ + first, Kind::wish, i, {});
        }
    }
    sending_ = sending;
}

bool PhysicalCluster::in_ring(std::uint64_t members) const {
    for (std::uint32_t i = 0; i < hosts(); ++i) {
        if ((members >> i & 1) == 0) continue;
        const PhysicalHost& host = *machines_[i].host;
        if (!host.alive() || !host.engine().operational() || host.stays().empty()) return false;
        if (host.stays().back().members != members) return false;
    }
    return true;
}

void PhysicalCluster::forget_deliveries() {
    for (Machine& machine : machines_) machine.host->forget_deliveries();
}

// --- time --------------------------------------------------------------------------------------

void PhysicalCluster::push(Instant at, Kind kind, std::uint32_t host, Frame frame) {
    queue_.push({at, ties_++, kind, host, std::move(frame)});
}

void PhysicalCluster::run_for(Nanos time) {
    run_until([] { return false; }, time);
}

bool PhysicalCluster::run_until(const std::function<bool()>& done, Nanos limit) {
    const Instant end = now_ + limit;
    while (!queue_.empty() && queue_.top().at <= end) {
        if (done()) return true;
        const Event event = queue_.top();
        queue_.pop();
        now_ = event.at;
        handle(event);
        if (!violation_.empty()) throw Violation(violation_);
    }
    now_ = end;
    return done();
}

void PhysicalCluster::handle(const Event& event) {
    switch (event.kind) {
        case Kind::in_switch:
            return switch_frame(event.frame);
        case Kind::in_memory:
            return take_in(event.host, event.frame.packet);
        case Kind::pass:
            return pass(event.host);
        case Kind::wish:
            return wish(event.host);
    }
}

// --- frames on their way -----------------------------------------------------------------------

void PhysicalCluster::transmit(std::uint32_t host, const wire::Transmit& transmit) {
    const auto bytes = transmit.frame.bytes();
    cursor_ += options_.parameters.tx_frame;
    outbox_.push_back({host, transmit.to,
                       std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end()),
                       goes_first(host, transmit)});
    urgent_ = urgent_ || transmit.channel != wire::Channel::data;
    if (transmit.channel != wire::Channel::data) return;
    ++data_frames_;
    data_bytes_ += bytes.size();
}

/// As the core would mark it: its gauges are of the visit that passes this token on.
bool PhysicalCluster::goes_first(std::uint32_t host, const wire::Transmit& transmit) const {
    if (transmit.channel != wire::Channel::token) return false;
    if (options_.token_priority != TokenPriority::below_half) {
        return options_.token_priority == TokenPriority::always;
    }
    const telemetry::CounterSet& counters = machines_[host].host->counters();
    return 2 * counters.get(telemetry::CounterId::in_flight) <
           counters.get(telemetry::CounterId::in_flight_window);
}

void PhysicalCluster::flush() {
    for (Frame& frame : outbox_) {
        const Instant inside = fabric_.into_switch(cursor_, frame.from, frame.packet->size());
        push(inside, Kind::in_switch, frame.from, std::move(frame));
    }
    outbox_.clear();
    urgent_ = false;
}

void PhysicalCluster::spend(Nanos time) {
    if (options_.token_first && urgent_) flush();
    cursor_ += time;
}

void PhysicalCluster::switch_frame(const Frame& frame) {
    for (std::uint32_t to = 0; to < hosts(); ++to) {
        if (to == frame.from || (frame.to != kNoNode && raw(frame.to) != to)) continue;
        if (!together(frame.from, to)) continue;
        const auto at = fabric_.out_of_switch(now_, to, frame.packet->size(), frame.first);
        if (!at) continue;
        if (options_.loss_ppm != 0 && dice_.chance(options_.loss_ppm)) {
            ++lost_;
            continue;
        }
        push(*at, Kind::in_memory, to, frame);
    }
}

void PhysicalCluster::take_in(std::uint32_t index, const Packet& packet) {
    Machine& machine = machines_[index];
    if (!machine.host->alive()) return;
    if (machine.descriptors.size() >= options_.parameters.rx_descriptors) {
        ++descriptor_drops_;
        return;
    }
    ++frames_received_;
    machine.descriptors.push_back(packet);
    arm_pass(index, now_);
}

void PhysicalCluster::wish(std::uint32_t index) {
    if (!sending_) return;
    push(now_ + gap(index), Kind::wish, index, {});
    if (!machines_[index].host->alive()) return;
    machines_[index].host->want_to_send(now_);
    arm_pass(index, now_);
}

/// Time until the node's next message.
Nanos PhysicalCluster::gap(std::uint32_t index) {
    if (options_.poisson_ps != 0) return machines_[index].arrivals.next();
    const auto mean = static_cast<std::uint64_t>(options_.interval.count());
    return Nanos{prng_.between(mean / 2, mean + mean / 2)};
}

// --- the poll loop -----------------------------------------------------------------------------

void PhysicalCluster::arm_pass(std::uint32_t index, Instant at) {
    Machine& machine = machines_[index];
    at = std::max({at, machine.cpu_free, now_});
    if (at >= machine.pass_at) return;
    machine.pass_at = at;
    push(at, Kind::pass, index, {});
}

void PhysicalCluster::pass(std::uint32_t index) {
    Machine& machine = machines_[index];
    if (!machine.host->alive() || machine.pass_at != now_) return;
    machine.pass_at = kNever;
    cursor_ = now_;
    machine.host->offer(now_);
    poll_nic(index);
    if (machine.host->engine().next_deadline() <= now_) machine.host->timer(now_);
    flush();
    machine.busy += cursor_ - now_;
    after_pass(index);
}

void PhysicalCluster::poll_nic(std::uint32_t index) {
    std::deque<Packet>& waiting = machines_[index].descriptors;
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting.size(), kPollBurst));
    const std::vector<Packet> burst(waiting.begin(), waiting.begin() + count);
    waiting.erase(waiting.begin(), waiting.begin() + count);
    handle_burst(index, burst, true);
    handle_burst(index, burst, false);
}

void PhysicalCluster::handle_burst(std::uint32_t index, const std::vector<Packet>& burst,
                                   bool urgent) {
    for (const Packet& packet : burst) {
        if (is_data(packet) == urgent) continue;
        cursor_ += options_.parameters.rx_frame;
        const auto kind = static_cast<wire::Kind>(kind_of(*packet));
        if (kind == wire::Kind::token) cursor_ += options_.parameters.token;
        machines_[index].host->receive(now_, *packet);
        if (urgent_) flush();
    }
}

void PhysicalCluster::after_pass(std::uint32_t index) {
    Machine& machine = machines_[index];
    machine.cpu_free = cursor_;
    if (machine.host->left()) return crash(index);
    if (!machine.descriptors.empty() || machine.host->has_more()) return arm_pass(index, cursor_);
    const Instant deadline = machine.host->engine().next_deadline();
    if (deadline != kNever) arm_pass(index, deadline);
}

}  // namespace torc::sim
