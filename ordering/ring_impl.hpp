// The inside of Ring: its parts, and the steps that need several of them. Each group of functions
// has a file of its own, named beside it.
#pragma once

#include <array>
#include <optional>

#include "base/fixed_vec.hpp"
#include "base/node_set.hpp"
#include "ordering/context.hpp"
#include "ordering/delivery.hpp"
#include "ordering/flow_control.hpp"
#include "ordering/held_by_all.hpp"
#include "ordering/idle_hold.hpp"
#include "ordering/loss_watch.hpp"
#include "ordering/nack.hpp"
#include "ordering/nack_answers.hpp"
#include "ordering/receive_window.hpp"
#include "ordering/repair.hpp"
#include "ordering/ring.hpp"
#include "ordering/send_queue.hpp"
#include "ordering/sent_trace.hpp"
#include "ordering/token_frames.hpp"
#include "ordering/token_pass.hpp"

namespace torc::ordering {

/// DATA of the ring being formed that is kept until it is installed here. More is lost, and asked
/// for like any loss.
inline constexpr std::size_t kEarlyMax = 256;
/// Visits on which the same member holds the token's aru down before it is ejected (Totem's
/// fail_recv_const).
inline constexpr std::uint32_t kFailToReceiveVisits = 2500;
/// In larger rings a STATUS of everybody to everybody costs more than a rotation is long.
inline constexpr std::size_t kStatusMembersMax = 32;

enum class Mode : std::uint8_t {
    frozen,      ///< booted, or a snapshot was taken: nothing is stored or delivered
    stopped,     ///< left the operational state: frames are stored, tokens swallowed
    recovering,  ///< a PLAN was applied
    operational,
    dead,  ///< shut down
};

struct Ring::Impl {
    Impl(const config::ClusterSettings& settings, Member me, std::uint32_t config_hash,
         const wire::FrameIo& frames, const RingUpcalls& upcalls, telemetry::CounterSet& counters);
    ~Impl();

    // --- frames of data: data_path.cpp ---------------------------------------------------------
    void on_data(Instant now, FrameRef frame);
    void take_data(Instant now, const FrameRef& frame, const wire::DataView& view);
    void store(const FrameRef& frame, const wire::DataView& view);
    void note_copy(const FrameRef& frame, const wire::DataView& view);
    void keep_early(Instant now, const FrameRef& frame, const wire::DataView& view);
    void drop(const FrameRef& frame, telemetry::CounterId why);
    void deliver_in_order();

    // --- sending: sending.cpp ------------------------------------------------------------------
    Submit submit(Instant now, const Outgoing& message);
    bool submit_alike(Instant now, const Alike& message);
    Submit submit_unreliable(const wire::MessageTag& tag, const wire::Pieces& pieces);
    /// On a ring of one so many frames at the end may wait for more, until the next timer.
    void something_to_send(Instant now, std::size_t open_frames);
    void send_wake(Instant now);
    void flush_alone(std::size_t open_frames = 0);
    /// Stamps a pending frame with its place and keeps it.
    void trace_frame_sent(Seq seq);
    void place(const FrameRef& frame, Seq seq, std::uint32_t round, bool last_of_visit);
    bool resend(Seq seq, NodeIndex to, std::uint8_t hop_flags);

    // --- the token: token_visit.cpp ------------------------------------------------------------
    void on_token(Instant now, FrameRef frame);
    bool is_plausible(const wire::Token& token) const;
    void receive_token(Instant now, wire::Token& token);
    bool may_hold(Instant now, const wire::Token& token);
    bool rests_here(const wire::Token& token) const;
    void keep_token(const wire::Token& token, Instant until, bool idle);
    void resume_token(Instant now);
    void forget_token();
    void visit(Instant now, wire::Token& token);
    void give_out(wire::Token& token, std::uint32_t repairs);
    void send_burst();
    void watch_progress(const wire::Token& token);
    void settle_aru(wire::Token& token, Seq seq_in);
    void check_drained(Seq seq);
    std::uint32_t answer_requests(wire::Token& token, const RingMembers& ring,
                                  std::uint8_t hop_flags);
    void pass_on(Instant now, wire::Token& token, const RingMembers& ring);
    void send_token(const wire::Token& token, const RingMembers& ring);
    void repeat_token(Instant now);
    void on_wake(Instant now, FrameRef frame);

