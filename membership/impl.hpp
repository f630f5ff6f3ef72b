// The inside of Former: its state, and one function an event. Private to this folder; each state's
// functions stand in the file of its name.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/prng.hpp"
#include "membership/back_off.hpp"
#include "membership/echo_window.hpp"
#include "membership/episode.hpp"
#include "membership/former.hpp"
#include "membership/peers.hpp"
#include "membership/plan.hpp"
#include "membership/state.hpp"
#include "membership/timers.hpp"
#include "telemetry/counters.hpp"
#include "wire/control_parts.hpp"

namespace torc::membership {

using telemetry::CounterId;

/// A leaver says so for that many join intervals before it goes unheard.
inline constexpr int kFarewellJoins = 4;

/// How a ring is left: the facts that decide how the episode begins.
struct Departure {
    Cause cause{};
    bool token_alive{false};
    NodeIndex suspect{kNoNode};
    std::optional<Member> failed{};
    bool ask_ring{false};  ///< who noticed the loss first need not be who knows the suspect
};

struct Former::Impl {
    Impl(const config::ClusterSettings& settings, Member me, std::uint64_t seed,
         const wire::FrameIo& frames, const FormerUpcalls& upcalls,
         telemetry::CounterSet& counters);

    // --- former.cpp: entries and what they share -----------------------------------------------
    void start(Instant now);
    void on_control(Instant now, const FrameRef& frame);
    void on_message(Instant now, const wire::ControlAssembler::Message& message);
    bool is_acceptable(const wire::ControlHeader& header);
    void on_timer(Instant now);
    void on_pause(Instant now);
    void enter(Instant now, State next, Cause cause);
    void arm_for(Instant now, State entered);
    void count(CounterId id) { counters.inc(id); }

    // --- send.cpp ------------------------------------------------------------------------------
    wire::Control next_control(Instant now);
    void send(wire::Kind kind, const wire::Control& control, std::size_t length);
    void send_join(Instant now);
    void send_merge(Instant now);
    void send_propose(Instant now);
    void send_state(Instant now);
    void send_plan(Instant now);

    // --- hearing.cpp: JOIN and MERGE of every state --------------------------------------------
    void on_join(Instant now, const wire::Join& join);
    void on_merge(Instant now, const wire::Merge& merge);
    Presence& note_presence(Instant now, const wire::Control& control, const wire::HearsList& hears,
                            Presence::Kind kind);
    bool hears_me(Instant now, const Presence& presence) const;
    std::uint64_t echo_in(const wire::HearsList& hears) const;
    void answer(Instant now);
    void on_own_index(Instant now, const Presence& other);

    // --- gather.cpp ----------------------------------------------------------------------------
    void join_in_gather(Instant now, const wire::Join& join);
    void sets_changed(Instant now, bool proc_grew);
    void tell_soon(Instant now);
    void fail_silent(Instant now);
    void note_suspect(Instant now, NodeIndex index);
    void fail_suspects(Instant now);
    void gather_join_tick(Instant now);
    void gather_consensus_tick(Instant now);
    void check_agreed(Instant now);
    bool has_agreed(const Member& member) const;
    bool is_silent(Instant now, const Member& member) const;

    // --- form.cpp ------------------------------------------------------------------------------
    void join_in_form(Instant now, const wire::Join& join);
    void propose(Instant now);
    void on_propose(Instant now, const wire::Propose& propose);
    bool may_answer(Instant now, const wire::Propose& propose);
    void take_snapshot(Instant now);
    void on_state(Instant now, const wire::State& state);
    void plan_if_complete(Instant now);
    bool make_plan(const wire::PlanHead& head, std::span<const PlanInput> inputs);
    void on_plan(Instant now, const wire::PlanHead& head, std::span<const std::byte> body);
    bool read_orders(const wire::PlanHead& head, std::span<const std::byte> body);
    void recover(Instant now, const wire::PlanHead& head);
    std::optional<std::size_t> place_of(const Member& member) const;

    // --- recover.cpp ---------------------------------------------------------------------------
    void join_in_recover(Instant now, const wire::Join& join);
    void back_to_gather(Instant now, Cause cause);
    void installed(Instant now, const RingId& ring, const wire::MemberList& members);

