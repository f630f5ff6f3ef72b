// From one ring to the next: what was in flight, holes and obligations, abandoned attempts, the
// order of an install (protocol.md 4.4, 4.5).
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

using Texts = std::vector<std::string>;

/// Which copies of DATA are lost, by seq and receiver; repairs as well.
struct Losses {
    std::set<std::pair<std::uint64_t, std::size_t>> lost;
    bool on{true};

    void frame(std::uint64_t seq, std::initializer_list<std::size_t> at) {
        for (const std::size_t to : at) lost.emplace(seq, to);
    }
    bool operator()(const Packet& p) const {
        return on && p.is(wire::Kind::data) && lost.contains({p.data().seq().raw, p.to});
    }
};

/// Sends one frame at a time, so that every message has a seq of its own.
void send_apart(Cluster& c, std::size_t from, const std::string& text, Service service) {
    const Seq before = c[from].ring->high();
    c.send(from, text, service);
    c.run_until([&] { return c[from].ring->high() > before; });
    c.run_for(2 * Cluster::kDelay);
}

// --- exchange ----------------------------------------------------------------------------------

TEST(Recovery, WhatOneHoldsAllDeliver) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {1});
    losses.frame(2, {2});
    c.lose = std::ref(losses);
    send_apart(c, 0, "one", Service::agreed);
    send_apart(c, 0, "two", Service::agreed);
    cut(c);
    losses.on = false;
    c.form(c.everybody());
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(c[i].messages(), (Texts{"one", "two"})) << i;
}

TEST(Recovery, OwnersSendWhatIsMissingOnce) {
    Cluster c(4);
    c.form(c.everybody());
    Losses losses;
    for (std::uint64_t seq = 1; seq <= 6; ++seq) losses.frame(seq, {3});
    c.lose = std::ref(losses);
    for (int i = 0; i < 6; ++i) send_apart(c, 0, std::to_string(i), Service::agreed);
    cut(c);
    losses.on = false;
    std::uint64_t answered = 0;
    for (std::size_t i = 0; i < 4; ++i) answered += c[i].count(CounterId::retransmissions_answered);
    c.form(c.everybody());
    std::uint64_t copies = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        copies +=
            c[i].count(CounterId::recovery_sent) + c[i].count(CounterId::retransmissions_answered);
        if (i < 3) {
            EXPECT_EQ(c[i].count(CounterId::recovery_sent), 2u)
                << "seq mod holders spreads the work: " << i;
        }
    }
    EXPECT_EQ(copies - answered, 6u) << "no frame twice";
    EXPECT_EQ(c[3].count(CounterId::recovery_stored), 6u);
}

TEST(Recovery, WithoutStatesRequestsDoIt) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {1});
    losses.frame(2, {2});
    c.lose = std::ref(losses);
    send_apart(c, 0, "one", Service::agreed);
    send_apart(c, 0, "two", Service::agreed);
    cut(c);
    losses.on = false;
    c.form(c.everybody(), false);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(c[i].messages(), (Texts{"one", "two"})) << i;
        EXPECT_EQ(c[i].count(CounterId::recovery_sent), 0u);
    }
}

TEST(Recovery, TwoRingsMergeAndDoNotMixTheirRequests) {
    Cluster c(4);
    c.form({0, 1});
    c.form({2, 3});
    c.forget_heard();
    Losses losses;
    losses.frame(1, {1, 3});
    c.lose = std::ref(losses);
    send_apart(c, 0, "of 0,1", Service::agreed);
    send_apart(c, 2, "of 2,3", Service::agreed);
    cut(c);
    losses.on = false;
    c.form(c.everybody(), false);
    EXPECT_EQ(c[1].everything(), (Texts{"m:of 0,1", "t:0,1", "r:0,1,2,3"}));
    EXPECT_EQ(c[3].everything(), (Texts{"m:of 2,3", "t:2,3", "r:0,1,2,3"}));
    c.send(3, "together");
    c.run_until([&] { return c.all_got("together"); });
}

