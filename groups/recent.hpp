// What came of the last messages. Those that one session sends in a row mostly have the same
// envelope, byte for byte; then the same sessions hear them, as long as no group and no session of
// this daemon has changed, and nothing need be parsed, judged or looked up again.
//
// One envelope is kept for each of a few sending daemons. Flush groups are for the caller to rule
// out: there, who may speak changes without any change of who hears.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "groups/envelope.hpp"
#include "groups/events.hpp"

namespace torc::groups {

class RecentMessages {
public:
    /// All memory is taken here.
    RecentMessages();

    /// Whose message it is, and a number that rises with every change of groups and sessions.
    struct Origin {
        NodeIndex sender{kNoNode};
        SessionId session;
        std::uint64_t changes{0};

        friend bool operator==(const Origin&, const Origin&) = default;
    };

    /// What was made of a message that began like this one, with this one's payload in it: service
    /// and place in the order are still to be set. Null if there is none. Without sessions: nobody
    /// hears it. Cost: a comparison of the envelope.
    Delivery* find(const Origin& origin, std::span<const std::byte> message);

    /// Remembers what was made of a message whose envelope is `bytes`, read as `envelope`. One of
    /// more than kEnvelopeKeptMax bytes is not remembered. Gives what `find` would, or null.
    Delivery* keep(const Origin& origin, std::span<const std::byte> bytes, const Envelope& envelope,
                   const Delivery& delivery);

private:
    static constexpr std::size_t kEnvelopeKeptMax = 256;
    static constexpr std::size_t kKept = 8;

    struct Kept {
        Origin origin;
        std::size_t length{0};  ///< of the envelope; 0: nothing is kept
        std::array<std::byte, kEnvelopeKeptMax> envelope{};
        Delivery delivery;  ///< its names and sessions are in here, too
        std::array<char, kPrivateNameMax> sender{};
        GroupList groups;
        std::vector<SessionId> sessions;
    };

    Kept& kept_of(NodeIndex sender) { return kept_[raw(sender) % kKept]; }

    std::array<Kept, kKept> kept_;
};

}  // namespace torc::groups