    // --- operational.cpp -----------------------------------------------------------------------
    void join_in_operational(Instant now, const wire::Join& join);
    void merge_in_operational(Instant now, const wire::Merge& merge);
    void leave_operational(Instant now, const Departure& departure);
    void on_drained(Instant now);
    void start_drain(Instant now);
    bool is_member(const Member& member) const { return members.contains(member); }
    const Member* member_at(NodeIndex index) const;

    // --- admission.cpp -------------------------------------------------------------------------
    void visit_token(Instant now, wire::Token& token);
    bool is_admissible(Instant now, NodeIndex index, std::uint32_t incarnation_low) const;
    bool may_invite(Instant now, NodeIndex index) const;
    bool is_reachable_outsider(Instant now, NodeIndex index) const;
    void rotate_candidates(Instant now, wire::Token& token);
    void note_outsiders(const wire::Token& token);
    void admit_alone(Instant now);
    void schedule_merge(Instant now);
    bool some_daemon_is_missing() const { return members.size() < nodes; }

    // --- leave.cpp -----------------------------------------------------------------------------
    void leave(Instant now);
    void go(Instant now, Cause why);
    void leave_patience_over(Instant now);
    void note_farewell(Instant now, const wire::Join& join);

    // --- constants of this daemon --------------------------------------------------------------
    const config::Timers times;
    const std::size_t nodes;
    const std::uint64_t fingerprint;
    const Member me;
    const FormerUpcalls upcalls;
    const wire::FrameIo frames;
    telemetry::CounterSet& counters;

    // --- what outlives states ------------------------------------------------------------------
    Prng prng;
    wire::ControlAssembler assembler;
    wire::ControlSender sender;
    std::vector<std::byte> scratch;  ///< body of the message that is being sent
    Peers peers;
    EchoWindow echoes;
    BackOff back_off;
    Timers timers;
    State state{State::boot};
    Cause cause{Cause::boot};
    RingId ring;               ///< installed last; what snapshots speak of
    wire::MemberList members;  ///< of it
    bool leaving{false};
    std::uint64_t max_epoch_seen{0};  ///< raised when I propose or answer
    std::uint64_t highest_heard{0};   ///< of all JOINs, MERGEs and PROPOSEs; only feeds new epochs
    Instant hears_from{};             ///< a booting daemon says late whom it hears (duplicates)
    Instant answered_at{kLongAgo};    ///< when the last JOIN or MERGE went out

    // --- an episode: from leaving operational or boot to the next install ----------------------
    struct {
        Episode sets;
        Instant since{};
        bool token_alive{false};
        NodeIndex suspect{kNoNode};
        wire::MemberList leavers;  ///< in good order: no back-off for them
    } episode;

    // --- reset when their state is entered -----------------------------------------------------
    struct Gather {
        Instant since{};
        Instant changed_at{};
        Instant proc_grew_at{};
        std::array<Incarnation, kNodesMax> agreed{};  ///< per index; 0: not yet
        unsigned disagreeing_timeouts{0};
        bool announced{false};            ///< the old ring's token told all members these very sets
        std::bitset<kNodesMax> suspects;  ///< mine and those of others' JOINs
        wire::MemberList farewells;       ///< leaver: who knows that I go
    } gather;

    struct Form {
        wire::AttemptId attempt;
        wire::MemberList members;
        bool answered{false};  ///< proposed, or answered a PROPOSE
        bool coordinator{false};
        bool objected{false};  ///< answered a PROPOSE of a used epoch with JOIN
    } form;
    std::vector<wire::State> states;  ///< per index; which attempt it answers stands in it
    std::vector<std::byte> plan_body;
    std::size_t plan_length{0};
    wire::RecoveryOrder order;  ///< of my old ring
    std::array<std::uint16_t, kNodesMax> set_of{};
    std::array<const wire::OldRingState*, kNodesMax> state_of{};

    struct Operational {
        bool drain{false};
        bool draining{false};
        wire::MemberList outsiders;  ///< whom MERGE_SEEN announced
        std::optional<Member> leaver;
    } operational;
};

}  // namespace torc::membership