TEST(Recovery, LeftAloneInstallsByItself) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {1, 2});
    c.lose = std::ref(losses);
    send_apart(c, 0, "safe", Service::safe);
    cut(c);
    c.form({0});
    EXPECT_EQ(c[0].everything(), (Texts{"t:0", "m:safe", "r:0"}));
    c.send(0, "alone", Service::safe);
    EXPECT_TRUE(c[0].got("alone"));
}

// --- the order of an install -------------------------------------------------------------------

TEST(Install, UnstableSafeComesAfterTheTransitionalSignal) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(2, {2});
    c.lose = std::ref(losses);
    send_apart(c, 0, "agreed", Service::agreed);
    send_apart(c, 0, "safe", Service::safe);
    send_apart(c, 0, "behind", Service::agreed);
    cut(c);
    c.form({0, 1});
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(c[i].everything(), (Texts{"m:agreed", "t:0,1", "m:safe", "m:behind", "r:0,1"}));
    }
}

TEST(Install, SafeThatIsStableAtOneIsDeliveredInTheOldRing) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    c.send(1, "safe", Service::safe);
    // Somebody is the first to know; then the ring breaks.
    c.run_until([&] { return c[0].got("safe") || c[1].got("safe") || c[2].got("safe"); });
    EXPECT_FALSE(c.all_got("safe"));
    cut(c);
    c.form(c.everybody());
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(c[i].everything(), (Texts{"m:safe", "t:0,1,2", "r:0,1,2"})) << i;
    }
}

/// 2 departs. Frame 1 is its own and reached nobody; what follows reached both survivors.
struct HoleCluster {
    Cluster c{3};
    Losses losses;

    HoleCluster() {
        c.form(c.everybody());
        c.forget_heard();
        losses.frame(1, {0, 1});
        c.lose = std::ref(losses);
        send_apart(c, 2, "lost", Service::agreed);
    }
    void survivors_form() {
        cut(c);
        c[0].skipped.clear();
        c.form({0, 1});
    }
};

TEST(Install, BehindAHoleOnlyObligedSendersAreDelivered) {
    HoleCluster h;
    send_apart(h.c, 2, "of the departed", Service::agreed);
    send_apart(h.c, 0, "of a survivor", Service::agreed);
    send_apart(h.c, 1, "safe of a survivor", Service::safe);
    h.survivors_form();
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(h.c[i].everything(),
                  (Texts{"t:0,1", "m:of a survivor", "m:safe of a survivor", "r:0,1"}));
    }
    EXPECT_EQ(h.c[0].skipped, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{2, 2}}));
    EXPECT_EQ(h.c[0].count(CounterId::holes_final), 1u);
}

TEST(Install, RuleRLetsReliableThrough) {
    HoleCluster h;
    send_apart(h.c, 2, "reliable", Service::reliable);
    // One had it already, the other gets it in recovery only.
    h.survivors_form();
    EXPECT_EQ(h.c[0].everything(), (Texts{"m:reliable", "t:0,1", "r:0,1"}));
    EXPECT_EQ(h.c[1].everything(), (Texts{"m:reliable", "t:0,1", "r:0,1"}));
}

TEST(Install, RuleRDeliversReliableThatCameInRecoveryOnly) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {0, 1});
    losses.frame(2, {1});
    c.lose = std::ref(losses);
    send_apart(c, 2, "lost", Service::agreed);
    send_apart(c, 2, "reliable", Service::reliable);
    EXPECT_TRUE(c[0].got("reliable"));
    EXPECT_FALSE(c[1].got("reliable"));
    cut(c);
    losses.on = false;
    c.form({0, 1});
    EXPECT_EQ(c[1].everything(), (Texts{"t:0,1", "m:reliable", "r:0,1"}));
}

