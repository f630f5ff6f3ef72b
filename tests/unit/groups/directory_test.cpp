// The replicated directory against a plain model of it, and at its bounds.
#include "groups/directory.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::groups {
namespace {

constexpr NodeIndex kMe{1};
constexpr DirectoryLimits kSmall{64, 512};

using Who = std::pair<std::uint16_t, std::uint16_t>;  // daemon, slot
using Model = std::map<std::string, std::vector<Who>>;

Participant process(std::uint16_t daemon, std::uint16_t slot) {
    return {NodeIndex{daemon}, SessionId{slot, 0}, SessionName("s" + std::to_string(slot))};
}

/// Some short, some longer than what stands in the group itself.
std::string group_name(int number) {
    const std::string name = "g" + std::to_string(number);
    return number % 5 == 0 ? std::string(kShortGroupNameMax, 'x') + name : name;
}

std::vector<Who> members_of(const Directory& directory, Directory::GroupId group) {
    std::vector<Who> members;
    directory.for_each_member(group, [&](const Participant& who) {
        members.emplace_back(raw(who.daemon), who.session.slot);
    });
    return members;
}

std::set<std::string> groups_of(Directory& directory, Who who) {
    std::set<std::string> groups;
    directory.for_each_group_of(process(who.first, who.second), [&](Directory::GroupId group) {
        groups.insert(std::string(directory.name(group)));
    });
    return groups;
}

/// A directory that never held anything but what it holds.
std::uint64_t digest_of(const Model& model) {
    Directory fresh(kMe, kSmall);
    for (auto group = model.rbegin(); group != model.rend(); ++group) {
        for (const Who& who : group->second)
            fresh.add(group->first, process(who.first, who.second));
    }
    return fresh.digest();
}

void check_against(const Model& model, Directory& directory) {
    for (const auto& [group, list] : model) {
        const auto id = directory.find(group);
        RC_ASSERT((id == Directory::kNone) == list.empty());
        if (list.empty()) continue;
        RC_ASSERT(directory.name(id) == group);
        RC_ASSERT(members_of(directory, id) == list);
        RC_ASSERT(directory.size(id) == list.size());
        for (std::uint16_t slot = 0; slot < 4; ++slot) {
            const bool local =
                std::find(list.begin(), list.end(), Who{raw(kMe), slot}) != list.end();
            RC_ASSERT(directory.locals(id).contains(slot) == local);
        }
    }
    for (std::uint16_t daemon = 0; daemon < 3; ++daemon) {
        for (std::uint16_t slot = 0; slot < 4; ++slot) {
            std::set<std::string> expected;
            for (const auto& [group, list] : model) {
                if (std::count(list.begin(), list.end(), Who{daemon, slot}) != 0) {
                    expected.insert(group);
                }
            }
            RC_ASSERT(groups_of(directory, {daemon, slot}) == expected);
        }
    }
    RC_ASSERT(directory.digest() == digest_of(model));
}

RC_GTEST_PROP(Directory, IsWhatAMapOfListsIs, ()) {
    Directory directory(kMe, kSmall);
    Model model;
    const auto steps = *rc::gen::inRange(0, 300);
    for (int i = 0; i < steps; ++i) {
        const std::string group = group_name(*rc::gen::inRange(0, 40));
        const auto daemon = *rc::gen::inRange<std::uint16_t>(0, 3);
        const auto slot = *rc::gen::inRange<std::uint16_t>(0, 4);
        auto& list = model[group];
        const auto at = std::find(list.begin(), list.end(), Who{daemon, slot});
        if (*rc::gen::inRange(0, 2) == 0) {
            const auto added = directory.add(group, process(daemon, slot));
            RC_ASSERT((added == Directory::Add::added) == (at == list.end()));
            if (at == list.end()) list.emplace_back(daemon, slot);
        } else if (const auto id = directory.find(group); id != Directory::kNone) {
            RC_ASSERT(directory.remove(id, process(daemon, slot)) == (at != list.end()));
            if (at != list.end()) list.erase(at);
        } else {
            RC_ASSERT(list.empty());
        }
    }
    check_against(model, directory);
}

TEST(Directory, ASessionThatIsGoneIsInNoGroup) {
    Directory directory(kMe, kSmall);
    for (int group = 0; group < 20; ++group) {
        directory.add(group_name(group), process(0, 0));
        if (group % 2 == 0) directory.add(group_name(group), process(raw(kMe), 1));
    }
    const Participant who = process(0, 0);
    directory.for_each_group_of(
        who, [&](Directory::GroupId group) { EXPECT_TRUE(directory.remove(group, who)); });
    EXPECT_TRUE(groups_of(directory, {0, 0}).empty());
    EXPECT_EQ(directory.group_count(), 10u);
    EXPECT_EQ(directory.membership_count(), 10u);
    EXPECT_EQ(groups_of(directory, {raw(kMe), 1}).size(), 10u);
}

TEST(Directory, MutedSessionsAreMembersThatHearNothing) {
    Directory directory(kMe, kSmall);
    directory.add("x", process(raw(kMe), 3));
    directory.add("y", process(raw(kMe), 3));
    directory.add("y", process(raw(kMe), 2));
    directory.mute(SessionId{3, 0});
    EXPECT_TRUE(directory.locals(directory.find("x")).empty());
    EXPECT_FALSE(directory.locals(directory.find("y")).contains(3));
    EXPECT_TRUE(directory.locals(directory.find("y")).contains(2));
    EXPECT_TRUE(directory.is_member(directory.find("x"), process(raw(kMe), 3)));
}

TEST(Directory, DigestDoesNotDependOnTheOrderInWhichGroupsCame) {
    Directory a(kMe, kSmall);
    Directory b(kMe, kSmall);
    a.add("x", process(0, 0));
    a.add("y", process(1, 1));
    b.add("y", process(1, 1));
    b.add("x", process(0, 0));
    EXPECT_EQ(a.digest(), b.digest());
    b.add("x", process(2, 2));
    EXPECT_NE(a.digest(), b.digest());
}

TEST(Directory, DigestDependsOnTheOrderOfMembersAndOnFlushStates) {
    Directory a(kMe, kSmall);
    Directory b(kMe, kSmall);
    for (const std::uint16_t slot : std::vector<std::uint16_t>{1, 2, 3})
        a.add("x", process(0, slot));
    for (const std::uint16_t slot : std::vector<std::uint16_t>{2, 1, 3})
        b.add("x", process(0, slot));
    EXPECT_NE(a.digest(), b.digest());
    const std::uint64_t plain = a.digest();
    a.set_flush(a.find("x"), true);
    const std::uint64_t flush = a.digest();
    EXPECT_NE(flush, plain);
    const auto place = a.place_of(a.find("x"), process(0, 2));
    a.set_flush_state(place, {7, true});
    EXPECT_NE(a.digest(), flush);
    a.set_flush_state(place, {});
    EXPECT_EQ(a.digest(), flush);
}

TEST(Directory, RefusesTheMemberBeyondItsBoundAndRecovers) {
    Directory directory(kMe, kSmall);
    for (std::uint16_t i = 0; i < kSmall.memberships; ++i) {
        const std::string group = "g" + std::to_string(i % kSmall.groups);
        ASSERT_EQ(directory.add(group, process(0, i)), Directory::Add::added);
    }
    EXPECT_EQ(directory.add("g0", process(127, 1023)), Directory::Add::full);
    EXPECT_EQ(directory.add("another", process(0, 0)), Directory::Add::full);
    EXPECT_TRUE(directory.remove(directory.find("g0"), process(0, 0)));
    EXPECT_EQ(directory.add("another", process(0, 0)), Directory::Add::full)
        << "one group too many";
    EXPECT_EQ(directory.add("g0", process(127, 1023)), Directory::Add::added);
    directory.clear();
    EXPECT_EQ(directory.membership_count(), 0u);
    EXPECT_EQ(directory.digest(), 0u);
    EXPECT_EQ(directory.add("g0", process(0, 0)), Directory::Add::added);
}

/// What the limits promise: every session of every daemon in two groups, and as many groups as
/// there may be.
TEST(Directory, HoldsEverySessionOfEveryDaemon) {
    Directory directory(kMe, {kGroupsMax, kMembershipsMax});
    std::size_t number = 0;
    for (std::uint16_t daemon = 0; daemon < kNodesMax; ++daemon) {
        for (std::uint16_t slot = 0; slot < kSessionsMax; ++slot, ++number) {
            const std::string group = "g" + std::to_string(number % (kGroupsMax - 1));
            ASSERT_EQ(directory.add(group, process(daemon, slot)), Directory::Add::added);
            ASSERT_EQ(directory.add("all", process(daemon, slot)), Directory::Add::added);
        }
    }
    EXPECT_EQ(directory.group_count(), kGroupsMax);
    EXPECT_EQ(directory.size(directory.find("all")), kNodesMax * kSessionsMax);
    std::size_t locals = 0;
    directory.locals(directory.find("all")).for_each([&](std::uint16_t) { ++locals; });
    EXPECT_EQ(locals, kSessionsMax);
    EXPECT_TRUE(directory.remove(directory.find("all"), process(77, 777)));
    EXPECT_FALSE(directory.is_member(directory.find("all"), process(77, 777)));
}

}  // namespace
}  // namespace torc::groups
