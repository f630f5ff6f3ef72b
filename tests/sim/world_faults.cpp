// What the faults of a schedule do to the world.
#include <algorithm>
#include <utility>

#include "tests/sim/world.hpp"

namespace torc::sim {

void World::inject(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::heal:
            return network_->heal();
        case FaultKind::partition:
            return partition(fault.side);
        case FaultKind::one_way:
            return network_->cut(fault.node, fault.other);
        case FaultKind::mend:
            return network_->mend(fault.node, fault.other);
        case FaultKind::deaf:
            return cut_one_side(fault.node, true);
        case FaultKind::mute:
            return cut_one_side(fault.node, false);
        case FaultKind::triangle:
            network_->cut(fault.node, fault.other);
            return network_->cut(fault.other, fault.node);
        case FaultKind::majorities:
            return cut_to_majorities();
        case FaultKind::crash:
            if (nodes_[fault.node]->alive()) crash(fault.node, fault.lasts);
            return;
        case FaultKind::restart_all:
            for (std::uint32_t i = 0; i < options_.nodes; ++i) {
                if (nodes_[i]->alive()) crash(i, fault.lasts);
            }
            return;
        case FaultKind::pause:
            if (nodes_[fault.node]->alive()) pause(fault.node, fault.lasts);
            return;
        case FaultKind::leave:
            if (nodes_[fault.node]->alive()) leave(fault.node, fault.lasts);
            return;
        case FaultKind::replay:
            return replay(fault);
        case FaultKind::dying:
            if (nodes_[fault.node]->alive()) mischief_.doom(fault);
            return;
        case FaultKind::trap_partition:
        case FaultKind::trap_tokens:
            return mischief_.set_trap(fault);
        case FaultKind::lose_tokens:
            return mischief_.lose_tokens(fault.count);
        case FaultKind::double_tokens:
            return mischief_.double_tokens(fault);
        case FaultKind::late_tokens:
            return mischief_.delay_tokens(fault);
        case FaultKind::lose_kind:
            return mischief_.lose_kind(fault.frame, now_ + fault.lasts);
    }
}

void World::boot(std::uint32_t index) {
    Seat& seat = seats_[index];
    seat.timer_at = kNever;
    seat.paused_until = Instant{};
    seat.watch = engine::PauseWatch(options_.cluster.timers.token_loss);
    seat.backlog.clear();
    seat.comes_back = false;
    mischief_.spare(index);
    const std::uint64_t name = std::uint64_t{index} << 32 | nodes_[index]->life().boot;
    nodes_[index]->boot(now_, Prng(mix(options_.seed, name)).next());
    arm_timer(index);
}

void World::crash(std::uint32_t index, Nanos back_after) {
    nodes_[index]->crash();
    mischief_.spare(index);
    if (back_after.count() != 0) come_back(index, back_after);
}

void World::come_back(std::uint32_t index, Nanos after) {
    seats_[index].comes_back = true;
    push(now_ + after, EventKind::restart, index);
}

void World::pause(std::uint32_t index, Nanos lasts) {
    Seat& seat = seats_[index];
    if (seat.paused_until > now_) return;
    seat.paused_at = now_;
    seat.paused_until = now_ + lasts;
    push(seat.paused_until, EventKind::resume, index, nodes_[index]->life().boot);
}

/// Takes what came meanwhile as the poll loop does: packets before anything else, in order, as if
/// they had come just now; and what the clock says of the others is not held against them.
void World::resume(std::uint32_t index) {
    seats_[index].paused_until = Instant{};
    std::vector<Event> backlog = std::exchange(seats_[index].backlog, {});
    std::stable_partition(backlog.begin(), backlog.end(),
                          [](const Event& event) { return event.kind == EventKind::packet; });
    const engine::Wake wake = seats_[index].watch.look(now_, now_ - seats_[index].paused_at);
    if (wake == engine::Wake::stood_still) nodes_[index]->stood_still(now_);
    const std::uint32_t boot = nodes_[index]->life().boot;
    for (const Event& event : backlog) {
        if (failed_ || !nodes_[index]->alive() || nodes_[index]->life().boot != boot) return;
        deliver(event);
        after_event(index);
    }
    if (nodes_[index]->alive()) arm_timer(index);
}

void World::leave(std::uint32_t index, Nanos back_after) {
    if (nodes_[index]->leaving() || seats_[index].paused_until > now_) return;
    seats_[index].back_after_leave = back_after;
    nodes_[index]->leave(now_);
    after_event(index);
}

void World::left(std::uint32_t index) {
    nodes_[index]->shutdown();
    mischief_.spare(index);
    const Nanos back_after = seats_[index].back_after_leave;
    if (chaos_ && back_after.count() != 0) come_back(index, back_after);
}

void World::partition(std::uint64_t side) {
    network_->heal();
    network_->split(side);
}

void World::cut_one_side(std::uint32_t index, bool deaf) {
    for (std::uint32_t other = 0; other < options_.nodes; ++other) {
        if (other == index) continue;
        deaf ? network_->cut(other, index) : network_->cut(index, other);
    }
}

/// In a circle, each reaches its nearest on both sides, so that it sees a majority and no two see
/// the same one.
void World::cut_to_majorities() {
    const std::uint32_t nodes = options_.nodes;
    const std::uint32_t reach = (nodes / 2 + 1) / 2;
    for (std::uint32_t a = 0; a < nodes; ++a) {
        for (std::uint32_t b = 0; b < nodes; ++b) {
            const std::uint32_t forward = (b + nodes - a) % nodes;
            if (std::min(forward, nodes - forward) > reach) network_->cut(a, b);
        }
    }
}

void World::replay(const Fault& fault) {
    const std::vector<Packet>& packets = mischief_.old_packets();
    if (packets.empty()) return;
    Prng prng(fault.salt);
    for (std::uint64_t i = 0; i < fault.count; ++i) {
        const auto to = static_cast<std::uint32_t>(prng.below(options_.nodes));
        const Nanos delay{static_cast<std::int64_t>(prng.below(1'000'000))};
        const Packet& packet = packets[prng.below(packets.size())];
        if (!nodes_[to]->alive()) continue;
        push(now_ + delay, EventKind::packet, to, nodes_[to]->life().boot, packet);
    }
}

/// The end of CHAOS: links whole, nobody paused, those who were to come back are back.
void World::heal() {
    chaos_ = false;
    mischief_.calm();
    network_->heal();
    network_->calm();
    bool anyone = false;
    for (std::uint32_t i = 0; i < options_.nodes; ++i) {
        nodes_[i]->stop_clients();
        nodes_[i]->calm();
        if (nodes_[i]->alive()) resume(i);
        if (!nodes_[i]->alive() && seats_[i].comes_back) boot(i);
        anyone = anyone || (nodes_[i]->alive() && !nodes_[i]->leaving());
    }
    if (!anyone) boot(0);
}

}  // namespace torc::sim