TEST(Install, FifoBehindItsSendersHoleIsSkipped) {
    HoleCluster h;
    send_apart(h.c, 2, "fifo", Service::fifo);
    h.survivors_form();
    EXPECT_EQ(h.c[0].everything(), (Texts{"t:0,1", "r:0,1"}));
}

TEST(Install, FifoWhoseSenderMissesNothingIsDelivered) {
    Cluster c(4);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {0, 1, 3});
    losses.frame(2, {1});
    c.lose = std::ref(losses);
    send_apart(c, 2, "lost", Service::agreed);
    send_apart(c, 3, "fifo", Service::fifo);
    EXPECT_TRUE(c[0].got("fifo"));
    cut(c);
    losses.on = false;
    c.form({0, 1});
    EXPECT_EQ(c[1].everything(), (Texts{"t:0,1", "m:fifo", "r:0,1"}));
}

TEST(Install, FifoBehindItsSendersSkippedAgreedIsSkipped) {
    Cluster c(4);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {0, 1, 3});
    c.lose = std::ref(losses);
    send_apart(c, 2, "lost", Service::agreed);
    send_apart(c, 3, "skipped", Service::agreed);
    send_apart(c, 3, "fifo behind", Service::fifo);
    send_apart(c, 3, "reliable behind", Service::reliable);
    cut(c);
    c.form({0, 1});
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(c[i].everything(), (Texts{"m:reliable behind", "t:0,1", "r:0,1"})) << i;
    }
}

// --- attempts ----------------------------------------------------------------------------------

TEST(Attempts, ObligationsOutliveAnAbandonedAttempt) {
    // 3 departs with its frame 1. 2 comes along in the first attempt, all hold everything, then 2
    // is gone as well: its frame behind the hole must be delivered nevertheless.
    Cluster c(4);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {0, 1, 2});
    c.lose = std::ref(losses);
    send_apart(c, 3, "lost", Service::agreed);
    send_apart(c, 2, "obliged", Service::agreed);
    cut(c);
    c.begin_forming({0, 1, 2});
    // Nobody installs: the token is lost on its way back from 2.
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token) && p.from == 2; };
    c.run_for(1ms);
    for (std::size_t i = 0; i < 2; ++i) {
        ASSERT_FALSE(c[i].ring->operational());
        c[i].ring->abandon_recovery();
    }
    cut(c);
    c.lose = nullptr;
    c.form({0, 1});
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(c[i].everything(), (Texts{"t:0,1", "m:obliged", "r:0,1"})) << i;
    }
}

TEST(Attempts, ObligationsOfOneAreThoseOfAllWhoComeAlong) {
    // As above, but 0 lacks the obliged frame in the first attempt, and so takes no obligation.
    Cluster c(4);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {0, 1, 2});
    losses.frame(2, {0});
    c.lose = std::ref(losses);
    send_apart(c, 3, "lost", Service::agreed);
    send_apart(c, 2, "obliged", Service::agreed);
    cut(c);
    c.lose = [](const Packet& p) { return p.is(wire::Kind::data) || p.from == 2; };
    c.begin_forming({0, 1, 2});
    c.run_for(1ms);
    for (std::size_t i = 0; i < 2; ++i) {
        ASSERT_FALSE(c[i].ring->operational());
        c[i].ring->abandon_recovery();
    }
    EXPECT_EQ(c[0].ring->snapshot().obligations.size(), 1u);
    cut(c);
    c.lose = nullptr;
    c.form({0, 1});
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(c[i].everything(), (Texts{"t:0,1", "m:obliged", "r:0,1"})) << i;
    }
}

