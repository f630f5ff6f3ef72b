// Who is in which group: the state that every daemon of a synced set holds in the same form.
// Nothing but ordered records changes it. All memory is taken at construction.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "groups/name.hpp"

namespace torc::groups {

/// A process in a group. `session` is meaningful at `daemon` only.
struct Participant {
    NodeIndex daemon{kNoNode};
    SessionId session;
    SessionName name;

    bool same_process(const Participant& other) const {
        return daemon == other.daemon && session == other.session;
    }
};

/// Local sessions that are members of one group, for the fan-out of a message.
class SessionSet {
public:
    void add(std::uint16_t slot) { words_[slot / 64] |= bit(slot); }
    void remove(std::uint16_t slot) { words_[slot / 64] &= ~bit(slot); }
    bool contains(std::uint16_t slot) const { return (words_[slot / 64] & bit(slot)) != 0; }
    void clear() { words_ = {}; }
    void add_all(const SessionSet& other) {
        for (std::size_t w = 0; w < kWords; ++w) words_[w] |= other.words_[w];
    }
    template <typename F>
    void for_each(F&& visit) const {
        for (std::size_t w = 0; w < kWords; ++w) {
            for (std::uint64_t rest = words_[w]; rest != 0; rest &= rest - 1) {
                visit(static_cast<std::uint16_t>(64 * w +
                                                 static_cast<std::size_t>(std::countr_zero(rest))));
            }
        }
    }

private:
    static constexpr std::size_t kWords = kSessionsMax / 64;
    static constexpr std::uint64_t bit(std::uint16_t slot) {
        return std::uint64_t{1} << (slot % 64);
    }
    std::array<std::uint64_t, kWords> words_{};
};

class Directory {
public:
    using GroupId = std::uint32_t;
    static constexpr GroupId kNone = 0xFFFFFFFF;

    explicit Directory(NodeIndex me);

    GroupId find(std::string_view group) const;
    bool is_member(GroupId group, const Participant& who) const;

    enum class Add : std::uint8_t { added, already_member, full };
    /// Appends a member; makes the group if it is new.
    Add add(std::string_view group, const Participant& who);
    /// Removes a member; false if it was none. A group without members is gone.
    bool remove(GroupId group, const Participant& who);

    /// Walks the groups of which `who` is a member, in slot order. `visit` may remove `who`.
    template <typename F>
    void for_each_group_of(const Participant& who, F&& visit) {
        for_each_group([&](GroupId id) {
            if (is_member(id, who)) visit(id);
        });
    }
    /// In slot order, which differs between daemons. `visit` may drop the group it is shown.
    template <typename F>
    void for_each_group(F&& visit) const {
        for (std::size_t w = 0; w < in_use_.size(); ++w) {
            for (std::uint64_t rest = in_use_[w]; rest != 0; rest &= rest - 1) {
                visit(static_cast<GroupId>(64 * w +
                                           static_cast<std::size_t>(std::countr_zero(rest))));
            }
        }
    }
    template <typename F>
    void for_each_member(GroupId group, F&& visit) const {
        for (std::uint32_t at = groups_[group].first; at != kNone; at = nodes_[at].next) {
            visit(nodes_[at].who);
        }
    }

    /// Members of the group in `slot` (if one is there) from position `from` on, until `visit` says
    /// false; true if the walk came to the end. For walks that pause.
    template <typename F>
    bool for_each_member_of_slot(GroupId slot, std::uint32_t from, F&& visit) const {
        if (!in_use(slot)) return true;
        std::uint32_t position = 0;
        for (std::uint32_t at = groups_[slot].first; at != kNone; at = nodes_[at].next) {
            if (position >= from && !visit(position, nodes_[at].who)) return false;
            ++position;
        }
        return true;
    }

    std::string_view name(GroupId group) const { return groups_[group].name.view(); }
    std::size_t size(GroupId group) const { return groups_[group].size; }
    const SessionSet& locals(GroupId group) const { return groups_[group].locals; }
    /// Stops the fan-out to a local session whose DISCONNECT is still on its way.
    void mute(std::uint16_t slot);
    void mute_in(GroupId group, std::uint16_t slot) { groups_[group].locals.remove(slot); }

    std::size_t group_count() const { return group_count_; }
    std::size_t membership_count() const { return membership_count_; }
    /// Equal for equal state, independent of how it came about. Cost: walks everything.
    std::uint64_t digest() const;
    void clear();

private:
    struct Node {
        Participant who;
        std::uint32_t next{kNone};
    };
    struct Group {
        GroupName name;
        std::uint32_t first{kNone};
        std::uint32_t last{kNone};
        std::uint32_t size{0};
        SessionSet locals;
    };

    bool in_use(GroupId group) const { return (in_use_[group / 64] >> (group % 64) & 1) != 0; }
    void mark(GroupId group) { in_use_[group / 64] |= std::uint64_t{1} << (group % 64); }
    void unmark(GroupId group) { in_use_[group / 64] &= ~(std::uint64_t{1} << (group % 64)); }
    GroupId make(std::string_view group);
    void drop(GroupId group);
    std::size_t bucket_of(std::string_view group) const;
    void erase_bucket(std::size_t bucket);

    static constexpr std::size_t kBuckets = 2 * kGroupsMax;
    static_assert((kBuckets & (kBuckets - 1)) == 0);

    NodeIndex me_;
    std::vector<Group> groups_;
    std::array<std::uint64_t, kGroupsMax / 64> in_use_{};
    std::vector<Node> nodes_;
    std::vector<GroupId> buckets_;  ///< open addressing, linear probing
    std::uint32_t free_node_{kNone};
    std::size_t group_count_{0};
    std::size_t membership_count_{0};
};

}  // namespace torc::groups
