#include "groups/directory.hpp"

#include "base/check.hpp"

namespace torc::groups {

Directory::Directory(NodeIndex me)
    : me_(me), groups_(kGroupsMax), nodes_(kMembershipsMax), buckets_(kBuckets, kNone) {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        nodes_[i].next = i + 1 < nodes_.size() ? i + 1 : kNone;
    }
    free_node_ = 0;
}

/// Cost: the groups in use, not the room for them.
void Directory::clear() {
    for_each_group([this](GroupId group) {
        nodes_[groups_[group].last].next = free_node_;  // the whole chain goes back at once
        free_node_ = groups_[group].first;
    });
    std::fill(buckets_.begin(), buckets_.end(), kNone);
    in_use_ = {};
    group_count_ = 0;
    membership_count_ = 0;
}

/// The bucket that holds the group, or the free one where it would go.
std::size_t Directory::bucket_of(std::string_view group) const {
    std::size_t bucket = hash_name(group) & (kBuckets - 1);
    while (buckets_[bucket] != kNone && name(buckets_[bucket]) != group) {
        bucket = (bucket + 1) & (kBuckets - 1);
    }
    return bucket;
}

Directory::GroupId Directory::find(std::string_view group) const {
    return buckets_[bucket_of(group)];
}

Directory::GroupId Directory::make(std::string_view group) {
    if (group_count_ == kGroupsMax) return kNone;
    GroupId id = static_cast<GroupId>(hash_name(group) % kGroupsMax);
    while (in_use(id)) id = (id + 1) % kGroupsMax;
    groups_[id] = Group{};
    groups_[id].name = GroupName(group);
    mark(id);
    buckets_[bucket_of(group)] = id;
    ++group_count_;
    return id;
}

void Directory::drop(GroupId group) {
    erase_bucket(bucket_of(name(group)));
    unmark(group);
    --group_count_;
}

/// Linear probing keeps no tombstones: whatever stands behind the hole is moved up if it may.
void Directory::erase_bucket(std::size_t bucket) {
    buckets_[bucket] = kNone;
    for (std::size_t at = (bucket + 1) & (kBuckets - 1); buckets_[at] != kNone;
         at = (at + 1) & (kBuckets - 1)) {
        const GroupId moved = buckets_[at];
        buckets_[at] = kNone;
        buckets_[bucket_of(name(moved))] = moved;
    }
}

bool Directory::is_member(GroupId group, const Participant& who) const {
    for (std::uint32_t at = groups_[group].first; at != kNone; at = nodes_[at].next) {
        if (nodes_[at].who.same_process(who)) return true;
    }
    return false;
}

Directory::Add Directory::add(std::string_view group, const Participant& who) {
    GroupId id = find(group);
    if (id != kNone && is_member(id, who)) return Add::already_member;
    if (free_node_ == kNone) return Add::full;
    if (id == kNone) id = make(group);
    if (id == kNone) return Add::full;

    const std::uint32_t node = free_node_;
    free_node_ = nodes_[node].next;
    nodes_[node] = Node{who, kNone};
    Group& entry = groups_[id];
    if (entry.last == kNone) {
        entry.first = node;
    } else {
        nodes_[entry.last].next = node;
    }
    entry.last = node;
    ++entry.size;
    ++membership_count_;
    if (who.daemon == me_) entry.locals.add(who.session.slot);
    return Add::added;
}

bool Directory::remove(GroupId group, const Participant& who) {
    Group& entry = groups_[group];
    std::uint32_t before = kNone;
    std::uint32_t at = entry.first;
    while (at != kNone && !nodes_[at].who.same_process(who)) {
        before = at;
        at = nodes_[at].next;
    }
    if (at == kNone) return false;

    (before == kNone ? entry.first : nodes_[before].next) = nodes_[at].next;
    if (entry.last == at) entry.last = before;
    nodes_[at].next = free_node_;
    free_node_ = at;
    --entry.size;
    --membership_count_;
    if (who.daemon == me_) entry.locals.remove(who.session.slot);
    if (entry.size == 0) drop(group);
    return true;
}

void Directory::mute(std::uint16_t slot) {
    for_each_group([&](GroupId group) { groups_[group].locals.remove(slot); });
}

std::uint64_t Directory::digest() const {
    std::uint64_t sum = group_count_;
    for_each_group([&](GroupId group) {
        std::uint64_t hash = hash_name(name(group));
        for_each_member(group, [&](const Participant& who) {
            hash = hash * 0x100000001B3u ^ hash_name(who.name.view());
            hash = hash * 0x100000001B3u ^ raw(who.daemon);
            hash = hash * 0x100000001B3u ^ raw(who.session);
        });
        sum += hash * 0x9E3779B97F4A7C15u;  // a sum, because slots have no agreed order
    });
    return sum;
}

}  // namespace torc::groups
