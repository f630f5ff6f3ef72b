// The flush calls of libtorc: what it refuses by itself, and what it leaves to the daemon.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "client_shm/client/flush_groups.hpp"
#include "tests/unit/client_shm/library_support.hpp"

namespace torc::client_shm::test {
namespace {

class FlushCalls : public ::testing::Test {
protected:
    FlushCalls() : daemon(dir.socket()), ann(connect(dir, "ann")), bob(connect(dir, "bob", true)) {}
    static int send(Session& session, const char* group) {
        return torc_send(session.raw(), TORC_AGREED, group, 0, "x", 1, kPatience);
    }
    void both_join() {
        ASSERT_EQ(torc_flush_join(ann.raw(), "g", kPatience), TORC_OK);
        EXPECT_EQ(expect_message(ann).kind(), TORC_VIEW);
        ASSERT_EQ(torc_flush_join(bob.raw(), "g", kPatience), TORC_OK);
        Message request = expect_message(ann);
        EXPECT_EQ(request.kind(), TORC_FLUSH_REQUEST);
        EXPECT_EQ(request.group(), "g");
    }

    TempDir dir;
    TestDaemon daemon;
    Session ann;
    Session bob;
};

TEST_F(FlushCalls, MemberSendsUntilItsAnswerAndAfterTheNextView) {
    both_join();
    EXPECT_EQ(send(ann, "g"), TORC_OK) << "still in the view";
    EXPECT_EQ(expect_message(ann).text(), "x");
    ASSERT_EQ(torc_flush_ok(ann.raw(), "g", kPatience), TORC_OK);
    // Its answer completes the view, but the program has not received that.
    EXPECT_EQ(send(ann, "g"), TORC_ERROR_FLUSHED);
    const char* groups[] = {"other", "g"};
    EXPECT_EQ(torc_multigroup_send(ann.raw(), TORC_AGREED, groups, 2, 0, "x", 1, 0),
              TORC_ERROR_FLUSHED);
    torc_reservation room{};
    EXPECT_EQ(torc_reserve(ann.raw(), TORC_AGREED, groups, 2, 0, 8, &room, 0), TORC_ERROR_FLUSHED);
    EXPECT_EQ(send(ann, "other"), TORC_OK) << "one group's flush stops no other";
    Message view = expect_message(ann);
    EXPECT_EQ(view.kind(), TORC_VIEW);
    EXPECT_EQ(view.members().size(), 2u);
    EXPECT_EQ(send(ann, "g"), TORC_OK);
}

TEST_F(FlushCalls, JoinerSendsOnlyAfterItsFirstView) {
    both_join();
    EXPECT_EQ(send(bob, "g"), TORC_ERROR_FLUSHED);
    ASSERT_EQ(torc_flush_ok(ann.raw(), "g", kPatience), TORC_OK);
    EXPECT_EQ(expect_message(bob).kind(), TORC_VIEW);
    EXPECT_EQ(send(bob, "g"), TORC_OK);
}

TEST_F(FlushCalls, AnswersOutOfTurnAreRefusedAtOnce) {
    ASSERT_EQ(torc_flush_join(ann.raw(), "g", kPatience), TORC_OK);
    EXPECT_EQ(torc_flush_ok(ann.raw(), "g", 0), TORC_ERROR_STATE) << "before the first view";
    EXPECT_EQ(expect_message(ann).kind(), TORC_VIEW);
    EXPECT_EQ(torc_flush_ok(ann.raw(), "g", 0), TORC_ERROR_STATE) << "nobody asked";
    ASSERT_EQ(torc_flush_join(bob.raw(), "g", kPatience), TORC_OK);
    EXPECT_EQ(expect_message(ann).kind(), TORC_FLUSH_REQUEST);
    const std::uint64_t before = ann.operations();
    EXPECT_EQ(torc_flush_ok(ann.raw(), "g", kPatience), TORC_OK);
    EXPECT_EQ(torc_flush_ok(ann.raw(), "g", 0), TORC_ERROR_STATE) << "twice";
    EXPECT_EQ(ann.operations(), before + 1) << "what is refused at once gets no number";
}

TEST_F(FlushCalls, UnknownGroupsAreTheDaemonsBusiness) {
    ASSERT_EQ(torc_flush_ok(ann.raw(), "nowhere", kPatience), TORC_OK);
    Message refused = expect_message(ann);
    EXPECT_EQ(refused.kind(), TORC_REFUSED);
    EXPECT_EQ(refused.reason().code(), TORC_ERROR_STATE);
    EXPECT_EQ(send(ann, "closed"), TORC_OK);
    Message stranger = expect_message(ann);
    EXPECT_EQ(stranger.reason().code(), TORC_ERROR_NOT_MEMBER);
    EXPECT_EQ(stranger.raw().operation, ann.operations());
}

TEST_F(FlushCalls, RefusedJoinLeavesTheGroupOpenForSends) {
    ASSERT_EQ(torc_flush_join(ann.raw(), "full", kPatience), TORC_OK);
    EXPECT_EQ(send(ann, "full"), TORC_ERROR_FLUSHED);
    Message refused = expect_message(ann);
    EXPECT_EQ(refused.reason().code(), TORC_ERROR_LIMIT);
    EXPECT_EQ(refused.raw().operation, 1u);
    EXPECT_EQ(send(ann, "full"), TORC_OK);
}

TEST_F(FlushCalls, GroupThatWasLeftCanBeJoinedAnew) {
    ASSERT_EQ(torc_flush_join(ann.raw(), "g", kPatience), TORC_OK);
    EXPECT_EQ(expect_message(ann).kind(), TORC_VIEW);
    ASSERT_TRUE(ann.leave("g"));
    Message left = expect_message(ann);
    EXPECT_EQ(left.kind(), TORC_SELF_LEAVE);
    EXPECT_EQ(left.raw().reason, TORC_OK);
    EXPECT_EQ(send(ann, "g"), TORC_OK) << "what becomes of it the daemon decides";
    ASSERT_EQ(torc_flush_join(ann.raw(), "g", kPatience), TORC_OK);
    EXPECT_EQ(send(ann, "g"), TORC_ERROR_FLUSHED);
    EXPECT_EQ(expect_message(ann).kind(), TORC_VIEW);
    EXPECT_EQ(send(ann, "g"), TORC_OK);
}

TEST_F(FlushCalls, SubgroupNeedsOneGroupAndPrivateNames) {
    torc_session* raw = ann.raw();
    const char* good[] = {"#bob#n1", "#ann#n1"};
    const char* group[] = {"#bob#n1", "room"};
    const char* none[] = {nullptr};
    const auto subgroup = [&](const char* to, const char* const* members, std::size_t count) {
        return torc_subgroup_send(raw, TORC_AGREED, to, members, count, 7, "x", 1, 0);
    };
    EXPECT_EQ(subgroup("g", good, 2), TORC_OK);
    EXPECT_EQ(subgroup("g", group, 2), TORC_ERROR_NAME);
    EXPECT_EQ(subgroup("#ann#n1", good, 2), TORC_ERROR_NAME);
    EXPECT_EQ(subgroup("g", good, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(subgroup("g", none, 1), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(subgroup("g", nullptr, 1), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(subgroup(nullptr, good, 2), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(subgroup("g", good, 100), TORC_ERROR_TOO_LARGE);
    Message message = expect_message(bob);
    std::vector<std::string_view> names(message.groups().begin(), message.groups().end());
    EXPECT_EQ(names, (std::vector<std::string_view>{"g", "#bob#n1", "#ann#n1"}));
}

TEST(FlushGroups, ThousandsOfThemAndThoseThatWereLeft) {
    FlushGroups groups;
    EXPECT_FALSE(groups.any());
    EXPECT_TRUE(groups.on_flush_ok("unknown"));
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 100; ++i) {
            const std::string name = std::to_string(round) + "/" + std::to_string(i);
            ASSERT_TRUE(groups.on_join(name, static_cast<std::uint64_t>(round * 100 + i + 1)));
            EXPECT_TRUE(groups.is_closed(name));
            groups.on_view(name);
            EXPECT_FALSE(groups.is_closed(name));
            if (i % 2 == 1) groups.on_self_leave(name);
        }
    }
    for (int round = 0; round < 50; ++round) {
        const std::string kept = std::to_string(round) + "/0";
        EXPECT_FALSE(groups.on_flush_ok(kept)) << "known, and nobody asked";
        groups.on_request(kept);
        EXPECT_TRUE(groups.on_flush_ok(kept));
        EXPECT_TRUE(groups.is_closed(kept));
    }
}

}  // namespace
}  // namespace torc::client_shm::test
