// Bodies of JOIN, PROPOSE, STATE, PLAN and MERGE: round trips up to the largest, and refusals.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/wire/support.hpp"

namespace torc::wire::test {
namespace {

template <std::size_t N>
FixedVec<Member, N> any_members(Prng& prng, std::size_t count, bool index_once) {
    std::set<Member> members;
    std::set<NodeIndex> taken;
    while (members.size() < count) {
        const Member member{NodeIndex{static_cast<std::uint16_t>(prng.below(kNodesMax))},
                            Incarnation{prng.next() | 1}};
        if (index_once && !taken.insert(member.index).second) continue;
        members.insert(member);
    }
    FixedVec<Member, N> list;
    for (const Member& member : members) list.push_back(member);
    return list;
}

EpisodeSet any_set(Prng& prng, std::size_t most) {
    return any_members<kEpisodeMembersMax>(prng, prng.between(0, most), false);
}
MemberList any_ring_members(Prng& prng, std::size_t most) {
    return any_members<kNodesMax>(prng, prng.between(1, most), true);
}

HearsList any_hears(Prng& prng, std::size_t most) {
    HearsList hears;
    MemberList members = any_ring_members(prng, std::max<std::size_t>(most, 1));
    for (const Member& member : members) {
        hears.push_back({member.index, static_cast<std::uint32_t>(prng.next()),
                         static_cast<std::uint32_t>(prng.next())});
    }
    if (hears.size() > 1) std::swap(hears.front(), hears.back());  // any order will do
    return hears;
}

HaveBitmap any_bitmap(Prng& prng, std::size_t bits) {
    HaveBitmap bitmap;
    bitmap.resize(bits);
    for (std::size_t bit = 0; bit < bits; ++bit) {
        if (prng.below(2) == 1) bitmap.set(bit);
    }
    return bitmap;
}

RingId any_ring(Prng& prng) {
    return {prng.next(), NodeIndex{static_cast<std::uint16_t>(prng.below(kNodesMax))}};
}
AttemptId any_attempt(Prng& prng) {
    return {prng.next(), NodeIndex{static_cast<std::uint16_t>(prng.below(kNodesMax))}, prng.next()};
}

Join any_join(Prng& prng, std::size_t most) {
    Join join;
    join.control = kControl;
    join.max_epoch_seen = prng.next();
    join.old_ring = any_ring(prng);
    join.flags = static_cast<std::uint8_t>(prng.next());
    join.suspect = prng.below(2) == 0 ? kNoNode : NodeIndex{7};
    join.proc_set = any_set(prng, 2 * most);
    join.fail_set = any_set(prng, 2 * most);
    join.hears = any_hears(prng, most);
    return join;
}

State any_state(Prng& prng, std::size_t bits, std::size_t most) {
    State state;
    state.control = kControl;
    state.attempt = any_attempt(prng);
    state.lease_wait_ns = prng.next();
    state.group_digest = prng.next();
    OldRingState& old_ring = state.old_ring;
    old_ring.ring = any_ring(prng);
    old_ring.aru = Seq{prng.next() >> 1};
    old_ring.stable = Seq{prng.below(old_ring.aru.raw + 1)};
    old_ring.high = old_ring.aru + bits;
    old_ring.have = any_bitmap(prng, bits);
    old_ring.obligations = any_set(prng, 2 * most);
    return state;
}

RecoveryOrder any_order(Prng& prng, std::size_t bits, std::size_t obligations) {
    RecoveryOrder order;
    order.old_ring = any_ring(prng);
    order.transitional = any_ring(prng);
    order.low_aru = Seq{prng.next() >> 1};
    order.high_max = order.low_aru + bits;
    order.stable_max = Seq{prng.below(order.high_max.raw + 1)};
    order.final_holes = any_bitmap(prng, bits);
    order.obligations = any_set(prng, obligations);
    return order;
}

/// Encodes into exactly as much room as it takes, and checks that one byte less does not do.
template <typename Message>
Bytes encoded(const Message& message) {
    Bytes body(kControlBytesMax);
    body.resize(encode_body(message, body));
    EXPECT_FALSE(body.empty());
    Bytes exact(body.size());
    EXPECT_EQ(encode_body(message, exact), exact.size());
    EXPECT_EQ(encode_body(message, std::span(exact).first(exact.size() - 1)), 0u);
    EXPECT_EQ(encode_body(message, {}), 0u);
    return body;
}

/// No body may be accepted when it is cut or extended.
template <typename Decode>
void expect_exact(const Bytes& body, Decode decode) {
    for (std::size_t length = 0; length < body.size(); ++length) {
        ASSERT_FALSE(decode(std::span(body).first(length))) << length << " of " << body.size();
    }
    Bytes longer = body;
    longer.push_back(std::byte{0});
    ASSERT_FALSE(decode(std::span<const std::byte>(longer)));
}

void expect_same(const Join& a, const Join& b) {
    EXPECT_EQ(a.control.sender, b.control.sender);
    EXPECT_EQ(a.control.ctl, b.control.ctl);
    EXPECT_EQ(a.max_epoch_seen, b.max_epoch_seen);
    EXPECT_EQ(a.old_ring, b.old_ring);
    EXPECT_EQ(a.flags, b.flags);
    EXPECT_EQ(a.suspect, b.suspect);
    EXPECT_EQ(a.proc_set, b.proc_set);
    EXPECT_EQ(a.fail_set, b.fail_set);
    EXPECT_EQ(a.hears, b.hears);
}

TEST(Join, ComesBackAsItWentIn) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Prng prng(seed);
        const Join join = any_join(prng, 20);
        const auto decoded = decode_join(kControl, encoded(join));
        RC_ASSERT(decoded.has_value());
        expect_same(*decoded, join);
        RC_ASSERT(!::testing::Test::HasFailure());
    }));
}

