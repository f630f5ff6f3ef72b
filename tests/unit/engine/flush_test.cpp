// Flush groups at whole nodes: what is refused before it is sent, what waits for whom, deadlines,
// and a flush that a ring change cuts through. The rules themselves: tests/unit/groups/flush_test.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/engine/cluster.hpp"

namespace torc::engine::test {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr Nanos kDeadline = 40ms;

config::ClusterSettings with_deadline(std::size_t nodes) {
    config::ClusterSettings settings = settings_of(nodes);
    settings.flush_deadline = kDeadline;
    settings.message_bytes = kMessageBytesDefault;
    return settings;
}

/// Alice on 0 and Bob on 1 in the view of the flush group `room`; Carol on 2 is not in it.
struct FlushAtEngines : ::testing::Test {
    FlushAtEngines() {
        cluster.boot_all();
        EXPECT_TRUE(cluster.form({0, 1, 2}));
        EXPECT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
        EXPECT_EQ(cluster.open(1, kBob, "bob"), Accept::accepted);
        EXPECT_EQ(cluster.open(2, kCarol, "carol"), Accept::accepted);
        EXPECT_EQ(cluster.join(0, kAlice, "room", JoinKind::flush), Accept::accepted);
        EXPECT_TRUE(sees(0, kAlice, "view room: #alice#n0"));
        EXPECT_EQ(cluster.join(1, kBob, "room", JoinKind::flush), Accept::accepted);
        EXPECT_TRUE(sees(0, kAlice, "flush room"));
        EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
        EXPECT_TRUE(sees(0, kAlice, "view room: #alice#n0 #bob#n1"));
        EXPECT_TRUE(sees(1, kBob, "view room: #alice#n0 #bob#n1"));
        forget();
    }
    void forget() {
        for (std::size_t host : {0u, 1u, 2u}) cluster.host(host).seen.clear();
    }
    Lines& seen(std::size_t host, SessionId session) {
        return cluster.host(host).seen[session.slot];
    }
    /// It is the last that the session saw, soon.
    bool sees(std::size_t host, SessionId session, const std::string& line) {
        return cluster.run_until(
            [&] { return !seen(host, session).empty() && seen(host, session).back() == line; });
    }
    Accept say(std::size_t host, SessionId session, std::string_view text,
               Service service = Service::agreed) {
        return cluster.send(host, session, "room", bytes_of(text), service);
    }
    void carol_joins() {
        EXPECT_EQ(cluster.join(2, kCarol, "room", JoinKind::flush), Accept::accepted);
        EXPECT_TRUE(sees(0, kAlice, "flush room"));
        EXPECT_TRUE(sees(1, kBob, "flush room"));
    }
    static constexpr SessionId kCarol{2, 1};
    Cluster cluster{3, with_deadline(3)};
};

// --- refused at once -----------------------------------------------------------------------------

TEST_F(FlushAtEngines, StrangersAndTheSilentAreRefusedBeforeAnythingIsSent) {
    EXPECT_EQ(say(2, kCarol, "stranger"), Accept::not_member);
    EXPECT_EQ(cluster.flush_ok(2, kCarol, "room"), Accept::not_member);
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::flushed) << "nobody asked";
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "#a#b"), Accept::illegal);
    carol_joins();
    EXPECT_EQ(say(2, kCarol, "too early"), Accept::flushed);
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(say(0, kAlice, "too late"), Accept::flushed);
    EXPECT_EQ(cluster.engine(2).ring().backlog(), 0u);
    EXPECT_EQ(say(1, kBob, "in time"), Accept::accepted);
    EXPECT_TRUE(sees(0, kAlice, "in time"));
    EXPECT_EQ(seen(2, kCarol), Lines{});
    EXPECT_TRUE(cluster.host(0).outcomes.empty() && cluster.host(2).outcomes.empty());
}

TEST_F(FlushAtEngines, WhatOnlyTheOrderCanRefuseIsToldToItsSender) {
    EXPECT_EQ(cluster.join(2, kCarol, "hall", JoinKind::flush), Accept::accepted);
    EXPECT_EQ(cluster.send(2, kCarol, "hall", bytes_of("before my view")), Accept::accepted);
    EXPECT_EQ(cluster.join(2, kCarol, "room", JoinKind::open), Accept::accepted);
    EXPECT_TRUE(cluster.run_until([&] { return cluster.host(2).outcomes.size() == 2; }));
    EXPECT_EQ(cluster.host(2).outcomes,
              (std::vector{SessionOutcome::flushed, SessionOutcome::group_kind}));
    EXPECT_EQ(seen(2, kCarol), Lines{"view hall: #carol#n2"});
}

