// What is remembered of the last message must never outlive a change of who hears it.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/groups/support.hpp"

namespace torc::groups {
namespace {

using namespace test;

struct Recent : ::testing::Test {
    Recent() {
        a.open(0, "alice");
        b.open(0, "bob");
        order.install(members({0}), members({0, 1}));
        order.exchange();
        order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
        say();
        EXPECT_EQ(say(), 1u);
    }
    /// How many of b's sessions hear the same message once more.
    std::size_t say(std::uint8_t flags = 0) {
        b.take_log();
        order.record(a, 0, "alice", EnvelopeKind::message, {"room", "#carol#n1"}, flags);
        return b.take_log().size();
    }

    config::ClusterSettings settings{cluster(2)};
    Daemon a{settings, 0};
    Daemon b{settings, 1};
    Order order{{&a, &b}};
};

TEST_F(Recent, WhoJoinsHearsTheNextOne) {
    b.open(1, "dave");
    order.record(b, 1, "dave", EnvelopeKind::join, {"room"});
    EXPECT_EQ(say(), 2u);
}

TEST_F(Recent, WhoLeavesOrIsGoneHearsNoMore) {
    order.record(b, 0, "bob", EnvelopeKind::leave, {"room"});
    EXPECT_EQ(say(), 0u);
    order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    EXPECT_EQ(say(), 1u);
    order.record(b, 0, "bob", EnvelopeKind::disconnect, {});
    EXPECT_EQ(say(), 0u);
}

TEST_F(Recent, AClosedSessionHearsNothingBeforeItsDisconnectIsOrdered) {
    b.groups().close_session({0, 0});
    EXPECT_EQ(say(), 0u);
}

TEST_F(Recent, APrivateNameThatComesUpIsHeard) {
    b.open(1, "carol");
    EXPECT_EQ(say(), 2u);
    b.groups().close_session({1, 0});
    EXPECT_EQ(say(), 1u);
}

TEST_F(Recent, AnotherPayloadIsAnotherPayload) {
    std::vector<std::string> heard;
    b.on_delivery = [&](const Delivery& delivery) {
        heard.emplace_back(
            static_cast<const char*>(static_cast<const void*>(delivery.payload.data())),
            delivery.payload.size());
    };
    for (const std::string text : {"one", "", "three"}) {
        order.record(a, 0, "alice", EnvelopeKind::message, {"room"}, 0, text);
    }
    EXPECT_EQ(heard, (std::vector<std::string>{"one", "", "three"}));
}

TEST_F(Recent, ASessionOfTheSameNameElsewhereIsAnotherSender) {
    b.open(1, "alice");
    const std::string before = b.last_sender();
    order.record(b, 1, "alice", EnvelopeKind::message, {"room", "#carol#n1"});
    EXPECT_EQ(before, "#alice#n0");
    EXPECT_EQ(b.last_sender(), "#alice#n1");
}

TEST_F(Recent, AGroupThatBecomesAFlushGroupIsJudgedAnew) {
    order.record(b, 0, "bob", EnvelopeKind::leave, {"room"});
    order.record(b, 0, "bob", EnvelopeKind::join, {"room"}, kFlushJoin);
    EXPECT_EQ(say(), 0u);
}

// --- behind one with the same envelope -----------------------------------------------------------

TEST_F(Recent, AMessageWithoutEnvelopeGoesWhereTheOneBeforeWent) {
    std::vector<std::string> heard;
    b.on_delivery = [&](const Delivery& delivery) {
        heard.push_back(std::string(delivery.repeats ? "again " : "") +
                        std::string(delivery.groups.front()) + std::to_string(delivery.index));
    };
    b.open(1, "dave");
    order.record(b, 1, "dave", EnvelopeKind::join, {"hall"});
    for (const std::string_view group : {"room", "hall", "room"}) {
        order.record(a, 0, "alice", EnvelopeKind::message, {group});
        order.again(a, 0);
        order.again(a, 0);
    }
    EXPECT_EQ(heard, (std::vector<std::string>{"room0", "again room1", "again room2", "hall0",
                                               "again hall1", "again hall2", "room0", "again room1",
                                               "again room2"}));
}

TEST_F(Recent, WhereFlushGroupsAreItIsJudgedLikeAnyOther) {
    b.open(1, "dave");
    order.record(b, 1, "dave", EnvelopeKind::join, {"vault"}, kFlushJoin);
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room"}, 0, "one");
    order.again(a, 0, "two");
    EXPECT_EQ(b.take_log().size(), 2u);
    order.record(a, 0, "alice", EnvelopeKind::message, {"vault"});
    order.again(a, 0);
    EXPECT_EQ(b.take_log().size(), 0u);
}

TEST_F(Recent, AnEnvelopeTooLongToBeRememberedHoldsForTheNextAllTheSame) {
    const std::vector<std::string> names(12, std::string(30, 'x'));
    std::vector<std::string_view> groups(names.begin(), names.end());
    groups.push_back("room");
    order.record(a, 0, "alice", EnvelopeKind::message, groups);
    EXPECT_EQ(b.take_log().size(), 1u);
    order.again(a, 0);
    order.again(a, 0);
    EXPECT_EQ(b.take_log().size(), 2u);
}

TEST_F(Recent, NothingIsLikeAJoin) {
    b.open(1, "dave");
    order.record(b, 1, "dave", EnvelopeKind::join, {"room"});
    b.take_log();
    order.again(b, 1, "me again");
    EXPECT_EQ(b.take_log().size(), 0u);
    EXPECT_EQ(b.counter(telemetry::CounterId::messages_malformed), 1u);
}

/// Twins hear the same order, but one of them is told something else before each message, so that
/// it has nothing to remember.
TEST(RecentRandom, EqualsADaemonThatRemembersNothing) {
    const config::ClusterSettings settings = cluster(2);
    Daemon a(settings, 0);
    Daemon remembers(settings, 1);
    Daemon forgets(settings, 1);
    Order order({&a, &remembers, &forgets});
    Order to_forget({&forgets});
    Order to_remember({&remembers});
    constexpr std::uint16_t kSessions = 4;
    const std::vector<std::string> names{"s0", "s1", "s2", "s3"};
    const std::vector<std::string> to{"g0", "g1", "#s0#n1", "#s3#n1", "g2"};
    for (std::uint16_t slot = 0; slot < kSessions; ++slot) {
        for (Daemon* daemon : {&a, &remembers, &forgets}) daemon->open(slot, names[slot]);
    }
    std::mt19937 dice(5);
    const auto roll = [&dice](std::size_t sides) { return dice() % sides; };
    std::size_t heard = 0;
    for (int step = 0; step < 20000; ++step) {
        Daemon& who = roll(2) == 0 ? a : remembers;
        const auto slot = static_cast<std::uint16_t>(roll(2));
        const std::string_view group = to[roll(2)];
        switch (roll(40)) {
            case 0:
                order.record(who, slot, names[slot], EnvelopeKind::join, {group});
                break;
            case 1:
                order.record(who, slot, names[slot], EnvelopeKind::leave, {group});
                break;
            case 2:
                for (Daemon* twin : {&remembers, &forgets}) {
                    if (twin->groups().sessions().is_open({3, 0})) {
                        twin->groups().close_session({3, 0});
                    } else {
                        twin->open(3, "s3");
                    }
                }
                break;
            default: {
                to_forget.record(who, slot, names[slot], EnvelopeKind::message, {"nowhere"});
                const std::string_view second = to[2 + roll(3)];
                const auto flags = static_cast<std::uint8_t>(roll(4) == 0 ? kSelfDiscard : 0);
                order.record(who, slot, names[slot], EnvelopeKind::message, {group, second}, flags);
                if (roll(2) == 0) break;
                // Once more; the twin that forgets is told in full.
                to_remember.again(who, slot);
                to_forget.record(who, slot, names[slot], EnvelopeKind::message, {"nowhere"});
                to_forget.record(who, slot, names[slot], EnvelopeKind::message, {group, second},
                                 flags);
            }
        }
        const std::vector<std::string> log = remembers.take_log();
        ASSERT_EQ(log, forgets.take_log()) << "step " << step;
        heard += log.size();
    }
    EXPECT_GT(heard, 10000u);
}

}  // namespace
}  // namespace torc::groups
