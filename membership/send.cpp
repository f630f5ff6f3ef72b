// My own messages: each is encoded into one scratch buffer and sent to everybody, with a fresh
// `ctl`. A message that finds the pool dry is counted and comes again at its next interval.
#include "membership/impl.hpp"

namespace torc::membership {

wire::Control Former::Impl::next_control(Instant now) {
    return {me, echoes.next(now), fingerprint};
}

void Former::Impl::send(wire::Kind kind, const wire::Control& control, std::size_t length) {
    if (length == 0 || !sender.send(kind, control, {scratch.data(), length})) {
        count(CounterId::control_unsent);
    }
}

void Former::Impl::send_join(Instant now) {
    wire::Join join;
    join.control = next_control(now);
    join.max_epoch_seen = max_epoch_seen;
    join.old_ring = ring;
    join.flags = static_cast<std::uint8_t>((leaving ? wire::kJoinLeaving : 0) |
                                           (episode.token_alive ? wire::kJoinTokenAlive : 0));
    join.suspect = episode.suspect;
    join.proc_set = episode.sets.proc;
    join.fail_set = episode.sets.fail;
    if (now >= hears_from) join.hears = peers.hears(now, 3 * times.merge_probe);
    answered_at = now;
    count(CounterId::join_sent);
    send(wire::Kind::join, join.control, wire::encode_body(join, scratch));
}

void Former::Impl::send_merge(Instant now) {
    wire::Merge merge;
    merge.control = next_control(now);
    merge.ring = ring;
    merge.max_epoch_seen = max_epoch_seen;
    merge.members = members;
    merge.hears = peers.hears(now, 3 * times.merge_probe);
    answered_at = now;
    count(CounterId::merge_sent);
    send(wire::Kind::merge, merge.control, wire::encode_body(merge, scratch));
}

void Former::Impl::send_propose(Instant now) {
    if (form.members.size() == 1) return;
    wire::Propose propose;
    propose.control = next_control(now);
    propose.attempt = form.attempt;
    propose.proc_set = episode.sets.proc;
    propose.fail_set = episode.sets.fail;
    count(CounterId::propose_sent);
    send(wire::Kind::propose, propose.control, wire::encode_body(propose, scratch));
}

void Former::Impl::send_state(Instant now) {
    wire::State& mine = states[raw(me.index)];
    mine.control = next_control(now);
    count(CounterId::state_sent);
    send(wire::Kind::state, mine.control, wire::encode_body(mine, scratch));
}

void Former::Impl::send_plan(Instant now) {
    if (form.members.size() == 1) return;
    const wire::Control control = next_control(now);
    count(CounterId::plan_sent);
    if (!sender.send(wire::Kind::plan, control, {plan_body.data(), plan_length})) {
        count(CounterId::control_unsent);
    }
}

}  // namespace torc::membership
