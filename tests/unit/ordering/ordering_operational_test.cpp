// One ring that works: rotation, order, packing, the service ladder, flow control.
#include <numeric>

#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

using Texts = std::vector<std::string>;

// --- rotation and order ------------------------------------------------------------------------

TEST(Operational, InstallsAndDeliversConfigurations) {
    Cluster c(3);
    c.form({0, 1, 2});
    // Each comes from a ring of its own: it is alone in its transitional configuration.
    EXPECT_EQ(c[1].everything(), (Texts{"t:1", "r:0,1,2"}));
    EXPECT_EQ(c[0].ring->members().size(), 3u);
}

TEST(Operational, OneOrderAtAll) {
    Cluster c(4);
    c.form(c.everybody());
    c.forget_heard();
    for (int i = 0; i < 200; ++i) {
        c.send(static_cast<std::size_t>(i % 4), "msg" + std::to_string(i));
        if (i % 7 == 0) c.run_for(15us);
    }
    c.run_until([&] { return c.all_stable() && c[0].heard.size() == 200; });
    for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(c[i].messages(), c[0].messages());
    EXPECT_EQ(c[0].ring->loans(), c[0].pool.loans());
}

TEST(Operational, TokenLeavesBeforeTheBurst) {
    Cluster c(2);
    c.form({0, 1});
    c.record = true;
    c.send(0, std::string(1400, 'a'));
    c.send(0, std::string(1400, 'b'));
    c.send(0, std::string(1400, 'c'));
    c.run_until([&] { return c.all_got(std::string(1400, 'c')); });
    const auto data = std::find_if(c.sent.begin(), c.sent.end(),
                                   [](const Packet& p) { return p.is(wire::Kind::data); });
    ASSERT_NE(data, c.sent.end());
    ASSERT_TRUE((data - 1)->is(wire::Kind::token)) << "the token must go first";
    EXPECT_EQ((data - 1)->token().seq, Seq{3});
    EXPECT_EQ((data - 1)->channel, wire::Channel::token);
    for (auto p = data; p != data + 3; ++p) {
        EXPECT_TRUE(p->data().has(wire::kPostToken));
        EXPECT_EQ(p->data().has(wire::kLastOfVisit), p == data + 2);
        EXPECT_EQ(p->data().sealed().round.get(), (data - 1)->token().token_seq);
    }
}

TEST(Operational, PacksSmallMessagesOfOneDeliveryClass) {
    Cluster c(2);
    c.form({0, 1});
    c.record = true;
    for (int i = 0; i < 50; ++i) {
        c.send(0, "m" + std::to_string(i), i % 2 == 0 ? Service::fifo : Service::agreed);
    }
    c.run_until([&] { return c.all_got("m49"); });
    EXPECT_EQ(c[0].ring->high(), Seq{1}) << "fifty messages fit one frame";
    EXPECT_EQ(c[1].messages().size(), 50u);
}

TEST(Operational, AnotherDeliveryClassClosesTheFrame) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    c.send(0, "a", Service::agreed);
    c.send(0, "s", Service::safe);
    c.send(0, "b", Service::agreed);
    c.run_until([&] { return c.all_got("b"); });
    EXPECT_EQ(c[0].ring->high(), Seq{3});
    EXPECT_EQ(c[1].messages(), (Texts{"a", "s", "b"})) << "a sender's order is kept";
}

TEST(Operational, ControlMessagesGoInFront) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    c.send(0, "application");
    EXPECT_EQ(c.submit(0, "control", Service::agreed, 0, true), Submit::queued);
    c.run_until([&] { return c.all_got("application"); });
    EXPECT_EQ(c[1].messages(), (Texts{"control", "application"}));
}

TEST(Operational, HeldApplicationMessagesGetNoSeq) {
    Cluster c(2);
    c.form({0, 1});
    c[0].ring->hold_application(true);
    c.send(0, "application");
    EXPECT_EQ(c.submit(0, "control", Service::agreed, 0, true), Submit::queued);
    EXPECT_EQ(c.submit(0, "u", Service::unreliable), Submit::would_block);
    c.run_for(5ms);
    EXPECT_TRUE(c[1].got("control"));
    EXPECT_FALSE(c[1].got("application"));
    c[0].ring->hold_application(false);
    c.run_until([&] { return c.all_got("application"); });
}

