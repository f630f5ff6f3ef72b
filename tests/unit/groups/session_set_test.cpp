// Sets of local sessions, against std::set.
#include "groups/session_set.hpp"

#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::groups {
namespace {

std::vector<std::uint16_t> listed(const SessionSet& set) {
    std::vector<std::uint16_t> slots;
    set.for_each([&](std::uint16_t slot) { slots.push_back(slot); });
    return slots;
}

/// Few enough slots that they come again, over the whole range.
std::uint16_t some_slot() {
    return static_cast<std::uint16_t>(*rc::gen::inRange<std::size_t>(0, 64) *
                                      ((kSessionsMax - 1) / 63));
}

RC_GTEST_PROP(SessionSet, IsWhatASetIs, ()) {
    SessionSet set;
    std::set<std::uint16_t> model;
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
        const std::uint16_t slot = some_slot();
        if (*rc::gen::inRange(0, 3) != 0) {
            set.add(slot);
            model.insert(slot);
        } else {
            set.remove(slot);
            model.erase(slot);
        }
        RC_ASSERT(set.contains(slot) == model.contains(slot));
    }
    RC_ASSERT(listed(set) == std::vector<std::uint16_t>(model.begin(), model.end()));
    RC_ASSERT(set.empty() == model.empty());
}

RC_GTEST_PROP(SessionSet, JoinsAnother, ()) {
    SessionSet sets[2];
    std::set<std::uint16_t> model;
    for (SessionSet& set : sets) {
        const auto count = *rc::gen::inRange(0, 60);
        for (int i = 0; i < count; ++i) {
            const std::uint16_t slot = some_slot();
            set.add(slot);
            model.insert(slot);
        }
    }
    sets[0].add_all(sets[1]);
    RC_ASSERT(listed(sets[0]) == std::vector<std::uint16_t>(model.begin(), model.end()));
}

TEST(SessionSet, HoldsAllThatThereAre) {
    SessionSet set;
    for (std::size_t slot = 0; slot < kSessionsMax; ++slot)
        set.add(static_cast<std::uint16_t>(slot));
    EXPECT_EQ(listed(set).size(), kSessionsMax);
    EXPECT_EQ(listed(set).back(), kSessionsMax - 1);
    set.clear();
    EXPECT_TRUE(set.empty());
    EXPECT_FALSE(set.contains(0));
}

}  // namespace
}  // namespace torc::groups