TEST(Attempts, WithoutHoldingEverythingNobodyIsObliged) {
    Cluster c(3);
    c.form(c.everybody());
    Losses losses;
    losses.frame(1, {1});
    c.lose = std::ref(losses);
    send_apart(c, 0, "missing at 1", Service::agreed);
    cut(c);
    c.lose = [](const Packet& p) { return p.is(wire::Kind::data); };
    c.begin_forming(c.everybody());
    c.run_for(1ms);
    EXPECT_EQ(c[0].ring->snapshot().obligations.size(), 3u) << "0 held everything";
    EXPECT_EQ(c[1].ring->snapshot().obligations.size(), 1u);
}

TEST(Attempts, AbandoningTakesHolesBack) {
    HoleCluster h;
    send_apart(h.c, 0, "behind", Service::agreed);
    cut(h.c);
    h.c.begin_forming({0, 1});
    EXPECT_EQ(h.c[1].ring->aru(), Seq{2}) << "over the hole";
    h.c[1].ring->abandon_recovery();
    EXPECT_EQ(h.c[1].ring->aru(), Seq{0});
    const wire::OldRingState state = h.c[1].ring->snapshot();
    EXPECT_EQ(state.aru, Seq{0});
    EXPECT_FALSE(state.have.test(0)) << "a hole is never reported as held";
    EXPECT_TRUE(state.have.test(1));
    // The one that holds it comes back: nothing is lost after all.
    h.losses.on = false;
    h.c.forget_heard();
    h.c.form(h.c.everybody());
    EXPECT_EQ(h.c[1].everything(), (Texts{"m:lost", "m:behind", "t:0,1,2", "r:0,1,2"}));
}

TEST(Attempts, SnapshotInsteadOfAbandonDoesTheSame) {
    HoleCluster h;
    send_apart(h.c, 0, "behind", Service::agreed);
    cut(h.c);
    h.c.begin_forming({0, 1});
    const wire::OldRingState state = h.c[1].ring->snapshot();
    EXPECT_EQ(state.aru, Seq{0});
    EXPECT_FALSE(state.have.test(0));
}

TEST(Attempts, NothingIsStoredAfterTheSnapshot) {
    Cluster c(2);
    c.form({0, 1});
    c.send(0, "late");
    c.run_until([&] { return c[0].ring->high() == Seq{1}; });
    c[1].ring->snapshot();
    c.run_for(1ms);
    EXPECT_EQ(c[1].ring->high(), Seq{0});
    EXPECT_EQ(c[1].count(CounterId::data_foreign), 1u);
    EXPECT_FALSE(c[1].got("late"));
}

TEST(Attempts, PlanKeepsLateFramesOut) {
    // 2 gives out frame 2 and dies: neither its token nor the frame is seen by those who plan.
    // Frame 1 is a hole. What comes late of either must stay out.
    HoleCluster h;
    std::vector<Packet> late;
    h.c.lose = [&](const Packet& p) {
        if (p.from == 2 && p.is(wire::Kind::data) && p.to == 0) late.push_back(p);
        return p.from == 2;
    };
    h.c.send(2, "beyond", Service::reliable);
    h.c.run_until([&] { return !late.empty() && late.back().data().seq() == Seq{2}; });
    cut(h.c);
    h.c.begin_forming({0, 1});
    EXPECT_EQ(h.c[0].ring->high(), Seq{1});
    for (const Packet& p : late) h.c.hand_over(p);
    EXPECT_EQ(h.c[0].ring->high(), Seq{1});
    h.c.lose = nullptr;
    h.c.run_until([&] { return h.c[0].ring->operational() && h.c[1].ring->operational(); });
    EXPECT_EQ(h.c[0].everything(), (Texts{"t:0,1", "r:0,1"}));
    EXPECT_EQ(h.c[1].everything(), h.c[0].everything());
}

