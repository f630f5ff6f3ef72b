// The node without I/O: a switchboard between ordering, membership and groups.
//
// How a driver drives it (the daemon's poll loop and the simulator do exactly this):
//  1. Build an Effects table and the Engine, call `start(now)` once.
//  2. Hand in every received frame: `on_frame(now, frame)`. The loan passes to the engine, which
//     gives it back through `Effects::frames.release`, now or when the frame is stable.
//  3. Offer client requests while `wants_clients()`: `on_client(now, op)`. would_block means: keep
//     the request, offer the very same one again after the next pass.
//  4. When `now >= next_deadline()`: `on_timer(now)`.
//  5. Never call back into the engine from an effect. Everything runs to completion; nothing
//     blocks; `now` never goes backwards.
//  6. To stop in good order: `leave(now)`, go on as above until `left()`, then `shutdown()`: every
//     loan is back when it returns.
//
// Threads: one. Cost: no allocation, clock or system call after the constructor.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "config/settings.hpp"
#include "engine/effects.hpp"
#include "engine/outgoing_envelope.hpp"
#include "groups/groups.hpp"
#include "membership/former.hpp"
#include "ordering/ring.hpp"

namespace torc::engine {

struct EngineOptions {
    NodeIndex me{kNoNode};
    Incarnation incarnation{};  ///< random at every boot, never 0
    std::uint64_t seed{0};      ///< for jitter and salts; random at every boot
};

class Engine {
public:
    Engine(const config::ClusterSettings& settings, const EngineOptions& options,
           const Effects& effects, telemetry::CounterSet& counters);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    void start(Instant now);
    void on_frame(Instant now, FrameRef frame);
    Accept on_client(Instant now, const ClientOp& op);
    void on_timer(Instant now);
    /// This node stood still for half of token_loss or more (pause_watch.hpp): before anything else
    /// is handed in, all waits for others begin anew. Frames that came meanwhile go in next, then
    /// timers; what has really happened to the ring stands in those frames.
    void on_pause(Instant now);
    Instant next_deadline() const;

    void leave(Instant now);
    bool left() const { return former_.state() == membership::State::left; }
    void shutdown();

    /// False while no client request could be taken anyway: the driver may skip its rings.
    bool wants_clients() const;
    bool holds_token() const { return ring_.holds_token(); }
    bool operational() const { return ring_.operational(); }

    const ordering::Ring& ring() const { return ring_; }
    const membership::Former& former() const { return former_; }
    const groups::Groups& groups() const { return groups_; }
    std::size_t loans() const { return ring_.loans() + former_.loans(); }

private:
    void begin(Instant now);
    void dispatch(Instant now, FrameRef frame);
    bool is_foreign(const FrameRef& frame) const;
    /// Carries what one sibling found out to the others, until nobody has news.
    void settle(Instant now) {
        if (ring_.has_event() || groups_.owes_chunk()) carry_news(now);
    }
    void carry_news(Instant now);
    void pass_on(Instant now, ordering::RingEvent event);
    void send_owed_chunks(Instant now);

    // clients.cpp
    Accept take(Instant now, const ClientOp& op);
    Accept open_session(const ClientOp& op);
    Accept leave_group(Instant now, const ClientOp& op);
    Accept close_session(Instant now, SessionId session);
    bool is_sendable(const ClientOp& op, bool same_names) const;
    Accept send(Instant now, const ClientOp& op);
    Accept send_again(Instant now, const ClientOp& op);
    Accept flush_ok(Instant now, const ClientOp& op);
    /// How a record goes: its class, and what its envelope says of flush groups.
    struct Standing {
        Service service{Service::agreed};
        std::uint16_t views{0};
        bool same_names{false};  ///< its destinations are those of the last envelope
    };
    Accept submit(Instant now, const ClientOp& op, groups::EnvelopeKind kind,
                  std::span<const std::string_view> destinations, const Standing& standing);
    Accept submit(Instant now, const ClientOp& op, std::span<const std::byte> envelope,
                  std::uint32_t number, Service service);
    Instant flush_deadline() const;
    void expel_overdue(Instant now);

    void start_recovery(Instant now, const membership::PlanForMe& plan);
    ordering::RingUpcalls ring_upcalls();
    membership::FormerUpcalls former_upcalls();
    groups::GroupUpcalls group_upcalls() const;
    void trace(telemetry::TraceKind kind, std::uint64_t a, std::uint64_t b, std::uint64_t c) const;
    /// The messages of a frame come up together: the recorder keeps the first for all of them.
    static bool is_first(const ordering::OrderedMessage& message) { return message.index == 0; }
    bool traces(const ordering::OrderedMessage& message) const {
        return is_first(message) || effects_.trace_fn != nullptr;
    }
    void trace_message(const ordering::OrderedMessage& message) const;
    void describe(telemetry::TraceEvent& event, const ordering::OrderedMessage& message,
                  std::uint64_t body) const;
    void trace_configuration(telemetry::TraceKind kind, const RingId& id,
                             const wire::MemberList& members) const;

    config::ClusterSettings settings_;
    Member me_;
    std::uint32_t config_hash_;
    Effects effects_;
    telemetry::CounterSet& counters_;
    groups::Groups groups_;
    ordering::Ring ring_;
    membership::Former former_;

    Instant now_{};  ///< of the call that is running, for traces and upcalls
    bool running_{false};
    SessionId large_speaker_;  ///< whose large message is partly taken; slot 0xFFFF: nobody's
    /// Whose message was accepted, as it was, in the call before this one, if nothing else came
    /// since; slot 0xFFFF: nobody's.
    SessionId speaker_;
    SessionId expelled_;     ///< whose DISCONNECT for its flush_timeout is being submitted
    Instant expel_again_{};  ///< the ring had no room for the DISCONNECT of who is overdue
    OutgoingEnvelope envelope_;
    std::vector<ordering::Holder> holders_;
};

}  // namespace torc::engine
