// Digest of the groups layer: sessions, the directory with its slots, the merge under way.
#include "groups/groups.hpp"
#include "tests/explore/digest.hpp"

namespace torc::explore {
namespace {

using namespace groups;

void add(Hasher& hash, const Participant& who) {
    hash.add(who.daemon, who.session, who.name.view());
}

void add(Hasher& hash, const Directory& directory) {
    directory.for_each_group([&](Directory::GroupId id) {
        hash.add(id, directory.name(id), directory.size(id), directory.is_flush(id));
        directory.for_each_place(id, [&](Directory::PlaceId place) {
            add(hash, directory.member(place));
            const FlushState& state = directory.flush_state(place);
            hash.add(state.cell, state.flushed, state.answered);
        });
        directory.locals(id).for_each([&](std::uint16_t slot) { hash.add(slot); });
    });
}

/// When members were asked has no say without a deadline.
void add(Hasher& hash, const FlushGroups& flush, const Directory& directory) {
    if (flush.deadline_ != Nanos{0}) hash.add(flush.next_deadline_);
    directory.for_each_group([&](Directory::GroupId id) {
        if (!directory.is_flush(id)) return;
        const FlushGroup& group = flush[id];
        hash.add(group.due, group.cause, group.awaited, group.cell, group.asked, group.signalled);
        add(hash, group.who);
        if (flush.deadline_ != Nanos{0} && group.asked) hash.add(group.asked_at);
    });
}

void add(Hasher& hash, const Merge& merge) {
    hash.add(merge.active_);
    if (!merge.active_) return;
    hash.add(merge.members_, merge.finished_);
    for (const Member& member : merge.members_) {
        hash.add(merge.lineage_of_[raw(member.index)], merge.set_of_[raw(member.index)]);
    }
    for (const StagedMember& staged : merge.staged_) {
        hash.add(staged.lineage, staged.position, staged.group.view(), staged.flush.is_flush,
                 staged.flush.flushed, staged.flush.due, staged.flush.cell);
        add(hash, staged.who);
    }
}

}  // namespace

void add(Hasher& hash, const groups::Groups& groups) {
    add(hash, groups.directory_);
    add(hash, groups.flush_, groups.directory_);
    for (std::uint16_t i = 0; i < groups.sessions_.slots_used_; ++i) {
        const auto& slot = groups.sessions_.slots_[i];
        hash.add(slot.in_use, slot.id, slot.name.view());
    }
    add(hash, groups.merge_);
    hash.add(groups.ring_, groups.views_so_far_, groups.members_, groups.synced_, groups.lineage_,
             groups.owes_chunk_);
    if (!groups.owes_chunk_) return;
    hash.add(groups.owes_more_, groups.next_group_slot_, groups.next_position_);
    hash.add(std::span<const std::byte>{groups.chunk_.data(), groups.chunk_length_});
}

}  // namespace torc::explore
