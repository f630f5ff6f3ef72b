// Flush groups: virtual synchrony by ordered records (protocol.md 9.5; groups/README.md has the
// table of transitions). A change of such a group gives no view at once. Its members are asked,
// may still send in the view that they have, and consent; when all have, the view stands at that
// place of the order, and whatever changed meanwhile is in it.
//
// A *cell* names the members that have delivered the same since their last view: all of a view to
// begin with; a configuration that parts its members parts the cell. Messages go to the sender's
// cell, and the cells are the sets of the next view. 0 is no cell: who joined and waits.
//
// Here is the state and how it changes; Groups tells it what came, and the sessions what follows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/lazy_array.hpp"
#include "base/mutants.hpp"
#include "base/time.hpp"
#include "groups/directory.hpp"
#include "groups/events.hpp"

namespace torc::groups {

/// What is to be known of a flush group beside its members' FlushState.
struct FlushGroup {
    // The same in all daemons of a synced set:
    bool due{false};           ///< a change waits for its view
    ViewCause cause{};         ///< of that view: the weightiest of what came together in it
    bool several{false};       ///< more than one change did
    Participant who;           ///< who joined, left or died; only if it is one change
    std::uint32_t awaited{0};  ///< members with a view that have not consented
    // Of this daemon's members alone:
    std::uint64_t cell{0};  ///< the one that all of them with a view share
    bool asked{false};      ///< they have got their FlushRequest
    bool signalled{false};  ///< they know that not all of their view came along
    Instant asked_at;
};

class FlushGroups {
public:
    using GroupId = Directory::GroupId;
    using PlaceId = Directory::PlaceId;

    /// `deadline`: for consent; 0: there is none.
    FlushGroups(Directory& directory, NodeIndex me, std::size_t groups, Nanos deadline);

    /// Whether there is any: who sends elsewhere need not be looked up.
    bool any() const { return count_ != 0; }
    const FlushGroup& operator[](GroupId group) const { return groups_[group]; }
    void set_now(Instant now) { now_ = now; }

    // --- the order -------------------------------------------------------------------------------

    /// A new group, once its first member is in the directory.
    void open(GroupId group);
    /// Something changes the group's next view. Changes that come together make one view.
    void note(GroupId group, ViewCause cause, const Participant& who);
    void note_network(GroupId group) { note(group, ViewCause::network, {}); }
    /// A member is about to be taken out of the directory.
    void forget(PlaceId member);
    /// A FLUSH_OK to the end of `view` at its place in the order. False if it counts for nothing.
    bool consent(PlaceId member, std::uint16_t view);
    /// A view is due and nobody is waited for.
    bool ready(GroupId group) const {
        const FlushGroup& entry = groups_[group];
        return entry.due && (entry.awaited == 0 || mutant(Mutant::view_without_consent));
    }
    /// The view is given: all members share `cell` from here on.
    void install(GroupId group, std::uint64_t cell);

    /// Whether the coming view has members of this daemon.
    bool has_local(GroupId group) const;

    /// True once for each view: whoever of this daemon has a view and may be asked, must be.
    bool take_request(GroupId group);
    /// True once for each view.
    bool take_signal(GroupId group);

    // --- configurations --------------------------------------------------------------------------

    /// The transitional configuration `id`: who goes on with somebody else is of another cell.
    void part(GroupId group, const RingId& id);
    /// After the directories were joined: counts anew, and finds a view due if cells met.
    void recount(GroupId group);
    /// What this daemon's members have been told already.
    void restore(GroupId group, bool asked, bool signalled);
    void clear() { count_ = 0; }

    // --- this daemon's sessions ------------------------------------------------------------------

    /// A local member may consent now: it was asked, has not answered and does not leave.
    bool is_asked(PlaceId member) const {
        const FlushGroup& group = groups_[directory_.group_of(member)];
        return group.due && group.asked && waits_for(member);
    }
    /// A local member's FLUSH_OK is on its way, or is not after all.
    void set_answered(PlaceId member, bool answered);
    /// The same of its LEAVE or DISCONNECT, which answers for it, too.
    void set_leaving(PlaceId member, bool leaving);
    /// Before this instant nobody is overdue. Who answers in time leaves it as it is.
    Instant next_deadline() const { return next_deadline_; }
    /// All waits begin anew: nobody could have consented for a while.
    void restart_waits();
    /// Shows the sessions that are overdue, as often as they are, and finds the next deadline,
    /// which has passed if there are any. `visit` may change nothing.
    template <typename F>
    void for_each_overdue(F&& visit) {
        next_deadline_ = kNever;
        if (deadline_ == Nanos{0}) return;
        for_each_asked([this, &visit](FlushGroup& group, const Participant& who) {
            const Instant until = group.asked_at + deadline_;
            next_deadline_ = std::min(next_deadline_, until);
            if (until <= now_) visit(who.session);
        });
    }

private:
    /// Local members that were asked and have neither answered nor left.
    template <typename F>
    void for_each_asked(F&& visit) {
        if (!any()) return;
        directory_.for_each_group([this, &visit](GroupId id) {
            if (!directory_.is_flush(id) || !groups_[id].due || !groups_[id].asked) return;
            directory_.for_each_place(id, [this, &visit, id](PlaceId place) {
                const Participant& who = directory_.member(place);
                if (who.daemon != me_ || !waits_for(place)) return;
                visit(groups_[id], who);
            });
        });
    }
    bool is_awaited(PlaceId place) const {
        const FlushState& state = directory_.flush_state(place);
        return state.cell != 0 && !state.flushed;
    }
    bool waits_for(PlaceId place) const {
        const FlushState& state = directory_.flush_state(place);
        return is_awaited(place) && !state.answered && !state.leaving;
    }
    void wait_from_now(FlushGroup& group);

    Directory& directory_;
    NodeIndex me_;
    Nanos deadline_;
    Instant now_{};
    Instant next_deadline_{kNever};
    std::size_t count_{0};
    LazyArray<FlushGroup> groups_;  ///< by the directory's ids
};

}  // namespace torc::groups