    // --- what everybody holds: status.cpp ------------------------------------------------------
    void send_status(const RingMembers& of, NodeIndex to, const Nack& nack = Nack{});
    void acknowledge_token(const RingMembers& of);
    void tell_what_i_hold(Instant now);
    void on_status(FrameRef frame);
    void hear_what_is_held(NodeIndex sender, Seq aru);

    // --- losses asked for at once: nack.cpp ----------------------------------------------------
    void note_jump(const wire::DataView& view, const LossWatch::Place& frame);
    void ask_for_lost(Instant now);
    void hear_nack(NodeIndex requester, const Nack& nack);
    bool answer_nack(Seq seq, NodeIndex requester);

    // --- recovery: recovery.cpp ----------------------------------------------------------------
    wire::OldRingState snapshot();
    void begin_recovery(Instant now, const RecoveryStart& start);
    bool plan_fits(const wire::RecoveryOrder& order) const;
    void apply_plan();
    void find_owed(std::span<const Holder> holders);
    std::uint32_t send_owed(std::uint32_t most);
    void update_done();
    bool take_obligations();
    void recovery_visit(Instant now, wire::Token& token);
    void abandon_recovery();
    void release_early();

    // --- install: install.cpp ------------------------------------------------------------------
    void boot(std::uint64_t incarnation_epoch);
    /// `seq`: on the token that brought me here; what peers sent early is not above it.
    void install(Instant now, Seq seq);
    void start_ring(Instant now, const RingMembers& ring);
    NodeSet obliged_senders() const;

    // --- life: ring.cpp ------------------------------------------------------------------------
    void set_draining(Instant now, bool draining);
    void stop();
    void on_timer(Instant now);
    void on_loss();
    Instant next_deadline() const;
    void report(RingEvent event);
    void shutdown();
    std::size_t loans() const;
    /// The ring whose token I take now: the one being formed, or mine.
    const RingMembers& token_ring() const;

    Context context;
    ReceiveWindow window;
    Delivery delivery;
    SendQueue queue;
    TokenPass pass;
    FlowControl flow;
    Repair repair;
    IdleHold hold;
    HeldByAll held_by_all;
    LossWatch losses;
    NackAnswers answers;
    TokenFrames token_frames;
    SentTrace sent_trace;

    Mode mode{Mode::dead};
    RingMembers ring;
    wire::EpisodeSet obligations;
    std::uint32_t sender_seq{0};
    std::uint32_t unreliable_seq{0};
    Seq last_of_mine;     ///< the last that I gave out on this ring
    Seq stable_by_token;  ///< as window.stable(), without what STATUS said
    Seq newest_safe;      ///< the highest SAFE frame that I hold
    struct Told {
        Seq aru;
        Instant at{};
    };
    Told told;  ///< by STATUS to everybody, on this ring
    Instant last_now{};
    bool draining{false};
    bool drained{false};
    bool visiting{false};
    RingEvents events;
    NodeIndex suspect{kNoNode};

    /// The token, while it is with me.
    struct Kept {
        wire::Token token;
        Instant until{kNever};
        bool idle{false};  ///< held because the ring is quiet; else for want of a frame
    };
    std::optional<Kept> kept;
    /// What is given out, while I know it: the token is with me.
    std::optional<Seq> given_out;
    /// What this visit sends after the token.
    FixedVec<Seq, kBurstMax> burst;

    struct Stuck {
        NodeIndex member{kNoNode};
        Seq aru;
        std::uint32_t visits{0};
    };
    Stuck stuck;
    Member ejected;

    struct Recovery {
        RingMembers ring;
        wire::RecoveryOrder order;
        std::array<std::uint64_t, kWindowFrames / 64> owed{};  ///< bit i: seq low_aru + 1 + i
        std::size_t owed_left{0};
        std::size_t owed_next{0};
        bool all_heard{false};  ///< every state of `together`: owners send unasked
        bool done{false};
        bool token_returned{false};
        bool failed{false};  ///< reported; nothing more happens in this attempt
        Instant deadline{kNever};
        FixedVec<FrameRef, kEarlyMax> early;
    };
    Recovery recovery;
};

}  // namespace torc::ordering
