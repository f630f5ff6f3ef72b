// One ring as one of its members sees it: from its install over the operational state, the freeze
// of a membership change and the recovery of what was in flight, to the install of the next one.
//
// Papers: Amir, Moser, Melliar-Smith, Agarwal, Ciarfella, "The Totem single-ring ordering and
// membership protocol" (1995); Babay and Amir, "Fast total ordering for modern data centers"
// (ICDCS 2016) for the early pass of the token. Text: protocol.md 3, 4.4, 4.5.
//
// Membership decides *when*; this class knows *what*. Siblings do not include each other: the
// engine carries every fact between them. No function here reads a clock or allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/fixed_vec.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/trace.hpp"
#include "wire/frame_io.hpp"
#include "wire/hop.hpp"
#include "wire/membership.hpp"
#include "wire/pieces.hpp"
#include "wire/token.hpp"

namespace torc::ordering {

/// A message in the ring's order, reassembled. The span is valid during the call.
struct OrderedMessage {
    NodeIndex sender{kNoNode};
    std::uint32_t session{0};  ///< raw SessionId at the sender
    Service service{};
    bool control{false};  ///< for the groups layer itself
    RingId ring;
    Seq seq;                 ///< of the frame that completed it; 0 for unreliable ones
    std::uint32_t index{0};  ///< place in that frame
    /// It begins like the message handed up before it, of the same frame and session; `payload` is
    /// what comes behind that.
    bool same_envelope{false};
    std::span<const std::byte> payload;
};

/// A message to send: its bytes in pieces (an envelope and the client's payload), copied once.
struct Outgoing {
    std::uint32_t session{0};
    Service service{Service::agreed};
    bool control{false};
    std::uint32_t envelope{0};  ///< wire::MessageTag
    wire::Pieces pieces;
};

/// A message that differs from the last one in what stands behind its envelope only.
struct Alike {
    Service service{};              ///< as it was
    std::uint32_t envelope{0};      ///< the same
    std::size_t envelope_bytes{0};  ///< the same
    std::span<const std::byte> payload;
};

enum class Submit : std::uint8_t {
    queued,
    would_block,  ///< no room, or not operational: nothing was taken
    partial,  ///< a fragmented message is under way: offer the same message again until `queued`
    too_large,
};

/// What the ring reports to the engine, which asks after every call.
enum class RingEvent : std::uint8_t {
    none,
    token_lost,     ///< operational: no progress for token_loss
    recovery_lost,  ///< recovering: no recovery token for token_loss, or the recovery timer ran out
    drained,       ///< set_draining: on my visit everything was stable, and the token was passed on
    eject,         ///< `ejected()` makes no progress while the others do
    inconsistent,  ///< two bodies for one seq or the like: leave the ring, come back anew
};

/// Each is reported once until it is taken.
using RingEvents = FixedVec<RingEvent, 6>;

/// What the ring calls while it works. None of these may call back into the ring.
struct RingUpcalls {
    void* engine{nullptr};
    void (*deliver_fn)(void*, const OrderedMessage&){nullptr};
    /// Delivered between the old regular configuration and the next (4.5 step 2).
    void (*transitional_fn)(void*, const RingId& id, const wire::MemberList& members){nullptr};
    /// 4.5 step 5. The ring is operational when this returns.
    void (*regular_fn)(void*, const RingId& id, const wire::MemberList& members){nullptr};
    /// On every accepted operational token before it is passed on: admission, leave, merge flags.
    void (*visit_fn)(void*, Instant now, wire::Token& token){nullptr};
    void (*trace_fn)(void*, telemetry::TraceKind, std::uint64_t a, std::uint64_t b,
                     std::uint64_t c){nullptr};
    bool trace_messages{false};  ///< TraceKind::sent too, at the cost of a look at every byte
};

/// What a member of the same old ring was heard to hold (overheard STATEs), for the owner rule.
struct Holder {
    Member member;
    const wire::OldRingState* state{nullptr};
};

struct RecoveryStart {
    RingId ring;                      ///< the ring being formed
    wire::MemberList members;         ///< of it, sorted; token order
    wire::RecoveryOrder order;        ///< for my old ring
    std::span<const Holder> holders;  ///< as far as heard; may be empty
    bool start_token{false};          ///< I am the coordinator
};

class Ring {
public:
    /// Allocates everything the ring will ever need: window, send queue, reassembly buffers.
    Ring(const config::ClusterSettings& settings, Member me, std::uint32_t config_hash,
         const wire::FrameIo& frames, const RingUpcalls& upcalls, telemetry::CounterSet& counters);
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    /// The singleton ring that a fresh incarnation starts from (4.3 BOOT): installed internally,
    /// no upcall, frozen at once.
    void boot(Instant now, std::uint64_t incarnation_epoch);

