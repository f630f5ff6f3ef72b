#include "membership/peers.hpp"

#include <gtest/gtest.h>

namespace torc::membership::test {
namespace {

using namespace std::chrono_literals;
constexpr Instant kStart = instant_from_ns(7'000'000'000);

wire::Control control(unsigned index, unsigned incarnation, std::uint64_t ctl) {
    return {{NodeIndex{static_cast<std::uint16_t>(index)}, Incarnation{incarnation}}, ctl, 0};
}

TEST(Peers, PresenceMustBeNewerThanTheNewestOfItsIncarnation) {
    Peers peers(4);
    EXPECT_TRUE(peers.note_presence(control(1, 5, 10)));
    EXPECT_FALSE(peers.note_presence(control(1, 5, 10)));
    EXPECT_FALSE(peers.note_presence(control(1, 5, 9)));
    EXPECT_TRUE(peers.note_presence(control(1, 6, 1)));  // another life counts anew
    EXPECT_FALSE(peers.note_presence(control(1, 5, 10)));
    EXPECT_TRUE(peers.note_presence(control(1, 5, 11)));
}

TEST(Peers, ALateMessageIsNoSignOfLife) {
    Peers peers(4);
    const Member member = control(2, 3, 0).sender;
    EXPECT_LT(peers.heard_at(member), kStart - 1h);
    peers.note_any(kStart, control(2, 3, 8));
    peers.note_any(kStart + 1s, control(2, 3, 7));
    EXPECT_EQ(peers.heard_at(member), kStart);
    peers.note_any(kStart + 2s, control(2, 3, 9));
    EXPECT_EQ(peers.heard_at(member), kStart + 2s);
}

TEST(Peers, TheIncarnationHeardLongestAgoMakesRoom) {
    Peers peers(4);
    for (unsigned life = 1; life <= kIncarnationsKept + 1; ++life) {
        peers.note_any(kStart + life * 1s, control(0, life, 1));
    }
    EXPECT_LT(peers.heard_at(control(0, 1, 0).sender), kStart);
    for (unsigned life = 2; life <= kIncarnationsKept + 1; ++life) {
        EXPECT_EQ(peers.heard_at(control(0, life, 0).sender), kStart + life * 1s);
    }
}

TEST(Peers, HearsListsWhoWasPresentLately) {
    Peers peers(3);
    Presence& presence = peers.presence(NodeIndex{2});
    presence.kind = Presence::Kind::join;
    presence.incarnation = Incarnation{0x1122334455667788};
    presence.ctl = 0xAABBCCDDEEFF0011;
    presence.at = kStart;
    const auto hears = peers.hears(kStart + 1s, 1s);
    ASSERT_EQ(hears.size(), 1u);
    EXPECT_EQ(hears[0], (wire::Hears{NodeIndex{2}, 0x55667788, 0xEEFF0011}));
    EXPECT_TRUE(peers.hears(kStart + 2s, 1s).empty());
}

}  // namespace
}  // namespace torc::membership::test
