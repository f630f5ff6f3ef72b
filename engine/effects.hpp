// What the engine tells its driver to do, and what a driver tells the engine on behalf of clients.
// Plain data and a table of functions; the poll loop and the simulator are the two implementers.
//
// Deliveries are handed out one by one through `deliver_fn` instead of in a bounded array, because
// the install of a configuration (protocol.md 4.5) is one step that may deliver a whole window.
// No function of the table may call back into the engine. Spans are valid during the call only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "groups/events.hpp"
#include "telemetry/flight_recorder.hpp"
#include "telemetry/trace.hpp"
#include "wire/frame_io.hpp"

namespace torc::engine {

using groups::Delivery;
using groups::FlushRequest;
using groups::JoinKind;
using groups::SessionOutcome;
using groups::ViewCause;
using groups::ViewEvent;

struct Effects {
    wire::FrameIo frames;
    void* driver{nullptr};
    void (*deliver_fn)(void* driver, const Delivery&){nullptr};
    void (*view_fn)(void* driver, const ViewEvent&){nullptr};
    void (*flush_fn)(void* driver, const FlushRequest&){nullptr};
    void (*session_fn)(void* driver, SessionId, SessionOutcome){nullptr};
    /// An accepted operation of a local session got its place, before anything that follows from
    /// it: what `session_fn` says until the next one is about it. Optional.
    void (*ordered_fn)(void* driver, SessionId, Service){nullptr};
    /// Keeps the newest events. Optional, as is `trace_fn`, for drivers that look at each.
    telemetry::FlightRecorder* recorder{nullptr};
    void (*trace_fn)(void* driver, const telemetry::TraceEvent&){nullptr};
    bool trace_sends{false};  ///< TraceKind::sent too, which reads every byte that is sent
    /// For `trace_fn`, of a message the hash, which reads every byte; else its length.
    bool trace_bodies{false};

    void deliver(const Delivery& delivery) const { deliver_fn(driver, delivery); }
    void view(const ViewEvent& event) const { view_fn(driver, event); }
    void session(SessionId id, SessionOutcome outcome) const { session_fn(driver, id, outcome); }
    void ordered(SessionId id, Service service) const {
        if (ordered_fn != nullptr) ordered_fn(driver, id, service);
    }
    bool traces() const { return recorder != nullptr || trace_fn != nullptr; }
    void trace(const telemetry::TraceEvent& event) const {
        if (recorder != nullptr) recorder->record(event);
        if (trace_fn != nullptr) trace_fn(driver, event);
    }
};

/// One request of a local session. Spans and views are read during the call only.
struct ClientOp {
    enum class Kind : std::uint8_t { open, close, join, leave, send, flush_ok };
    Kind kind{};
    SessionId session;
    std::string_view name;                     ///< open: session name; join, leave, flush_ok: group
    JoinKind join_kind{};                      ///< join
    std::span<const std::string_view> groups;  ///< send: 1..kGroupsPerMessageMax
    Service service{Service::agreed};          ///< send; to flush groups at least agreed
    bool self_discard{false};                  ///< send: the sender wants no copy
    /// send: groups[0] is a flush group, the others are private names; only those of them that are
    /// in the sender's view get it.
    bool subgroup{false};
    std::uint16_t type{0};               ///< send
    std::span<const std::byte> payload;  ///< send
    /// send: but for the payload it is the session's send before, which was its last operation.
    bool repeats{false};
};

/// What became of a ClientOp.
enum class Accept : std::uint8_t {
    accepted,     ///< taken; the client's record may be released
    raised,       ///< accepted, but as agreed: messages to flush groups have a place in the order
    would_block,  ///< nothing taken, or a large message partly: offer the *same* record again later
    illegal,      ///< not allowed (bad name, unknown session, too large): count and tell the client
    not_member,   ///< refused: send, flush_ok: the session is no member of that flush group
    flushed,      ///< refused: send before the first view or behind flush_ok; flush_ok unasked
    group_kind,   ///< refused: a subgroup cast to a group that has no views of that kind
};

}  // namespace torc::engine
