#include "tests/sim/world.hpp"

#include <sstream>
#include <utility>

#include "tests/sim/adversarial_network.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

constexpr auto kData = static_cast<std::uint32_t>(wire::Kind::data);
constexpr auto kToken = static_cast<std::uint32_t>(wire::Kind::token);
constexpr auto kPlan = static_cast<std::uint32_t>(wire::Kind::plan);

}  // namespace

World::World(const Options& options)
    : options_(options),
      prng_(options.seed),
      network_(std::make_unique<AdversarialNetwork>(options, options.seed + 1)),
      timer_at_(options.nodes, kNever),
      paused_until_(options.nodes, Instant{}),
      dooms_(options.nodes) {
    for (std::uint32_t i = 0; i < options_.nodes; ++i) {
        nodes_.push_back(std::make_unique<SimNode>(options_, i, *this, oracle_));
    }
}

Outcome World::run() {
    Outcome outcome;
    try {
        now_ = instant_from_ns(1'000'000'000);
        const Instant end_of_chaos = now_ + options_.chaos;
        for (std::uint32_t i = 0; i < options_.nodes; ++i) {
            push(now_ + Nanos{static_cast<std::int64_t>(prng_.below(5'000'000))}, Kind::restart, i,
                 0);
            push(now_, Kind::client, i, 0);
        }
        push(now_ + spread(options_.faults.interval), Kind::fault, 0, 0);
        run_until([] { return false; }, end_of_chaos);
        heal();
        run_until([this] { return at_rest(); }, now_ + options_.heal_limit);
        finish();
    } catch (const std::exception& violation) {
        outcome.failed = true;
        outcome.what = violation.what();
        for (const auto& node : nodes_) node->abandon();
    }
    outcome.trace = oracle_.trace();
    outcome.events = events_;
    outcome.messages = oracle_.messages();
    outcome.installs = oracle_.installs();
    outcome.virtual_time = now_ - instant_from_ns(1'000'000'000);
    return outcome;
}

// --- time
// ------------------------------------------------------------------------------------------

void World::push(Instant at, Kind kind, std::uint32_t node, std::uint32_t boot, Packet packet) {
    queue_.push({at, ties_++, kind, node, boot, std::move(packet)});
}

/// Between half and one and a half of the mean.
Nanos World::spread(Nanos mean) {
    const auto ns = static_cast<std::uint64_t>(mean.count());
    return Nanos{static_cast<std::int64_t>(prng_.between(ns / 2, ns + ns / 2))};
}

void World::run_until(const std::function<bool()>& done, Instant limit) {
    std::uint64_t since_look = 0;
    while (!queue_.empty() && queue_.top().at <= limit) {
        if (++since_look % 256 == 0 && done()) return;
        const Event event = queue_.top();
        queue_.pop();
        now_ = event.at;
        handle(event);
    }
    if (now_ < limit) now_ = limit;
}

void World::handle(const Event& event) {
    SimNode& node = *nodes_[event.node];
    if (event.kind == Kind::fault) return inject_fault();
    if (event.kind == Kind::heal) return network_->heal();
    if (event.kind == Kind::restart) {
        if (!node.alive()) boot(event.node);
        return;
    }
    if (event.boot != 0 && (!node.alive() || event.boot != node.life().boot)) return;
    if (node.alive() && paused_until_[event.node] > now_) {  // takes everything later, in order
        return push(paused_until_[event.node], event.kind, event.node, event.boot, event.packet);
    }
    if (event.kind == Kind::client && chaos_) {
        push(now_ + spread(options_.load.interval), Kind::client, event.node, 0);
    }
    if (!node.alive()) return;
    ++events_;
    watch_for_storm();
    deliver(event);
    const Doom& doom = dooms_[event.node];
    if (doom.counting && doom.lost == 0 && doom.sent == 0) {
        return crash_and_perhaps_restart(event.node);
    }
    if (node.left()) {
        node.shutdown();
        if (chaos_ && prng_.chance(500'000)) {
            push(now_ + spread(options_.faults.interval), Kind::restart, event.node, 0);
        }
        return;
    }
    arm_timer(event.node);
}

void World::watch_for_storm() {
    const std::int64_t millisecond = ns_of(now_) / 1'000'000;
    if (millisecond != storm_millisecond_) {
        storm_millisecond_ = millisecond;
        storm_events_ = 0;
    }
    if (++storm_events_ <= kStormEvents * options_.nodes) return;
    std::string sent;
    for (const std::uint64_t count : sent_by_kind_) sent += ' ' + std::to_string(count);
    throw Violation("packet storm; sent by kind:" + sent + picture());
}

void World::deliver(const Event& event) {
    SimNode& node = *nodes_[event.node];
    switch (event.kind) {
        case Kind::packet:
            return node.receive(now_, *event.packet);
        case Kind::timer:
            timer_at_[event.node] = kNever;
            if (node.next_deadline() <= now_) node.timer(now_);
            return;
        case Kind::client:
            return node.client_acts(now_, prng_);
        case Kind::fault:
        case Kind::restart:
        case Kind::heal:
            return;
    }
}

void World::arm_timer(std::uint32_t index) {
    const SimNode& node = *nodes_[index];
    const Instant deadline = std::max(node.next_deadline(), now_);
    if (deadline == kNever || deadline >= timer_at_[index]) return;
    timer_at_[index] = deadline;
    push(deadline, Kind::timer, index, node.life().boot);
}

void World::carry(std::uint32_t from, const wire::Transmit& transmit) {
    const auto bytes = transmit.frame.bytes();
    const std::uint32_t kind = kind_of(bytes);
    ++sent_by_kind_[kind % sent_by_kind_.size()];
    if (!survives_doom(from, kind)) return;
    if (kind == kToken && tokens_to_swallow_ != 0) {
        --tokens_to_swallow_;
        return;
    }
    const Doom& doom = dooms_[from];
    const auto late_max =
        static_cast<std::uint64_t>(doom.counting && kind == kData ? doom.late_max.count() : 0);
    const Packet packet =
        std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
    recipients_.clear();
    for (std::uint32_t to = 0; to < options_.nodes; ++to) {
        if (to != from && (transmit.to == kNoNode || raw(transmit.to) == to)) {
            recipients_.push_back(to);
        }
    }
    arrivals_.clear();
    network_->carry(now_, from, recipients_, packet, arrivals_);
    for (const Arrival& arrival : arrivals_) {
        if (!nodes_[arrival.to]->alive()) continue;
        const Nanos late{late_max == 0 ? 0 : prng_.below(late_max)};
        push(now_ + arrival.delay + late, Kind::packet, arrival.to, nodes_[arrival.to]->life().boot,
             arrival.packet);
    }
    remember(packet);
    watch_trap(kind);
}

// --- faults -----------------------------------------------------------------------------------

void World::boot(std::uint32_t index) {
    timer_at_[index] = kNever;
    paused_until_[index] = Instant{};
    dooms_[index] = Doom{};
    nodes_[index]->boot(now_, prng_.next());
    arm_timer(index);
}

void World::crash(std::uint32_t index) {
    nodes_[index]->crash();
    dooms_[index] = Doom{};
    timer_at_[index] = kNever;
}

void World::partition() {
    network_->heal();
    network_->split(static_cast<std::uint32_t>(prng_.between(1, (1u << options_.nodes) - 2)));
}

void World::doom(std::uint32_t index) {
    dooms_[index] = Doom{true, false, prng_.below(4), prng_.below(4), {}};
    const auto loss = static_cast<std::uint64_t>(options_.cluster.timers.token_loss.count());
    if (prng_.chance(500'000)) dooms_[index].late_max = Nanos{prng_.between(loss, 4 * loss)};
}

/// Whether a frame leaves its host. The one that does not ends it, after this event.
bool World::survives_doom(std::uint32_t from, std::uint32_t kind) {
    Doom& doom = dooms_[from];
    if (!doom.armed) return true;
    if (kind == kToken) doom.counting = true;
    if (!doom.counting || kind != kData) return true;
    if (doom.lost != 0) {
        --doom.lost;
        return false;
    }
    if (doom.sent == 0) return false;
    --doom.sent;
    return true;
}

void World::set_trap() {
    // Half of them between PLAN and install: some have gone over, others have not.
    const bool at_plan = prng_.chance(500'000);
    trap_.kind = at_plan ? kPlan : static_cast<std::uint32_t>(prng_.between(1, wire::kKindLast));
    trap_.after = at_plan ? 0 : prng_.below(8);
    trap_.tokens = at_plan ? prng_.below(std::uint64_t{4} * options_.nodes) : 0;
    trap_.swallowed = prng_.chance(500'000) ? prng_.between(1, 60) : 0;
}

void World::watch_trap(std::uint32_t kind) {
    if (kind != trap_.kind || trap_.after-- != 0) return;
    if (trap_.tokens != 0) {
        trap_.kind = kToken;
        trap_.after = std::exchange(trap_.tokens, 0);
        return;
    }
    trap_.kind = 0;
    tokens_to_swallow_ = trap_.swallowed;
    if (tokens_to_swallow_ != 0) return;
    partition();
    const auto consensus = static_cast<std::uint64_t>(options_.cluster.timers.consensus.count());
    push(now_ + Nanos{prng_.between(consensus / 4, 6 * consensus)}, Kind::heal, 0, 0);
}

/// A sample of all that was ever sent: each packet equally likely to be in it.
void World::remember(const Packet& packet) {
    if (!options_.faults.replay) return;
    ++remembered_;
    if (old_packets_.size() < kOldPackets) {
        old_packets_.push_back(packet);
    } else if (const std::uint64_t at = prng_.below(remembered_); at < kOldPackets) {
        old_packets_[at] = packet;
    }
}

void World::replay_old_packets() {
    if (old_packets_.empty()) return;
    const std::uint64_t count = prng_.between(1, 40);
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto to = static_cast<std::uint32_t>(prng_.below(options_.nodes));
        if (!nodes_[to]->alive()) continue;
        const Nanos delay{prng_.between(0, 1'000'000)};
        push(now_ + delay, Kind::packet, to, nodes_[to]->life().boot,
             old_packets_[prng_.below(old_packets_.size())]);
    }
}

void World::pause(std::uint32_t index) {
    const auto loss = static_cast<std::uint64_t>(options_.cluster.timers.token_loss.count());
    paused_until_[index] = now_ + Nanos{prng_.between(1'000, 4 * loss)};
}

void World::leave(std::uint32_t index) {
    if (nodes_[index]->leaving() || paused_until_[index] > now_) return;
    nodes_[index]->leave(now_);
    if (nodes_[index]->left()) {
        nodes_[index]->shutdown();
    } else {
        arm_timer(index);
    }
}

void World::crash_and_perhaps_restart(std::uint32_t index) {
    crash(index);
    if (options_.faults.restart) {
        push(now_ + spread(options_.faults.interval), Kind::restart, index, 0);
    }
}

void World::inject_fault() {
    if (!chaos_) return;
    push(now_ + spread(options_.faults.interval), Kind::fault, 0, 0);
    const auto victim = static_cast<std::uint32_t>(prng_.below(options_.nodes));
    const auto other = static_cast<std::uint32_t>(prng_.below(options_.nodes));
    const bool alive = nodes_[victim]->alive();
    const FaultMenu& menu = options_.faults;
    constexpr std::uint64_t kDeath = 5;
    constexpr std::uint64_t kTrap = 6;
    const std::uint64_t choice = prng_.below(9);
    const bool directed = menu.cascade && prng_.chance(700'000);
    switch (directed ? (choice < 7 ? kTrap : kDeath) : choice) {
        case 0:
            if (menu.partition) prng_.chance(500'000) ? partition() : network_->heal();
            return;
        case 1:
            if (menu.one_way && victim != other) network_->cut(victim, other);
            return;
        case 2:
            if (menu.crash && alive) crash_and_perhaps_restart(victim);
            return;
        case 3:
            if (menu.pause && alive) pause(victim);
            return;
        case 4:
            if (menu.leave && alive) leave(victim);
            return;
        case kDeath:
            if (menu.dying && alive) doom(victim);
            return;
        case kTrap:
            if (menu.trap) set_trap();
            return;
        case 7:
            if (menu.replay) replay_old_packets();
            return;
        default:
            network_->heal();
    }
}

void World::heal() {
    chaos_ = false;
    dooms_.assign(dooms_.size(), Doom{});
    trap_ = Trap{};
    tokens_to_swallow_ = 0;
    network_->heal();
    network_->calm();
    for (std::uint32_t i = 0; i < options_.nodes; ++i) {
        paused_until_[i] = Instant{};
        nodes_[i]->stop_clients();
    }
    bool anyone = false;
    for (const auto& node : nodes_) anyone = anyone || (node->alive() && !node->leaving());
    if (!anyone) boot(0);
}

// --- the end -----------------------------------------------------------------------------------

bool World::at_rest() const {
    std::uint64_t living = 0;
    for (const auto& node : nodes_) living += node->alive() ? 1 : 0;
    const SimNode* first = nullptr;
    for (const auto& node : nodes_) {
        if (!node->alive()) continue;
        const engine::Engine& engine = node->engine();
        if (node->leaving() || !engine.operational() || engine.groups().merging()) return false;
        if (engine.ring().members().size() != living) return false;
        if (node->pending_ops() != 0 || engine.ring().backlog() != 0) return false;
        if (engine.ring().stable() != engine.ring().high()) return false;
        if (oracle_.outstanding(node->life()) != 0) return false;
        if (first == nullptr) first = node.get();
        if (engine.ring().id() != first->engine().ring().id()) return false;
        if (engine.ring().high() != first->engine().ring().high()) return false;
    }
    return first != nullptr;
}

void World::finish() {
    if (!at_rest()) throw Violation("not at rest after HEAL:" + picture());
    std::vector<Life> alive;
    std::uint64_t digest = 0;
    for (const auto& node : nodes_) {
        if (!node->alive()) continue;
        const std::uint64_t mine = node->engine().groups().directory().digest();
        if (!alive.empty() && mine != digest) throw Violation("groups differ after HEAL");
        digest = mine;
        alive.push_back(node->life());
    }
    oracle_.at_rest(alive);
    for (const auto& node : nodes_) {
        if (node->alive()) node->shutdown();
    }
}

std::string World::picture() const {
    std::ostringstream text;
    for (const auto& node : nodes_) {
        text << "\n  n" << node->life().node << " boot " << node->life().boot;
        if (!node->alive()) {
            text << " down";
            continue;
        }
        const engine::Engine& engine = node->engine();
        text << ' ' << membership::name_of(engine.former().state()) << " ("
             << membership::name_of(engine.former().last_cause()) << ") ring "
             << (engine.ring().id().epoch >> 24) << " members " << engine.ring().members().size()
             << " high " << engine.ring().high().raw << " aru " << engine.ring().aru().raw
             << " stable " << engine.ring().stable().raw << " backlog " << engine.ring().backlog()
             << " ops " << node->pending_ops() << " outstanding "
             << oracle_.outstanding(node->life()) << (engine.groups().merging() ? " merging" : "")
             << (node->leaving() ? " leaving" : "") << ", ring timer in "
             << (engine.ring().next_deadline() - now_).count() << " ns, membership timer in "
             << (engine.former().next_deadline() - now_).count() << " ns";
    }
    return text.str();
}

}  // namespace torc::sim
