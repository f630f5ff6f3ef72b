#include "groups/merge.hpp"

#include <algorithm>
#include <tuple>

#include "base/mutants.hpp"
#include "groups/sync_message.hpp"

namespace torc::groups {

Merge::Merge(std::size_t memberships_max) : memberships_max_(memberships_max) {
    staged_.reserve(memberships_max);
}

void Merge::start(const wire::MemberList& members) {
    active_ = true;
    members_ = members;
    finished_.clear();
    staged_.clear();
}

bool Merge::take(NodeIndex from, std::span<const std::byte> chunk) {
    SyncReader reader(chunk);
    if (!reader.valid()) return false;
    SyncEntry entry;
    while (reader.next(entry)) {
        if (staged_.size() == memberships_max_) return false;
        StagedMember& member = staged_.emplace_back();
        member.lineage = reader.lineage();
        member.position = entry.position;
        member.who = {from, entry.session, SessionName(entry.name)};
        member.group = GroupName(entry.group);
        member.flush = entry.flush;
    }
    lineage_of_[raw(from)] = reader.lineage();
    if (reader.last()) finished_.add(from);
    return reader.valid();
}

bool Merge::complete() const {
    return active_ && std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
               return finished_.contains(member.index);
           });
}

/// Members are sorted by index, so the first of a lineage is its lowest.
void Merge::number_sets() {
    std::uint16_t sets = 0;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::uint16_t me = raw(members_[i].index);
        const auto* const first = std::find_if(
            members_.begin(), members_.begin() + i,
            [&](const Member& other) { return lineage_of_[raw(other.index)] == lineage_of_[me]; });
        set_of_[me] = first == members_.begin() + i ? sets++ : set_of_[raw(first->index)];
    }
}

std::span<StagedMember> Merge::finish() {
    number_sets();
    const auto place = [this](const StagedMember& member) {
        const std::uint16_t set =
            mutant(Mutant::merge_by_position_only) ? 0 : set_of(member.who.daemon);
        return std::make_tuple(member.group.view(), set, member.position, raw(member.who.daemon),
                               raw(member.who.session));
    };
    std::sort(staged_.begin(), staged_.end(),
              [&](const StagedMember& a, const StagedMember& b) { return place(a) < place(b); });
    active_ = false;
    return staged_;
}

}  // namespace torc::groups
