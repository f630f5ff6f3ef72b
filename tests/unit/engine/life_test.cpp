// From boot to shutdown: leaving in good order, a dry pool, and that every loan comes back whatever
// the engine was about.
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/engine/cluster.hpp"

namespace torc::engine::test {
namespace {

using membership::State;
using telemetry::CounterId;

void shut_down(Host& host) {
    host.engine->shutdown();
    EXPECT_EQ(host.arena->lent(), 0u);
    host.engine.reset();
}

TEST(Life, ShutdownReturnsEveryLoanInEveryState) {
    std::set<State> seen;
    // Events of a ring that forms, loses a member under load and forms again.
    for (std::size_t events = 0; events < 900; events += 7) {
        Cluster cluster(3);
        cluster.boot_all();
        ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
        const Bytes large = pattern(20'000);
        for (std::size_t i = 0; i < events; ++i) {
            if (i == 450) cluster.crash(2);
            cluster.step();
            if (i % 3 == 0) static_cast<void>(cluster.send(0, kAlice, "room", large));
        }
        for (std::size_t host = 0; host < 3; ++host) {
            if (!cluster.alive(host)) continue;
            seen.insert(cluster.engine(host).former().state());
            EXPECT_EQ(cluster.engine(host).loans(), cluster.host(host).arena->lent());
            shut_down(cluster.host(host));
        }
    }
    EXPECT_EQ(seen, (std::set{State::gather, State::form, State::recover, State::operational}));
}

TEST(Life, AfterLeavingNothingIsHeld) {
    Cluster cluster(3);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1, 2}));
    cluster.engine(1).leave(cluster.now());
    ASSERT_TRUE(cluster.run_until([&] { return cluster.engine(1).left(); }));
    EXPECT_EQ(cluster.engine(1).former().last_cause(), membership::Cause::left);
    shut_down(cluster.host(1));
}

TEST(Life, WhoLeavesIsMissedByNobodysTimer) {
    Cluster cluster(3);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1, 2}));
    ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
    ASSERT_EQ(cluster.join(0, kAlice, "room"), Accept::accepted);
    ASSERT_EQ(cluster.send(0, kAlice, "room", bytes_of("under way")), Accept::accepted);
    cluster.engine(2).leave(cluster.now());
    ASSERT_TRUE(cluster.run_until([&] { return cluster.engine(2).left(); }));
    shut_down(cluster.host(2));
    ASSERT_TRUE(cluster.form({0, 1}));
    for (std::size_t host : {0u, 1u}) {
        const Host& stayed = cluster.host(host);
        for (const CounterId timeout :
             {CounterId::entered_token_lost, CounterId::entered_form_timeout,
              CounterId::entered_recovery_lost, CounterId::recovery_timeouts}) {
            EXPECT_EQ(stayed.count(timeout), 0u) << telemetry::name_of(timeout);
        }
        // By the token, or by the JOIN of another that the token told first.
        EXPECT_EQ(stayed.count(CounterId::entered_leave_seen) +
                      stayed.count(CounterId::entered_join_from_member),
                  1u);
    }
    ASSERT_EQ(cluster.host(0).received.size(), 1u);
    EXPECT_EQ(cluster.host(0).received[0].payload, bytes_of("under way"));
}

TEST(Life, LeavingAloneIsImmediate) {
    Cluster cluster(1);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0}));
    cluster.engine(0).leave(cluster.now());
    EXPECT_TRUE(cluster.engine(0).left());
    shut_down(cluster.host(0));
}

TEST(DryPool, NothingIsLostOnceThereAreFramesAgain) {
    Cluster cluster(2);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1}));
    ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
    ASSERT_EQ(cluster.open(1, kBob, "bob"), Accept::accepted);
    ASSERT_EQ(cluster.join(1, kBob, "room"), Accept::accepted);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.host(1).views == 1; }));
    const RingId ring = cluster.engine(0).ring().id();

    // Half of the messages are accepted before, half offered while the pool is dry.
    constexpr std::size_t kMessages = 40;
    std::size_t accepted = 0;
    const auto offer = [&](std::size_t until) {
        while (accepted < until) {
            const Bytes payload = pattern(1000 + accepted);
            if (cluster.send(0, kAlice, "room", payload) != Accept::accepted) return;
            ++accepted;
        }
    };
    offer(kMessages / 2);
    EXPECT_EQ(accepted, kMessages / 2);
    cluster.host(0).dry = cluster.host(1).dry = true;
    const Instant dry_until = cluster.now() + settings_of(2).timers.token_loss / 3;
    while (cluster.now() < dry_until && cluster.step()) offer(kMessages);
    EXPECT_LT(accepted, kMessages);
    EXPECT_GT(cluster.host(0).count(CounterId::pool_dry), 0u);

    cluster.host(0).dry = cluster.host(1).dry = false;
    ASSERT_TRUE(cluster.run_until([&] {
        offer(kMessages);
        return cluster.host(1).received.size() == kMessages;
    }));
    for (std::size_t i = 0; i < kMessages; ++i) {
        EXPECT_EQ(cluster.host(1).received[i].payload, pattern(1000 + i)) << i;
    }
    EXPECT_EQ(cluster.engine(0).ring().id(), ring) << "a short drought breaks no ring";
}

TEST(DryPool, ARingFormsLateWhenThereWereNoFramesToSayAnything) {
    Cluster cluster(2);
    cluster.host(0).dry = true;
    cluster.boot_all();
    cluster.run_for(std::chrono::milliseconds{200});
    EXPECT_FALSE(cluster.in_one_ring({0, 1}));
    cluster.host(0).dry = false;
    EXPECT_TRUE(cluster.form({0, 1}));
}

}  // namespace
}  // namespace torc::engine::test
