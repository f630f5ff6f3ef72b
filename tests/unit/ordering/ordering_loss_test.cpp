// What goes wrong on a running ring: lost frames and tokens, duplicates, a dry pool.
#include "base/prng.hpp"
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

using Texts = std::vector<std::string>;

// --- lost DATA ---------------------------------------------------------------------------------

TEST(Loss, LostDataIsRepaired) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    bool once = true;
    c.lose = [&](const Packet& p) {
        return p.to == 2 && p.is(wire::Kind::data) && std::exchange(once, false);
    };
    c.send(0, "a");
    c.run_until([&] { return c.all_got("a"); });
    EXPECT_GE(c[2].count(CounterId::retransmissions_asked), 1u);
    EXPECT_EQ(c[0].count(CounterId::retransmissions_answered) +
                  c[1].count(CounterId::retransmissions_answered),
              1u);
}

TEST(Loss, RequestsComeOneRoundLate) {
    Cluster c(3);
    c.form(c.everybody());
    // Data is slower than the token: it comes when the token has been around once more.
    std::vector<Packet> late;
    c.lose = [&](const Packet& p) {
        if (!p.is(wire::Kind::data) || p.to != 1) return false;
        late.push_back(p);
        return true;
    };
    c.send(0, "late");
    c.run_until([&] { return !late.empty(); });
    c.run_for(2 * Cluster::kDelay);
    c.lose = nullptr;
    for (const Packet& p : late) c.hand_over(p);
    c.run_until([&] { return c.all_stable(); });
    EXPECT_EQ(c[1].count(CounterId::retransmissions_asked), 0u);
}

TEST(Loss, RequestsOnATokenAreLimited) {
    config::ClusterSettings settings = test_settings(2);
    settings.in_flight_frames = 256;
    settings.burst_frames = 64;
    Cluster c(settings);
    c.form({0, 1});
    c.forget_heard();
    c.lose = [&](const Packet& p) {
        return p.is(wire::Kind::data) && !p.data().has(wire::kHopRetransmitted);
    };
    std::size_t most = 0;
    c.watch = [&](const Packet& p) {
        if (p.is(wire::Kind::token)) most = std::max(most, p.token().requests.size());
    };
    for (int i = 0; i < 100; ++i) c.send(0, std::string(1400, 'x') + std::to_string(i));
    c.run_until([&] { return c.all_stable() && c[1].messages().size() == 100; });
    EXPECT_EQ(most, kRtrMax);
    EXPECT_EQ(c[1].messages(), c[0].messages());
}

TEST(Loss, RepairsOfAVisitAreLimited) {
    config::ClusterSettings settings = test_settings(2);
    settings.burst_frames = 4;
    Cluster c(settings);
    c.form({0, 1});
    c.lose = [&](const Packet& p) {
        return p.is(wire::Kind::data) && !p.data().has(wire::kHopRetransmitted);
    };
    std::size_t copies = 0;
    std::size_t most = 0;
    c.watch = [&](const Packet& p) {
        if (p.to != 1) return;
        if (p.is(wire::Kind::token)) copies = 0;
        if (p.is(wire::Kind::data)) most = std::max(most, ++copies);
    };
    for (int i = 0; i < 12; ++i) c.send(0, std::string(1400, 'x') + std::to_string(i));
    c.run_until([&] { return c.all_stable() && c[1].messages().size() == 12; });
    EXPECT_LE(most, 2u) << "half of a burst";
    EXPECT_GT(c[0].count(CounterId::retransmissions_deferred), 0u);
}

TEST(Loss, HolderThatCannotReachTheRequesterIsNotAskedForEver) {
    // 0 is the first holder after 3 and cannot reach it; 1 and 2 can.
    Cluster c(4);
    c.form(c.everybody());
    c.lose = [&](const Packet& p) { return p.from == 0 && p.to == 3 && p.is(wire::Kind::data); };
    c.send(0, "around");
    c.run_until([&] { return c.all_got("around"); }, 50ms);
    EXPECT_GE(c[0].count(CounterId::retransmissions_answered), 1u);
    EXPECT_GE(c[1].count(CounterId::retransmissions_answered) +
                  c[2].count(CounterId::retransmissions_answered),
              1u);
}

TEST(Loss, SecondAttemptGoesByUnicast) {
    Cluster c(2);
    c.form({0, 1});
    // Multicasts do not arrive at all; a copy to the one who asks does.
    c.lose = [&](const Packet& p) {
        return p.is(wire::Kind::data) && !p.data().has(wire::kHopUnicastCopy);
    };
    c.send(0, "by unicast");
    c.run_until([&] { return c.all_got("by unicast"); }, 50ms);
}

