// Process groups on top of the ring: replicated state that ordered records drive (protocol.md 9).
// The engine feeds it the order; it decides which local sessions see what.
//
// Joins, leaves, consents and disconnects are ordinary messages of their session, so they keep its
// FIFO order with what it sends. When a ring with strangers is installed, every daemon sends its
// part of the directory first, and the ring gives application messages no place in the order until
// all parts are in: `merging()`.
//
// The class is one, its text is in four files: groups.cpp (records, and who hears a message),
// ordered_ops.cpp (joins, leaves, disconnects, consents), network.cpp (configurations, joining
// directories), announce.cpp (what sessions are told).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.hpp"
#include "config/settings.hpp"
#include "groups/directory.hpp"
#include "groups/envelope.hpp"
#include "groups/events.hpp"
#include "groups/flush.hpp"
#include "groups/merge.hpp"
#include "groups/recent.hpp"
#include "groups/sessions.hpp"
#include "groups/sync_message.hpp"
#include "groups/views.hpp"
#include "telemetry/counters.hpp"
#include "wire/membership.hpp"

namespace torc::groups {

/// An ordered message as the ring hands it over.
struct OrderedPiece {
    NodeIndex sender{kNoNode};
    SessionId session;
    Service service{};
    RingId ring;
    Seq seq;
    std::uint32_t index{0};
    std::span<const std::byte> payload;
    /// It is in the same frame as the piece before, of the same session, and begins with the same
    /// envelope, which is left out.
    bool same_envelope{false};
};

/// What flush groups have against a message, if anything.
struct Admission {
    std::optional<SessionOutcome> objection;
    std::uint16_t views{0};  ///< in which views it is said (Envelope); 0: no flush group is named
};

class Groups {
public:
    /// All memory is taken here.
    Groups(const config::ClusterSettings& settings, NodeIndex me, const GroupUpcalls& upcalls,
           telemetry::CounterSet& counters);

    // --- the order
    // ------------------------------------------------------------------------------
    void on_message(const OrderedPiece& piece);
    void on_transitional(const RingId& id, const wire::MemberList& members);
    void on_regular(const RingId& id, const wire::MemberList& members);
    /// The time of what comes next. Only deadlines of flush groups depend on it.
    void set_now(Instant now) { flush_.set_now(now); }

    /// The directories are being joined; application messages must not be given a seq.
    bool merging() const { return merge_.active(); }
    /// The next chunk that this daemon owes the merge; empty when it owes none. The same chunk
    /// until `chunk_sent`.
    std::span<const std::byte> chunk_to_send();
    bool owes_chunk() const { return owes_chunk_; }
    void chunk_sent();

    // --- local sessions
    // --------------------------------------------------------------------------
    Sessions& sessions() { return sessions_; }
    const Sessions& sessions() const { return sessions_; }
    /// Stops the fan-out to a session at once; its DISCONNECT is ordered separately.
    void close_session(SessionId id);

    /// Whether a local session may send there now. The order judges again, everywhere: what counts
    /// is that the message is heard in the view that its sender has as it speaks.
    Admission admit(SessionId session, std::span<const std::string_view> destinations,
                    bool subgroup);
    /// A local session consents: its FLUSH_OK is about to be sent, if there is no objection, with
    /// the view whose end it is.
    Admission begin_consent(SessionId session, std::string_view group);
    /// It could not be sent.
    void withdraw_consent(SessionId session, std::string_view group);
    /// The LEAVE of a local session is about to be sent, or could not be sent.
    void set_leaving(SessionId session, std::string_view group, bool leaving);

    using SessionList = FixedVec<SessionId, kSessionsMax>;
    /// Nobody is overdue with a consent before this instant.
    Instant next_flush_deadline() const { return flush_.next_deadline(); }
    /// Open sessions that are; valid until the next call.
    const SessionList& overdue_sessions();
    /// Nobody could consent for a while: all have the whole time again.
    void restart_flush_waits() { flush_.restart_waits(); }

    const Directory& directory() const { return directory_; }

private:
    using GroupId = Directory::GroupId;
    using PlaceId = Directory::PlaceId;
    /// A destination: the group, and if it is a flush group, the sender's cell in it.
    struct Target {
        GroupId group{Directory::kNone};  ///< kNone: unknown, or a private name
        std::uint64_t cell{0};
    };

