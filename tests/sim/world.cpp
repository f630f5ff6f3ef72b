#include "tests/sim/world.hpp"

#include <utility>

#include "tests/sim/adversarial_network.hpp"
#include "tests/sim/physical_network.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

/// Streams of randomness that do not touch one another: to take something out of a run must not
/// change all the rest.
constexpr std::uint64_t stream(std::uint64_t seed, std::uint64_t which) {
    return mix(mix(0x746F7263, seed), which);
}

}  // namespace

World::World(const Options& options, Schedule schedule, std::unique_ptr<Network> network)
    : options_(options),
      schedule_(std::move(schedule)),
      prng_(stream(options.seed, 1)),
      network_(std::move(network)),
      mischief_(options.nodes, prng_),
      seats_(options.nodes) {
    if (network_ == nullptr && options.physical) {
        network_ = std::make_unique<PhysicalNetwork>(options.fabric, options.nodes);
    } else if (network_ == nullptr) {
        network_ = std::make_unique<AdversarialNetwork>(options, stream(options.seed, 2));
    }
    oracle_.watched_by(recorder_);
    for (std::uint32_t i = 0; i < options_.nodes; ++i) {
        nodes_.push_back(std::make_unique<SimNode>(options_, i, *this, oracle_));
        seats_[i].whims = Prng(stream(options.seed, 0x100 + i));
    }
}

Outcome World::run() {
    try {
        play();
    } catch (const std::exception& violation) {  // of the world's own; nothing of the core under it
        violated(violation.what());
    }
    if (failed_) {
        for (const auto& node : nodes_) node->abandon();
    }
    Outcome outcome;
    outcome.failed = failed_;
    outcome.what = failure_;
    outcome.trace = oracle_.trace();
    outcome.events = events_;
    outcome.messages = oracle_.messages();
    outcome.installs = oracle_.installs();
    outcome.virtual_time = now_ - kStart;
    outcome.healing = healing_;
    outcome.saying = saying_;
    return outcome;
}

void World::play() {
    now_ = kStart;
    const Nanos first = options_.cluster.timers.token_loss / 3;
    for (std::uint32_t i = 0; i < options_.nodes; ++i) {
        const auto wait = seats_[i].whims.below(static_cast<std::uint64_t>(first.count()));
        come_back(i, Nanos{static_cast<std::int64_t>(wait)});
        push(now_, EventKind::client, i);
    }
    for (std::uint32_t i = 0; i < schedule_.size(); ++i) {
        push(kStart + schedule_[i].at, EventKind::fault, i);
    }
    run_until([] { return false; }, kStart + options_.chaos);
    if (failed_) return;
    heal();
    if (options_.hazards.link.forge != 0) return close_after_lies();
    finish();
}

void World::violated(const std::string& what) {
    if (!failed_) failure_ = what;
    failed_ = true;
}

// --- time -------------------------------------------------------------------------------------

void World::push(Instant at, EventKind kind, std::uint32_t node, std::uint32_t boot,
                 Packet packet) {
    queue_.push(at, kind, node, boot, std::move(packet));
}

/// Stops when `done` says so, which is asked now and then, or at `limit`.
void World::run_until(const std::function<bool()>& done, Instant limit) {
    const Nanos between_looks = options_.cluster.timers.token_loss / 4;
    Instant next_look = now_;
    while (!failed_ && !queue_.empty() && queue_.next() <= limit) {
        if (queue_.next() >= next_look) {
            if (done()) return;
            next_look = queue_.next() + between_looks;
        }
        Event event = queue_.pop();
        now_ = event.at;
        handle(event);
    }
    if (now_ < limit) now_ = limit;
}

void World::handle(Event& event) {
    if (event.kind == EventKind::fault) {
        if (chaos_) inject(schedule_[event.node]);
        return;
    }
    if (event.kind == EventKind::mend) return network_->heal();
    const std::uint32_t index = event.node;
    SimNode& node = *nodes_[index];
    Seat& seat = seats_[index];
    if (event.kind == EventKind::restart) {
        if (!node.alive() && seat.comes_back) boot(index);
        return;
    }
    if (event.boot != 0 && (!node.alive() || event.boot != node.life().boot)) return;
    if (event.kind == EventKind::resume) return resume(index);
    // Another timer, armed for a sooner deadline, has taken its place.
    if (event.kind == EventKind::timer && event.at != seat.timer_at) return;
    if (event.kind == EventKind::client) client_event(index);
    if (!node.alive()) return;
    if (seat.paused_until > now_) {  // takes everything later, in order
        if (seat.backlog.size() < kBacklogMax || event.kind != EventKind::packet) {
            seat.backlog.push_back(std::move(event));
        }
        return;
    }
    deliver(event);
    after_event(index);
}

/// The next of the node's client actions.
void World::client_event(std::uint32_t index) {
    Seat& seat = seats_[index];
    if (!chaos_ || (options_.load.acts != 0 && ++seat.acts >= options_.load.acts)) return;
    const auto mean = static_cast<std::uint64_t>(options_.load.interval.count());
    const auto wait = seat.whims.between(mean / 2, mean + mean / 2);
    push(now_ + Nanos{static_cast<std::int64_t>(wait)}, EventKind::client, index);
}

void World::deliver(const Event& event) {
    ++events_;
    watch_for_storm();
    SimNode& node = *nodes_[event.node];
    if (event.kind == EventKind::packet) return node.receive(now_, *event.packet);
    if (event.kind == EventKind::client) {
        return node.client_acts(now_, seats_[event.node].whims);
    }
    seats_[event.node].timer_at = kNever;
    if (node.next_deadline() <= now_) node.timer(now_);
}

void World::after_event(std::uint32_t index) {
    if (mischief_.is_spent(index)) return crash(index, mischief_.back_after(index));
    if (nodes_[index]->left()) return left(index);
    arm_timer(index);
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

void World::arm_timer(std::uint32_t index) {
    const SimNode& node = *nodes_[index];
    const Instant deadline = std::max(node.next_deadline(), now_);
    if (deadline == kNever || deadline >= seats_[index].timer_at) return;
    seats_[index].timer_at = deadline;
    push(deadline, EventKind::timer, index, node.life().boot);
}

void World::carry(std::uint32_t from, const wire::Transmit& transmit) {
    const auto bytes = transmit.frame.bytes();
    const std::uint32_t kind = kind_of(bytes);
    ++sent_by_kind_[kind % sent_by_kind_.size()];
    const Fate fate = mischief_.fate_of(now_, from, kind);
    if (fate.lost) return;
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
    const auto late_max = static_cast<std::uint64_t>(fate.late_max.count());
    for (const Arrival& arrival : arrivals_) {
        const Nanos late{late_max == 0 ? 0 : static_cast<std::int64_t>(prng_.below(late_max))};
        const Instant at = now_ + arrival.delay + late;
        // To whatever process has the port then: a late packet may reach another incarnation.
        push(at + fate.late, EventKind::packet, arrival.to, 0, arrival.packet);
        if (fate.twice) push(at, EventKind::packet, arrival.to, 0, arrival.packet);
    }
    if (!chaos_) return;
    if (options_.faults.replay) mischief_.remember(packet);
    if (const Fault* const trap = mischief_.watch(kind)) {
        partition(trap->side);
        push(now_ + trap->lasts, EventKind::mend, 0);
    }
}

}  // namespace torc::sim