TEST(Loss, MemberWithoutProgressIsEjected) {
    Cluster c(3);
    c.form(c.everybody());
    c.lose = [&](const Packet& p) { return p.to == 2 && p.is(wire::Kind::data); };
    c.send(0, "never at 2");
    c.run_until([&] { return c[0].reported(RingEvent::eject); });
    EXPECT_EQ(c[0].ring->ejected(), c[2].member);
    c.run_for(10ms);
    EXPECT_FALSE(c[2].reported(RingEvent::eject)) << "nobody ejects himself";
}

TEST(Loss, RandomLossNeitherBreaksOrderNorLosesAnything) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        config::ClusterSettings settings = test_settings(3);
        settings.in_flight_frames = 30;
        settings.timers.token_loss = 10s;
        Cluster c(settings);
        c.form(c.everybody());
        c.forget_heard();
        Prng prng(seed);
        c.lose = [&](const Packet&) { return prng.chance(150'000); };
        const Service services[] = {Service::agreed, Service::safe, Service::causal};
        for (int i = 0; i < 150; ++i) {
            const std::string text = std::to_string(i) + std::string(prng.below(1200), '.');
            c.send(prng.below(3), text, services[prng.below(3)]);
            if (prng.chance(200'000)) c.run_for(200us);
        }
        c.run_until([&] { return c.all_stable() && c[0].heard.size() == 150; }, 60s);
        EXPECT_EQ(c[1].messages(), c[0].messages()) << "seed " << seed;
        EXPECT_EQ(c[2].messages(), c[0].messages()) << "seed " << seed;
    }
}

// --- the token ---------------------------------------------------------------------------------

TEST(TokenPassing, LostTokenIsRepeatedByItsSender) {
    Cluster c(3);
    c.form(c.everybody());
    bool once = true;
    c.lose = [&](const Packet& p) {
        return p.is(wire::Kind::token) && p.from == 1 && std::exchange(once, false);
    };
    c.run_until([&] { return !once; });
    c.send(2, "a");
    c.run_until([&] { return c.all_got("a"); });
    EXPECT_EQ(c[1].count(CounterId::token_resent), 1u);
    EXPECT_TRUE(c[0].events.empty());
}

TEST(TokenPassing, DuplicateTokenIsDropped) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    c.record = true;
    c.send(1, "a");
    c.run_until([&] { return c.all_got("a"); });
    std::vector<Packet> tokens;
    for (const Packet& p : c.sent) {
        if (p.is(wire::Kind::token)) tokens.push_back(p);
    }
    c.sent.clear();
    c.record = false;
    const std::uint64_t before = c[1].count(CounterId::token_accepted);
    for (const Packet& p : tokens) {
        if (p.to == 1) c.hand_over(p);
    }
    EXPECT_EQ(c[1].count(CounterId::token_accepted), before);
    EXPECT_GT(c[1].count(CounterId::token_duplicate), 0u);
    c.run_for(10ms);
    EXPECT_EQ(c[0].messages(), Texts{"a"});
}

TEST(TokenPassing, RepeatedTokenIsAcknowledged) {
    Cluster c(3);
    c.form(c.everybody());
    // The ring goes idle: nothing but the acknowledgement tells the predecessor of the holder.
    c.run_until([&] { return c[0].ring->holds_token(); });
    const std::uint64_t before = c[2].count(CounterId::token_resent);
    c.run_for(40ms);
    EXPECT_TRUE(c[0].ring->holds_token());
    EXPECT_LE(c[2].count(CounterId::token_resent), before + 1);
    EXPECT_GE(c[0].count(CounterId::status_sent), 1u);
}

TEST(TokenPassing, WhoStoodStillWaitsAnewAndSuspectsNobody) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    c[1].ring->shutdown();
    c[1].ring.reset();
    const Nanos loss = c.settings().timers.token_loss;
    c.run_for(loss / 2);
    const Instant woken = c.now();
    c[0].ring->on_pause(woken);
    c.run_until([&] { return c[0].reported(RingEvent::token_lost); });
    EXPECT_GE(c.now() - woken, loss);
    c[2].ring->on_pause(c.now());
    EXPECT_EQ(c[2].events, std::vector<RingEvent>{RingEvent::token_lost});
    c[2].ring->stop(c.now());
    EXPECT_EQ(c[0].ring->suspect(), c[1].member.index) << "silent for a whole token_loss since";
}

TEST(TokenPassing, LossIsReportedOnceAndNamesTheSuspect) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    c[1].ring->shutdown();
    c[1].ring.reset();
    const Instant dead = c.now();
    c.run_until([&] { return c[0].reported(RingEvent::token_lost); });
    EXPECT_GE(c.now() - dead, c.settings().timers.token_loss);
    EXPECT_EQ(c[0].ring->suspect(), c[1].member.index);
    EXPECT_FALSE(c[0].ring->operational()) << "the veto begins with the loss";
    c.run_for(5s);
    EXPECT_EQ(c[0].events.size(), 1u);
    EXPECT_EQ(c[2].events, std::vector<RingEvent>{RingEvent::token_lost});
    EXPECT_EQ(c[2].ring->suspect(), c[0].member.index) << "passed it the token, heard no more";
    EXPECT_EQ(c[0].ring->next_deadline(), kNever);
}