    // groups.cpp
    void on_same_envelope(const OrderedPiece& piece);
    void deliver(const OrderedPiece& piece, const Envelope& envelope);
    void find_receivers(const OrderedPiece& piece, const Envelope& envelope);
    void hand_up(const OrderedPiece& piece, Delivery& delivery);
    RecentMessages::Origin origin_of(const OrderedPiece& piece) const;
    void find_targets(std::span<const std::string_view> destinations);
    Admission admission_of(const Participant& sender, bool subgroup, bool at_order);
    std::optional<SessionOutcome> objection_at_order(const OrderedPiece& piece,
                                                     const Envelope& envelope);
    void add_receivers(const Target& target, SessionSet& to) const;
    void add_subgroup(std::span<const std::string_view> members, SessionSet& to) const;
    SessionId local_session(std::string_view private_name) const;
    PlaceId local_place(SessionId session, std::string_view group) const;

    // ordered_ops.cpp
    void apply_join(const OrderedPiece& piece, const Envelope& envelope);
    void admit_local(GroupId group, const Participant& who);
    void apply_leave(const OrderedPiece& piece, const Envelope& envelope);
    void apply_disconnect(const OrderedPiece& piece, const Envelope& envelope);
    void apply_flush_ok(const OrderedPiece& piece, const Envelope& envelope);
    void refuse_join(const OrderedPiece& piece, SessionOutcome why);
    bool take_out(GroupId group, const Participant& who);
    void change_flush_group(GroupId group, ViewCause cause, const Participant& who);

    // network.cpp
    void on_sync(const OrderedPiece& piece, const Envelope& envelope);
    SyncEntry sync_entry(std::uint32_t position, PlaceId place) const;
    bool has_departed(GroupId group) const;
    bool drop_departed(GroupId group);
    void part_flush_group(GroupId group, const RingId& id);
    void after_subtraction();
    void after_merge();
    void remember_own(std::span<StagedMember> staged) const;
    std::span<StagedMember> expel_other_kinds(std::span<StagedMember> staged);
    bool differs(GroupId group, std::span<const StagedMember> members) const;
    void rebuild(std::span<StagedMember> staged);
    void put_back(const StagedMember& member);
    std::span<const GroupId> groups_as_joined();
    std::span<const GroupId> concerned_groups();
    std::span<const GroupId> groups_by_name(const Participant& who);
    std::span<const GroupId> sort_by_name();

    // announce.cpp
    void announce(GroupId group, ViewCause cause, std::string_view who);
    void announce_network(GroupId group, bool merged);
    bool give_flush_view(GroupId group);
    void tell_flush_view(GroupId group, ViewEvent& event);
    void ask_to_flush(GroupId group);
    void tell_of_parting(GroupId group, bool others_know, const OrderedPiece& joiner);
    void tell_self_leave(SessionId session, std::string_view group, std::string_view who,
                         bool kind_lost = false);

    NodeIndex me_;
    GroupUpcalls upcalls_;
    telemetry::CounterSet& counters_;
    Directory directory_;
    FlushGroups flush_;
    Sessions sessions_;
    Merge merge_;
    ViewBuilder views_;
    RecentMessages recent_;
    /// Of the message before: its envelope, where it was one of an application, and what is
    /// remembered of it.
    std::span<const std::byte> before_;
    Delivery* again_{nullptr};

    /// Of the message at hand; kept, because clearing it costs more than reading.
    Envelope envelope_;
    FixedVec<Target, kGroupsPerMessageMax> targets_;  ///< its destinations, in their order
    RingId ring_;                                     ///< names views; see on_transitional
    std::uint64_t views_so_far_{0};                   ///< in this ring, of all groups: numbers them
    NodeSet members_;                                 ///< of the configuration in force
    bool transitional_{false};  ///< between that signal and the next configuration
    NodeSet synced_;            ///< daemons whose directory equals mine
    std::uint64_t lineage_;     ///< names that set; see SyncHeader

    bool owes_chunk_{false};
    bool owes_more_{false};
    std::uint32_t next_group_slot_{0};  ///< where the next chunk goes on
    std::uint32_t next_position_{0};
    std::size_t chunk_length_{0};
    std::vector<std::byte> chunk_;
    std::vector<GroupId> sorted_;
    std::vector<bool> changed_;
    SessionList receivers_;
};

}  // namespace torc::groups
