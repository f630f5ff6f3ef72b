// Digest of membership: who was heard when, the sets of the episode, the attempt under way.
#include "membership/impl.hpp"
#include "tests/explore/digest.hpp"

namespace torc::explore {
namespace {

using namespace membership;

void add(Hasher& hash, const Presence& presence) {
    hash.add(presence.kind);
    if (presence.kind == Presence::Kind::none) return;
    hash.add(presence.incarnation, presence.at, presence.ctl, presence.echo, presence.leaving,
             presence.spent, presence.ring, presence.fail, presence.members);
}

void add(Hasher& hash, const Peers& peers) {
    for (const auto& records : peers.known_) {
        hash.add(records.size());
        for (const auto& record : records) {
            hash.add(record.incarnation, record.newest, record.newest_presence, record.heard);
        }
    }
    for (const Presence& presence : peers.presence_) add(hash, presence);
}

void add(Hasher& hash, const EchoWindow& echoes) {
    hash.add(echoes.newest_, echoes.marks_.size());
    for (const auto& mark : echoes.marks_) hash.add(mark.at, mark.ctl);
}

void add(Hasher& hash, const BackOff& back_off) {
    for (const auto& entry : back_off.entries_) {
        hash.add(entry.incarnation, entry.length);
        hash.add_exact(entry.until);
    }
}

void add(Hasher& hash, const wire::ControlAssembler& assembler) {
    for (std::size_t i = 0; i < assembler.senders_; ++i) {
        const auto& slot = assembler.slots_[i];
        hash.add(slot.completed.incarnation, slot.completed.ctl, slot.parts_seen);
        if (slot.parts_seen == 0) continue;
        hash.add(slot.kind, slot.first.parts, slot.first.incarnation.get(), slot.first.ctl.get());
        const std::size_t length = slot.first.body_length;
        hash.add(std::span<const std::byte>{assembler.buffers_.get() + i * wire::kControlBytesMax,
                                            length});
    }
}

void add(Hasher& hash, const wire::State& state) {
    hash.add(state.control.sender, state.control.ctl, state.attempt, state.old_ring,
             state.lease_wait_ns, state.group_digest);
}

void add_episode(Hasher& hash, const Former::Impl& former) {
    const auto& episode = former.episode;
    hash.add(episode.sets.proc, episode.sets.fail, episode.since, episode.token_alive,
             episode.suspect, episode.leavers);
    const auto& gather = former.gather;
    hash.add(gather.since, gather.changed_at, gather.proc_grew_at, gather.disagreeing_timeouts,
             gather.announced, gather.farewells);
    for (std::size_t i = 0; i < former.nodes; ++i) {
        hash.add(gather.agreed[i], gather.suspects.test(i));
    }
    const auto& operational = former.operational;
    hash.add(operational.drain, operational.draining, operational.outsiders,
             operational.leaver.has_value());
    if (operational.leaver) hash.add(*operational.leaver);
}

void add_attempt(Hasher& hash, const Former::Impl& former) {
    const auto& form = former.form;
    hash.add(form.attempt, form.members, form.answered, form.coordinator, form.objected);
    for (std::size_t i = 0; i < former.nodes; ++i) add(hash, former.states[i]);
    hash.add(std::span<const std::byte>{former.plan_body.data(), former.plan_length});
    hash.add(former.order);
    for (std::size_t i = 0; i < former.nodes; ++i) {
        hash.add(former.set_of[i]);
        const wire::OldRingState* const state = former.state_of[i];
        hash.add(state != nullptr);
        if (state != nullptr) hash.add(*state);
    }
}

}  // namespace

void add(Hasher& hash, const membership::Former& outside, std::size_t) {
    const Former::Impl& former = *outside.impl_;
    for (const std::uint64_t word : former.prng.state_) hash.add(word);
    add(hash, former.assembler);
    add(hash, former.peers);
    add(hash, former.echoes);
    add(hash, former.back_off);
    for (const Instant at : former.timers.at_) hash.add(at);
    hash.add(former.state, former.ring, former.members, former.leaving, former.max_epoch_seen,
             former.highest_heard, former.hears_from, former.answered_at);
    add_episode(hash, former);
    add_attempt(hash, former);
}

}  // namespace torc::explore