// --- services ----------------------------------------------------------------------------------

/// Loses the first copies of everything that `from` sends for the first time to `to`.
auto lose_data(std::size_t from, std::size_t to, Seq seq) {
    return [=](const Packet& p) {
        return p.from == from && p.to == to && p.is(wire::Kind::data) && p.data().seq() == seq &&
               !p.data().has(wire::kHopRetransmitted);
    };
}

TEST(Services, UnreliableArrivesWithoutToken) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    c.send(1, "u", Service::unreliable);
    EXPECT_EQ(c[1].messages(), Texts{"u"}) << "own sessions hear it at once";
    c.run_for(Cluster::kDelay);
    EXPECT_TRUE(c.all_got("u"));
    EXPECT_EQ(c[0].heard[0].seq, Seq{0});
    EXPECT_EQ(c[0].ring->high(), Seq{0});
}

TEST(Services, UnreliableCopiesAreDropped) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    c.record = true;
    for (int i = 0; i < 100; ++i) c.send(0, "u" + std::to_string(i), Service::unreliable);
    c.run_for(1ms);
    std::vector<Packet> copies;
    for (const Packet& p : c.sent) {
        if (p.is(wire::Kind::data)) copies.push_back(p);
    }
    for (const Packet& p : copies) c.hand_over(p);
    EXPECT_EQ(c[1].messages().size(), 100u);
    EXPECT_EQ(c[1].count(CounterId::data_duplicate), 100u);
}

TEST(Services, UnreliableIsNotRetransmitted) {
    Cluster c(2);
    c.form({0, 1});
    c.lose = [](const Packet& p) { return p.is(wire::Kind::data); };
    c.send(0, "lost", Service::unreliable);
    c.run_for(10ms);
    c.lose = nullptr;
    c.run_for(100ms);
    EXPECT_FALSE(c[1].got("lost"));
}

TEST(Services, ReliableAndFifoDoNotWaitForOthersGaps) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    c.lose = lose_data(0, 2, Seq{1});
    c.send(0, "gap", Service::agreed);
    c.run_until([&] { return c[1].got("gap"); });
    bool blocked = true;
    c.lose = [&](const Packet& p) {
        return blocked && p.to == 2 && p.is(wire::Kind::data) && p.data().seq() == Seq{1};
    };
    c.send(1, "reliable", Service::reliable);
    c.send(1, "fifo1", Service::fifo);
    c.run_until([&] { return c[2].got("fifo1"); });
    c.send(1, "agreed", Service::agreed);
    c.send(1, "reliable2", Service::reliable);
    c.send(1, "fifo2", Service::fifo);
    c.run_until([&] { return c[2].got("reliable2"); });
    c.run_for(1ms);
    EXPECT_EQ(c[2].messages(), (Texts{"reliable", "fifo1", "reliable2"}))
        << "agreed waits for the gap, and FIFO for its own sender's agreed message";
    EXPECT_EQ(c[2].ring->aru(), Seq{0});
    blocked = false;
    c.run_until([&] { return c.all_got("fifo2"); });
    EXPECT_EQ(c[2].messages(), (Texts{"reliable", "fifo1", "reliable2", "gap", "agreed", "fifo2"}));
}

TEST(Services, FifoWaitsForItsOwnSendersGap) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    bool blocked = true;
    c.lose = [&](const Packet& p) {
        return blocked && p.is(wire::Kind::data) && p.data().seq() == Seq{1};
    };
    c.send(0, "first", Service::fifo);
    c.run_until([&] { return c[0].got("first"); });
    c.send(0, "second", Service::fifo);
    c.run_until([&] { return c[0].got("second"); });
    c.run_for(1ms);
    EXPECT_TRUE(c[1].messages().empty());
    blocked = false;
    c.run_until([&] { return c[1].got("second"); });
    EXPECT_EQ(c[1].messages(), (Texts{"first", "second"}));
}

