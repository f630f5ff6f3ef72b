#include "groups/merge.hpp"

#include <algorithm>
#include <tuple>

#include "base/mutants.hpp"
#include "groups/sync_message.hpp"

namespace torc::groups {

Merge::Merge(std::size_t memberships_max)
    : memberships_max_(memberships_max),
      groups_(memberships_max),
      group_index_(memberships_max),
      text_(memberships_max * kGroupNameMax) {
    staged_.reserve(memberships_max);
}

void Merge::start(const wire::MemberList& members) {
    active_ = true;
    members_ = members;
    finished_.clear();
    staged_.clear();
    group_index_.clear();
    text_bytes_ = 0;
}

/// No more groups are named than members, and there is room for a name of any
/// length for each.
std::uint32_t Merge::number_of(std::string_view group) {
    const std::uint64_t hash = hash_name(group);
    const HashIndex::Id known = group_index_.find(
        hash, [&](HashIndex::Id number) { return groups_[number].view() == group; });
    if (known != HashIndex::kNone) return known;
    const auto number = static_cast<HashIndex::Id>(group_index_.count());
    char* const copy = text_.data() + text_bytes_;
    std::copy(group.begin(), group.end(), copy);
    text_bytes_ += group.size();
    groups_.put(number, StagedName({copy, group.size()}));
    group_index_.insert(number, hash);
    return number;
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
        member.group_number = number_of(entry.group);
        member.group = groups_[member.group_number];
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
        return std::make_tuple(member.group_number, set, member.position, raw(member.who.daemon),
                               raw(member.who.session));
    };
    std::sort(staged_.begin(), staged_.end(),
              [&](const StagedMember& a, const StagedMember& b) { return place(a) < place(b); });
    active_ = false;
    return staged_;
}

}  // namespace torc::groups