TEST_F(FlushAtEngines, SubgroupCastsNameAGroupAndItsMembers) {
    const auto cast = [&](std::size_t host, SessionId session,
                          std::vector<std::string_view> names) {
        const Bytes payload = bytes_of("cast");
        ClientOp op;
        op.kind = ClientOp::Kind::send;
        op.session = session;
        op.groups = names;
        op.payload = payload;
        op.subgroup = true;
        return cluster.act(host, op);
    };
    EXPECT_EQ(cast(0, kAlice, {"room"}), Accept::illegal);
    EXPECT_EQ(cast(0, kAlice, {"#bob#n1", "#alice#n0"}), Accept::illegal);
    EXPECT_EQ(cast(0, kAlice, {"room", "hall"}), Accept::illegal);
    EXPECT_EQ(cast(2, kCarol, {"room", "#bob#n1"}), Accept::not_member);
    EXPECT_EQ(cast(2, kCarol, {"nowhere", "#bob#n1"}), Accept::not_member);
    EXPECT_EQ(cluster.join(2, kCarol, "hall"), Accept::accepted);
    EXPECT_TRUE(sees(2, kCarol, "view hall: #carol#n2"));
    EXPECT_EQ(cast(2, kCarol, {"hall", "#carol#n2"}), Accept::group_kind);
    EXPECT_EQ(cast(0, kAlice, {"room", "#bob#n1", "#carol#n2"}), Accept::accepted);
    EXPECT_TRUE(sees(1, kBob, "cast"));
    EXPECT_EQ(seen(0, kAlice), Lines{});
    EXPECT_EQ(seen(2, kCarol), Lines{"view hall: #carol#n2"}) << "no member of the view";
}

// --- order ---------------------------------------------------------------------------------------

// Spread and Torc's own early classes: RELIABLE messages reach some members of a set and not
// others.
TEST_F(FlushAtEngines, EarlyClassesAreRaisedForFlushGroups) {
    for (const Service service : {Service::unreliable, Service::reliable, Service::fifo}) {
        EXPECT_EQ(say(0, kAlice, "early", service), Accept::raised);
    }
    EXPECT_EQ(say(0, kAlice, "causal", Service::causal), Accept::accepted);
    EXPECT_EQ(say(0, kAlice, "safe", Service::safe), Accept::accepted);
    EXPECT_TRUE(sees(1, kBob, "safe"));
    std::vector<Service> services;
    for (const Received& message : cluster.host(1).received) services.push_back(message.service);
    EXPECT_EQ(services, (std::vector{Service::agreed, Service::agreed, Service::agreed,
                                     Service::causal, Service::safe}));
    EXPECT_EQ(cluster.send(0, kAlice, "nowhere", bytes_of("x"), Service::fifo), Accept::accepted);
}

TEST_F(FlushAtEngines, WhatComesBeforeAConsentIsHeardBeforeTheView) {
    carol_joins();
    for (const Service service : {Service::safe, Service::reliable, Service::agreed}) {
        say(0, kAlice, "mine", service);
        say(1, kBob, "his", service);
    }
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(cluster.flush_ok(1, kBob, "room"), Accept::accepted);
    const std::string view = "view room: #alice#n0 #bob#n1 #carol#n2";
    ASSERT_TRUE(sees(0, kAlice, view));
    ASSERT_TRUE(sees(1, kBob, view));
    EXPECT_EQ(seen(0, kAlice).size(), 8u) << "request, six messages, view";
    EXPECT_EQ(seen(0, kAlice), seen(1, kBob));
    EXPECT_TRUE(sees(2, kCarol, view));
    EXPECT_EQ(seen(2, kCarol), Lines{view});
}

TEST_F(FlushAtEngines, ALargeMessageUnderWayIsFinishedInItsView) {
    const Bytes large = pattern(kMessageBytesDefault);
    ASSERT_EQ(cluster.send(0, kAlice, "room", large), Accept::would_block);
    carol_joins();
    EXPECT_TRUE(cluster.send_all(0, kAlice, "room", large));
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(cluster.flush_ok(1, kBob, "room"), Accept::accepted);
    EXPECT_TRUE(sees(1, kBob, "view room: #alice#n0 #bob#n1 #carol#n2"));
    ASSERT_EQ(cluster.host(1).received.size(), 1u);
    EXPECT_TRUE(cluster.host(1).received[0].payload == large);
    EXPECT_TRUE(cluster.host(2).received.empty());
}

TEST(FlushAlone, ARingOfOneGivesViewsInsideTheCall) {
    Cluster cluster(1);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0}));
    ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
    ASSERT_EQ(cluster.open(0, kBob, "bob"), Accept::accepted);
    EXPECT_EQ(cluster.join(0, kAlice, "room", JoinKind::flush), Accept::accepted);
    EXPECT_EQ(cluster.join(0, kBob, "room", JoinKind::flush), Accept::accepted);
    Lines& alice = cluster.host(0).seen[kAlice.slot];
    EXPECT_EQ(alice, (Lines{"view room: #alice#n0", "flush room"}));
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(alice.back(), "view room: #alice#n0 #bob#n0");
    EXPECT_EQ(cluster.send(0, kAlice, "room", bytes_of("hello")), Accept::accepted);
    cluster.run_for(1us);  // what else the driver has may come along in its frame
    EXPECT_EQ(cluster.host(0).seen[kBob.slot].back(), "hello");
}

