#include "tests/explore/world.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "wire/hop.hpp"

namespace torc::explore {
namespace {

/// A restarted node is back when the others may still be where it left them.
constexpr Nanos kBackAfter = std::chrono::milliseconds{2};
/// A copy that waits for a change of the ring waits no longer than this.
constexpr Nanos kHeldAtMost = std::chrono::milliseconds{40};
/// How much later a timer may fire: a few hops.
constexpr Nanos kTimerLate = std::chrono::microseconds{350};

std::uint32_t kind_of(const std::vector<std::byte>& frame) {
    return frame.size() < 3 ? 0 : std::to_integer<std::uint32_t>(frame[2]);
}

}  // namespace

World::World(const Script& script, Chooser& chooser) : script_(script), chooser_(chooser) {
    for (std::uint32_t i = 0; i < script.nodes(); ++i) {
        hosts_.emplace_back().node = std::make_unique<Node>(script, i, *this, oracle_);
    }
}

bool World::run() {
    while (!at_rest()) {
        chooser_.steer(*this);
        const Event event = next_event();
        if (event.kind == Next::nothing || event.at > disturbed_at_ + kRestWithin) {
            throw sim::Violation("no rest:" + picture());
        }
        if (is_landmark(event)) {
            if (chooser_.is_known(*this)) return false;
            said_ = 0;
        }
        for (const auto word : {static_cast<std::int64_t>(event.kind), (event.at - now_).count(),
                                std::int64_t{event.node}}) {
            said_ = sim::mix(said_, static_cast<std::uint64_t>(word));
        }
        now_ = event.at;
        ++events_;
        handle(event);
    }
    judge();
    chooser_.rested(*this);
    for (const Host& host : hosts_) {
        if (host.node->alive()) host.node->shutdown();
    }
    return true;
}

// --- what is next ------------------------------------------------------------------------------

Instant World::timer_at(const Host& host) const {
    if (!host.node->alive()) return kNever;
    const Instant deadline = host.node->next_deadline();
    if (deadline == kNever) return kNever;
    return std::max({deadline, now_, host.stalled_until, host.timer_not_before});
}

World::Event World::next_event() const {
    Event next;
    const auto consider = [&next](Next kind, Instant at, std::uint32_t node) {
        if (at < next.at) next = {kind, at, node};
    };
    if (!copies_.empty()) {
        consider(Next::copy, std::max(copies_.begin()->at, now_), copies_.begin()->to);
    }
    if (next_step_ < script_.steps.size()) {
        const Step& step = script_.steps[next_step_];
        consider(Next::step, std::max(kStart + step.at, now_), step.node);
    }
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
        consider(Next::timer, timer_at(hosts_[i]), i);
        consider(Next::boot, hosts_[i].boots_at, i);
    }
    return next;
}

bool World::is_landmark(const Event& next) const {
    if (next.kind == Next::timer) return true;
    if (next.kind != Next::copy) return false;
    const std::uint32_t kind = kind_of(*copies_.begin()->packet);
    if (kind == static_cast<std::uint32_t>(wire::Kind::data)) return false;
    // Of the copies that a multicast leaves behind, one is enough.
    for (std::uint32_t i = 0; i < next.node; ++i) {
        if (hosts_[i].node->alive()) return false;
    }
    return true;
}

// --- events ------------------------------------------------------------------------------------

void World::handle(const Event& event) {
    switch (event.kind) {
        case Next::nothing:
            return;
        case Next::copy:
            return take_copy();
        case Next::timer:
            return fire_timer(event.node);
        case Next::boot:
            hosts_[event.node].boots_at = kNever;
            return boot(event.node);
        case Next::step:
            return take_step();
    }
}

void World::take_copy() {
    const auto node_handle = copies_.extract(copies_.begin());
    const Copy& copy = node_handle.value();
    Host& host = hosts_[copy.to];
    if (host.node->alive() && host.node->life().boot == copy.boot && host.stalled_until > now_) {
        Copy later = copy;
        later.at = host.stalled_until;
        later.tie = ties_++;
        copies_.insert(later);
        return;
    }
    if (copy.astray) --astray_;
    if (!host.node->alive() || host.node->life().boot != copy.boot) return;
    host.node->receive(now_, *copy.packet);
    const bool deadly =
        copy.fault == Fault::receiver_dies || copy.fault == Fault::receiver_restarts;
    if (deadly && host.node->alive() && !host.node->dying()) {
        host.node->die();
        host.back_soon = copy.fault == Fault::receiver_restarts;
    }
    after_event(copy.to);
}

void World::fire_timer(std::uint32_t index) {
    Host& host = hosts_[index];
    if (!host.timer_put_off) {
        Point point;
        point.kind = Point::Kind::timer;
        point.from = point.to = index;
        point.forming = !host.node->engine().operational();
        const Fault fault = choose(point);
        if (fault == Fault::timer_late) host.timer_not_before = now_ + kTimerLate;
        if (fault == Fault::stall) host.stalled_until = now_ + very_late();
        host.timer_put_off = fault != Fault::none;
        if (host.timer_put_off) return;
    }
    host.timer_put_off = false;
    host.node->timer(now_);
    after_event(index);
}

