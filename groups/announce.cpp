// What local sessions are told of their groups: views, the transitional signal, requests to flush.
#include "base/mutants.hpp"
#include "groups/fold.hpp"
#include "groups/groups.hpp"

namespace torc::groups {

/// One view event, or the signal, to every local member.
void Groups::announce(GroupId group, ViewCause cause, std::string_view who) {
    ViewEvent event;
    event.group = directory_.name(group);
    event.cause = cause;
    event.ring = ring_;
    event.who = who;
    if (cause != ViewCause::transitional) event.index = ++views_so_far_;
    counters_.inc(telemetry::CounterId::views);
    if (directory_.locals(group).empty()) return;  // names of thousands for nobody
    if (cause != ViewCause::transitional) event.members = views_.members(directory_, group);
    directory_.locals(group).for_each([&](std::uint16_t slot) {
        event.session = sessions_.in_slot(slot);
        upcalls_.view_fn(upcalls_.driver, event);
    });
}

/// The view of a network change: with who came along with whom, as the merge found it, or all.
void Groups::announce_network(GroupId group, bool merged) {
    const auto set_of = [&](NodeIndex daemon) {
        return merged ? merge_.set_of(daemon) : std::uint16_t{0};
    };
    ViewEvent event;
    event.group = directory_.name(group);
    event.cause = ViewCause::network;
    event.ring = ring_;
    event.index = ++views_so_far_;
    counters_.inc(telemetry::CounterId::views);
    if (directory_.locals(group).empty()) return;
    event.members = views_.members(directory_, group);
    event.vs_set_of = views_.sets(directory_, group, set_of);
    event.my_vs_set = set_of(me_);
    directory_.locals(group).for_each([&](std::uint16_t slot) {
        event.session = sessions_.in_slot(slot);
        upcalls_.view_fn(upcalls_.driver, event);
    });
}

/// A join between the transitional signal and the next configuration: whoever sees somebody in the
/// group who did not come along must know that from here on messages are not shared with all.
void Groups::tell_of_parting(GroupId group, bool others_know, const OrderedPiece& joiner) {
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

void Groups::tell_self_leave(SessionId session, std::string_view group, std::string_view who,
                             bool kind_lost) {
    if (!sessions_.is_open(session)) return;
    ViewEvent event;
    event.session = session;
    event.group = group;
    event.cause = ViewCause::self_leave;
    event.ring = ring_;
    event.who = who;
    event.kind_lost = kind_lost;
    upcalls_.view_fn(upcalls_.driver, event);
}

// --- flush groups --------------------------------------------------------------------------------

/// Gives the view that is due, if nobody is waited for. Never behind a transitional signal: members
/// who parted are still in the directory there, and the next configuration is in the same step.
bool Groups::give_flush_view(GroupId group) {
    if (transitional_ && !mutant(Mutant::view_behind_signal)) return false;
    if (!flush_.ready(group)) return false;
    ViewEvent event;
    event.ring = ring_;
    event.index = ++views_so_far_;
    counters_.inc(telemetry::CounterId::views);
    const bool heard = flush_.has_local(group);
    if (heard) {
        const FlushGroup& next = flush_[group];
        const bool one = next.who.daemon != kNoNode;
        event.group = directory_.name(group);
        event.cause = next.cause;
        if (one) event.who = views_.private_name(next.who.name, next.who.daemon);
        event.members = views_.members(directory_, group);
        event.vs_set_of = views_.cells(directory_, group);
    }
    flush_.install(group, fold(event.index, ring_));
    if (heard) tell_flush_view(group, event);
    return true;
}

/// Each local member's event tells its own set; from here on it hears the group.
void Groups::tell_flush_view(GroupId group, ViewEvent& event) {
    std::size_t position = 0;
    directory_.for_each_place(group, [&](PlaceId place) {
        event.my_vs_set = event.vs_set_of[position++];
        const Participant& member = directory_.member(place);
        if (member.daemon != me_ || !sessions_.is_open(member.session)) return;
        directory_.hear_in(group, member.session.slot);
        event.session = member.session;
        upcalls_.view_fn(upcalls_.driver, event);
    });
}

/// Local members with a view, once for each view that is due.
void Groups::ask_to_flush(GroupId group) {
    if (!flush_.take_request(group)) return;
    FlushRequest request;
    request.group = directory_.name(group);
    directory_.locals(group).for_each([&](std::uint16_t slot) {
        request.session = sessions_.in_slot(slot);
        counters_.inc(telemetry::CounterId::flush_requests);
        if (upcalls_.flush_fn != nullptr) upcalls_.flush_fn(upcalls_.driver, request);
    });
}

}  // namespace torc::groups