// --- deadline ------------------------------------------------------------------------------------

// Spread: who receives after a request without flushing blocks the group for good.
TEST_F(FlushAtEngines, WhoDoesNotConsentInTimeIsDisconnectedByItsDaemon) {
    carol_joins();
    EXPECT_EQ(cluster.flush_ok(1, kBob, "room"), Accept::accepted);
    cluster.run_for(kDeadline - 5ms);
    EXPECT_TRUE(cluster.host(0).outcomes.empty());
    EXPECT_TRUE(sees(2, kCarol, "view room: #bob#n1 #carol#n2"));
    EXPECT_EQ(cluster.host(0).outcomes, std::vector{SessionOutcome::flush_timeout});
    EXPECT_EQ(say(0, kAlice, "still here"), Accept::illegal);
    EXPECT_EQ(seen(0, kAlice), Lines{"flush room"});
    EXPECT_EQ(cluster.host(0).count(telemetry::CounterId::flush_timeouts), 1u);
    EXPECT_EQ(cluster.open(0, {0, 2}, "alice"), Accept::accepted) << "the name is free again";
}

TEST_F(FlushAtEngines, ADaemonWithoutARingWaitsForNobody) {
    carol_joins();
    cluster.pass_only([](std::size_t, std::size_t, wire::Kind kind) {
        return kind != wire::Kind::token && kind != wire::Kind::plan;
    });
    cluster.run_for(settings_of(3).timers.token_loss + kDeadline / 2);
    ASSERT_FALSE(cluster.engine(0).operational());
    const Instant cut = cluster.now();
    cluster.pass_only({});
    ASSERT_TRUE(cluster.form({0, 1, 2}));
    ASSERT_TRUE(cluster.host(0).outcomes.empty());
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(cluster.flush_ok(1, kBob, "room"), Accept::accepted);
    EXPECT_TRUE(sees(2, kCarol, "view room: #alice#n0 #bob#n1 #carol#n2"));
    EXPECT_GT(cluster.now(), cut);
}

TEST_F(FlushAtEngines, AfterAStandstillEachHasTheWholeTimeAgain) {
    carol_joins();
    cluster.run_for(kDeadline - 1ms);
    cluster.engine(0).on_pause(cluster.now());
    cluster.run_for(kDeadline - 2ms);
    EXPECT_TRUE(cluster.host(0).outcomes.empty());
    EXPECT_EQ(cluster.host(1).outcomes, std::vector{SessionOutcome::flush_timeout});
}

// --- ring changes --------------------------------------------------------------------------------

TEST_F(FlushAtEngines, ADeadDaemonGivesTheViewToTheRest) {
    carol_joins();
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    cluster.crash(1);
    EXPECT_TRUE(sees(2, kCarol, "view room: #alice#n0 #carol#n2"));
    EXPECT_EQ(seen(0, kAlice),
              (Lines{"flush room", "signal room:", "view room: #alice#n0 #carol#n2"}));
}

TEST_F(FlushAtEngines, WhatWasTakenInTheOldRingIsHeardByWhoCameAlong) {
    ASSERT_EQ(cluster.join(2, kCarol, "room", JoinKind::flush), Accept::accepted);
    ASSERT_TRUE(sees(1, kBob, "flush room"));
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(cluster.flush_ok(1, kBob, "room"), Accept::accepted);
    ASSERT_TRUE(sees(2, kCarol, "view room: #alice#n0 #bob#n1 #carol#n2"));
    forget();
    // The token is lost; what Alice says waits for the next ring, where Carol is no more.
    cluster.pass_only(
        [](std::size_t, std::size_t, wire::Kind kind) { return kind != wire::Kind::token; });
    cluster.run_for(2ms);
    ASSERT_EQ(say(0, kAlice, "in the old view"), Accept::accepted);
    cluster.crash(2);
    cluster.run_for(1ms);
    cluster.pass_only({});
    ASSERT_TRUE(cluster.form({0, 1}));
    EXPECT_TRUE(cluster.run_until([&] { return !cluster.host(1).received.empty(); }));
    EXPECT_EQ(cluster.flush_ok(0, kAlice, "room"), Accept::accepted);
    EXPECT_EQ(cluster.flush_ok(1, kBob, "room"), Accept::accepted);
    EXPECT_TRUE(sees(0, kAlice, "view room: #alice#n0 #bob#n1"));
    EXPECT_TRUE(sees(1, kBob, "view room: #alice#n0 #bob#n1"));
    for (const Lines& lines : {seen(0, kAlice), seen(1, kBob)}) {
        EXPECT_EQ(std::count(lines.begin(), lines.end(), "in the old view"), 1);
    }
}

}  // namespace
}  // namespace torc::engine::test
