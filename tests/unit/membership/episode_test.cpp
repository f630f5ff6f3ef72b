// The growing sets: what a JOIN adds, and the properties that make gathering end.
#include "membership/episode.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::membership::test {
namespace {

Member member(unsigned index, unsigned incarnation = 1) {
    return {NodeIndex{static_cast<std::uint16_t>(index)}, Incarnation{incarnation}};
}

wire::EpisodeSet set_of(std::initializer_list<Member> members) {
    wire::EpisodeSet set;
    for (const Member& one : members) insert(set, one);
    return set;
}

TEST(Episode, MergesBothSetsAndTheSender) {
    Episode mine{set_of({member(0)}), {}};
    const auto proc = set_of({member(1), member(2), member(3)});
    const auto fail = set_of({member(3)});
    EXPECT_EQ(merge_claim(mine, member(0), {member(1), false, proc, fail}), Merged::grew);
    EXPECT_EQ(mine.proc, set_of({member(0), member(1), member(2), member(3)}));
    EXPECT_EQ(mine.fail, fail);
}

TEST(Episode, WhoExcludesMeIsExcludedAndBelievedNothingElse) {
    Episode mine{set_of({member(0)}), {}};
    const auto proc = set_of({member(0), member(1), member(2)});
    const auto fail = set_of({member(0), member(2)});
    EXPECT_EQ(merge_claim(mine, member(0), {member(1), false, proc, fail}), Merged::grew);
    EXPECT_EQ(mine.proc, set_of({member(0), member(1)}));
    EXPECT_EQ(mine.fail, set_of({member(1)}));
}

TEST(Episode, IgnoresWhomItExcludes) {
    Episode mine{set_of({member(0), member(1)}), set_of({member(1)})};
    const Episode before = mine;
    const auto proc = set_of({member(1), member(2)});
    EXPECT_EQ(merge_claim(mine, member(0), {member(1), false, proc, {}}), Merged::ignored);
    EXPECT_EQ(mine, before);
}

TEST(Episode, ALeaverIsExcludedWhateverItSays) {
    Episode mine{set_of({member(0), member(1)}), {}};
    const auto proc = set_of({member(0), member(1), member(5)});
    EXPECT_EQ(merge_claim(mine, member(0), {member(1), true, proc, {}}), Merged::grew);
    EXPECT_EQ(mine.fail, set_of({member(1)}));
    EXPECT_FALSE(contains(mine.proc, member(5)));
}

TEST(Episode, TheIncarnationThatSpeaksIsTheLivingOne) {
    Episode mine{set_of({member(0), member(1, 7)}), {}};
    const auto proc = set_of({member(1, 8)});
    EXPECT_EQ(merge_claim(mine, member(0), {member(1, 8), false, proc, {}}), Merged::grew);
    EXPECT_EQ(mine.fail, set_of({member(1, 7)}));
    EXPECT_EQ(*members_of(mine), (wire::MemberList{member(0), member(1, 8)}));
}

TEST(Episode, AnotherUnderMyIndexNeverPutsMeOut) {
    Episode mine{set_of({member(0, 3)}), {}};
    const auto proc = set_of({member(0, 4)});
    merge_claim(mine, member(0, 3), {member(0, 4), false, proc, {}});
    EXPECT_EQ(mine.fail, set_of({member(0, 4)}));
    EXPECT_EQ(*members_of(mine), (wire::MemberList{member(0, 3)}));
}

TEST(Episode, MyOwnPastIsDead) {
    Episode mine{set_of({member(0, 3)}), {}};
    const auto proc = set_of({member(0, 2), member(1)});
    merge_claim(mine, member(0, 3), {member(1), false, proc, {}});
    EXPECT_EQ(mine.fail, set_of({member(0, 2)}));
}

TEST(Episode, TwoIncarnationsByHearsayAreNoMemberList) {
    Episode mine{set_of({member(0)}), {}};
    const auto proc = set_of({member(1), member(2, 1), member(2, 2)});
    merge_claim(mine, member(0), {member(1), false, proc, {}});
    EXPECT_FALSE(members_of(mine).has_value());
}

TEST(Episode, ACallThatNamesTooManyChangesNothing) {
    Episode mine{set_of({member(0)}), {}};
    wire::EpisodeSet proc;
    for (unsigned i = 0; i < kEpisodeMembersMax; ++i) insert(proc, member(1 + i % 100, 1 + i));
    const Episode before = mine;
    EXPECT_EQ(merge_claim(mine, member(0), {member(120), false, proc, {}}), Merged::overflow);
    EXPECT_EQ(mine, before);
}

TEST(Episode, ASenderThatExcludesItselfIsIgnored) {
    Episode mine{set_of({member(0)}), {}};
    const auto fail = set_of({member(1)});
    EXPECT_EQ(merge_claim(mine, member(0), {member(1), false, fail, fail}), Merged::ignored);
}

// --- properties --------------------------------------------------------------------------------

wire::EpisodeSet random_set(unsigned indices) {
    wire::EpisodeSet set;
    const auto size = *rc::gen::inRange<unsigned>(0, 12);
    for (unsigned i = 0; i < size; ++i) {
        insert(set,
               member(*rc::gen::inRange<unsigned>(0, indices), *rc::gen::inRange<unsigned>(1, 3)));
    }
    return set;
}

struct RandomClaim {
    Member sender;
    bool leaving;
    wire::EpisodeSet proc;
    wire::EpisodeSet fail;
    Claim claim() const { return {sender, leaving, proc, fail}; }
};

RandomClaim random_claim(unsigned indices) {
    return {member(*rc::gen::inRange<unsigned>(0, indices), *rc::gen::inRange<unsigned>(1, 3)),
            *rc::gen::inRange<int>(0, 10) == 0, random_set(indices), random_set(indices)};
}

RC_GTEST_PROP(EpisodeProperty, MergingIsMonotoneIdempotentAndNeverExcludesMe, ()) {
    const Member me = member(0);
    Episode mine{set_of({me}), {}};
    const auto steps = *rc::gen::inRange(1, 12);
    for (int i = 0; i < steps; ++i) {
        const RandomClaim random = random_claim(6);
        const Episode before = mine;
        const bool widens = would_widen(mine, me, random.claim());
        const Merged merged = merge_claim(mine, me, random.claim());
        RC_ASSERT(widens == (merged == Merged::grew));
        RC_ASSERT((merged == Merged::grew) == (mine != before));
        RC_ASSERT(is_within(before.proc, mine.proc) && is_within(before.fail, mine.fail));
        RC_ASSERT(is_within(mine.fail, mine.proc));
        RC_ASSERT(contains(mine.proc, me) && !contains(mine.fail, me));
        RC_ASSERT(std::is_sorted(mine.proc.begin(), mine.proc.end()));
        const Episode once = mine;
        RC_ASSERT(merge_claim(mine, me, random.claim()) != Merged::grew);
        RC_ASSERT(mine == once);
    }
}

RC_GTEST_PROP(EpisodeProperty, SetsOfHonestSpeakersMeet, ()) {
    // Two who exclude nobody of each other end with equal sets after each heard the other.
    const Member a = member(0);
    const Member b = member(1);
    Episode of_a{set_of({a}), {}};
    Episode of_b{set_of({b}), {}};
    for (const Member& one : random_set(8)) {
        if (one.index != a.index && one.index != b.index) insert(of_a.proc, one);
    }
    for (const Member& one : random_set(8)) {
        if (one.index != a.index && one.index != b.index) insert(of_b.proc, one);
    }
    merge_claim(of_b, b, {a, false, of_a.proc, of_a.fail});
    merge_claim(of_a, a, {b, false, of_b.proc, of_b.fail});
    RC_ASSERT(of_a == of_b);
}

}  // namespace
}  // namespace torc::membership::test
