// What configurations do to the directory: who is cut off leaves it, and daemons that come together
// join theirs (protocol.md 9.2; merge.hpp). Flush groups note the change and wait for consent.
#include <algorithm>

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "groups/fold.hpp"
#include "groups/groups.hpp"

namespace torc::groups {
namespace {

/// Added to the numbers of views in a transitional configuration; no ring sees so many.
constexpr std::uint64_t kTransitionalViews = std::uint64_t{1} << 32;

NodeSet set_of_nodes(const wire::MemberList& members) {
    NodeSet nodes;
    for (const Member& member : members) nodes.add(member.index);
    return nodes;
}

bool same_group(const StagedMember& a, const StagedMember& b) { return a.group == b.group; }

}  // namespace

// --- the transitional signal ---------------------------------------------------------------------

bool Groups::has_departed(GroupId group) const {
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
    // Views of joins and leaves delivered from here on differ from those of members that part from
    // us now. Those who move together are disjoint sets, and so their lowest member tells them
    // apart; the jump of the numbers tells them from who is still in the regular configuration.
    if (!mutant(Mutant::transitional_views_unnamed)) {
        ring_.representative = members.front().index;
        views_so_far_ += kTransitionalViews;
    }
    for (std::uint16_t i = 0; i < kNodesMax; ++i) {
        if (!members_.contains(NodeIndex{i})) synced_.remove(NodeIndex{i});
    }
    for (const GroupId group : concerned_groups()) {
        if (directory_.is_flush(group)) {
            part_flush_group(group, id);
        } else {
            announce(group, ViewCause::transitional, {});
        }
    }
}

/// The signal is for members whose view has lost somebody: not who waits for a first view, and not
/// for the loss of members that another view holds.
void Groups::part_flush_group(GroupId group, const RingId& id) {
    flush_.part(group, id);
    if (!has_departed(group)) return;
    bool view_lost_some = false;
    directory_.for_each_place(group, [&](PlaceId place) {
        const std::uint64_t cell = directory_.flush_state(place).cell;
        const bool ours = cell != 0 && cell == flush_[group].cell;
        const bool lost = !synced_.contains(directory_.member(place).daemon);
        view_lost_some = view_lost_some || (ours && lost);
    });
    if (view_lost_some && flush_.take_signal(group)) announce(group, ViewCause::transitional, {});
    flush_.note_network(group);
    ask_to_flush(group);
}

// --- the next configuration ----------------------------------------------------------------------

void Groups::on_regular(const RingId& id, const wire::MemberList& members) {
    ring_ = id;
    members_ = set_of_nodes(members);
    transitional_ = false;
    views_so_far_ = 0;
    flush_.restart_waits();  // there was no ring that could have taken a consent
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

/// False if the group ended with them.
bool Groups::drop_departed(GroupId group) {
    FixedVec<Participant, 64> departed;
    bool goes_on = true;
    do {
        departed.clear();
        directory_.for_each_member(group, [&](const Participant& who) {
            if (!synced_.contains(who.daemon) && !departed.full()) departed.push_back(who);
        });
        for (const Participant& who : departed) goes_on = take_out(group, who);
    } while (goes_on && departed.full());
    return goes_on;
}

void Groups::after_subtraction() {
    lineage_ = fold(0, ring_);
    for (const GroupId group : concerned_groups()) {
        const bool departed = has_departed(group);
        const bool flush = directory_.is_flush(group);
        if (departed && !mutant(Mutant::departed_kept) && !drop_departed(group)) continue;
        if (flush) {
            // Somebody may have joined and be gone, all between the signal and here.
            if (departed) flush_.note_network(group);
            if (!give_flush_view(group)) ask_to_flush(group);
        } else if (departed) {
            announce_network(group, false);
        }
    }
}

// --- joining directories -------------------------------------------------------------------------

std::span<const std::byte> Groups::chunk_to_send() {
    if (!owes_chunk_) return {};
    if (chunk_length_ != 0) return {chunk_.data(), chunk_length_};

    SyncWriter writer(chunk_, lineage_);
    while (next_group_slot_ < directory_.slots_end() && !writer.full()) {
        const bool whole_group = directory_.for_each_place_of_slot(
            next_group_slot_, next_position_, [&](std::uint32_t position, PlaceId place) {
                if (writer.full()) return false;
                next_position_ = position + 1;
                if (directory_.member(place).daemon == me_) writer.add(sync_entry(position, place));
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

SyncEntry Groups::sync_entry(std::uint32_t position, PlaceId place) const {
    const Participant& who = directory_.member(place);
    const GroupId group = directory_.group_of(place);
    SyncEntry entry{who.session, position, who.name.view(), directory_.name(group), {}};
    if (!directory_.is_flush(group)) return entry;
    const FlushState& state = directory_.flush_state(place);
    entry.flush = {true, state.flushed && !mutant(Mutant::consent_lost_in_merge),
                   flush_[group].due && !mutant(Mutant::due_lost_in_merge), state.cell, state.view};
    return entry;
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

/// What only this daemon knows of its members outlives the old directory.
void Groups::remember_own(std::span<StagedMember> staged) const {
    for (StagedMember& member : staged) {
        if (member.who.daemon != me_) continue;
        const GroupId group = directory_.find(member.group.view());
        if (group == Directory::kNone || !directory_.is_flush(group)) continue;
        const PlaceId place = directory_.place_of(group, member.who);
        if (place == Directory::kNone) continue;
        member.answered = directory_.flush_state(place).answered;
        member.leaving = directory_.flush_state(place).leaving;
        member.asked = flush_[group].asked;
        member.signalled = flush_[group].signalled;
    }
}

/// If daemons come together that knew a name as an open and as a flush group, it is what the lowest
/// set made of it, and the members of the other kind are out.
std::span<StagedMember> Groups::expel_other_kinds(std::span<StagedMember> staged) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < staged.size(); ++i) {
        const StagedMember& member = staged[i];
        const bool first = kept == 0 || !same_group(staged[kept - 1], member);
        if (first || staged[kept - 1].flush.is_flush == member.flush.is_flush) {
            if (kept != i) staged[kept] = member;
            ++kept;
        } else if (member.who.daemon == me_ && sessions_.is_open(member.who.session)) {
            tell_self_leave(member.who.session, member.group.view(),
                            views_.private_name(member.who.name, me_), true);
        }
    }
    return staged.first(kept);
}

bool Groups::differs(GroupId group, std::span<const StagedMember> members) const {
    if (directory_.size(group) != members.size()) return true;
    std::size_t at = 0;
    bool different = false;
    directory_.for_each_member(group, [&](const Participant& who) {
        different = different || !who.same_process(members[at].who);
        ++at;
    });
    return different;
}

void Groups::put_back(const StagedMember& member) {
    const GroupKey name(member.group.view());
    if (directory_.add(name, member.who) == Directory::Add::full) {
        counters_.inc(telemetry::CounterId::joins_refused);
        return;
    }
    const GroupId group = directory_.find(name);
    changed_[group] = member.changed;
    const bool mine = member.who.daemon == me_;
    bool hears = sessions_.is_open(member.who.session);
    if (member.flush.is_flush) {
        if (directory_.size(group) == 1) flush_.open(group);
        const FlushState state{member.flush.cell, member.flush.view, member.flush.flushed,
                               member.answered, member.leaving};
        directory_.set_flush_state(directory_.place_of(group, member.who), state);
        if (member.flush.due) flush_.note_network(group);
        if (mine) flush_.restore(group, member.asked, member.signalled);
        hears = hears && member.flush.cell != 0;
    }
    if (mine && !hears) directory_.mute_in(group, member.who.session.slot);
}

/// Replaces the directory by the joined one and notes in `changed_` whose view is new.
void Groups::rebuild(std::span<StagedMember> staged) {
    for (std::size_t from = 0; from < staged.size();) {
        std::size_t to = from + 1;
        while (to < staged.size() && same_group(staged[from], staged[to])) ++to;
        const GroupId id = directory_.find(staged[from].group.view());
        // Who was lost and is back at once did not move with us: same members, another view.
        const bool changed = id == Directory::kNone ||
                             (has_departed(id) && !mutant(Mutant::loss_unnoticed)) ||
                             differs(id, staged.subspan(from, to - from));
        for (; from < to; ++from) staged[from].changed = changed;
    }
    directory_.clear();
    flush_.clear();
    for (const StagedMember& member : staged) put_back(member);
}

void Groups::after_merge() {
    counters_.inc(telemetry::CounterId::merges);
    const std::span<StagedMember> staged = merge_.finish();
    remember_own(staged);
    rebuild(expel_other_kinds(staged));
    synced_ = members_;
    lineage_ = fold(0, ring_);
    for (const GroupId group : groups_as_joined()) {
        // Where a group is as it was, its members keep their view; the number moves on all the
        // same, because it must be equal everywhere and others do see a change.
        if (directory_.is_flush(group)) {
            flush_.recount(group);
            if (!give_flush_view(group)) ask_to_flush(group);
        } else if (changed_[group]) {
            announce_network(group, true);
        } else {
            if (!mutant(Mutant::view_number_only_if_changed)) ++views_so_far_;
        }
    }
    flush_.restart_waits();
}

// Views of several groups come in one order everywhere. Ids have none that is agreed, but in a
// directory that was just joined: there all daemons gave them in the order of the SYNC records.

/// In a directory that was just joined, all groups.
std::span<const Groups::GroupId> Groups::groups_as_joined() {
    sorted_.clear();
    directory_.for_each_group([this](GroupId group) { sorted_.push_back(group); });
    return sorted_;
}

/// Those for which it matters who is cut off.
std::span<const Groups::GroupId> Groups::concerned_groups() {
    sorted_.clear();
    directory_.for_each_group([this](GroupId group) {
        if (directory_.is_flush(group) || has_departed(group)) sorted_.push_back(group);
    });
    return sort_by_name();
}

std::span<const Groups::GroupId> Groups::groups_by_name(const Participant& who) {
    sorted_.clear();
    directory_.for_each_group_of(who, [this](GroupId group) { sorted_.push_back(group); });
    return sort_by_name();
}

std::span<const Groups::GroupId> Groups::sort_by_name() {
    std::sort(sorted_.begin(), sorted_.end(),
              [this](auto a, auto b) { return directory_.name(a) < directory_.name(b); });
    return sorted_;
}

}  // namespace torc::groups