    // --- frames; each call takes the loan ------------------------------------------------------
    /// DATA of any ring, validated by wire/validate.hpp. `now` re-arms the token-loss timer.
    void on_data(Instant now, FrameRef frame);
    void on_token(Instant now, FrameRef frame);
    void on_status(Instant now, FrameRef frame);
    void on_wake(Instant now, FrameRef frame);

    // --- sending -------------------------------------------------------------------------------
    /// Takes a message into the send queue, packed with its neighbours. Control messages go in
    /// front of everything that has no seq yet. Cost: one copy of the bytes.
    Submit submit(Instant now, const Outgoing& message);
    /// Another message like the one that `submit` queued last, if nothing but such ones came in
    /// since: into the same frame, or not at all. False: offer it to `submit`. Cost: its copy.
    bool submit_alike(Instant now, const Alike& message);
    /// While on, only control messages get seqs: the groups layer exchanges its state after a
    /// merge, and no application message may come between. Stays as set across installs; the
    /// engine may call it from within `regular_fn` (the one exception to the no-call-back rule).
    void hold_application(bool hold);
    /// Frames that wait for the token.
    std::size_t backlog() const;

    // --- membership change, called by the engine in this order ---------------------------------
    /// Stop giving out seqs once everything is stable; reports RingEvent::drained.
    void set_draining(Instant now, bool draining);
    /// Leaves the operational state: no new seqs, every token of this ring is swallowed
    /// (veto, 3.5). Frames of the ring are still stored. Idempotent.
    void stop(Instant now);
    /// Snapshot and freeze: from now on nothing is stored or delivered until begin_recovery.
    /// Callable again for a later attempt. Undoes an abandoned recovery's holes first.
    wire::OldRingState snapshot();
    /// PLAN was applied (4.4). Delivers up to stable_max, marks holes, sends what this member owns.
    void begin_recovery(Instant now, const RecoveryStart& start);
    /// Gives an attempt up: unmarks holes, recomputes aru, keeps frames and obligations.
    void abandon_recovery();
    /// The recovery token passed all members once (the coordinator may stop repeating PLAN).
    bool recovery_token_returned() const;

    // --- timers and facts ----------------------------------------------------------------------
    void on_timer(Instant now);
    /// I stood still: the wait for the token begins anew, and nobody is suspect for that time.
    void on_pause(Instant now);
    Instant next_deadline() const;
    /// Asked after every call, so it costs two loads.
    bool has_event() const { return !events_->empty(); }
    RingEvent take_event();
    Member ejected() const;
    /// After whose hop the token vanished; kNoNode if unknown.
    NodeIndex suspect() const;

    bool operational() const;
    bool holds_token() const;
    RingId id() const;
    const wire::MemberList& members() const;
    Seq high() const;
    Seq aru() const;
    Seq stable() const;
    Seq delivered() const;
    Nanos last_rotation() const;
    /// Loans this ring holds: window, send queue, last token, early frames. 0 after shutdown().
    std::size_t loans() const;
    /// Returns every loan; the ring is dead afterwards.
    void shutdown();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    const RingEvents* events_;  ///< of impl_
};

}  // namespace torc::ordering
