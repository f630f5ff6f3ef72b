#include "groups/groups.hpp"

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "groups/fold.hpp"

namespace torc::groups {
namespace {

/// What is said where its sender has no view is in no view: nobody's views are named by this.
constexpr std::uint16_t kOutside = 1;

/// One more view in which a message is said, or that its sender has none. Never 0: it names a flush
/// group.
std::uint16_t with_view(std::uint16_t views, const FlushState& state) {
    if (state.cell == 0 || views == kOutside) return kOutside;
    const auto mixed = static_cast<std::uint16_t>((views * 0x6255u) ^ state.view);
    const auto shifted = static_cast<std::uint16_t>(mixed + kOutside + 1);
    return mixed > kOutside ? mixed : shifted;
}

}  // namespace

Groups::Groups(const config::ClusterSettings& settings, NodeIndex me, const GroupUpcalls& upcalls,
               telemetry::CounterSet& counters)
    : me_(me),
      upcalls_(upcalls),
      counters_(counters),
      directory_(me, {settings.groups, settings.memberships}),
      flush_(directory_, me, settings.groups, settings.flush_deadline),
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
    if (piece.same_envelope) return on_same_envelope(piece);
    again_ = flush_.any() ? nullptr : recent_.find(origin_of(piece), piece.payload);
    if (again_ != nullptr) {
        before_ = piece.payload.first(piece.payload.size() - again_->payload.size());
        return hand_up(piece, *again_);
    }
    before_ = {};
    Envelope& envelope = envelope_;
    if (!read_envelope(piece.payload, envelope)) {
        counters_.inc(telemetry::CounterId::messages_malformed);
        return;
    }
    switch (envelope.kind) {
        case EnvelopeKind::message:
            before_ = piece.payload.first(piece.payload.size() - envelope.payload.size());
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
            return apply_flush_ok(piece, envelope);
    }
}

/// Nothing comes between two messages of a frame: what was found out about the last one holds.
/// Where flush groups are, only the envelope itself does.
void Groups::on_same_envelope(const OrderedPiece& piece) {
    if (again_ != nullptr) {
        again_->payload = piece.payload;
        again_->repeats = true;
        return hand_up(piece, *again_);
    }
    if (!read_envelope(before_, envelope_)) {
        counters_.inc(telemetry::CounterId::messages_malformed);
        return;
    }
    envelope_.payload = piece.payload;
    deliver(piece, envelope_);
}

// --- who may be heard ----------------------------------------------------------------------------

void Groups::find_targets(std::span<const std::string_view> destinations) {
    targets_.clear();
    for (const std::string_view name : destinations) {
        targets_.push_back({name.front() == '#' ? Directory::kNone : directory_.find(name), 0});
    }
}

/// Notes the sender's cell in each target that is a flush group, and whether it may speak in all of
/// them. What is on its way counts only before the message has its place: it is behind it then.
Admission Groups::admission_of(const Participant& sender, bool subgroup, bool at_order) {
    Admission admission;
    if (flush_.any()) {
        for (Target& target : targets_) {
            if (target.group == Directory::kNone || !directory_.is_flush(target.group)) continue;
            const PlaceId place = directory_.place_of(target.group, sender);
            const FlushState state =
                place == Directory::kNone ? FlushState{} : directory_.flush_state(place);
            target.cell = state.cell;
            admission.views = with_view(admission.views, state);
            if (place == Directory::kNone || (state.leaving && !at_order)) {
                admission.objection = SessionOutcome::not_member;
            } else if (state.cell == 0 || (!mutant(Mutant::flushed_heard) &&
                                           (state.flushed || (state.answered && !at_order)))) {
                if (!admission.objection) admission.objection = SessionOutcome::flushed;
            }
        }
    }
    if (subgroup && admission.views == 0) {
        const bool known = targets_.front().group != Directory::kNone;
        admission.objection = known ? SessionOutcome::group_kind : SessionOutcome::not_member;
    }
    return admission;
}

Admission Groups::admit(SessionId session, std::span<const std::string_view> destinations,
                        bool subgroup) {
    if (!flush_.any() && !subgroup) return {};
    find_targets(destinations);
    return admission_of({me_, session, {}}, subgroup, false);
}

/// A message is heard in the view in which it was said, or by nobody. To be a member with a view at
/// the message's place is not enough: it may have become one just before, behind the message's
/// back.
std::optional<SessionOutcome> Groups::objection_at_order(const OrderedPiece& piece,
                                                         const Envelope& envelope) {
    const bool subgroup = (envelope.flags & kSubgroup) != 0;
    const Admission now = admission_of({piece.sender, piece.session, {}}, subgroup, true);
    if (now.objection) return now.objection;
    if (now.views == envelope.views || mutant(Mutant::view_of_saying_ignored)) return std::nullopt;
    return now.views == 0 ? SessionOutcome::not_member : SessionOutcome::flushed;
}

// --- who hears it --------------------------------------------------------------------------------

/// The open session of this daemon that has this name; slot 0xFFFF if there is none.
SessionId Groups::local_session(std::string_view private_name) const {
    const PrivateName parts = split_private(private_name);
    if (parts.daemon != views_.daemon_name(me_)) return SessionId{};
    return sessions_.find(parts.session);
}

