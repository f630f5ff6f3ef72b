// A ring with nothing to do, a ring of one, a ring that drains.
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

using Texts = std::vector<std::string>;

TEST(Idle, RepresentativeHoldsTheTokenWhereNobodySpoke) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    const std::uint64_t before = c[1].count(CounterId::token_accepted);
    c.run_for(c.settings().timers.hold_refresh - 5ms);
    EXPECT_LE(c[1].count(CounterId::token_accepted), before + 1);
    c.run_for(2s);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(c[i].ring->operational()) << "a held token is not a lost one";
        EXPECT_TRUE(c[i].events.empty());
    }
    EXPECT_GT(c[1].count(CounterId::token_accepted), before + 10) << "refreshed";
}

TEST(Idle, EverybodyKnowsStabilityBeforeTheHold) {
    config::ClusterSettings settings = test_settings(4);
    settings.timers.hold_after = 0ns;  // as early as the rule of quiet visits allows
    Cluster c(settings);
    c.form(c.everybody());
    for (std::size_t from = 0; from < 4; ++from) {
        const std::string text = "safe of " + std::to_string(from);
        c.send(from, text, Service::safe);
        c.run_until([&] { return c[from].ring->backlog() == 0; });
        c.run_until([&] { return c[from].ring->holds_token(); });
        EXPECT_TRUE(c.all_got(text)) << text;
        EXPECT_TRUE(c.all_stable());
    }
}

TEST(Idle, LocalSubmitLetsGoAtOnce) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    c.send(0, "now");
    EXPECT_FALSE(c[0].ring->holds_token());
    c.run_for(Cluster::kDelay);
    EXPECT_TRUE(c[2].got("now"));
}

TEST(Idle, WhoSpokeLastHoldsTheTokenAndSpeaksAtOnce) {
    Cluster c(3);
    c.form(c.everybody());
    for (const std::size_t from : {2u, 1u, 2u}) {
        c.send(from, "first of " + std::to_string(from));
        c.run_until([&] { return c[from].ring->holds_token(); });
        const std::uint64_t wakes = c[from].count(CounterId::wake_sent);
        c.send(from, "at once");
        EXPECT_TRUE(c[from].got("at once")) << "without waiting for anything";
        EXPECT_EQ(c[from].count(CounterId::wake_sent), wakes);
        c.run_until([&] { return c.all_got("at once"); });
        c.forget_heard();
    }
}

TEST(Idle, WakeFetchesTheToken) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    const Instant asked = c.now();
    c.send(2, "please");
    EXPECT_EQ(c[2].count(CounterId::wake_sent), 1u);
    c.run_until([&] { return c.all_got("please"); });
    EXPECT_LT(c.now() - asked, 1ms) << "long before the refresh, in virtual time";
}

TEST(Idle, LostWakeIsRepeatedBoundedly) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    int wakes = 0;
    c.lose = [&](const Packet& p) {
        if (!p.is(wire::Kind::wake)) return false;
        if (p.to == 0) ++wakes;
        return wakes < 3;
    };
    c.send(2, "please");
    c.run_until([&] { return c.all_got("please"); });
    EXPECT_EQ(wakes, 3);
    c.run_until([&] { return c[2].ring->holds_token(); });
    c.lose = [&](const Packet& p) { return p.is(wire::Kind::wake); };
    const std::uint64_t before = c[1].count(CounterId::wake_sent);
    c.send(1, "again");
    c.run_until([&] { return c.all_got("again"); });
    EXPECT_LE(c[1].count(CounterId::wake_sent) - before, 6u);
}

TEST(Idle, HeldTokenIsGivenUpOnStop) {
    Cluster c(2);
    c.form({0, 1});
    c.run_until([&] { return c[0].ring->holds_token(); });
    c[0].ring->stop(c.now());
    EXPECT_FALSE(c[0].ring->holds_token());
    EXPECT_FALSE(c[0].ring->operational());
    EXPECT_EQ(c[0].ring->next_deadline(), kNever);
}

// --- a ring of one -----------------------------------------------------------------------------

TEST(Alone, NoTokenAndEverythingAtOnce) {
    Cluster c(1);
    c.form({0});
    EXPECT_EQ(c[0].everything(), (Texts{"t:0", "r:0"}));
    c.forget_heard();
    c.record = true;
    c.send(0, "a", Service::safe);
    c.send(0, "b", Service::unreliable);
    c.send(0, "c", Service::agreed);
    c.send(0, std::string(60000, 'd'), Service::fifo);
    EXPECT_EQ(c[0].messages(), (Texts{"a", "b", "c", std::string(60000, 'd')}));
    EXPECT_EQ(c[0].ring->stable(), c[0].ring->high());
    EXPECT_EQ(c[0].ring->delivered(), c[0].ring->high());
    c.run_for(2s);
    EXPECT_TRUE(c[0].events.empty());
    EXPECT_TRUE(c.sent.empty());
}

TEST(Alone, ReleasedApplicationMessagesFlow) {
    Cluster c(1);
    c.form({0});
    c[0].ring->hold_application(true);
    c.send(0, "later");
    EXPECT_FALSE(c[0].got("later"));
    c[0].ring->hold_application(false);
    c.run_for(1us);
    EXPECT_TRUE(c[0].got("later"));
}

TEST(Alone, DrainsAtOnce) {
    Cluster c(1);
    c.form({0});
    c.send(0, "a");
    c[0].ring->set_draining(c.now(), true);
    EXPECT_EQ(c[0].ring->take_event(), RingEvent::drained);
}

// --- draining ----------------------------------------------------------------------------------

TEST(Drain, StopsNewSeqsAndReportsWhenEverythingIsStable) {
    Cluster c(3);
    c.form(c.everybody());
    c.send(1, "before", Service::safe);
    c.run_for(15us);
    for (std::size_t i = 0; i < 3; ++i) c[i].ring->set_draining(c.now(), true);
    c.send(1, "after");
    c.run_until([&] {
        return c[0].reported(RingEvent::drained) && c[1].reported(RingEvent::drained) &&
               c[2].reported(RingEvent::drained);
    });
    c.run_for(1ms);
    EXPECT_FALSE(c[0].got("after"));
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(std::count(c[i].events.begin(), c[i].events.end(), RingEvent::drained), 1);
    }
    EXPECT_TRUE(c[0].got("before") || c[0].ring->high() == Seq{0});
    c.form(c.everybody());
    c.run_until([&] { return c.all_got("after"); });
}

TEST(Drain, NobodyReportsItWhileSomebodyLacksAFrame) {
    Cluster c(3);
    c.form(c.everybody());
    c.lose = [](const Packet& p) {
        return p.is(wire::Kind::data) && p.to == 2 && !p.data().has(wire::kHopRetransmitted);
    };
    c.send(0, "lost at 2");
    c.run_until([&] { return c[0].ring->high() == Seq{1}; });
    for (std::size_t i = 0; i < 3; ++i) c[i].ring->set_draining(c.now(), true);
    for (std::size_t i = 0; i < 3; ++i) {
        c.run_until([&] { return c[i].reported(RingEvent::drained); });
        EXPECT_EQ(c[2].ring->aru(), Seq{1}) << i;
    }
}

TEST(Drain, WakesAHeldToken) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    c[2].ring->set_draining(c.now(), true);
    c.run_until([&] { return c[2].reported(RingEvent::drained); }, 5ms);
}

}  // namespace
}  // namespace torc::ordering::testing
