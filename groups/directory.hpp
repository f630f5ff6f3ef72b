// Who is in which group: the state that every daemon of a synced set holds in the same form.
// Nothing but ordered records changes it.
//
// Three pools, each with an index: groups by name, processes by (daemon, session), and places, a
// process in a group, by both. A place is a link in two chains: the members of its group, in their
// agreed order, and the groups of its process. So every question costs what it is about: a
// DISCONNECT the groups of the session, not all groups. All memory is reserved at construction, for
// as many as the settings allow, and touched as it is used.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "base/hash_index.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/pool.hpp"
#include "groups/name.hpp"
#include "groups/session_set.hpp"

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

struct DirectoryLimits {
    std::size_t groups{kGroupsDefault};
    std::size_t memberships{kMembershipsDefault};  ///< (group, member) pairs of all groups
};

/// A group's name with its hash, for who asks about it more than once.
struct GroupKey {
    template <std::convertible_to<std::string_view> Name>
    GroupKey(const Name& group) : name(group), hash(hash_name(name)) {}  // NOLINT: is a name
    std::string_view name;
    std::uint64_t hash;
};

/// What a member of a flush group has got to (protocol.md 9.5).
struct FlushState {
    std::uint64_t cell{0};  ///< who share one have delivered the same since their view; 0: no view
    std::uint16_t view{0};  ///< names its view to what it says there; see Envelope
    bool flushed{false};
    // Of a local member, at its own daemon alone:
    bool answered{false};  ///< its FLUSH_OK is on its way
    bool leaving{false};   ///< its LEAVE or DISCONNECT is
};

class Directory {
public:
    using GroupId = std::uint32_t;
    using PlaceId = std::uint32_t;
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    Directory(NodeIndex me, const DirectoryLimits& limits);

    GroupId find(const GroupKey& group) const;
    bool is_member(GroupId group, const Participant& who) const {
        return place_of(group, who) != kNone;
    }

    enum class Add : std::uint8_t { added, already_member, full };
    /// Appends a member; makes the group if it is new.
    Add add(const GroupKey& group, const Participant& who);
    /// Removes a member; false if it was none. A group without members is gone.
    bool remove(GroupId group, const Participant& who);

    /// Walks the groups of which `who` is a member, latest first. `visit` may remove `who`.
    template <typename F>
    void for_each_group_of(const Participant& who, F&& visit) {
        const ProcessId process = find_process(who);
        if (process == kNone) return;
        for (PlaceId at = processes_[process].first; at != kNone;) {
            const Place& place = places_[at];
            at = place.next_of_process;
            visit(place.group);
        }
    }
    /// In the order of their ids, which differs between daemons. `visit` may drop the group it is
    /// shown.
    template <typename F>
    void for_each_group(F&& visit) const {
        for (GroupId id = 0; id < groups_.end(); ++id) {
            if (groups_.in_use(id)) visit(id);
        }
    }
    template <typename F>
    void for_each_member(GroupId group, F&& visit) const {
        for_each_place(group, [&](PlaceId place) { visit(member(place)); });
    }

    /// Members of the group in `slot` (if one is there) from position `from` on, until `visit` says
    /// false; true if the walk came to the end. For walks that pause.
    template <typename F>
    bool for_each_place_of_slot(GroupId slot, std::uint32_t from, F&& visit) const {
        if (!groups_.in_use(slot)) return true;
        std::uint32_t position = 0;
        for (PlaceId at = groups_[slot].first; at != kNone; at = places_[at].next) {
            if (position >= from && !visit(position, at)) return false;
            ++position;
        }
        return true;
    }
    /// No group has an id from here on.
    GroupId slots_end() const { return groups_.end(); }

    std::string_view name(GroupId group) const {
        const Group& entry = groups_[group];
        return entry.long_name == kNone ? entry.short_name.view()
                                        : long_names_[entry.long_name].view();
    }
    std::size_t size(GroupId group) const { return groups_[group].size; }
    const SessionSet& locals(GroupId group) const {
        const std::uint32_t locals = groups_[group].locals;
        return locals == kNone ? nobody_ : locals_[locals];
    }
    /// Stops the fan-out to a local session whose DISCONNECT is still on its way.
    void mute(SessionId session);
    void mute_in(GroupId group, std::uint16_t slot);
    /// Takes up the fan-out to a local member again.
    void hear_in(GroupId group, std::uint16_t slot);

    // --- flush groups ----------------------------------------------------------------------------

    bool is_flush(GroupId group) const { return groups_[group].is_flush; }
    void set_flush(GroupId group, bool is_flush);
    /// The place of a member, kNone if it is none; good until it is removed.
    PlaceId place_of(GroupId group, const Participant& who) const;
    const Participant& member(PlaceId place) const {
        return processes_[places_[place].process].who;
    }
    GroupId group_of(PlaceId place) const { return places_[place].group; }
    const FlushState& flush_state(PlaceId place) const { return places_[place].flush; }
    void set_flush_state(PlaceId place, const FlushState& state);
    /// In the agreed order. `visit` may set states.
    template <typename F>
    void for_each_place(GroupId group, F&& visit) const {
        for (PlaceId at = groups_[group].first; at != kNone; at = places_[at].next) visit(at);
    }

    /// Rises with every change of what groups there are and which local sessions hear them.
    std::uint64_t changes() const { return changes_; }

    std::size_t group_count() const { return groups_.count(); }
    std::size_t membership_count() const { return places_.count(); }
    /// Equal for equal state, independent of how it came about. Cost: a load.
    std::uint64_t digest() const { return digest_; }
    void clear();

private:
    using ProcessId = std::uint32_t;
    struct Place {
        GroupId group{kNone};
        ProcessId process{kNone};
        PlaceId next{kNone};  ///< members of the group
        PlaceId before{kNone};
        PlaceId next_of_process{kNone};
        PlaceId before_of_process{kNone};
        FlushState flush;
    };
    struct Process {
        Participant who;
        PlaceId first{kNone};
        std::uint64_t digest{0};
    };
    struct Group {
        std::uint64_t hash{0};
        PlaceId first{kNone};
        PlaceId last{kNone};
        std::uint32_t size{0};
        std::uint32_t locals{kNone};     ///< in locals_, if there are any
        std::uint32_t long_name{kNone};  ///< in long_names_, if it is one
        FixedName<kShortGroupNameMax> short_name;
        bool is_flush{false};
    };

    ProcessId find_process(const Participant& who) const;
    GroupId make_group(const GroupKey& group);
    ProcessId make_process(const Participant& who);
    void drop_group(GroupId group);
    void drop_process(ProcessId process);
    void link(PlaceId place);
    void unlink(PlaceId place);
    std::uint64_t digest_of(GroupId group) const;
    std::uint64_t digest_of_place(PlaceId place) const;

    NodeIndex me_;
    Pool<Group> groups_;
    Pool<Process> processes_;
    Pool<Place> places_;
    Pool<SessionSet> locals_;
    Pool<GroupName> long_names_;
    HashIndex group_index_;
    HashIndex process_index_;
    HashIndex place_index_;
    SessionSet nobody_;
    std::uint64_t digest_{0};
    std::uint64_t changes_{0};
};

}  // namespace torc::groups