TEST(Join, TheLargestComesBackAndNoCutOfItDoes) {
    Prng prng(3);
    Join join = any_join(prng, 1);
    join.proc_set = any_members<kEpisodeMembersMax>(prng, kEpisodeMembersMax, false);
    join.fail_set = any_members<kEpisodeMembersMax>(prng, kEpisodeMembersMax, false);
    join.hears.clear();
    for (std::uint16_t i = 0; i < kNodesMax; ++i) join.hears.push_back({NodeIndex{i}, i, i});
    const Bytes body = encoded(join);
    const auto decoded = decode_join(kControl, body);
    ASSERT_TRUE(decoded);
    expect_same(*decoded, join);
    expect_exact(body, [](auto bytes) { return decode_join(kControl, bytes).has_value(); });
}

TEST(Propose, ComesBackAsItWentIn) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Prng prng(seed);
        Propose propose;
        propose.control = kControl;
        propose.attempt = any_attempt(prng);
        propose.proc_set = any_set(prng, kEpisodeMembersMax);
        propose.fail_set = any_set(prng, kEpisodeMembersMax);
        const auto decoded = decode_propose(kControl, encoded(propose));
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->attempt == propose.attempt);
        RC_ASSERT(decoded->proc_set == propose.proc_set);
        RC_ASSERT(decoded->fail_set == propose.fail_set);
    }));
}

TEST(State, ComesBackAsItWentIn) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Prng prng(seed);
        const State state = any_state(prng, prng.between(0, kWindowFrames), kNodesMax);
        const auto decoded = decode_state(kControl, encoded(state));
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->attempt == state.attempt);
        RC_ASSERT(decoded->old_ring == state.old_ring);
        RC_ASSERT(decoded->lease_wait_ns == state.lease_wait_ns);
        RC_ASSERT(decoded->group_digest == state.group_digest);
    }));
}

TEST(State, NoCutOfItIsRead) {
    Prng prng(4);
    for (const std::size_t bits : {std::size_t{0}, std::size_t{63}, std::size_t{64},
                                   std::size_t{65}, std::size_t{kWindowFrames}}) {
        const Bytes body = encoded(any_state(prng, bits, 4));
        EXPECT_TRUE(decode_state(kControl, body));
        expect_exact(body, [](auto bytes) { return decode_state(kControl, bytes).has_value(); });
    }
}

TEST(Merge, ComesBackAsItWentIn) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Prng prng(seed);
        Merge merge;
        merge.control = kControl;
        merge.ring = any_ring(prng);
        merge.max_epoch_seen = prng.next();
        merge.members = any_ring_members(prng, kNodesMax);
        merge.hears = any_hears(prng, kNodesMax);
        const Bytes body = encoded(merge);
        const auto decoded = decode_merge(kControl, body);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->ring == merge.ring);
        RC_ASSERT(decoded->max_epoch_seen == merge.max_epoch_seen);
        RC_ASSERT(decoded->members == merge.members);
        RC_ASSERT(decoded->hears == merge.hears);
    }));
}

