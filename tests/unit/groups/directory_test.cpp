// The replicated directory against a plain model of it.
#include "groups/directory.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::groups {
namespace {

constexpr NodeIndex kMe{1};

Participant process(std::uint16_t daemon, std::uint16_t slot) {
    return {NodeIndex{daemon}, SessionId{slot, 0}, SessionName("s" + std::to_string(slot))};
}

std::vector<std::pair<std::uint16_t, std::uint16_t>> members_of(const Directory& directory,
                                                                Directory::GroupId group) {
    std::vector<std::pair<std::uint16_t, std::uint16_t>> members;
    directory.for_each_member(group, [&](const Participant& who) {
        members.emplace_back(raw(who.daemon), who.session.slot);
    });
    return members;
}

RC_GTEST_PROP(Directory, IsWhatAMapOfListsIs, ()) {
    Directory directory(kMe);
    std::map<std::string, std::vector<std::pair<std::uint16_t, std::uint16_t>>> model;
    const auto steps = *rc::gen::inRange(0, 300);
    for (int i = 0; i < steps; ++i) {
        const std::string group = "g" + std::to_string(*rc::gen::inRange(0, 40));
        const auto daemon = *rc::gen::inRange<std::uint16_t>(0, 3);
        const auto slot = *rc::gen::inRange<std::uint16_t>(0, 4);
        const std::pair<std::uint16_t, std::uint16_t> who{daemon, slot};
        auto& list = model[group];
        const auto at = std::find(list.begin(), list.end(), who);
        if (*rc::gen::inRange(0, 2) == 0) {
            const auto added = directory.add(group, process(daemon, slot));
            RC_ASSERT((added == Directory::Add::added) == (at == list.end()));
            if (at == list.end()) list.push_back(who);
        } else if (const auto id = directory.find(group); id != Directory::kNone) {
            RC_ASSERT(directory.remove(id, process(daemon, slot)) == (at != list.end()));
            if (at != list.end()) list.erase(at);
        } else {
            RC_ASSERT(list.empty());
        }
    }
    for (const auto& [group, list] : model) {
        const auto id = directory.find(group);
        RC_ASSERT((id == Directory::kNone) == list.empty());
        if (list.empty()) continue;
        RC_ASSERT(members_of(directory, id) == list);
        for (std::uint16_t slot = 0; slot < 4; ++slot) {
            const bool local =
                std::find(list.begin(), list.end(), std::pair{raw(kMe), slot}) != list.end();
            RC_ASSERT(directory.locals(id).contains(slot) == local);
        }
    }
}

TEST(Directory, DigestDoesNotDependOnTheOrderInWhichGroupsCame) {
    Directory a(kMe);
    Directory b(kMe);
    a.add("x", process(0, 0));
    a.add("y", process(1, 1));
    b.add("y", process(1, 1));
    b.add("x", process(0, 0));
    EXPECT_EQ(a.digest(), b.digest());
    b.add("x", process(2, 2));
    EXPECT_NE(a.digest(), b.digest());
}

TEST(Directory, RefusesTheMemberBeyondItsBoundAndRecovers) {
    Directory directory(kMe);
    std::size_t added = 0;
    for (std::uint16_t daemon = 0; daemon < kNodesMax && added < kMembershipsMax; ++daemon) {
        for (std::uint16_t slot = 0; slot < kSessionsMax && added < kMembershipsMax; ++slot) {
            const std::string group = "g" + std::to_string(added % kGroupsMax);
            ASSERT_EQ(directory.add(group, process(daemon, slot)), Directory::Add::added);
            ++added;
        }
    }
    EXPECT_EQ(directory.add("g0", process(127, 1023)), Directory::Add::full);
    EXPECT_EQ(directory.add("another", process(0, 0)), Directory::Add::full);
    EXPECT_TRUE(directory.remove(directory.find("g0"), process(0, 0)));
    EXPECT_EQ(directory.add("g0", process(127, 1023)), Directory::Add::added);
    directory.clear();
    EXPECT_EQ(directory.membership_count(), 0u);
    EXPECT_EQ(directory.add("g0", process(0, 0)), Directory::Add::added);
}

}  // namespace
}  // namespace torc::groups
