// What a group's local members get to see, in the ring's order: messages and views. Plain data;
// spans and views are valid during the call that hands them out.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/ids.hpp"

namespace torc::groups {

/// One message for some local sessions.
struct Delivery {
    std::span<const SessionId> sessions;       ///< each gets one copy
    std::string_view sender;                   ///< private name, `#session#daemon`
    std::span<const std::string_view> groups;  ///< destinations as the sender named them
    Service service{};
    std::uint16_t type{0};  ///< the application's 16-bit tag
    RingId ring;
    Seq seq;                 ///< of the frame that completed the message
    std::uint32_t index{0};  ///< message's place in that frame
    std::span<const std::byte> payload;
    /// Everything but service, index and payload is as in the delivery before, and lies where it
    /// lay: what was made of it then is still good.
    bool repeats{false};
};

enum class ViewCause : std::uint8_t { join, leave, disconnect, network, self_leave, transitional };

/// A group's membership changed, for one local session that is (or was) a member.
struct ViewEvent {
    SessionId session;
    std::string_view group;
    ViewCause cause{};
    RingId ring;  ///< with `index` the view's id
    std::uint64_t index{0};
    std::string_view who;  ///< private name that joined, left or was disconnected
    std::span<const std::string_view> members;  ///< private names, same order everywhere
    /// For cause network, and for every view of a flush group but a self_leave: members[i] came
    /// along in set vs_set_of[i]; `my_vs_set` is the session's. Who is new is a set by itself.
    std::span<const std::uint16_t> vs_set_of;
    std::uint16_t my_vs_set{0};
    bool kind_lost{false};  ///< self_leave: not asked for; a merge gave the group the other kind
};

/// How a session is in a group. The first member decides for all.
enum class JoinKind : std::uint8_t {
    open,   ///< views come at once; anyone may send
    flush,  ///< virtual synchrony: a view waits for its members' consent; only members may send
};

/// A flush group's view is to change. The session may still send in the view that it has, then
/// says flush_ok; from there to the next view it may not. Asked once for each view.
struct FlushRequest {
    SessionId session;
    std::string_view group;
};

/// The engine closed a session, or answers an operation that only the order could decide.
enum class SessionOutcome : std::uint8_t {
    closed,
    name_taken,
    limit_reached,
    group_kind,     ///< a join as the other JoinKind, or a subgroup cast to an open group
    not_member,     ///< a message to a flush group of somebody who is none of it: nobody gets it
    flushed,        ///< a message behind the flush_ok or before the first view: nobody gets it
    flush_timeout,  ///< closed, because it let the others wait for longer than flush_deadline
};

/// How the groups layer reaches the driver's sessions. No call back into the layer is allowed.
struct GroupUpcalls {
    void* driver{nullptr};
    void (*deliver_fn)(void*, const Delivery&){nullptr};
    void (*view_fn)(void*, const ViewEvent&){nullptr};
    void (*flush_fn)(void*, const FlushRequest&){nullptr};
    void (*session_fn)(void*, SessionId, SessionOutcome){nullptr};
};

}  // namespace torc::groups
