// The table of local sessions.
#include "groups/sessions.hpp"

#include <string>

#include <gtest/gtest.h>

namespace torc::groups {
namespace {

TEST(Sessions, AreFoundByNameWhileTheyAreOpen) {
    Sessions sessions;
    ASSERT_EQ(sessions.open({3, 1}, "alice"), Sessions::Open::opened);
    EXPECT_EQ(sessions.find("alice"), (SessionId{3, 1}));
    EXPECT_EQ(sessions.in_slot(3), (SessionId{3, 1}));
    EXPECT_EQ(sessions.in_slot(2).slot, SessionId{}.slot) << "never opened";
    EXPECT_EQ(sessions.find("bob").slot, SessionId{}.slot);
    sessions.close({3, 1});
    EXPECT_EQ(sessions.find("alice").slot, SessionId{}.slot);
    EXPECT_FALSE(sessions.is_open({3, 1}));
    ASSERT_EQ(sessions.open({7, 1}, "alice"), Sessions::Open::opened);
    EXPECT_EQ(sessions.find("alice"), (SessionId{7, 1}));
}

TEST(Sessions, RefuseWhatIsTakenOrBad) {
    Sessions sessions;
    ASSERT_EQ(sessions.open({0, 1}, "alice"), Sessions::Open::opened);
    EXPECT_EQ(sessions.open({1, 1}, "alice"), Sessions::Open::name_taken);
    EXPECT_EQ(sessions.open({0, 2}, "bob"), Sessions::Open::slot_taken);
    EXPECT_EQ(sessions.open({1, 1}, "b#b"), Sessions::Open::bad_name);
    EXPECT_EQ(sessions.open({kSessionsMax, 1}, "bob"), Sessions::Open::slot_taken);
    EXPECT_FALSE(sessions.is_open({0, 2})) << "another generation";
    EXPECT_FALSE(sessions.is_open({0xFFFF, 0}));
}

TEST(Sessions, AsManyAsThereMayBe) {
    Sessions sessions;
    for (std::size_t i = kSessionsMax; i-- > 0;) {
        const SessionId id{static_cast<std::uint16_t>(i), 1};
        ASSERT_EQ(sessions.open(id, "s" + std::to_string(i)), Sessions::Open::opened);
    }
    EXPECT_EQ(sessions.count(), kSessionsMax);
    EXPECT_EQ(sessions.find("s77"), (SessionId{77, 1}));
}

}  // namespace
}  // namespace torc::groups
