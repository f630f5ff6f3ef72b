// Messages of a few frames that enter, get their seqs and leave as one.
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

/// A visit's last frame must not be a fragment with more to come.
bool ends_inside_a_message(const Packet& packet) {
    if (!packet.is(wire::Kind::data) || !packet.data().has(wire::kLastOfVisit)) return false;
    const wire::MessageView first = *packet.data().begin();
    return packet.data().messages() == 1 && first.has(wire::kFragment) &&
           !first.has(wire::kLastFragment);
}

TEST(Units, ManyAreTakenAtOnceAndGoInOneVisit) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    c.run_until([&] { return c[0].ring->holds_token(); });
    c.lose = [](const Packet& p) { return p.is(wire::Kind::token); };
    c.send(0, "takes the token away");
    c.run_for(100us);
    c.lose = nullptr;
    constexpr int kMessages = 9;  // 7 frames each, of a burst of 64
    for (int i = 0; i < kMessages; ++i) {
        ASSERT_EQ(c.submit(0, std::string(9000, static_cast<char>('a' + i))), Submit::queued);
    }
    const std::uint64_t visits = c[0].count(CounterId::token_sent);
    c.run_until([&] { return c[0].ring->backlog() == 0; });
    EXPECT_EQ(c[0].count(CounterId::token_sent), visits + 1);
    c.run_until([&] { return c.all_stable(); });
    ASSERT_EQ(c[1].messages().size(), kMessages + 1u);
    EXPECT_EQ(c[1].messages().back(), std::string(9000, 'i'));
}

TEST(Units, OneThatWaitsGoesOutWholeOnTheNextRing) {
    for (std::uint32_t in_flight = 4; in_flight < 40; in_flight += 5) {
        config::ClusterSettings settings = test_settings(2);
        settings.burst_frames = 16;
        settings.in_flight_frames = in_flight;
        Cluster c(settings);
        c.form({0, 1});
        c.forget_heard();
        std::vector<std::string> said;
        for (int i = 0; i < 6; ++i) {
            said.push_back(std::string(2500, static_cast<char>('a' + i)));
            ASSERT_EQ(c.submit(0, said.back()), Submit::queued);
        }
        c.run_for(35us);  // some of them have their places
        cut(c);
        c.form({0, 1});
        c.run_until([&] { return c.all_stable() && c[0].ring->backlog() == 0; });
        c.run_for(5ms);
        EXPECT_EQ(c[0].messages(), said) << in_flight;
        EXPECT_EQ(c[1].messages(), said) << in_flight;
        EXPECT_EQ(c[0].count(CounterId::partial_restarted), 0u);
        EXPECT_EQ(c[1].count(CounterId::fragments_malformed), 0u);
    }
}

TEST(Units, NoVisitEndsInsideOne) {
    config::ClusterSettings settings = test_settings(3);
    settings.burst_frames = 8;
    settings.in_flight_frames = 20;
    Cluster c(settings);
    c.form(c.everybody());
    std::size_t cuts = 0;
    std::uint64_t worst = 0;
    c.watch = [&](const Packet& p) {
        if (ends_inside_a_message(p)) ++cuts;
        if (!p.is(wire::Kind::token)) return;
        worst = std::max(worst, p.token().seq.raw - c[p.from].ring->stable().raw);
    };
    std::size_t taken = 0;
    for (int round = 0; round < 200; ++round) {
        for (std::size_t from = 0; from < 3; ++from) {
            const std::size_t length = 200 + (7919 * taken) % 11000;  // up to 8 frames
            if (c.submit(from, std::string(length, 'x')) == Submit::queued) ++taken;
        }
        c.run_for(50us);
    }
    c.run_until([&] { return c.all_stable() && c[0].ring->backlog() == 0; });
    EXPECT_EQ(cuts, 0u);
    EXPECT_LE(worst, 20u + 8u - 1u) << "one unit above the bound at most";
    EXPECT_GT(taken, 300u);
    EXPECT_EQ(c[2].messages().size(), taken);
    EXPECT_EQ(c[0].messages(), c[2].messages());
}

TEST(Units, APoolThatRunsDryInsideOneTakesNothing) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    c.run_until([&] { return c[0].ring->holds_token(); });
    const std::size_t loans = c[0].ring->loans();
    c[0].pool.left = 3;
    EXPECT_EQ(c.submit(0, std::string(9000, 'x')), Submit::would_block);
    EXPECT_EQ(c[0].ring->loans(), loans);
    EXPECT_EQ(c[0].ring->backlog(), 0u);
    c[0].pool.left = SIZE_MAX;
    EXPECT_EQ(c.submit(0, std::string(9000, 'y')), Submit::queued);
    c.run_until([&] { return c.all_stable() && c[0].ring->backlog() == 0; });
    EXPECT_EQ(c[1].messages().back(), std::string(9000, 'y'));
}

TEST(Units, TheyWaitForALongMessageUnderWay) {
    Cluster c(2);
    c.form({0, 1});
    c.forget_heard();
    const std::string large(96000, 'L');
    ASSERT_EQ(c.submit(0, large, Service::agreed, 1), Submit::partial);
    EXPECT_EQ(c.submit(0, std::string(9000, 'u'), Service::agreed, 2), Submit::would_block);
    while (c.submit(0, large, Service::agreed, 1) != Submit::queued) c.run_for(20us);
    EXPECT_EQ(c.submit(0, std::string(9000, 'u'), Service::agreed, 2), Submit::queued);
    c.run_until([&] { return c.all_got(large) && c.all_got(std::string(9000, 'u')); });
    EXPECT_EQ(c[1].count(CounterId::fragments_malformed), 0u);
}

}  // namespace
}  // namespace torc::ordering::testing