/// A plan whose orders share out the members.
struct Plan {
    PlanHead head;
    std::vector<RecoveryOrder> orders;

    Bytes body(std::size_t room = kControlBytesMax) const {
        Bytes bytes(room);
        std::size_t used = encode_body(head, bytes);
        EXPECT_NE(used, 0u);
        for (const RecoveryOrder& order : orders) {
            const std::size_t more = encode_order(order, std::span(bytes).subspan(used));
            EXPECT_NE(more, 0u);
            used += more;
        }
        bytes.resize(used);
        return bytes;
    }
};

Plan any_plan(Prng& prng, std::size_t members, std::size_t orders) {
    Plan plan;
    plan.head.control = kControl;
    plan.head.attempt = any_attempt(prng);
    plan.head.ring = any_ring(prng);
    plan.head.lease_wait_ns = prng.next();
    plan.head.members = any_members<kNodesMax>(prng, members, true);
    plan.head.orders = static_cast<std::uint16_t>(orders);
    for (std::size_t i = 0; i < orders; ++i) {
        plan.orders.push_back(any_order(prng, prng.between(0, 200), 3));
    }
    for (std::size_t i = 0; i < members; ++i) {
        plan.orders[i % orders].together.push_back(plan.head.members[i]);
    }
    return plan;
}

void expect_read(const Plan& plan, const Bytes& body) {
    const auto head = decode_plan(kControl, body);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->attempt, plan.head.attempt);
    EXPECT_EQ(head->ring, plan.head.ring);
    EXPECT_EQ(head->members, plan.head.members);
    EXPECT_EQ(head->lease_wait_ns, plan.head.lease_wait_ns);
    ASSERT_EQ(head->orders, plan.orders.size());
    for (std::size_t i = 0; i < plan.orders.size(); ++i) {
        EXPECT_EQ(decode_order(body, i), plan.orders[i]) << i;
    }
    EXPECT_FALSE(decode_order(body, plan.orders.size()));
}

TEST(Plan, ComesBackAsItWentIn) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Prng prng(seed);
        const std::size_t members = prng.between(1, 30);
        const Plan plan = any_plan(prng, members, prng.between(1, members));
        expect_read(plan, plan.body());
        RC_ASSERT(!::testing::Test::HasFailure());
    }));
}

TEST(Plan, AllDaemonsOfAClusterBootAtOnce) {
    Prng prng(5);
    Plan plan = any_plan(prng, kNodesMax, kNodesMax);
    for (RecoveryOrder& order : plan.orders) {
        order.low_aru = order.stable_max = order.high_max = Seq{0};
        order.final_holes.resize(0);
    }
    expect_read(plan, plan.body());
}

TEST(Plan, NoCutOfItIsRead) {
    Prng prng(6);
    const Bytes body = any_plan(prng, 5, 3).body();
    expect_exact(body, [](auto bytes) { return decode_plan(kControl, bytes).has_value(); });
}

TEST(Plan, NobodyMovesOnTwiceOrFromNowhere) {
    Prng prng(7);
    const Plan good = any_plan(prng, 4, 2);
    Plan plan = good;
    plan.orders[1].together = plan.orders[0].together;
    EXPECT_FALSE(decode_plan(kControl, plan.body())) << "in two orders";
    plan = good;
    plan.orders[0].together = {Member{NodeIndex{3}, Incarnation{2}}};
    EXPECT_FALSE(decode_plan(kControl, plan.body())) << "no member";
    plan = good;
    plan.orders[0].together.clear();
    EXPECT_FALSE(decode_plan(kControl, plan.body())) << "nobody";
    plan = good;
    plan.head.orders = 1;
    EXPECT_FALSE(decode_plan(kControl, plan.body())) << "an order too many";
    plan = good;
    plan.orders[0].stable_max = plan.orders[0].high_max.next();
    EXPECT_FALSE(decode_plan(kControl, plan.body())) << "stable above high";
    EXPECT_TRUE(decode_plan(kControl, good.body()));
}

// Sets: what is not ascending, not unique or not a node is refused. The golden PROPOSE has its
// count at 18 and, with two members put in, members at 20 and 30.

