#include "tests/unit/membership/net.hpp"

#include <algorithm>

namespace torc::membership::test {
namespace {

constexpr Nanos kHop = std::chrono::milliseconds{1};
constexpr std::size_t kPlacesMax = 16;

}  // namespace

config::ClusterSettings settings_of(std::size_t nodes) {
    config::ClusterSettings settings;
    settings.name = "membership-test";
    for (std::size_t i = 0; i < nodes; ++i) {
        config::NodeEntry entry;
        entry.name = "n" + std::to_string(i);
        entry.address = 0x0A000001 + static_cast<std::uint32_t>(i);
        entry.index = NodeIndex{static_cast<std::uint16_t>(i)};
        settings.nodes.push_back(entry);
    }
    return settings;
}

// --- frames ------------------------------------------------------------------------------------

wire::FrameIo FramePool::io() {
    wire::FrameIo io;
    io.driver = this;
    io.acquire_fn = [](void* pool) { return static_cast<FramePool*>(pool)->acquire(); };
    io.transmit_fn = [](void* pool, const wire::Transmit& transmit) {
        static_cast<FramePool*>(pool)->sent_(transmit);
    };
    io.release_fn = [](void* pool, void* cookie) {
        static_cast<FramePool*>(pool)->release(cookie);
    };
    return io;
}

FrameRef FramePool::acquire() {
    if (dry) return {};
    FrameRef frame = lend(std::vector<std::byte>(kFrameBytesMin));
    frame.capacity = frame.size;
    frame.size = 0;
    return frame;
}

FrameRef FramePool::lend(std::span<const std::byte> bytes) {
    std::vector<std::byte> memory(bytes.begin(), bytes.end());
    FrameRef frame;
    frame.data = memory.data();
    frame.size = static_cast<std::uint32_t>(memory.size());
    frame.cookie = memory.data();
    lent_.emplace(frame.cookie, std::move(memory));
    return frame;
}

void FramePool::release(void* cookie) { TORC_CHECK(lent_.erase(cookie) == 1); }

// --- places ------------------------------------------------------------------------------------

Net::Net(std::size_t nodes, std::uint64_t seed)
    : settings_(settings_of(nodes)),
      prng_(seed),
      pool_([this](const wire::Transmit& transmit) { transmitted(sending_, transmit); }) {
    places_.reserve(kPlacesMax);
    for (std::size_t i = 0; i < nodes; ++i) add_place(i);
    token_tick_ = now_ + kHop;
}

Net::Place& Net::add_place(std::size_t index) {
    TORC_CHECK(places_.size() < kPlacesMax);
    Place& place = places_.emplace_back();
    place.net = this;
    place.number = places_.size() - 1;
    place.me.index = NodeIndex{static_cast<std::uint16_t>(index)};
    place.counters = std::make_unique<telemetry::CounterValues>();
    place.counter_set = std::make_unique<telemetry::CounterSet>(*place.counters);
    return place;
}

void Net::boot(std::size_t node) { start(places_[node]); }
void Net::boot_all() {
    for (Place& place : places_) start(place);
}

std::size_t Net::boot_twin(std::size_t node) {
    Place& twin = add_place(node);
    start(twin);
    return twin.number;
}

void Net::start(Place& place) {
    place.me.incarnation = Incarnation{prng_.next() | 1};
    place.ring = RingId{0, place.me.index};
    place.members = {place.me};
    place.running.reset();
    place.operational = place.draining = place.recovering = false;
    place.patience = kNever;
    place.former = std::make_unique<Former>(settings_, place.me, prng_.next(), pool_.io(),
                                            upcalls_of(place), *place.counter_set);
    sending_ = place.number;
    place.former->start(now_);
}

void Net::crash(std::size_t node) {
    Place& place = places_[node];
    place.former.reset();
    place.running.reset();
    place.operational = place.recovering = false;
    place.patience = kNever;
}

void Net::leave(std::size_t node) {
    sending_ = node;
    places_[node].former->leave(now_);
}

FormerUpcalls Net::upcalls_of(Place& place) {
    FormerUpcalls calls;
    calls.engine = &place;
    calls.stop_ring_fn = [](void* engine, Instant) {
        Place& self = *static_cast<Place*>(engine);
        self.operational = false;
        self.patience = kNever;
    };
    calls.suspect_fn = [](void*) { return kNoNode; };
    calls.set_draining_fn = [](void* engine, Instant, bool draining) {
        static_cast<Place*>(engine)->draining = draining;
    };
    calls.snapshot_fn = [](void* engine, wire::State& state) {
        Place& self = *static_cast<Place*>(engine);
        state.old_ring.ring = self.ring;
        state.old_ring.obligations = {self.me};
    };
    calls.recover_fn = [](void* engine, Instant now, const PlanForMe& plan) {
        Place& self = *static_cast<Place*>(engine);
        TORC_CHECK(plan.order.old_ring == self.ring && plan.order.together.contains(self.me));
        self.recovering = true;
        self.plan = plan.head;
        self.patience = now + self.net->settings_.timers.token_loss;
        // As the real ring does: nobody to wait for, installed before this returns.
        if (plan.head.members.size() == 1) self.net->install(self.plan);
    };
    calls.abandon_recovery_fn = [](void* engine) {
        Place& self = *static_cast<Place*>(engine);
        self.recovering = false;
        self.patience = kNever;
    };
    calls.recovery_token_returned_fn = [](void* engine) {
        return static_cast<Place*>(engine)->operational;
    };
    return calls;
}

// --- links -------------------------------------------------------------------------------------

void Net::cut(std::size_t from, std::size_t to) { cut_[from][to] = true; }
void Net::join(std::size_t from, std::size_t to) { cut_[from][to] = false; }
void Net::heal() { cut_ = {}; }

void Net::partition(std::vector<std::vector<std::size_t>> sides) {
    heal();
    for (std::size_t a = 0; a < sides.size(); ++a) {
        for (std::size_t b = 0; b < sides.size(); ++b) {
            if (a == b) continue;
            for (const std::size_t from : sides[a]) {
                for (const std::size_t to : sides[b]) cut(from, to);
            }
        }
    }
}

void Net::transmitted(std::size_t from, const wire::Transmit& transmit) {
    for (const Place& place : places_) {
        const bool meant = transmit.to == kNoNode || transmit.to == place.me.index;
        if (place.number == from || !meant || !reachable(from, place.number)) continue;
        if (prng_.chance(loss_per_million)) continue;
        if (filter && !filter(from, place.number, transmit.frame.bytes())) continue;
        const Nanos delay{static_cast<std::int64_t>(prng_.between(20'000, 300'000))};
        packets_.push({now_ + delay,
                       ++packet_order_,
                       place.number,
                       {transmit.frame.bytes().begin(), transmit.frame.bytes().end()}});
    }
}

// --- time --------------------------------------------------------------------------------------

void Net::run_for(Nanos time) {
    const Instant end = now_ + time;
    while (next_event() <= end) step();
    now_ = end;
}

void Net::inject(std::size_t to, std::span<const std::byte> bytes) {
    if (places_[to].former == nullptr) return;
    sending_ = to;
    places_[to].former->on_control(now_, pool_.lend(bytes));
}

Instant Net::next_event() const {
    Instant next = token_tick_;
    if (!packets_.empty()) next = std::min(next, packets_.top().at);
    for (const Place& place : places_) {
        if (place.former == nullptr) continue;
        next = std::min({next, place.former->next_deadline(), place.patience});
    }
    return std::max(next, now_);
}

void Net::step() {
    now_ = next_event();
    if (token_tick_ <= now_) {
        token_tick_ = now_ + kHop;
        pass_tokens();
    }
    while (!packets_.empty() && packets_.top().at <= now_) {
        const Packet packet = packets_.top();
        packets_.pop();
        if (places_[packet.to].former == nullptr) continue;
        sending_ = packet.to;
        places_[packet.to].former->on_control(now_, pool_.lend(packet.bytes));
    }
    for (Place& place : places_) {
        if (place.former == nullptr) continue;
        sending_ = place.number;
        if (place.patience <= now_) {
            place.patience = kNever;
            if (place.operational) {
                place.former->on_token_lost(now_, kNoNode);
            } else if (place.recovering) {
                place.former->on_recovery_lost(now_);
            }
        }
        if (place.former->next_deadline() <= now_) place.former->on_timer(now_);
    }
    install_where_complete();
}

// --- the ring's stand-in -----------------------------------------------------------------------

void Net::pass_tokens() {
    for (const auto& ring : std::vector<std::shared_ptr<Ring>>{rings_}) visit(*ring);
    std::erase_if(rings_, [](const std::shared_ptr<Ring>& ring) { return !ring->token_alive; });
}

void Net::visit(Ring& ring) {
    const std::size_t from = ring.places[ring.turn];
    ring.turn = (ring.turn + 1) % ring.places.size();
    const std::size_t to = ring.places[ring.turn];
    Place& place = places_[to];
    const bool taken = place.former != nullptr && place.operational && place.running.get() == &ring;
    if (!taken || (from != to && !reachable(from, to))) {
        ring.token_alive = false;
        return;
    }
    place.patience = now_ + settings_.timers.token_loss;
    sending_ = to;
    place.former->visit_token(now_, ring.token);
    if (place.draining) place.former->on_drained(now_);
}

std::size_t Net::place_of(const Member& member) const {
    for (const Place& place : places_) {
        if (place.me == member && place.former != nullptr) return place.number;
    }
    return kPlacesMax;
}

void Net::install_where_complete() {
    for (const Place& place : places_) {
        if (!place.recovering || place.former == nullptr) continue;
        const wire::PlanHead plan = place.plan;
        bool complete = true;
        for (std::size_t i = 0; i < plan.members.size() && complete; ++i) {
            const std::size_t at = place_of(plan.members[i]);
            const std::size_t next = place_of(plan.members[(i + 1) % plan.members.size()]);
            complete = at < kPlacesMax && next < kPlacesMax && places_[at].recovering &&
                       places_[at].plan.attempt == plan.attempt && reachable(at, next);
        }
        if (complete) install(plan);
    }
}

void Net::install(const wire::PlanHead& plan) {
    auto ring = std::make_shared<Ring>();
    ring->id = plan.ring;
    ring->members = plan.members;
    ring->token.ring = plan.ring;
    for (const Member& member : plan.members) ring->places.push_back(place_of(member));
    for (const std::size_t number : ring->places) {
        Place& place = places_[number];
        place.recovering = false;
        place.operational = true;
        place.draining = false;
        place.ring = plan.ring;
        place.members = plan.members;
        place.running = ring;
        place.patience = plan.members.size() == 1 ? kNever : now_ + settings_.timers.token_loss;
        ++place.installs;
        place.former->installed(now_, plan.ring, plan.members);
    }
    if (plan.members.size() > 1) rings_.push_back(ring);
}

// --- questions ---------------------------------------------------------------------------------

std::size_t Net::installs() const {
    std::size_t sum = 0;
    for (const Place& place : places_) sum += place.installs;
    return sum;
}

std::vector<std::size_t> Net::ring_of(std::size_t node) const {
    std::vector<std::size_t> indices;
    if (!alive(node) || state(node) != State::operational) return indices;
    for (const Member& member : places_[node].members) indices.push_back(raw(member.index));
    return indices;
}

bool Net::is_ring(const std::vector<std::size_t>& nodes) const {
    for (const std::size_t node : nodes) {
        if (!alive(node) || state(node) != State::operational) return false;
        if (places_[node].ring != places_[nodes.front()].ring) return false;
        if (places_[node].members.size() != nodes.size()) return false;
        if (!places_[nodes.front()].members.contains(places_[node].me)) return false;
    }
    return true;
}

}  // namespace torc::membership::test