TEST(Attempts, DeliversNothingWhileRecovering) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    Losses losses;
    losses.frame(1, {1});
    c.lose = std::ref(losses);
    send_apart(c, 0, "agreed", Service::agreed);
    send_apart(c, 0, "reliable", Service::reliable);
    EXPECT_EQ(c[1].messages(), Texts{"reliable"});
    cut(c);
    losses.on = false;
    // The last hop of the recovery is withheld, so that everybody is done and nobody installs.
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token) && p.token().done_run >= 2; };
    c.begin_forming(c.everybody());
    c.run_for(5ms);
    EXPECT_EQ(c[1].count(CounterId::recovery_stored), 1u);
    EXPECT_EQ(c[1].messages(), Texts{"reliable"});
    c.lose = nullptr;
    c.run_until([&] { return c[1].ring->operational(); });
    EXPECT_EQ(c[1].everything(), (Texts{"m:reliable", "m:agreed", "t:0,1,2", "r:0,1,2"}));
}

TEST(Attempts, LostRecoveryTokenIsReported) {
    Cluster c(2);
    c.lose = [](const Packet&) { return true; };
    c.begin_forming({0, 1});
    c.run_for(c.settings().timers.token_loss + 1ms);
    EXPECT_EQ(c[0].events, std::vector<RingEvent>{RingEvent::recovery_lost});
    EXPECT_EQ(c[1].events, std::vector<RingEvent>{RingEvent::recovery_lost});
    c.run_for(10s);
    EXPECT_EQ(c[0].events.size(), 1u);
    c.lose = nullptr;
    c.form({0, 1});
}

TEST(Attempts, MemberThatGetsThePlanLateIsReachedByTheRepeatedToken) {
    Cluster c(2);
    c[1].ring->snapshot();
    const wire::OldRingState state = c[0].ring->snapshot();
    RecoveryStart start;
    start.ring = {1 << 24, NodeIndex{0}};
    start.members = {c[0].member, c[1].member};
    start.start_token = true;
    start.order.old_ring = state.ring;
    start.order.transitional = start.ring;
    start.order.together = {c[0].member};
    start.order.obligations = {c[0].member};
    c[0].ring->begin_recovery(c.now(), start);
    c.run_for(10ms);
    EXPECT_FALSE(c[0].ring->recovery_token_returned());
    EXPECT_GE(c[0].count(CounterId::token_resent), 1u);
    start.start_token = false;
    start.order.old_ring = {0, NodeIndex{1}};
    start.order.together = {c[1].member};
    start.order.obligations = {c[1].member};
    c[1].ring->begin_recovery(c.now(), start);
    c.run_until([&] { return c[0].ring->operational() && c[1].ring->operational(); });
    EXPECT_TRUE(c[0].ring->recovery_token_returned());
}

TEST(Attempts, PlanThatContradictsMyStateIsRefused) {
    HoleCluster h;
    send_apart(h.c, 0, "held", Service::agreed);
    cut(h.c);
    const auto refused = [&](auto&& spoil) {
        const wire::OldRingState state = h.c[0].ring->snapshot();
        RecoveryStart start;
        start.ring = {99 << 24, NodeIndex{0}};
        start.members = {h.c[0].member, h.c[1].member};
        start.order.old_ring = state.ring;
        start.order.together = {h.c[0].member, h.c[1].member};
        start.order.low_aru = state.aru;
        start.order.stable_max = state.stable;
        start.order.high_max = state.high;
        start.order.final_holes.resize(distance(state.aru, state.high));
        spoil(start.order);
        h.c[0].ring->begin_recovery(h.c.now(), start);
        const bool lost = h.c[0].ring->take_event() == RingEvent::recovery_lost;
        h.c[0].ring->abandon_recovery();
        return lost;
    };
    EXPECT_FALSE(refused([](wire::RecoveryOrder&) {}));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.old_ring.epoch = 5; }));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.stable_max = Seq{1}; }));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.final_holes.set(1); }));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.high_max = Seq{1}; }));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.high_max = Seq{~std::uint64_t{0}}; }));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.final_holes.resize(0); }));
    EXPECT_TRUE(refused([](wire::RecoveryOrder& o) { o.together.clear(); }));
}

}  // namespace
}  // namespace torc::ordering::testing
