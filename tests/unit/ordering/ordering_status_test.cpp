// STATUS multicasts: SAFE without waiting for the token, and what must not count.
#include "tests/unit/ordering/ring_fixture.hpp"
#include "wire/status.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;
using telemetry::CounterId;

/// A token that comes back would prove what only STATUS may prove here.
bool is_token(const Packet& packet) { return packet.is(wire::Kind::token); }

/// A ring whose token rests with node 0, which spoke last.
void let_it_rest(Cluster& c) {
    c.send(0, "first");
    c.run_until([&] { return c.all_stable() && c[0].ring->holds_token(); });
}

void say_held(Cluster& c, std::size_t to, std::uint16_t sender, const RingId& ring, Seq aru) {
    FakePool pool;
    FrameRef frame = pool.lend(0, true);
    wire::StatusFrame status;
    status.epoch = ring.epoch;
    status.representative = raw(ring.representative);
    status.sender = sender;
    status.aru = status.high = aru.raw;
    wire::encode_status(status, NodeIndex{sender}, kHash, frame);
    c.inject(to, {frame.bytes().begin(), frame.bytes().end()});
    pool.give_back(frame.cookie);
}

TEST(Status, SafeNeedsNoToken) {
    Cluster c(4);
    c.form(c.everybody());
    let_it_rest(c);
    c.lose = is_token;
    c.send(0, "safe", Service::safe);
    EXPECT_FALSE(c[0].got("safe")) << "nobody else has it";
    c.run_for(2 * Cluster::kDelay);
    EXPECT_TRUE(c.all_got("safe")) << "one way there, one way back";
    EXPECT_GT(c[0].count(CounterId::status_stable), 0u);
}

TEST(Status, NothingIsStableBeforeEverybodySpoke) {
    Cluster c(4);
    c.form(c.everybody());
    let_it_rest(c);
    c.lose = [](const Packet& p) {
        return is_token(p) || (p.is(wire::Kind::status) && p.from == 3);
    };
    c.send(0, "safe", Service::safe);
    c.run_for(10 * Cluster::kDelay);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(c[i].got("safe")) << i;
    EXPECT_TRUE(c[3].got("safe")) << "it has heard all others";
}

TEST(Status, LostOnesAreMadeUpForByTheToken) {
    Cluster c(4);
    c.form(c.everybody());
    c.lose = [](const Packet& p) { return p.is(wire::Kind::status); };
    for (std::size_t i = 0; i < 4; ++i) c.send(i, "safe " + std::to_string(i), Service::safe);
    c.run_until([&] { return c.all_got("safe 3") && c.all_stable(); });
}

TEST(Status, WhoLacksAFrameDoesNotVouchForIt) {
    Cluster c(3);
    c.form(c.everybody());
    let_it_rest(c);
    c.lose = [](const Packet& p) {
        return is_token(p) || (p.is(wire::Kind::data) && p.to == 2 && p.data().seq() == Seq{2});
    };
    c.send(0, std::string(1400, 'a'), Service::safe);
    c.send(0, std::string(1400, 'b'), Service::safe);
    c.run_for(10 * Cluster::kDelay);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(c[i].ring->stable(), Seq{1}) << i;
}

TEST(Status, OfAnotherRingIsNotBelieved) {
    Cluster c(3);
    const RingId ring = c.form(c.everybody());
    let_it_rest(c);
    c.lose = [](const Packet& p) { return !p.is(wire::Kind::data); };
    c.send(0, "safe", Service::safe);
    const RingId other{ring.epoch + (1 << 24), ring.representative};
    for (const std::uint16_t sender : {std::uint16_t{1}, std::uint16_t{2}}) {
        say_held(c, 0, sender, other, Seq{2});
        EXPECT_FALSE(c[0].got("safe"));
    }
    for (const std::uint16_t sender : {std::uint16_t{1}, std::uint16_t{2}}) {
        say_held(c, 0, sender, ring, Seq{2});
    }
    EXPECT_TRUE(c[0].got("safe")) << "the same of this ring are";
}

TEST(Status, WhatWasHeldOnTheLastRingSaysNothing) {
    Cluster c(3);
    c.form(c.everybody());
    for (int i = 0; i < 10; ++i) c.send(0, std::string(1400, 'o'), Service::safe);
    c.run_until([&] { return c.all_stable() && c[0].ring->stable() == Seq{10}; });
    for (std::size_t i = 0; i < 3; ++i) c[i].ring->stop(c.now());
    c.drop_wire();
    c.form(c.everybody());
    let_it_rest(c);
    c.lose = [](const Packet& p) { return is_token(p) || (p.is(wire::Kind::data) && p.to == 2); };
    c.send(0, "safe", Service::safe);
    c.run_for(10 * Cluster::kDelay);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(c[i].got("safe")) << i;
}

TEST(Status, OldTokensAreTakenAll) {
    // The token says less than STATUS did: that is no reason to refuse it.
    Cluster c(4);
    c.form(c.everybody());
    for (int i = 0; i < 300; ++i) {
        c.send(static_cast<std::size_t>(i % 4), "m" + std::to_string(i), Service::safe);
        c.run_for(3us);
    }
    c.run_until([&] { return c.all_got("m299") && c.all_stable(); });
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(c[i].count(CounterId::token_implausible), 0u);
        EXPECT_EQ(c[i].messages(), c[0].messages());
    }
}

TEST(Status, OnlySafeOnesAreSpokenOf) {
    Cluster c(3);
    c.form(c.everybody());
    for (int i = 0; i < 50; ++i) c.send(0, "agreed", Service::agreed);
    c.run_until([&] { return c.all_stable(); });
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(c[i].count(CounterId::status_sent), 0u);
}

TEST(Status, TheClusterMayDoWithout) {
    config::ClusterSettings settings = test_settings(3);
    settings.status_frames = false;
    Cluster c(settings);
    const RingId ring = c.form(c.everybody());
    let_it_rest(c);
    c.lose = is_token;
    c.send(0, "safe", Service::safe);
    for (const std::uint16_t sender : {std::uint16_t{1}, std::uint16_t{2}}) {
        say_held(c, 0, sender, ring, Seq{2});
    }
    c.run_for(10 * Cluster::kDelay);
    EXPECT_FALSE(c[0].got("safe"));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(c[i].count(CounterId::status_sent), 0u);
}

}  // namespace
}  // namespace torc::ordering::testing