Bytes propose_of(const Member& first, const Member& second) {
    Propose propose;
    propose.attempt = kAttempt;
    propose.proc_set = {first, second};
    return encoded(propose);
}

TEST(Sets, AreAscendingUniqueAndOfNodes) {
    const Member low{NodeIndex{3}, Incarnation{5}};
    const Member restarted{NodeIndex{3}, Incarnation{6}};
    const Member none{NodeIndex{128}, Incarnation{6}};
    const Member unborn{NodeIndex{3}, Incarnation{0}};
    EXPECT_TRUE(decode_propose(kControl, propose_of(low, restarted)));
    EXPECT_FALSE(decode_propose(kControl, propose_of(restarted, low)));
    EXPECT_FALSE(decode_propose(kControl, propose_of(low, low)));
    EXPECT_FALSE(decode_propose(kControl, propose_of(low, none)));
    EXPECT_FALSE(decode_propose(kControl, propose_of(unborn, low)));
    Bytes body = propose_of(low, restarted);
    body[19] = std::byte{0x80};
    EXPECT_FALSE(decode_propose(kControl, body)) << "count past the bound";
}

TEST(Sets, ARingHasEachIndexOnceAndAtLeastOneMember) {
    Merge merge;
    merge.ring = kRing;
    merge.members = {Member{NodeIndex{3}, Incarnation{5}}, Member{NodeIndex{3}, Incarnation{6}}};
    EXPECT_FALSE(decode_merge(kControl, encoded(merge)));
    merge.members = {};
    EXPECT_FALSE(decode_merge(kControl, encoded(merge)));
}

TEST(Sets, NobodyIsHeardTwice) {
    Merge merge;
    merge.ring = kRing;
    merge.members = {kMe};
    merge.hears = {Hears{NodeIndex{4}, 1, 1}, Hears{NodeIndex{1}, 1, 1}, Hears{NodeIndex{4}, 2, 2}};
    EXPECT_FALSE(decode_merge(kControl, encoded(merge)));
    merge.hears.pop_back();
    EXPECT_TRUE(decode_merge(kControl, encoded(merge)));
    merge.hears.back().index = NodeIndex{200};
    EXPECT_FALSE(decode_merge(kControl, encoded(merge)));
}

// Bitmaps. In the golden STATE's body: stable 44, aru 52, high 60, bits 68, words 70.

TEST(Bitmap, ItsSizeIsWhatTheSeqsSay) {
    const Bytes frame = golden("wire_state");
    const std::span<const std::byte> good = body_of(frame);
    const auto patched = [good](std::size_t at, std::uint8_t value) {
        Bytes body(good.begin(), good.end());
        body[at] = std::byte{value};
        return decode_state(kControl, body).has_value();
    };
    EXPECT_TRUE(patched(60, 10));
    EXPECT_FALSE(patched(60, 11)) << "high says one more";
    EXPECT_FALSE(patched(60, 4)) << "high below aru";
    EXPECT_FALSE(patched(44, 6)) << "stable above aru";
    EXPECT_FALSE(patched(68, 6)) << "one bit more";
    EXPECT_FALSE(patched(69, 0xFF)) << "past the window";
    EXPECT_TRUE(patched(70, 0x1F));
    EXPECT_FALSE(patched(70, 0x20)) << "a bit past the last";
    EXPECT_FALSE(patched(77, 0x80)) << "a bit past the last";
}

TEST(Ring, OnlyAJoinMayHaveNone) {
    Prng prng(8);
    Join join = any_join(prng, 3);
    join.old_ring = RingId{};
    EXPECT_TRUE(decode_join(kControl, encoded(join)));
    join.old_ring.representative = NodeIndex{128};
    EXPECT_FALSE(decode_join(kControl, encoded(join)));
    join = any_join(prng, 3);
    join.suspect = NodeIndex{128};
    EXPECT_FALSE(decode_join(kControl, encoded(join)));
    State state = any_state(prng, 0, 1);
    state.old_ring.ring = RingId{};
    EXPECT_FALSE(decode_state(kControl, encoded(state)));
    state = any_state(prng, 0, 1);
    state.attempt.coordinator = kNoNode;
    EXPECT_FALSE(decode_state(kControl, encoded(state)));
}

}  // namespace
}  // namespace torc::wire::test
