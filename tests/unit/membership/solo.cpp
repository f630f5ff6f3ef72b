#include "tests/unit/membership/solo.hpp"

#include <cstring>

#include "membership/episode.hpp"

namespace torc::membership::test {

wire::EpisodeSet set_of(std::initializer_list<Member> members) {
    wire::EpisodeSet set;
    for (const Member& one : members) insert(set, one);
    return set;
}

Solo::Solo(unsigned index, std::size_t nodes)
    : settings_(settings_of(nodes)),
      me_(member(index)),
      pool_([this](const wire::Transmit& transmit) { keep(transmit); }),
      former_(settings_, me_, 42, pool_.io(), upcalls(), counters_) {
    ring.old.ring = RingId{0, me_.index};
    former_.start(now_);
}

FormerUpcalls Solo::upcalls() {
    FormerUpcalls calls;
    calls.engine = this;
    calls.stop_ring_fn = [](void* solo, Instant) { static_cast<Solo*>(solo)->ring.stopped = true; };
    calls.suspect_fn = [](void* solo) { return static_cast<Solo*>(solo)->ring.suspect; };
    calls.set_draining_fn = [](void* solo, Instant, bool draining) {
        static_cast<Solo*>(solo)->ring.draining = draining;
    };
    calls.snapshot_fn = [](void* solo, wire::State& state) {
        FakeRing& fake = static_cast<Solo*>(solo)->ring;
        ++fake.snapshots;
        state.old_ring = fake.old;
    };
    calls.recover_fn = [](void* solo, Instant, const PlanForMe& plan) {
        FakeRing& fake = static_cast<Solo*>(solo)->ring;
        fake.recovering = true;
        fake.plan = plan.head;
        fake.order = plan.order;
        fake.holders = 0;
        for (const auto* state : plan.state_of) fake.holders += state != nullptr;
    };
    calls.abandon_recovery_fn = [](void* solo) {
        FakeRing& fake = static_cast<Solo*>(solo)->ring;
        fake.recovering = false;
        ++fake.abandoned;
    };
    calls.recovery_token_returned_fn = [](void* solo) {
        return static_cast<Solo*>(solo)->ring.token_returned;
    };
    return calls;
}

void Solo::keep(const wire::Transmit& transmit) {
    const auto bytes = transmit.frame.bytes();
    wire::HopHeader hop;
    std::memcpy(&hop, bytes.data(), sizeof hop);
    const auto message =
        assembler_.add(static_cast<wire::Kind>(hop.kind), bytes.subspan(sizeof hop));
    if (!message) return;
    newest_ctl_ = message->control.ctl;
    switch (message->kind) {
        case wire::Kind::join:
            return joins_.push_back(wire::decode_join(message->control, message->body).value());
        case wire::Kind::merge:
            return merges_.push_back(wire::decode_merge(message->control, message->body).value());
        case wire::Kind::propose:
            return proposes_.push_back(
                wire::decode_propose(message->control, message->body).value());
        case wire::Kind::state:
            return states_.push_back(wire::decode_state(message->control, message->body).value());
        case wire::Kind::plan:
            return plans_.push_back(wire::decode_plan(message->control, message->body).value());
        case wire::Kind::data:
        case wire::Kind::token:
        case wire::Kind::status:
        case wire::Kind::wake:
            TORC_CHECK(false && "membership sends control messages only");
    }
}

void Solo::forget_sent() {
    joins_.clear();
    merges_.clear();
    proposes_.clear();
    states_.clear();
    plans_.clear();
}

std::size_t Solo::sent(wire::Kind kind) const {
    switch (kind) {
        case wire::Kind::join:
            return joins_.size();
        case wire::Kind::merge:
            return merges_.size();
        case wire::Kind::propose:
            return proposes_.size();
        case wire::Kind::state:
            return states_.size();
        case wire::Kind::plan:
            return plans_.size();
        case wire::Kind::data:
        case wire::Kind::token:
        case wire::Kind::status:
        case wire::Kind::wake:
            return 0;
    }
    return 0;
}

template <>
const wire::Join* Solo::last() const {
    return joins_.empty() ? nullptr : &joins_.back();
}
template <>
const wire::Merge* Solo::last() const {
    return merges_.empty() ? nullptr : &merges_.back();
}
template <>
const wire::Propose* Solo::last() const {
    return proposes_.empty() ? nullptr : &proposes_.back();
}
template <>
const wire::State* Solo::last() const {
    return states_.empty() ? nullptr : &states_.back();
}
template <>
const wire::PlanHead* Solo::last() const {
    return plans_.empty() ? nullptr : &plans_.back();
}

void Solo::run_for(Nanos time) {
    const Instant end = now_ + time;
    while (former_.next_deadline() <= end) {
        now_ = std::max(now_, former_.next_deadline());
        former_.on_timer(now_);
    }
    now_ = end;
}

// --- messages of others ------------------------------------------------------------------------

wire::Control Solo::next_control(const Member& from) {
    return {from, ++their_ctl_, config::fingerprint(settings_)};
}

void Solo::receive_raw(wire::Kind kind, const wire::Control& control,
                       std::span<const std::byte> body) {
    std::vector<std::vector<std::byte>> frames;
    FramePool pool([&](const wire::Transmit& transmit) {
        const auto bytes = transmit.frame.bytes();
        frames.emplace_back(bytes.begin(), bytes.end());
    });
    const wire::ControlSender sender(pool.io(), kFrameBytesMin, control.sender.index,
                                     static_cast<std::uint32_t>(config::fingerprint(settings_)));
    sender.send(kind, control, body);
    for (const auto& frame : frames) former_.on_control(now_, pool_.lend(frame));
}

wire::Join Solo::join_of(const Member& from, const wire::EpisodeSet& proc,
                         const wire::EpisodeSet& fail) {
    wire::Join join;
    join.control.sender = from;
    join.old_ring = RingId{0, from.index};
    join.proc_set = proc;
    join.fail_set = fail;
    return join;
}

void Solo::receive(wire::Join join) {
    join.control = next_control(join.control.sender);
    std::vector<std::byte> body(wire::kControlBytesMax);
    body.resize(wire::encode_body(join, body));
    receive_raw(wire::Kind::join, join.control, body);
}

void Solo::receive(wire::Merge merge) {
    merge.control = next_control(merge.control.sender);
    std::vector<std::byte> body(wire::kControlBytesMax);
    body.resize(wire::encode_body(merge, body));
    receive_raw(wire::Kind::merge, merge.control, body);
}

void Solo::receive(wire::Propose propose) {
    propose.control = next_control(propose.control.sender);
    std::vector<std::byte> body(wire::kControlBytesMax);
    body.resize(wire::encode_body(propose, body));
    receive_raw(wire::Kind::propose, propose.control, body);
}

void Solo::receive(wire::State state) {
    state.control = next_control(state.control.sender);
    std::vector<std::byte> body(wire::kControlBytesMax);
    body.resize(wire::encode_body(state, body));
    receive_raw(wire::Kind::state, state.control, body);
}

void Solo::receive_plan(const wire::PlanHead& head, std::span<const wire::RecoveryOrder> orders) {
    std::vector<std::byte> body(wire::kControlBytesMax);
    std::size_t length = wire::encode_body(head, body);
    for (const wire::RecoveryOrder& order : orders) {
        length += wire::encode_order(order, std::span{body}.subspan(length));
    }
    body.resize(length);
    receive_raw(wire::Kind::plan, next_control(head.control.sender), body);
}

wire::HearsList Solo::echo() const {
    return {wire::Hears{me_.index, static_cast<std::uint32_t>(raw(me_.incarnation)),
                        static_cast<std::uint32_t>(newest_ctl_)}};
}

wire::Propose Solo::propose_of(const Member& from, std::uint64_t epoch,
                               const wire::EpisodeSet& proc, const wire::EpisodeSet& fail) const {
    wire::Propose propose;
    propose.control.sender = from;
    propose.attempt = {epoch, from.index, 77};
    propose.proc_set = proc;
    propose.fail_set = fail;
    return propose;
}

wire::State Solo::state_of(const Member& from, const wire::AttemptId& attempt) const {
    wire::State state;
    state.control.sender = from;
    state.attempt = attempt;
    state.old_ring.ring = RingId{0, from.index};
    state.old_ring.obligations = {from};
    return state;
}

void Solo::receive_plan_for(const Member& from, const wire::AttemptId& attempt,
                            std::initializer_list<Member> members) {
    wire::PlanHead head;
    head.control.sender = from;
    head.attempt = attempt;
    head.ring = RingId{attempt.epoch, from.index};
    std::vector<wire::RecoveryOrder> orders;
    for (const Member& one : members) {
        head.members.push_back(one);
        wire::RecoveryOrder order;
        order.old_ring = one == me_ ? ring.old.ring : RingId{0, one.index};
        order.transitional = RingId{attempt.epoch, one.index};
        order.together = {one};
        order.low_aru = one == me_ ? ring.old.aru : Seq{};
        order.stable_max = one == me_ ? ring.old.stable : Seq{};
        order.high_max = one == me_ ? ring.old.high : Seq{};
        order.final_holes.resize(distance(order.low_aru, order.high_max));
        orders.push_back(order);
    }
    head.orders = static_cast<std::uint16_t>(orders.size());
    receive_plan(head, orders);
}

void Solo::agree(const Member& from) {
    const wire::Join* mine = last<wire::Join>();
    TORC_CHECK(mine != nullptr);
    receive(join_of(from, mine->proc_set, mine->fail_set));
}

void Solo::in_ring(std::initializer_list<Member> members) {
    for (const Member& one : members) {
        if (one != me_) receive(join_of(one, set_of(members)));
    }
    const bool alone = members.size() == 1;
    run_for(alone ? settings_.timers.consensus : settings_.timers.join_interval / 2);
    const wire::Propose propose = propose_of(*members.begin(), 5 << 24, set_of(members));
    if (alone) {
        TORC_CHECK(ring.recovering);
    } else if (*members.begin() == me_) {
        TORC_CHECK(last<wire::Propose>() != nullptr);
        const wire::AttemptId attempt = last<wire::Propose>()->attempt;
        for (const Member& one : members) {
            if (one != me_) receive(state_of(one, attempt));
        }
    } else {
        receive(propose);
        receive_plan_for(*members.begin(), propose.attempt, members);
    }
    TORC_CHECK(ring.recovering);
    ring.recovering = false;
    ring.stopped = false;
    ring.old = {};
    ring.old.ring = ring.plan.ring;
    former_.installed(now_, ring.plan.ring, ring.plan.members);
    forget_sent();
}

}  // namespace torc::membership::test
