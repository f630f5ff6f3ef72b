// What the ring core tells the client core, as records of a ring in private memory: written by one
// and read by the other, nobody else can touch it. What has no body stands in the record's header.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/rings.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

/// In the place of a record's type. `operation` is the session, where there is one; `flags` is what
/// the comment says.
enum class EventType : std::uint16_t {
    answer,     ///< engine::Accept
    ordered,    ///< the service, kAtHand
    outcome,    ///< engine::SessionOutcome
    too_large,  ///< the Reason, negated: what came for the session fits in no ring
    overrun,    ///< of no session: some events are missing here
    delivery,   ///< kRepeats or 0; its body says for which sessions
    view,
    flush,
};

/// ordered: it may be about the operation that the engine has begun with.
inline constexpr std::uint16_t kAtHand = 0x100;
/// delivery: Delivery::repeats, of the delivery event before it. It says all again, elsewhere.
inline constexpr std::uint16_t kRepeats = 1;

/// Bytes of a delivery beside its payload, beyond what a session's record has.
inline constexpr std::uint64_t kDeliveryExtraMax = kSessionsMax * sizeof(SessionId) + 1024;

constexpr RecordHeader event_header(EventType type, std::uint16_t flags, std::uint32_t session,
                                    std::size_t body_bytes = 0) {
    return {static_cast<std::uint32_t>(body_bytes), static_cast<RecordType>(type), flags, session};
}
constexpr EventType event_type(const RecordHeader& header) {
    return static_cast<EventType>(header.type);
}
inline SessionId event_session(const RecordHeader& header) {
    return session_id(static_cast<std::uint32_t>(header.operation));
}

/// Bytes of a body, and the body itself into so much room.
std::size_t event_bytes(const engine::Delivery& delivery);
std::size_t event_bytes(const engine::ViewEvent& event);
std::size_t event_bytes(const engine::FlushRequest& request);
void write_event(std::byte* at, const engine::Delivery& delivery);
void write_event(std::byte* at, const engine::ViewEvent& event);
void write_event(std::byte* at, const engine::FlushRequest& request);

/// Reads bodies. What it gives is valid until the next call and while the record stands.
class EventReader {
public:
    const engine::Delivery& delivery(const RecordView& record);
    const engine::ViewEvent& view(const RecordView& record);
    engine::FlushRequest flush(const RecordView& record) const;

private:
    engine::Delivery delivery_;
    engine::ViewEvent view_;
    std::array<std::string_view, kGroupsPerMessageMax> groups_;
    std::vector<std::string_view> members_;  ///< grows to the largest view that ever came
};

}  // namespace torc::client_shm