TEST(Services, SafeOnlyWhenStable) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    bool blocked = true;
    c.lose = [&](const Packet& p) { return blocked && p.to == 2 && p.is(wire::Kind::data); };
    c.send(0, "safe", Service::safe);
    c.run_for(5ms);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(c[i].messages().empty()) << i;
    blocked = false;
    c.run_until([&] { return c.all_got("safe"); });
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_GE(c[i].heard[0].stable, c[i].heard[0].seq) << i;
    }
}

TEST(Services, AgreedWaitsBehindSafe) {
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    bool blocked = true;
    c.lose = [&](const Packet& p) {
        return blocked && p.to == 2 && p.is(wire::Kind::data) && p.data().seq() == Seq{1};
    };
    c.send(0, "safe", Service::safe);
    c.run_until([&] { return c[0].ring->high() == Seq{1}; });
    c.send(1, "agreed");
    c.send(1, "reliable", Service::reliable);
    c.run_for(5ms);
    EXPECT_EQ(c[0].messages(), Texts{"reliable"});
    blocked = false;
    c.run_until([&] { return c.all_got("agreed"); });
    EXPECT_EQ(c[0].messages(), (Texts{"reliable", "safe", "agreed"}));
}

class EverySize : public ::testing::TestWithParam<std::tuple<Service, std::size_t>> {};

TEST_P(EverySize, IsDeliveredWhole) {
    const auto [service, size] = GetParam();
    Cluster c(3);
    c.form(c.everybody());
    c.forget_heard();
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + i / 251);
    Submit answer = c.submit(1, text, service);
    while (answer == Submit::partial) {
        c.run_for(20us);
        answer = c.submit(1, text, service);
    }
    ASSERT_EQ(answer, Submit::queued);
    c.run_until([&] { return c.all_got(text); });
    for (std::size_t i = 0; i < 3; ++i) {
        ASSERT_EQ(c[i].messages().size(), 1u);
        EXPECT_EQ(c[i].heard[0].service, service);
    }
}

INSTANTIATE_TEST_SUITE_P(
    AllServices, EverySize,
    ::testing::Combine(::testing::Values(Service::unreliable, Service::reliable, Service::fifo,
                                         Service::causal, Service::agreed, Service::safe),
                       ::testing::Values(0u, 1u, 64u, 1350u, 1416u, 1417u, 1424u, 8850u, 65536u)));

// --- large messages ----------------------------------------------------------------------------

/// Offers until it is taken.
void send_large(Cluster& c, std::size_t from, const std::string& text, std::uint32_t session = 1) {
    Submit answer = c.submit(from, text, Service::agreed, session);
    while (answer == Submit::partial || answer == Submit::would_block) {
        c.run_for(20us);
        answer = c.submit(from, text, Service::agreed, session);
    }
    ASSERT_EQ(answer, Submit::queued);
}

TEST(Fragments, SixteenMebibytes) {
    config::ClusterSettings settings = test_settings(2);
    settings.message_bytes = kMessageBytesMax;
    settings.frame_bytes = kFrameBytesMax;
    Cluster c(settings);
    c.form({0, 1});
    std::string text(kMessageBytesMax, 'x');
    text.front() = 'a';
    text.back() = 'z';
    send_large(c, 0, text);
    c.run_until([&] { return c.all_got(text); });
    std::string larger(kMessageBytesMax + wire::kEnvelopeRoom + 1, 'y');
    EXPECT_EQ(c.submit(0, larger), Submit::too_large);
}

TEST(Fragments, SmallMessagesOfOthersPassBetween) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    const std::string large(96000, 'L');  // no unit
    Submit answer = c.submit(0, large, Service::agreed, 1);
    ASSERT_EQ(answer, Submit::partial);
    EXPECT_EQ(c.submit(0, large, Service::agreed, 2), Submit::would_block)
        << "one large message a daemon at a time";
    c.send(0, "small", Service::agreed, 2);
    send_large(c, 0, large, 1);
    c.run_until([&] { return c.all_got("small") && c.all_got(large); });
    EXPECT_EQ(c[1].messages().size(), 2u);
}