TEST(TokenPassing, DataAfterMyTokenIsProgress) {
    Cluster c(3);
    c.form(c.everybody());
    c.run_until([&] { return c[0].ring->holds_token(); });
    // Nobody gets a token any more, but 1 hears fresh DATA of 2 all the time: not lost for 1.
    std::vector<std::byte> bytes;
    wire::Token last;
    c.watch = [&](const Packet& p) {
        if (p.is(wire::Kind::token)) last = p.token();
    };
    c.run_for(60ms);
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token); };
    const Instant from = c.now();
    std::uint32_t counter = 0;
    while (c.now() - from < 1s) {
        FakePool pool;
        const FrameRef frame = pool.lend(0, true);
        wire::FrameBuilder builder(frame, kFrameBytesMin, NodeIndex{2}, kHash);
        const std::string text = "x";
        const std::span<const std::byte> piece = std::as_bytes(std::span(text));
        builder.append({1, Service::unreliable, false}, {&piece, 1});
        wire::Stamp stamp;
        stamp.ring = c[0].ring->id();
        stamp.sender_seq = ++counter;
        stamp.round = static_cast<std::uint32_t>(last.token_seq + 100);
        wire::stamp(builder.frame(), stamp);
        const auto whole = builder.frame().bytes();
        c.inject(1, {whole.begin(), whole.end()});
        pool.give_back(frame.cookie);
        c.run_for(50ms);
    }
    EXPECT_TRUE(c[1].ring->operational());
    EXPECT_FALSE(c[2].ring->operational());
}

TEST(TokenPassing, StoppedRingSwallowsItsTokens) {
    Cluster c(2);
    c.form({0, 1});
    c[1].ring->stop(c.now());
    c.run_for(20ms);
    EXPECT_GE(c[1].count(CounterId::token_swallowed), 1u);
    EXPECT_EQ(c.submit(1, "no"), Submit::would_block);
}

TEST(TokenPassing, StoppedRingStillStoresAndDelivers) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    c.send(0, "flying");
    c.run_until([&] { return c[0].got("flying"); });
    c[2].ring->stop(c.now());
    c.run_for(1ms);
    EXPECT_TRUE(c[2].got("flying"));
    const wire::OldRingState state = c[2].ring->snapshot();
    EXPECT_EQ(state.aru, Seq{1});
    EXPECT_EQ(state.obligations.size(), 1u);
}

// --- a dry pool --------------------------------------------------------------------------------

TEST(DryPool, SubmitBlocksAndTheTokenGoesOn) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    c.send(0, "accepted before");
    c[0].pool.dry = true;
    EXPECT_EQ(c.submit(0, std::string(1400, 'x')), Submit::would_block);
    EXPECT_EQ(c.submit(0, std::string(9000, 'x')), Submit::would_block);
    EXPECT_EQ(c.submit(0, "u", Service::unreliable), Submit::would_block);
    c.send(1, "of another");
    c.run_for(1s);
    // Two tokens are in reserve; then the token waits for a frame and no one calls it lost before
    // its time.
    EXPECT_TRUE(c.all_got("accepted before"));
    EXPECT_GT(c[0].count(CounterId::pool_dry), 0u);
}

TEST(DryPool, TokenWaitsForAFrameAndGoesOn) {
    Cluster c(2);
    c.form({0, 1});
    c[0].pool.dry = true;
    c.run_until([&] { return c[0].ring->holds_token(); });
    c.run_for(50ms);
    EXPECT_TRUE(c[0].ring->holds_token());
    c[0].pool.dry = false;
    c.send(1, "after the drought");
    c.run_until([&] { return c.all_got("after the drought"); });
    EXPECT_TRUE(c[0].events.empty());
    EXPECT_TRUE(c[1].events.empty());
}

TEST(DryPool, RepairIsSkippedAndMadeLater) {
    Cluster c(2);
    c.form({0, 1});
    bool losing = true;
    c.lose = [&](const Packet& p) { return losing && p.is(wire::Kind::data); };
    c.send(0, "a");
    c.run_until([&] { return c[0].got("a"); });
    losing = false;
    c[0].pool.dry = true;
    c.run_for(5ms);
    EXPECT_FALSE(c[1].got("a"));
    c[0].pool.dry = false;
    c.run_until([&] { return c.all_got("a"); });
}

}  // namespace
}  // namespace torc::ordering::testing
