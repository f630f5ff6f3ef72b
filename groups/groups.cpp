#include "groups/groups.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/mutants.hpp"

namespace torc::groups {
namespace {

std::uint64_t fold(std::uint64_t lineage, const RingId& id) {
    lineage = (lineage ^ id.epoch) * 0x9E3779B97F4A7C15u;
    return (lineage ^ raw(id.representative) ^ (lineage >> 29)) * 0xBF58476D1CE4E5B9u;
}

/// Added to the numbers of views in a transitional configuration; no ring sees so many.
constexpr std::uint64_t kTransitionalViews = std::uint64_t{1} << 32;

NodeSet set_of_nodes(const wire::MemberList& members) {
    NodeSet nodes;
    for (const Member& member : members) nodes.add(member.index);
    return nodes;
}

}  // namespace

Groups::Groups(const config::ClusterSettings& settings, NodeIndex me, const GroupUpcalls& upcalls,
               telemetry::CounterSet& counters)
    : me_(me),
      upcalls_(upcalls),
      counters_(counters),
      directory_(me, {settings.groups, settings.memberships}),
      merge_(settings.memberships),
      views_(settings),
      lineage_(fold(0, RingId{0, me})),
      chunk_(kSyncChunkMax),
      changed_(settings.groups) {
    synced_.add(me);
    members_.add(me);
    sorted_.reserve(settings.groups);
}

void Groups::on_message(const OrderedPiece& piece) {
    Envelope& envelope = envelope_;
    if (!read_envelope(piece.payload, envelope)) {
        counters_.inc(telemetry::CounterId::messages_malformed);
        return;
    }
    switch (envelope.kind) {
        case EnvelopeKind::message:
            return deliver(piece, envelope);
        case EnvelopeKind::join:
            return apply_join(piece, envelope);
        case EnvelopeKind::leave:
            return apply_leave(piece, envelope);
        case EnvelopeKind::disconnect:
            return apply_disconnect(piece, envelope);
        case EnvelopeKind::sync:
            return on_sync(piece, envelope);
        case EnvelopeKind::flush_ok:
            return;
    }
}

// --- messages ------------------------------------------------------------------------------------

void Groups::add_private_destination(std::string_view destination, SessionSet& to) const {
    const PrivateName parts = split_private(destination);
    if (parts.daemon != views_.daemon_name(me_)) return;
    const SessionId session = sessions_.find(parts.session);
    if (session.slot < kSessionsMax) to.add(session.slot);
}

void Groups::deliver(const OrderedPiece& piece, const Envelope& envelope) {
    SessionSet to;
    for (const std::string_view group : envelope.groups) {
        if (group.front() == '#') {
            add_private_destination(group, to);
        } else if (const Directory::GroupId id = directory_.find(group); id != Directory::kNone) {
            to.add_all(directory_.locals(id));
        }
    }
    if (piece.sender == me_ && (envelope.flags & kSelfDiscard) != 0) {
        to.remove(piece.session.slot % kSessionsMax);
    }
    receivers_.clear();
    to.for_each([&](std::uint16_t slot) { receivers_.push_back(sessions_.in_slot(slot)); });
    if (receivers_.empty()) return;

    Delivery delivery;
    delivery.sessions = receivers_.span();
    delivery.sender = views_.private_name(envelope.session_name, piece.sender);
    delivery.groups = envelope.groups.span();
    delivery.service = piece.service;
    delivery.type = envelope.type;
    delivery.ring = piece.ring;
    delivery.seq = piece.seq;
    delivery.index = piece.index;
    delivery.payload = envelope.payload;
    upcalls_.deliver_fn(upcalls_.driver, delivery);
}

// --- joins and leaves
// ------------------------------------------------------------------------------

void Groups::apply_join(const OrderedPiece& piece, const Envelope& envelope) {
    const Participant who{piece.sender, piece.session, SessionName(envelope.session_name)};
    const bool gone = piece.sender == me_ && !sessions_.is_open(piece.session);
    const Directory::GroupId known = directory_.find(envelope.groups[0]);
    const bool told = known != Directory::kNone && has_departed(known);
    const Directory::Add added = directory_.add(envelope.groups[0], who);
    if (added == Directory::Add::full) {
        counters_.inc(telemetry::CounterId::joins_refused);
        if (piece.sender == me_ && !gone) {
            upcalls_.session_fn(upcalls_.driver, piece.session, SessionOutcome::limit_reached);
        }
    }
    if (added != Directory::Add::added) return;
    if (piece.sender == me_) counters_.inc(telemetry::CounterId::joins);
    if (gone) directory_.mute(piece.session);  // its DISCONNECT is behind this JOIN
    const Directory::GroupId group = directory_.find(envelope.groups[0]);
    announce(group, ViewCause::join, views_.private_name(who.name, who.daemon));
    if (transitional_ && has_departed(group)) tell_of_parting(group, told, piece);
}

/// A join between the transitional signal and the next configuration: whoever sees somebody in the
/// group who did not come along must know that from here on messages are not shared with all.
void Groups::tell_of_parting(Directory::GroupId group, bool others_know,
                             const OrderedPiece& joiner) {
    if (!others_know) return announce(group, ViewCause::transitional, {});
    if (joiner.sender != me_ || !sessions_.is_open(joiner.session)) return;
    ViewEvent event;
    event.session = joiner.session;
    event.group = directory_.name(group);
    event.cause = ViewCause::transitional;
    event.ring = ring_;
    counters_.inc(telemetry::CounterId::views);
    upcalls_.view_fn(upcalls_.driver, event);
}

void Groups::apply_leave(const OrderedPiece& piece, const Envelope& envelope) {
    const Directory::GroupId group = directory_.find(envelope.groups[0]);
    const Participant who{piece.sender, piece.session, SessionName(envelope.session_name)};
    if (group == Directory::kNone || !directory_.is_member(group, who)) return;
    const bool last = directory_.size(group) == 1;
    directory_.remove(group, who);
    if (piece.sender == me_) counters_.inc(telemetry::CounterId::leaves);

    const std::string_view name = views_.private_name(who.name, who.daemon);
    if (piece.sender == me_ && sessions_.is_open(piece.session)) {
        ViewEvent event;
        event.session = piece.session;
        event.group = envelope.groups[0];
        event.cause = ViewCause::self_leave;
        event.ring = ring_;
        event.who = name;
        upcalls_.view_fn(upcalls_.driver, event);
    }
    if (!last) announce(group, ViewCause::leave, name);
}

void Groups::apply_disconnect(const OrderedPiece& piece, const Envelope& envelope) {
    const Participant who{piece.sender, piece.session, SessionName(envelope.session_name)};
    for (const Directory::GroupId group : groups_by_name(who)) {
        const bool last = directory_.size(group) == 1;
        directory_.remove(group, who);
        if (!last) {
            announce(group, ViewCause::disconnect, views_.private_name(who.name, who.daemon));
        }
    }
}

void Groups::close_session(SessionId id) {
    if (!sessions_.is_open(id)) return;
    if (!mutant(Mutant::closed_session_heard)) directory_.mute(id);
    sessions_.close(id);
}

// --- configurations ----------------------------------------------------------------------------

bool Groups::has_departed(Directory::GroupId group) const {
    bool departed = false;
    directory_.for_each_member(group, [&](const Participant& who) {
        departed = departed || !synced_.contains(who.daemon);
    });
    return departed;
}

void Groups::on_transitional(const RingId& id, const wire::MemberList& members) {
    if (!mutant(Mutant::merge_not_cancelled)) merge_.cancel();
    owes_chunk_ = owes_more_ = false;
    if (!mutant(Mutant::lineage_not_folded)) lineage_ = fold(lineage_, id);
    members_ = set_of_nodes(members);
    transitional_ = true;
    // Views of joins and leaves delivered from here on differ from those of members that part
    // from us now. Those who move together are disjoint sets, and so their lowest member tells them
    // apart; the jump of the numbers tells them from who is still in the regular configuration.
    if (!mutant(Mutant::transitional_views_unnamed)) {
        ring_.representative = members.front().index;
        views_so_far_ += kTransitionalViews;
    }
    for (std::uint16_t i = 0; i < kNodesMax; ++i) {
        if (!members_.contains(NodeIndex{i})) synced_.remove(NodeIndex{i});
    }
    for (const Directory::GroupId group : groups_by_name()) {
        if (has_departed(group)) announce(group, ViewCause::transitional, {});
    }
}

void Groups::on_regular(const RingId& id, const wire::MemberList& members) {
    ring_ = id;
    members_ = set_of_nodes(members);
    transitional_ = false;
    views_so_far_ = 0;
    if (synced_ == members_) {
        after_subtraction();
        return;
    }
    merge_.start(members);
    owes_chunk_ = owes_more_ = true;
    next_group_slot_ = 0;
    next_position_ = 0;
    chunk_length_ = 0;
}

void Groups::drop_departed(Directory::GroupId group) {
    FixedVec<Participant, 64> departed;
    do {
        departed.clear();
        directory_.for_each_member(group, [&](const Participant& who) {
            if (!synced_.contains(who.daemon) && !departed.full()) departed.push_back(who);
        });
        for (const Participant& who : departed) directory_.remove(group, who);
    } while (departed.full());
}

void Groups::after_subtraction() {
    lineage_ = fold(0, ring_);
    for (const Directory::GroupId group : groups_by_name()) {
        if (!has_departed(group)) continue;
        const GroupName name(directory_.name(group));
        if (!mutant(Mutant::departed_kept)) drop_departed(group);
        if (directory_.find(name.view()) == group) {
            announce_network(group, [](NodeIndex) { return std::uint16_t{0}; });
        }
    }
}

// --- joining directories -----------------------------------------------------------------------

std::span<const std::byte> Groups::chunk_to_send() {
    if (!owes_chunk_) return {};
    if (chunk_length_ != 0) return {chunk_.data(), chunk_length_};

    SyncWriter writer(chunk_, lineage_);
    while (next_group_slot_ < directory_.slots_end() && !writer.full()) {
        const bool whole_group = directory_.for_each_member_of_slot(
            next_group_slot_, next_position_, [&](std::uint32_t position, const Participant& who) {
                if (writer.full()) return false;
                next_position_ = position + 1;
                if (who.daemon == me_) {
                    writer.add({who.session, position, who.name.view(),
                                directory_.name(next_group_slot_)});
                }
                return true;
            });
        if (!whole_group) break;
        ++next_group_slot_;
        next_position_ = 0;
    }
    owes_more_ = next_group_slot_ < directory_.slots_end();
    chunk_length_ = writer.finish(!owes_more_);
    return {chunk_.data(), chunk_length_};
}

void Groups::chunk_sent() {
    chunk_length_ = 0;
    owes_chunk_ = owes_more_;
}

void Groups::on_sync(const OrderedPiece& piece, const Envelope& envelope) {
    if (!merge_.active()) return;
    if (!merge_.take(piece.sender, envelope.payload)) {
        counters_.inc(telemetry::CounterId::messages_malformed);
    }
    if (merge_.complete()) after_merge();
}

bool Groups::differs(Directory::GroupId group, std::span<const StagedMember> members) const {
    if (directory_.size(group) != members.size()) return true;
    std::size_t at = 0;
    bool different = false;
    directory_.for_each_member(group, [&](const Participant& who) {
        different = different || !who.same_process(members[at].who);
        ++at;
    });
    return different;
}

/// Replaces the directory by the joined one and notes in `changed_` whose view is new.
void Groups::rebuild(std::span<const StagedMember> staged) {
    const auto same_group = [](const StagedMember& a, const StagedMember& b) {
        return a.group == b.group;
    };
    FixedVec<bool, kGroupsMax> changed;  // by the group's place among the staged ones
    for (std::size_t from = 0; from < staged.size() && !changed.full();) {
        std::size_t to = from + 1;
        while (to < staged.size() && same_group(staged[from], staged[to])) ++to;
        const Directory::GroupId id = directory_.find(staged[from].group.view());
        // Who was lost and is back at once did not move with us: same members, another view.
        changed.push_back(id == Directory::kNone ||
                          (has_departed(id) && !mutant(Mutant::loss_unnoticed)) ||
                          differs(id, staged.subspan(from, to - from)));
        from = to;
    }
    directory_.clear();
    std::size_t place = 0;
    for (std::size_t i = 0; i < staged.size(); ++i) {
        if (i > 0 && !same_group(staged[i - 1], staged[i])) ++place;
        if (directory_.add(staged[i].group.view(), staged[i].who) == Directory::Add::full) {
            counters_.inc(telemetry::CounterId::joins_refused);
            continue;
        }
        changed_[directory_.find(staged[i].group.view())] =
            place >= changed.size() || changed[place];
        const Participant& who = staged[i].who;
        if (who.daemon == me_ && !sessions_.is_open(who.session)) {
            directory_.mute_in(directory_.find(staged[i].group.view()), who.session.slot);
        }
    }
}

void Groups::after_merge() {
    counters_.inc(telemetry::CounterId::merges);
    rebuild(merge_.finish());
    synced_ = members_;
    lineage_ = fold(0, ring_);
    for (const Directory::GroupId group : groups_by_name()) {
        // Where a group is as it was, its members keep their view; the number moves on all the
        // same, because it must be equal everywhere and others do see a change.
        if (changed_[group]) {
            announce_network(group, [this](NodeIndex daemon) { return merge_.set_of(daemon); });
        } else {
            if (!mutant(Mutant::view_number_only_if_changed)) ++views_so_far_;
        }
    }
}

// --- views -----------------------------------------------------------------------------------

/// Slots have no agreed order; names do, and views of several groups come in it everywhere.
std::span<const Directory::GroupId> Groups::groups_by_name() {
    sorted_.clear();
    directory_.for_each_group([this](Directory::GroupId group) { sorted_.push_back(group); });
    return sort_by_name();
}

/// The groups of one process.
std::span<const Directory::GroupId> Groups::groups_by_name(const Participant& who) {
    sorted_.clear();
    directory_.for_each_group_of(who,
                                 [this](Directory::GroupId group) { sorted_.push_back(group); });
    return sort_by_name();
}

std::span<const Directory::GroupId> Groups::sort_by_name() {
    std::sort(sorted_.begin(), sorted_.end(),
              [this](auto a, auto b) { return directory_.name(a) < directory_.name(b); });
    return sorted_;
}

void Groups::announce(Directory::GroupId group, ViewCause cause, std::string_view who) {
    ViewEvent event;
    event.group = directory_.name(group);
    event.cause = cause;
    event.ring = ring_;
    event.who = who;
    if (cause != ViewCause::transitional) {
        event.index = ++views_so_far_;
        event.members = views_.members(directory_, group);
    }
    counters_.inc(telemetry::CounterId::views);
    directory_.locals(group).for_each([&](std::uint16_t slot) {
        event.session = sessions_.in_slot(slot);
        upcalls_.view_fn(upcalls_.driver, event);
    });
}

template <typename SetOf>
void Groups::announce_network(Directory::GroupId group, SetOf&& set_of) {
    ViewEvent event;
    event.group = directory_.name(group);
    event.cause = ViewCause::network;
    event.ring = ring_;
    event.index = ++views_so_far_;
    event.members = views_.members(directory_, group);
    event.vs_set_of = views_.sets(directory_, group, set_of);
    event.my_vs_set = set_of(me_);
    counters_.inc(telemetry::CounterId::views);
    directory_.locals(group).for_each([&](std::uint16_t slot) {
        event.session = sessions_.in_slot(slot);
        upcalls_.view_fn(upcalls_.driver, event);
    });
}

}  // namespace torc::groups