void Groups::add_receivers(const Target& target, SessionSet& to) const {
    if (target.group == Directory::kNone) return;
    const bool foreign =
        directory_.is_flush(target.group) && flush_[target.group].cell != target.cell;
    if (foreign && !mutant(Mutant::cell_ignored)) return;
    to.add_all(directory_.locals(target.group));
}

/// Those named members that are in the sender's cell.
void Groups::add_subgroup(std::span<const std::string_view> members, SessionSet& to) const {
    const Target& view = targets_.front();
    if (flush_[view.group].cell != view.cell) return;
    if (mutant(Mutant::subgroup_to_all)) return to.add_all(directory_.locals(view.group));
    for (const std::string_view name : members) {
        const SessionId session = local_session(name);
        if (session.slot < kSessionsMax && directory_.locals(view.group).contains(session.slot)) {
            to.add(session.slot);
        }
    }
}

void Groups::deliver(const OrderedPiece& piece, const Envelope& envelope) {
    find_targets(envelope.groups.span());
    if (const auto objection = objection_at_order(piece, envelope)) {
        counters_.inc(telemetry::CounterId::flush_refused);
        const bool mine = piece.sender == me_ && sessions_.is_open(piece.session);
        if (mine && !mutant(Mutant::refusal_untold)) {
            upcalls_.session_fn(upcalls_.driver, piece.session, *objection);
        }
        return;
    }
    find_receivers(piece, envelope);
    Delivery delivery;
    delivery.sessions = receivers_.span();
    delivery.sender = views_.private_name(envelope.session_name, piece.sender);
    delivery.groups = envelope.groups.span();
    delivery.type = envelope.type;
    delivery.payload = envelope.payload;
    again_ = flush_.any() ? nullptr : recent_.keep(origin_of(piece), before_, envelope, delivery);
    hand_up(piece, delivery);
}

void Groups::find_receivers(const OrderedPiece& piece, const Envelope& envelope) {
    SessionSet to;
    if ((envelope.flags & kSubgroup) != 0) {
        add_subgroup(envelope.groups.span().subspan(1), to);
    } else {
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            add_receivers(targets_[i], to);
            if (envelope.groups[i].front() != '#') continue;
            const SessionId session = local_session(envelope.groups[i]);
            if (session.slot < kSessionsMax) to.add(session.slot);
        }
    }
    if (piece.sender == me_ && (envelope.flags & kSelfDiscard) != 0) {
        to.remove(piece.session.slot % kSessionsMax);
    }
    receivers_.clear();
    to.for_each([&](std::uint16_t slot) { receivers_.push_back(sessions_.in_slot(slot)); });
}

RecentMessages::Origin Groups::origin_of(const OrderedPiece& piece) const {
    const bool blind = mutant(Mutant::change_unnoticed);
    return {piece.sender, piece.session, blind ? 0 : directory_.changes() + sessions_.changes()};
}

void Groups::hand_up(const OrderedPiece& piece, Delivery& delivery) {
    if (delivery.sessions.empty()) return;
    delivery.service = piece.service;
    delivery.ring = piece.ring;
    delivery.seq = piece.seq;
    delivery.index = piece.index;
    upcalls_.deliver_fn(upcalls_.driver, delivery);
}

// --- local sessions ------------------------------------------------------------------------------

void Groups::close_session(SessionId id) {
    if (!sessions_.is_open(id)) return;
    if (!mutant(Mutant::closed_session_heard)) directory_.mute(id);
    const Participant who{me_, id, {}};
    directory_.for_each_group_of(who, [&](GroupId group) {
        if (directory_.is_flush(group)) flush_.set_leaving(directory_.place_of(group, who), true);
    });
    sessions_.close(id);
}

Directory::PlaceId Groups::local_place(SessionId session, std::string_view group) const {
    const GroupId id = directory_.find(group);
    if (id == Directory::kNone || !directory_.is_flush(id)) return Directory::kNone;
    return directory_.place_of(id, {me_, session, {}});
}

Admission Groups::begin_consent(SessionId session, std::string_view group) {
    const PlaceId place = local_place(session, group);
    if (place == Directory::kNone) return {SessionOutcome::not_member, 0};
    if (!flush_.is_asked(place)) return {SessionOutcome::flushed, 0};
    flush_.set_answered(place, true);
    return {std::nullopt, directory_.flush_state(place).view};
}

void Groups::withdraw_consent(SessionId session, std::string_view group) {
    flush_.set_answered(local_place(session, group), false);
}

void Groups::set_leaving(SessionId session, std::string_view group, bool leaving) {
    const PlaceId place = local_place(session, group);
    if (place != Directory::kNone) flush_.set_leaving(place, leaving);
}

const Groups::SessionList& Groups::overdue_sessions() {
    receivers_.clear();
    flush_.for_each_overdue([this](SessionId session) {
        if (sessions_.is_open(session) && !receivers_.contains(session)) {
            receivers_.push_back(session);
        }
    });
    return receivers_;
}

}  // namespace torc::groups
