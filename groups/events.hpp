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
    /// For cause network: members[i] came along in set vs_set_of[i]; `my_vs_set` is the session's.
    std::span<const std::uint16_t> vs_set_of;
    std::uint16_t my_vs_set{0};
};

/// The engine closed a session, or answers an operation that only the order could decide.
enum class SessionOutcome : std::uint8_t { closed, name_taken, limit_reached };

/// How the groups layer reaches the driver's sessions. No call back into the layer is allowed.
struct GroupUpcalls {
    void* driver{nullptr};
    void (*deliver_fn)(void*, const Delivery&){nullptr};
    void (*view_fn)(void*, const ViewEvent&){nullptr};
    void (*session_fn)(void*, SessionId, SessionOutcome){nullptr};
};

}  // namespace torc::groups
