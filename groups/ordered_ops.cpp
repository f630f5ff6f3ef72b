// What ordered records of sessions do to the directory: joins, leaves, disconnects, and the
// consents of flush groups. The same at every daemon, at the same place of the order.
#include "base/mutants.hpp"
#include "groups/groups.hpp"

namespace torc::groups {
namespace {

Participant author_of(const OrderedPiece& piece, const Envelope& envelope) {
    return {piece.sender, piece.session, SessionName(envelope.session_name)};
}

}  // namespace

// --- joins ---------------------------------------------------------------------------------------

void Groups::refuse_join(const OrderedPiece& piece, SessionOutcome why) {
    counters_.inc(telemetry::CounterId::joins_refused);
    if (piece.sender == me_ && sessions_.is_open(piece.session)) {
        upcalls_.session_fn(upcalls_.driver, piece.session, why);
    }
}

/// Hears nothing until its first view. If it is gone, its DISCONNECT is behind this JOIN and
/// answers for it: nobody else will, and no deadline can end it once more.
void Groups::admit_local(GroupId group, const Participant& who) {
    if (!mutant(Mutant::joiner_hears_early)) directory_.mute_in(group, who.session.slot);
    if (!sessions_.is_open(who.session)) {
        flush_.set_leaving(directory_.place_of(group, who), true);
    }
}

void Groups::apply_join(const OrderedPiece& piece, const Envelope& envelope) {
    const GroupKey name(envelope.groups[0]);
    const bool flush = (envelope.flags & kFlushJoin) != 0;
    const GroupId known = directory_.find(name);
    if (known != Directory::kNone && directory_.is_flush(known) != flush) {
        return refuse_join(piece, SessionOutcome::group_kind);
    }
    const bool told = known != Directory::kNone && has_departed(known);
    const Participant who = author_of(piece, envelope);
    const Directory::Add added = directory_.add(name, who);
    if (added == Directory::Add::full) return refuse_join(piece, SessionOutcome::limit_reached);
    if (added != Directory::Add::added) return;
    if (piece.sender == me_) counters_.inc(telemetry::CounterId::joins);

    const GroupId group = directory_.find(name);
    if (flush) {
        if (known == Directory::kNone) flush_.open(group);
        if (piece.sender == me_) admit_local(group, who);
        return change_flush_group(group, ViewCause::join, who);
    }
    const bool gone = piece.sender == me_ && !sessions_.is_open(piece.session);
    if (gone) directory_.mute(piece.session);  // its DISCONNECT is behind this JOIN
    announce(group, ViewCause::join, views_.private_name(who.name, who.daemon));
    if (transitional_ && has_departed(group)) tell_of_parting(group, told, piece);
}

// --- leaves --------------------------------------------------------------------------------------

/// Removes a member; false if the group ended with it.
bool Groups::take_out(GroupId group, const Participant& who) {
    if (directory_.is_flush(group)) flush_.forget(directory_.place_of(group, who));
    const bool last = directory_.size(group) == 1;
    directory_.remove(group, who);
    return !last;
}

void Groups::apply_leave(const OrderedPiece& piece, const Envelope& envelope) {
    const GroupId group = directory_.find(envelope.groups[0]);
    const Participant who = author_of(piece, envelope);
    if (group == Directory::kNone || !directory_.is_member(group, who)) return;
    const bool flush = directory_.is_flush(group);
    const bool goes_on = take_out(group, who);
    const std::string_view name = views_.private_name(who.name, who.daemon);
    if (piece.sender == me_) {
        counters_.inc(telemetry::CounterId::leaves);
        tell_self_leave(piece.session, envelope.groups[0], name);
    }
    if (!goes_on) return;
    if (flush) return change_flush_group(group, ViewCause::leave, who);
    announce(group, ViewCause::leave, name);
}

void Groups::apply_disconnect(const OrderedPiece& piece, const Envelope& envelope) {
    const Participant who = author_of(piece, envelope);
    for (const GroupId group : groups_by_name(who)) {
        const bool flush = directory_.is_flush(group);
        if (!take_out(group, who)) continue;
        if (flush) {
            change_flush_group(group, ViewCause::disconnect, who);
        } else {
            announce(group, ViewCause::disconnect, views_.private_name(who.name, who.daemon));
        }
    }
}

// --- flush groups --------------------------------------------------------------------------------

/// A member came or went: the view for it, at once or when the others have consented.
void Groups::change_flush_group(GroupId group, ViewCause cause, const Participant& who) {
    flush_.note(group, cause, who);
    if (!give_flush_view(group)) ask_to_flush(group);
}

void Groups::apply_flush_ok(const OrderedPiece& piece, const Envelope& envelope) {
    const GroupId group = directory_.find(envelope.groups[0]);
    if (group == Directory::kNone || !directory_.is_flush(group)) return;
    const PlaceId place = directory_.place_of(group, author_of(piece, envelope));
    if (place != Directory::kNone && flush_.consent(place, envelope.views)) give_flush_view(group);
}

}  // namespace torc::groups
