// Who is in the ring: GATHER, FORM, RECOVER, operational (protocol.md 4.3, 4.6, 4.7).
//
// Papers: Amir, Moser, Melliar-Smith, Agarwal, Ciarfella (1995) for the flat gather with growing
// proc_set and fail_set; Amir's thesis (1995) for obligations. Deviations are listed in
// membership/README.md. Ordering is a sibling: facts travel through the upcalls.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/trace.hpp"
#include "wire/frame_io.hpp"
#include "wire/membership.hpp"
#include "wire/token.hpp"

namespace torc::membership {

enum class State : std::uint8_t { boot, gather, form, recover, operational, left };

/// Why a state was entered; each has a counter of its name.
enum class Cause : std::uint8_t {
    boot,
    token_lost,         ///< operational: no progress for token_loss
    member_ejected,     ///< operational: a member made no progress
    ring_inconsistent,  ///< operational: a member spoke two ways for one seq
    merge_seen,         ///< operational: every member accepts the candidates; drained
    leave_seen,         ///< operational: a member leaves in good order; drained
    join_from_member,   ///< operational or recover: a member of the ring left it
    new_incarnation,    ///< operational: a member's index came back as another boot
    agreed,             ///< gather to form: all of proc_set without fail_set agree
    propose_accepted,   ///< gather to form: the coordinator was a message ahead
    join_widened,       ///< form to gather: a JOIN names more than mine
    form_timeout,
    plan_received,            ///< form to recover
    recovery_lost,            ///< recover to gather
    member_restarted_gather,  ///< recover: JOIN from a member with a newer epoch
    installed,                ///< recover to operational
    left,
    duplicate_index,  ///< another daemon lives under my index and has the better right to it
};

/// PLAN as it concerns me, and all of it that views need.
struct PlanForMe {
    wire::PlanHead head;
    wire::RecoveryOrder order;              ///< for my old ring
    std::span<const std::uint16_t> set_of;  ///< set_of[i]: which old ring head.members[i] came from
    std::span<const wire::OldRingState* const> state_of;  ///< per head.members[i]; null if unheard
    bool coordinator{false};
};

struct FormerUpcalls {
    void* engine{nullptr};
    void (*stop_ring_fn)(void*, Instant now){nullptr};
    /// Asked after stop_ring_fn: after whose hop the token vanished, as far as this ring can tell.
    NodeIndex (*suspect_fn)(void*){nullptr};
    void (*set_draining_fn)(void*, Instant now, bool draining){nullptr};
    /// Snapshot and freeze; also fills what only other layers know (group digest, lease wait).
    void (*snapshot_fn)(void*, wire::State& state){nullptr};
    void (*recover_fn)(void*, Instant now, const PlanForMe& plan){nullptr};
    void (*abandon_recovery_fn)(void*){nullptr};
    bool (*recovery_token_returned_fn)(void*){nullptr};
    void (*trace_fn)(void*, telemetry::TraceKind, std::uint64_t a, std::uint64_t b,
                     std::uint64_t c){nullptr};
};

class Former {
public:
    /// `seed` feeds jitter, nonces and epoch salts; it must differ at every boot.
    Former(const config::ClusterSettings& settings, Member me, std::uint64_t seed,
           const wire::FrameIo& frames, const FormerUpcalls& upcalls,
           telemetry::CounterSet& counters);
    ~Former();
    Former(const Former&) = delete;
    Former& operator=(const Former&) = delete;

    void start(Instant now);
    /// A JOIN, PROPOSE, STATE, PLAN or MERGE frame whose hop header was validated. Takes the loan.
    void on_control(Instant now, FrameRef frame);
    /// Counts a frame of a foreign ring; at most brings the next MERGE forward.
    void on_foreign_frame(Instant now);

    // Facts from the ring, carried by the engine.
    void on_token_lost(Instant now, NodeIndex suspect);
    void on_recovery_lost(Instant now);
    void on_ejected(Instant now, Member member);
    void on_inconsistent(Instant now);
    void on_drained(Instant now);
    void visit_token(Instant now, wire::Token& token);
    void installed(Instant now, const RingId& ring, const wire::MemberList& members);

    /// Leave in good order; `state()` becomes `left` when the others know, or after a bounded time.
    void leave(Instant now);

    void on_timer(Instant now);
    /// I stood still: whoever seems silent since then gets its whole time again.
    void on_pause(Instant now);
    Instant next_deadline() const;
    State state() const;
    Cause last_cause() const;
    std::size_t loans() const;
    /// When the last back-off is over; a healed network need not be one ring before.
    Instant back_off_until() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

const char* name_of(State state);
const char* name_of(Cause cause);

}  // namespace torc::membership
