#include "groups/flush.hpp"

#include <utility>

#include "base/check.hpp"
#include "groups/fold.hpp"

namespace torc::groups {
namespace {

/// Of changes that come together, the heaviest gives the view its cause.
int weight_of(ViewCause cause) {
    switch (cause) {
        case ViewCause::leave:
            return 1;
        case ViewCause::disconnect:
            return 2;
        case ViewCause::join:
            return 3;
        case ViewCause::network:
            return 4;
        case ViewCause::self_leave:
        case ViewCause::transitional:
            break;
    }
    check_failed("no view of others has that cause");
}

}  // namespace

FlushGroups::FlushGroups(Directory& directory, NodeIndex me, std::size_t groups, Nanos deadline)
    : directory_(directory), me_(me), deadline_(deadline), groups_(groups) {}

// --- the order -----------------------------------------------------------------------------------

void FlushGroups::open(GroupId group) {
    directory_.set_flush(group, true);
    groups_.put(group, FlushGroup{});
    ++count_;
}

void FlushGroups::note(GroupId group, ViewCause cause, const Participant& who) {
    FlushGroup& entry = groups_[group];
    entry.several = entry.due;
    entry.who = entry.several || cause == ViewCause::network ? Participant{} : who;
    if (!entry.due || weight_of(cause) > weight_of(entry.cause)) entry.cause = cause;
    entry.due = true;
}

void FlushGroups::forget(PlaceId member) {
    const GroupId group = directory_.group_of(member);
    if (is_awaited(member) && !mutant(Mutant::leaver_awaited)) --groups_[group].awaited;
    if (directory_.size(group) == 1) --count_;
}

bool FlushGroups::consent(PlaceId member, std::uint16_t view) {
    FlushGroup& group = groups_[directory_.group_of(member)];
    FlushState state = directory_.flush_state(member);
    if (!group.due || !is_awaited(member) || state.view != view) return false;
    state.flushed = true;
    directory_.set_flush_state(member, state);
    --group.awaited;
    return true;
}

void FlushGroups::install(GroupId group, std::uint64_t cell) {
    groups_.put(group, FlushGroup{});
    FlushGroup& entry = groups_[group];
    directory_.for_each_place(group, [&](PlaceId place) {
        FlushState state = directory_.flush_state(place);
        state.cell = cell;
        state.view = static_cast<std::uint16_t>(cell >> 48);
        state.flushed = state.answered = false;
        directory_.set_flush_state(place, state);
        ++entry.awaited;
        if (directory_.member(place).daemon == me_) entry.cell = cell;
    });
}

bool FlushGroups::has_local(GroupId group) const {
    bool local = false;
    directory_.for_each_member(group,
                               [&](const Participant& who) { local = local || who.daemon == me_; });
    return local;
}

bool FlushGroups::take_request(GroupId group) {
    FlushGroup& entry = groups_[group];
    if (!entry.due || (entry.asked && !mutant(Mutant::asked_again))) return false;
    entry.asked = true;
    wait_from_now(entry);
    return true;
}

bool FlushGroups::take_signal(GroupId group) {
    return !std::exchange(groups_[group].signalled, true);
}

// --- configurations ------------------------------------------------------------------------------

void FlushGroups::part(GroupId group, const RingId& id) {
    if (mutant(Mutant::cell_not_parted)) return;
    directory_.for_each_place(group, [&](PlaceId place) {
        FlushState state = directory_.flush_state(place);
        if (state.cell == 0) return;
        state.cell = fold(state.cell, id);
        directory_.set_flush_state(place, state);
    });
    if (groups_[group].cell != 0) groups_[group].cell = fold(groups_[group].cell, id);
}

void FlushGroups::recount(GroupId group) {
    FlushGroup& entry = groups_[group];
    entry.awaited = 0;
    entry.cell = 0;
    std::uint64_t one_cell = 0;
    directory_.for_each_place(group, [&](PlaceId place) {
        const std::uint64_t cell = directory_.flush_state(place).cell;
        if (cell == 0) return;
        if (one_cell != 0 && cell != one_cell) entry.due = true;
        one_cell = cell;
        if (is_awaited(place)) ++entry.awaited;
        if (directory_.member(place).daemon == me_) entry.cell = cell;
    });
    if (entry.due) note_network(group);
}

void FlushGroups::restore(GroupId group, bool asked, bool signalled) {
    groups_[group].asked = groups_[group].asked || asked;
    groups_[group].signalled = groups_[group].signalled || signalled;
}

// --- this daemon's sessions ----------------------------------------------------------------------

void FlushGroups::set_answered(PlaceId member, bool answered) {
    FlushState state = directory_.flush_state(member);
    state.answered = answered;
    directory_.set_flush_state(member, state);
}

void FlushGroups::set_leaving(PlaceId member, bool leaving) {
    FlushState state = directory_.flush_state(member);
    state.leaving = leaving;
    directory_.set_flush_state(member, state);
}

void FlushGroups::wait_from_now(FlushGroup& group) {
    group.asked_at = now_;
    if (deadline_ != Nanos{0}) next_deadline_ = std::min(next_deadline_, now_ + deadline_);
}

void FlushGroups::restart_waits() {
    next_deadline_ = kNever;
    for_each_asked([this](FlushGroup& group, const Participant&) { wait_from_now(group); });
}

}  // namespace torc::groups