void World::take_step() {
    const Step& step = script_.steps[next_step_++];
    disturbed_at_ = now_;
    Node& node = *hosts_[step.node].node;
    switch (step.kind) {
        case Step::Kind::boot:
            return node.alive() ? void() : boot(step.node);
        case Step::Kind::say:
            if (node.alive()) node.say(now_, step.service, step.bytes);
            break;
        case Step::Kind::kill:
            return node.alive() ? kill(step.node, false) : void();
        case Step::Kind::leave:
            if (node.alive()) node.leave(now_);
            break;
        case Step::Kind::split:
            side_ = step.side;
            return;
        case Step::Kind::heal:
            side_ = 0;
            return;
    }
    after_event(step.node);
}

/// Who died in the step that is over, or has left in good order, is gone now.
void World::after_event(std::uint32_t index) {
    Host& host = hosts_[index];
    if (!host.node->alive()) return;
    if (host.node->dying()) return kill(index, host.back_soon);
    if (host.node->left()) return host.node->shutdown();
    release_held(index);
}

/// A node that has just applied a PLAN, or installed a ring, gets what waited for that.
void World::release_held(std::uint32_t index) {
    const membership::State state = hosts_[index].node->engine().former().state();
    if (std::exchange(hosts_[index].state, state) == state) return;
    if (state != membership::State::recover && state != membership::State::operational) return;
    const Fault awaited =
        state == membership::State::recover ? Fault::until_plan : Fault::until_install;
    for (auto at = copies_.begin(); at != copies_.end();) {
        const auto copy = at++;
        if (copy->to != index || copy->fault != awaited) continue;
        Copy released = *copy;
        copies_.erase(copy);
        released.fault = Fault::none;
        released.at = now_ + Nanos{1'000};
        released.tie = ties_++;
        copies_.insert(released);
        disturbed_at_ = now_;
    }
}

void World::boot(std::uint32_t index) {
    Host& host = hosts_[index];
    host.stalled_until = host.timer_not_before = Instant{};
    host.timer_put_off = false;
    host.node->boot(now_);
    after_event(index);
}

void World::kill(std::uint32_t index, bool back_soon) {
    Host& host = hosts_[index];
    host.node->crash();
    disturbed_at_ = now_;
    host.back_soon = false;
    if (!back_soon) return;
    host.boots_at = now_ + kBackAfter;
    disturbed_at_ = host.boots_at;
}

// --- copies ------------------------------------------------------------------------------------

Fault World::choose(Point point) {
    point.number = ++points_;
    const Fault fault = chooser_.choose(point);
    if (fault != Fault::none) disturbed_at_ = now_;
    return fault;
}

void World::carry(std::uint32_t from, const wire::Transmit& transmit) {
    const auto bytes = transmit.frame.bytes();
    const Packet packet =
        std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
    for (const std::byte byte : bytes)
        said_ = sim::mix(said_, std::to_integer<std::uint64_t>(byte));
    for (std::uint32_t to = 0; to < hosts_.size(); ++to) {
        if (to == from || !hosts_[to].node->alive() || is_cut(from, to)) continue;
        if (transmit.to != kNoNode && raw(transmit.to) != to) continue;
        if (!hosts_[from].node->dying()) send_copy(from, to, packet);
    }
}

void World::send_copy(std::uint32_t from, std::uint32_t to, const Packet& packet) {
    Point point;
    point.kind = Point::Kind::copy;
    point.frame = kind_of(*packet);
    point.from = from;
    point.to = to;
    // Before its first step is over a node has no engine yet that could be asked.
    const Node& sender = *hosts_[from].node;
    point.forming = !sender.alive() || !sender.engine().operational();
    const Nanos delay = hop_time(from, to);
    const Fault fault = choose(point);
    switch (fault) {
        case Fault::drop:
            return;
        case Fault::late:
            return push(point, behind_next_timer(to, delay), packet, Fault::none, true);
        case Fault::very_late:
            return push(point, delay + very_late(), packet, Fault::none, true);
        case Fault::duplicate:
            push(point, delay, packet, Fault::none, false);
            return push(point, delay + very_late(), packet, Fault::none, true);
        case Fault::until_plan:
        case Fault::until_install:
            return push(point, kHeldAtMost, packet, fault, true);
        case Fault::sender_dies:
        case Fault::sender_restarts:
            hosts_[from].node->die();
            hosts_[from].back_soon = fault == Fault::sender_restarts;
            return;
        case Fault::receiver_dies:
        case Fault::receiver_restarts:
            return push(point, delay, packet, fault, true);
        case Fault::none:
        case Fault::timer_late:
        case Fault::stall:
            return push(point, delay, packet, Fault::none, false);
    }
}

void World::push(const Point& way, Nanos delay, const Packet& packet, Fault fault, bool astray) {
    if (astray) ++astray_;
    const std::uint32_t boot = hosts_[way.to].node->life().boot;
    copies_.insert({now_ + delay, ties_++, way.from, way.to, boot, packet, fault, astray});
    if (astray) disturbed_at_ = std::max(disturbed_at_, now_ + delay);
}

Nanos World::behind_next_timer(std::uint32_t to, Nanos delay) const {
    const Instant timer = timer_at(hosts_[to]);
    if (timer == kNever) return delay + very_late();
    return std::max(delay, timer - now_ + Nanos{10'000});
}

// --- moves -------------------------------------------------------------------------------------

bool World::is_deliverable(const Copy& copy) const {
    const Node& node = *hosts_[copy.to].node;
    return node.alive() && node.life().boot == copy.boot;
}

World::Copies::const_iterator World::oldest(std::uint32_t from, std::uint32_t to) const {
    return std::find_if(copies_.begin(), copies_.end(), [&](const Copy& copy) {
        return copy.from == from && copy.to == to && is_deliverable(copy);
    });
}

bool World::is_start(std::uint32_t frame) const {
    if (next_step_ < script_.steps.size()) return false;
    return std::any_of(copies_.begin(), copies_.end(), [&](const Copy& copy) {
        return kind_of(*copy.packet) == frame && is_deliverable(copy);
    });
}

std::vector<Move> World::moves() const {
    std::vector<Move> moves;
    std::size_t living = 0;
    for (std::uint32_t from = 0; from < hosts_.size(); ++from) {
        living += hosts_[from].node->alive() ? 1 : 0;
        for (std::uint32_t to = 0; to < hosts_.size(); ++to) {
            if (oldest(from, to) == copies_.end()) continue;
            moves.push_back({Move::Kind::deliver, from, to});
            moves.push_back({Move::Kind::lose, from, to});
        }
    }
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
        if (timer_at(hosts_[i]) != kNever) moves.push_back({Move::Kind::timer, i, i});
        if (hosts_[i].node->alive() && living == hosts_.size()) {
            moves.push_back({Move::Kind::kill, i, i});
        }
    }
    return moves;
}

void World::make(const Move& move) {
    ++events_;
    disturbed_at_ = now_;
    Host& host = hosts_[move.to];
    switch (move.kind) {
        case Move::Kind::deliver: {
            const auto copy = copies_.extract(oldest(move.from, move.to));
            host.node->receive(now_, *copy.value().packet);
            return after_event(move.to);
        }
        case Move::Kind::lose:
            copies_.erase(oldest(move.from, move.to));
            return;
        case Move::Kind::timer:
            now_ = timer_at(host);
            host.node->timer(now_);
            return after_event(move.to);
        case Move::Kind::kill:
            return kill(move.to, false);
    }
}

// --- the end -----------------------------------------------------------------------------------

bool World::at_rest() const {
    if (next_step_ < script_.steps.size() || astray_ != 0) return false;
    std::size_t living = 0;
    const Node* first = nullptr;
    for (const Host& host : hosts_) {
        if (host.boots_at != kNever) return false;
        living += host.node->alive() ? 1 : 0;
    }
    for (const Host& host : hosts_) {
        if (!host.node->alive()) continue;
        if (!host.node->at_rest()) return false;
        const ordering::Ring& ring = host.node->engine().ring();
        if (ring.members().size() != living) return false;
        if (first == nullptr) first = host.node.get();
        if (ring.id() != first->engine().ring().id()) return false;
        if (ring.high() != first->engine().ring().high()) return false;
    }
    return true;
}

void World::judge() {
    std::vector<sim::Life> alive;
    std::uint64_t groups = 0;
    for (const Host& host : hosts_) {
        if (!host.node->alive()) continue;
        const std::uint64_t mine = host.node->engine().groups().directory().digest();
        if (!alive.empty() && mine != groups) throw sim::Violation("groups differ at rest");
        groups = mine;
        alive.push_back(host.node->life());
    }
    oracle_.at_rest(alive);
}

std::string World::picture() const {
    std::ostringstream text;
    for (const Host& host : hosts_) {
        text << "\n  n" << host.node->life().node << " boot " << host.node->life().boot;
        if (!host.node->alive()) {
            text << " down";
            continue;
        }
        const engine::Engine& engine = host.node->engine();
        const ordering::Ring& ring = engine.ring();
        text << ' ' << membership::name_of(engine.former().state()) << " ("
             << membership::name_of(engine.former().last_cause()) << ") ring "
             << (ring.id().epoch >> 24) << " members " << ring.members().size() << " high "
             << ring.high().raw << " aru " << ring.aru().raw << " stable " << ring.stable().raw
             << " backlog " << ring.backlog() << " wants " << host.node->pending()
             << " outstanding " << oracle_.outstanding(host.node->life())
             << (engine.groups().merging() ? " merging" : "");
    }
    return text.str();
}

}  // namespace torc::explore
