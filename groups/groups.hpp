// Process groups on top of the ring: replicated state that ordered records drive (protocol.md 9).
// The engine feeds it the order; it decides which local sessions see what.
//
// Joins, leaves and disconnects are ordinary messages of their session, so they keep its FIFO
// order with what it sends. When a ring with strangers is installed, every daemon sends its part
// of the directory first, and the ring gives application messages no place in the order until all
// parts are in: `merging()`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/ids.hpp"
#include "config/settings.hpp"
#include "groups/directory.hpp"
#include "groups/envelope.hpp"
#include "groups/events.hpp"
#include "groups/merge.hpp"
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
};

class Groups {
public:
    /// All memory is taken here.
    Groups(const config::ClusterSettings& settings, NodeIndex me, const GroupUpcalls& upcalls,
           telemetry::CounterSet& counters);

    // --- the order ------------------------------------------------------------------------------
    void on_message(const OrderedPiece& piece);
    void on_transitional(const RingId& id, const wire::MemberList& members);
    void on_regular(const RingId& id, const wire::MemberList& members);

    /// The directories are being joined; application messages must not be given a seq.
    bool merging() const { return merge_.active(); }
    /// The next chunk that this daemon owes the merge; empty when it owes none. The same chunk
    /// until `chunk_sent`.
    std::span<const std::byte> chunk_to_send();
    void chunk_sent();

    // --- local sessions --------------------------------------------------------------------------
    Sessions& sessions() { return sessions_; }
    /// Stops the fan-out to a session at once; its DISCONNECT is ordered separately.
    void close_session(SessionId id);

    const Directory& directory() const { return directory_; }

private:
    void deliver(const OrderedPiece& piece, const Envelope& envelope);
    void apply_join(const OrderedPiece& piece, const Envelope& envelope);
    void tell_of_parting(Directory::GroupId group, bool others_know, const OrderedPiece& joiner);
    void apply_leave(const OrderedPiece& piece, const Envelope& envelope);
    void apply_disconnect(const OrderedPiece& piece, const Envelope& envelope);
    void on_sync(const OrderedPiece& piece, const Envelope& envelope);

    void add_private_destination(std::string_view destination, SessionSet& to) const;
    bool has_departed(Directory::GroupId group) const;
    void drop_departed(Directory::GroupId group);
    void after_subtraction();
    void after_merge();
    bool differs(Directory::GroupId group, std::span<const StagedMember> members) const;
    void rebuild(std::span<const StagedMember> staged);
    std::span<const Directory::GroupId> groups_by_name();
    std::span<const Directory::GroupId> groups_by_name(const Participant& who);
    std::span<const Directory::GroupId> sort_by_name();

    /// Sends one view event to every local member.
    void announce(Directory::GroupId group, ViewCause cause, std::string_view who);
    template <typename SetOf>
    void announce_network(Directory::GroupId group, SetOf&& set_of);

    NodeIndex me_;
    GroupUpcalls upcalls_;
    telemetry::CounterSet& counters_;
    Directory directory_;
    Sessions sessions_;
    Merge merge_;
    ViewBuilder views_;

    Envelope
        envelope_;  ///< of the message at hand; kept, because clearing it costs more than reading
    RingId ring_;   ///< names views; see on_transitional
    std::uint64_t views_so_far_{0};  ///< in this ring, of all groups: numbers them
    NodeSet members_;                ///< of the configuration in force
    bool transitional_{false};       ///< between that signal and the next configuration
    NodeSet synced_;                 ///< daemons whose directory equals mine
    std::uint64_t lineage_;          ///< names that set; see SyncHeader

    bool owes_chunk_{false};
    bool owes_more_{false};
    std::uint32_t next_group_slot_{0};  ///< where the next chunk goes on
    std::uint32_t next_position_{0};
    std::size_t chunk_length_{0};
    std::vector<std::byte> chunk_;
    std::vector<Directory::GroupId> sorted_;
    std::vector<bool> changed_;
    FixedVec<SessionId, kSessionsMax> receivers_;
};

}  // namespace torc::groups