TEST(Fragments, OwnerThatGivesUpFreesTheLane) {
    config::ClusterSettings settings = test_settings(2);
    settings.burst_frames = 2;  // the lane holds a few fragments only
    Cluster c(settings);
    c.form({0, 1});
    c.forget_heard();
    const std::string large(65536, 'L');
    ASSERT_EQ(c.submit(0, large, Service::agreed, 1), Submit::partial);
    c.run_for(100us);
    c.send(0, "goodbye", Service::agreed, 1);
    const std::string other(5000, 'O');
    send_large(c, 0, other, 2);
    c.run_until([&] { return c.all_got("goodbye") && c.all_got(other); });
    c.run_for(10ms);
    EXPECT_EQ(c[1].messages().size(), 2u) << "the abandoned one is never delivered";
    EXPECT_EQ(c[1].count(CounterId::fragments_malformed), 0u);
}

TEST(Fragments, ControlAndApplicationDoNotMix) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    const std::string large(96000, 'L');  // no unit
    const std::string chunk(16000, 'C');
    ASSERT_EQ(c.submit(0, large, Service::agreed, 0), Submit::partial);
    c.run_for(20us);
    Submit control = c.submit(0, chunk, Service::agreed, 0, true);
    while (control != Submit::queued) {
        c.run_for(20us);
        control = c.submit(0, chunk, Service::agreed, 0, true);
    }
    send_large(c, 0, large, 0);
    c.run_until([&] { return c.all_got(large) && c.all_got(chunk); });
}

// --- flow control ------------------------------------------------------------------------------

TEST(Flow, InFlightBoundIsNeverExceeded) {
    config::ClusterSettings settings = test_settings(3);
    settings.in_flight_frames = 20;
    settings.burst_frames = 8;
    Cluster c(settings);
    c.form(c.everybody());
    std::uint64_t worst = 0;
    std::size_t longest = 0;
    c.watch = [&](const Packet& p) {
        if (!p.is(wire::Kind::token)) return;
        const wire::Token token = p.token();
        // The sender's own knowledge is what it was bound by.
        worst = std::max(worst, token.seq.raw - c[p.from].ring->stable().raw);
        longest = std::max<std::size_t>(longest, token.fcc_frames);
    };
    int n = 0;
    while (n < 600) {
        for (std::size_t i = 0; i < 3; ++i) {
            while (c.submit(i, std::string(1300, 'x') + std::to_string(n)) == Submit::queued) ++n;
        }
        c.run_for(100us);
    }
    c.run_until([&] { return c.all_stable(); });
    EXPECT_LE(worst, 20u);
    EXPECT_GT(worst, 8u) << "the window is used";
    EXPECT_LE(longest, 3u * 8u);
    EXPECT_GT(c[0].count(CounterId::flow_limited), 0u);
    EXPECT_EQ(c[0].messages(), c[2].messages());
}

TEST(Flow, StalledReceiverStopsTheSenders) {
    config::ClusterSettings settings = test_settings(3);
    settings.in_flight_frames = 10;
    Cluster c(settings);
    c.form(c.everybody());
    bool stalled = true;
    c.lose = [&](const Packet& p) { return stalled && p.to == 2 && p.is(wire::Kind::data); };
    for (int i = 0; i < 40; ++i) {
        c.submit(static_cast<std::size_t>(i % 2), std::string(1400, 'x'));
    }
    c.run_for(20ms);
    EXPECT_EQ(c[0].ring->high(), Seq{10});
    stalled = false;
    c.run_until([&] { return c.all_stable(); });
    EXPECT_EQ(c[2].messages().size(), 40u);
}

TEST(Flow, QueueIsBounded) {
    Cluster c(2);
    c.form({0, 1});
    std::size_t taken = 0;
    while (c.submit(0, std::string(1400, 'x')) == Submit::queued) ++taken;
    EXPECT_LE(c[0].ring->backlog(), 512u);
    EXPECT_GE(taken, 64u);
    c.run_until([&] { return c.all_stable(); });
    EXPECT_EQ(c[1].messages().size(), taken);
}

}  // namespace
}  // namespace torc::ordering::testing
