// Calls out of turn, from the wrong process, with too little room, and after the end of the
// session, at a real daemon through the C interface (docs/outcomes.md).
#include <array>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <thread>

#include <unistd.h>

#include "tests/system/outcomes.hpp"

namespace torc::system_test {
namespace {

/// Whatever is called: the same reason, at once, as often as it is asked.
void expect_ended(Witness& witness, int reason) {
    torc_session* const raw = witness.session().raw();
    const char* const group = "g";
    torc_message message;
    torc_reservation room;
    torc_target target{};
    torc_counts counts{};
    counts.size = sizeof counts;
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(torc_receive(raw, &message, TORC_FOREVER), reason);
        EXPECT_EQ(torc_receive_into(raw, &message, &target, TORC_FOREVER), reason);
        EXPECT_EQ(torc_send(raw, TORC_AGREED, group, 0, "x", 1, TORC_FOREVER), reason);
        EXPECT_EQ(torc_multigroup_send(raw, TORC_AGREED, &group, 1, 0, "x", 1, TORC_FOREVER),
                  reason);
        EXPECT_EQ(torc_send_scatter(raw, TORC_AGREED, &group, 1, 0, nullptr, 0, TORC_FOREVER),
                  reason);
        EXPECT_EQ(torc_subgroup_send(raw, TORC_AGREED, group, &group, 1, 0, "x", 1, TORC_FOREVER),
                  reason);
        EXPECT_EQ(torc_reserve(raw, TORC_AGREED, &group, 1, 0, 1, &room, TORC_FOREVER), reason);
        EXPECT_EQ(torc_join(raw, group, TORC_FOREVER), reason);
        EXPECT_EQ(torc_leave(raw, group, TORC_FOREVER), reason);
        EXPECT_EQ(torc_flush_join(raw, group, TORC_FOREVER), reason);
        EXPECT_EQ(torc_flush_ok(raw, group, TORC_FOREVER), reason);
        EXPECT_EQ(torc_arm(raw), TORC_READY) << "so that a loop receives, and is told";
        EXPECT_EQ(torc_counts_of(raw, &counts), TORC_OK);
    }
    EXPECT_EQ(torc_private_name(raw), witness.name()) << "who it was can still be asked";
}

// --- calls out of turn ---------------------------------------------------------------------------

TEST_F(Outcomes, JoiningTwiceAndLeavingWithoutJoiningChangeNothing) {
    gather({&ann_}, "turn");
    ann_.join("turn");
    EXPECT_EQ(lines_of(ann_.drain()), Names{});
    ann_.send("turn", "once");
    EXPECT_TRUE(ann_.next().is_message("once"));
    ann_.leave("another");
    EXPECT_EQ(lines_of(ann_.drain()), Names{});
    ann_.leave("turn");
    ann_.leave("turn");
    EXPECT_EQ(lines_of(ann_.drain()), (Names{"self leave turn"}));
}

TEST_F(Outcomes, FlushAnswersThatNobodyAskedFor) {
    gather({&ann_}, "plain");
    expect_refused(torc_flush_ok(ann(), "plain", kWait), TORC_ERROR_NOT_MEMBER);
    expect_refused(torc_flush_ok(ann(), "never joined", kWait), TORC_ERROR_NOT_MEMBER);
    ann_.flush_join("flush-turn");
    EXPECT_EQ(torc_flush_ok(ann(), "flush-turn", kWait), TORC_ERROR_STATE) << "before its view";
    ann_.until_members(1);
    EXPECT_EQ(torc_flush_ok(ann(), "flush-turn", kWait), TORC_ERROR_STATE) << "no request";
    bob_.flush_join("flush-turn");
    EXPECT_EQ(ann_.next().kind, TORC_FLUSH_REQUEST);
    EXPECT_EQ(torc_flush_ok(ann(), "flush-turn", kWait), TORC_OK);
    EXPECT_EQ(torc_flush_ok(ann(), "flush-turn", kWait), TORC_ERROR_STATE) << "twice";
    ann_.until_members(2);
    EXPECT_EQ(torc_flush_ok(ann(), "flush-turn", kWait), TORC_ERROR_STATE) << "the view is there";

    Witness cat(cluster(), 0, "cat");
    cat.flush_join("flush-turn");
    EXPECT_EQ(ann_.next().kind, TORC_FLUSH_REQUEST);
    ann_.leave("flush-turn");
    EXPECT_EQ(ann_.next().kind, TORC_SELF_LEAVE);
    expect_refused(torc_flush_ok(ann(), "flush-turn", kWait), TORC_ERROR_NOT_MEMBER);
}

TEST_F(Outcomes, SendsToAFlushGroupOutOfTurn) {
    bob_.flush_join("closed");
    bob_.until_members(1);
    expect_refused(torc_send(ann(), TORC_AGREED, "closed", 0, "x", 1, kWait),
                   TORC_ERROR_NOT_MEMBER);
    const char* const self = ann_.name().c_str();
    expect_refused(torc_subgroup_send(ann(), TORC_AGREED, "closed", &self, 1, 0, "x", 1, kWait),
                   TORC_ERROR_NOT_MEMBER);

    ann_.flush_join("closed");
    EXPECT_EQ(torc_send(ann(), TORC_AGREED, "closed", 0, "x", 1, kWait), TORC_ERROR_FLUSHED)
        << "before the first view";
    EXPECT_EQ(bob_.next().kind, TORC_FLUSH_REQUEST);
    EXPECT_EQ(torc_send(bob_.session().raw(), TORC_AGREED, "closed", 0, "1", 1, kWait), TORC_OK)
        << "between request and answer";
    bob_.flush_ok("closed");
    EXPECT_EQ(torc_send(bob_.session().raw(), TORC_AGREED, "closed", 0, "2", 1, kWait),
              TORC_ERROR_FLUSHED);
    EXPECT_TRUE(bob_.next().is_message("1"));
    bob_.until_members(2);
    ann_.until_members(2);
    ann_.send("closed", "3");
    EXPECT_TRUE(bob_.next().is_message("3"));
    EXPECT_TRUE(ann_.next().is_message("3"));
    EXPECT_EQ(lines_of(bob_.drain()), Names{}) << "nothing that was refused got through";
}

TEST_F(Outcomes, SubgroupsOfPlainGroupsAndOfTooMany) {
    gather({&ann_}, "no-flush");
    const std::string self = ann_.name();
    const std::vector<const char*> members(TORC_GROUPS_PER_MESSAGE_MAX, self.c_str());
    EXPECT_EQ(torc_subgroup_send(ann(), TORC_AGREED, "no-flush", members.data(), members.size(), 0,
                                 "x", 1, kWait),
              TORC_ERROR_TOO_LARGE)
        << "with the group 101 destinations";
    expect_refused(
        torc_subgroup_send(ann(), TORC_AGREED, "no-flush", members.data(), 1, 0, "x", 1, kWait),
        TORC_ERROR_GROUP_KIND);
}

TEST_F(Outcomes, JoiningAGroupOfTheOtherKind) {
    gather({&bob_}, "is-plain");
    expect_refused(torc_flush_join(ann(), "is-plain", kWait), TORC_ERROR_GROUP_KIND);
    bob_.flush_join("is-flush");
    bob_.until_members(1);
    expect_refused(torc_join(ann(), "is-flush", kWait), TORC_ERROR_GROUP_KIND);
    EXPECT_EQ(lines_of(bob_.drain()), Names{}) << "the members hear nothing of it";
}

// --- receiving -----------------------------------------------------------------------------------

TEST_F(Outcomes, ATooSmallBufferKeepsTheRecordAndSaysWhatItNeeds) {
    ann_.send(ann_.name(), "0123456789");
    char bytes[16] = {};
    std::array<char, 4096> names{};
    iovec pieces[] = {{bytes, 4}, {bytes + 8, 3}};
    torc_target target{};
    target.pieces = pieces;
    target.piece_count = 2;
    torc_message message{};
    ASSERT_EQ(torc_receive_into(ann(), &message, &target, kWait), TORC_ERROR_TOO_SMALL);
    EXPECT_EQ(message.kind, TORC_MESSAGE);
    EXPECT_EQ(message.size, 10u);
    EXPECT_GT(message.names_size, 2 * ann_.name().size());
    EXPECT_EQ(bytes[0], 0) << "nothing was copied";

    target.names = names.data();
    target.names_size = message.names_size - 1;
    pieces[1].iov_len = 6;
    EXPECT_EQ(torc_receive_into(ann(), &message, &target, kWait), TORC_ERROR_TOO_SMALL);
    target.names_size = message.names_size;
    ASSERT_EQ(torc_receive_into(ann(), &message, &target, kWait), TORC_OK);
    EXPECT_EQ(message.size, 10u);
    EXPECT_STREQ(message.sender, ann_.name().c_str());
    EXPECT_EQ(std::memcmp(bytes,
                          "0123\0\0\0\0"
                          "456789",
                          14),
              0);
    EXPECT_EQ(torc_release(ann(), &message), TORC_ERROR_STATE) << "nothing is held";
    EXPECT_EQ(lines_of(ann_.drain()), Names{});
}

TEST_F(Outcomes, ATooSmallBufferMayAskForTheBeginning) {
    ann_.send(ann_.name(), "0123456789");
    char bytes[8] = {};
    const iovec piece{bytes, 4};
    torc_target target{};
    target.pieces = &piece;
    target.piece_count = 1;
    target.flags = TORC_TRUNCATE;
    torc_message message{};
    ASSERT_EQ(torc_receive_into(ann(), &message, &target, kWait), TORC_OK);
    EXPECT_EQ(message.size, 10u) << "its full size";
    EXPECT_STREQ(bytes, "0123");
    EXPECT_EQ(message.sender, nullptr) << "no room was given";
    EXPECT_EQ(lines_of(ann_.drain()), Names{}) << "the rest is gone";
}

TEST_F(Outcomes, ReleasesThatDoNotFit) {
    torc_message nothing{};
    EXPECT_EQ(torc_release(ann(), &nothing), TORC_ERROR_STATE);
    ann_.send(ann_.name(), "x");
    torc_message message;
    ASSERT_EQ(torc_receive(ann(), &message, kWait), TORC_OK);
    EXPECT_EQ(torc_release(ann(), &message), TORC_OK);
    EXPECT_EQ(torc_release(ann(), &message), TORC_ERROR_STATE) << "twice";
    EXPECT_EQ(torc_release_through(ann(), &message), TORC_ERROR_STATE)
        << "nothing before it either";
}

TEST_F(Outcomes, ReleaseThroughGivesBackWhatCameBefore) {
    std::vector<torc_message> held(4);
    for (std::size_t i = 0; i < held.size(); ++i) ann_.send(ann_.name(), std::to_string(i));
    for (torc_message& each : held) ASSERT_EQ(torc_receive(ann(), &each, kWait), TORC_OK);
    EXPECT_EQ(torc_release_through(ann(), &held[2]), TORC_OK);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(torc_release(ann(), &held[i]), TORC_ERROR_STATE) << i;
    }
    EXPECT_EQ(std::string(static_cast<const char*>(held[3].data), held[3].size), "3");
    EXPECT_EQ(torc_release(ann(), &held[3]), TORC_OK);
}

TEST_F(Outcomes, MoreRecordsHeldThanAllowed) {
    std::vector<torc_message> held(TORC_HELD_MAX);
    for (int i = 0; i <= TORC_HELD_MAX; ++i) ann_.send(ann_.name(), std::to_string(i));
    for (torc_message& each : held) ASSERT_EQ(torc_receive(ann(), &each, kWait), TORC_OK);
    torc_message one_more;
    EXPECT_EQ(torc_receive(ann(), &one_more, kWait), TORC_ERROR_STATE) << "at once, not for ever";
    ASSERT_EQ(torc_release(ann(), &held[7]), TORC_OK);
    ASSERT_EQ(torc_receive(ann(), &one_more, kWait), TORC_OK) << "nothing was lost";
    EXPECT_EQ(torc_release(ann(), &one_more), TORC_OK);
    for (std::size_t i = 0; i < held.size(); ++i) {
        EXPECT_EQ(torc_release(ann(), &held[i]), i == 7 ? TORC_ERROR_STATE : TORC_OK);
    }
}

TEST_F(Outcomes, NothingToReceive) {
    torc_message message;
    EXPECT_EQ(torc_receive(ann(), &message, 0), TORC_WOULD_BLOCK);
    EXPECT_EQ(torc_receive(ann(), &message, 1'000'000), TORC_WOULD_BLOCK);
    torc_target target{};
    EXPECT_EQ(torc_receive_into(ann(), &message, &target, 0), TORC_WOULD_BLOCK);
}

// --- threads and processes -----------------------------------------------------------------------

TEST_F(Outcomes, HangingUpFromSeveralThreadsEndsAllThatWait) {
    gather({&ann_, &bob_}, "hang-up");
    ann_.send("hang-up", "stays sent");
    ann_.next();
    std::vector<std::thread> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back([this] {
            torc_message message;
            EXPECT_EQ(torc_receive(ann(), &message, TORC_FOREVER), TORC_ERROR_CLOSED);
        });
    }
    std::vector<std::thread> hanging_up;
    for (int i = 0; i < 4; ++i) {
        hanging_up.emplace_back([this] { EXPECT_EQ(torc_hang_up(ann()), TORC_OK); });
    }
    for (std::thread& each : hanging_up) each.join();
    for (std::thread& each : waiting) each.join();
    EXPECT_EQ(torc_hang_up(ann()), TORC_OK) << "as often as you like";
    expect_ended(ann_, TORC_ERROR_CLOSED);
    EXPECT_TRUE(bob_.next().is_message("stays sent"));
    EXPECT_EQ(line_of(bob_.next()), "view disconnect of hang-up by #ann#n0: #bob#n1");
}

TEST_F(Outcomes, TheCxxFaceForgetsWhatItClosed) {
    ann_.session().close();
    EXPECT_EQ(ann_.session().send("g", "x").code(), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(ann_.session().receive().status().code(), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(ann_.session().join("g").code(), TORC_ERROR_ARGUMENT);
    EXPECT_THROW(ann_.session().join("g").or_throw(), StatusError);
    Session moved = std::move(bob_.session());
    EXPECT_EQ(bob_.session().join("g").code(), TORC_ERROR_ARGUMENT);
    EXPECT_TRUE(moved.join("g"));
}

TEST_F(Outcomes, ManyThreadsMayCloseTheirSessionsAtOnce) {
    constexpr std::size_t kThreads = 8;
    std::vector<Witness> sessions;
    for (std::size_t i = 0; i < kThreads; ++i) sessions.emplace_back(cluster(), i % 2, nullptr);
    std::vector<std::thread> threads;
    for (Witness& each : sessions) {
        threads.emplace_back([&each] { each.session().close(); });
    }
    for (std::thread& each : threads) each.join();
}

TEST_F(Outcomes, AForkedChildMayOnlyCloseAndHarmsNobody) {
    gather({&ann_, &bob_}, "parents");
    const pid_t child = ::fork();
    if (child == 0) {
        torc_message message;
        torc_counts counts{};
        counts.size = sizeof counts;
        const bool forked =
            torc_send(ann(), TORC_AGREED, "parents", 0, "x", 1, 0) == TORC_ERROR_FORKED &&
            torc_join(ann(), "x", 0) == TORC_ERROR_FORKED &&
            torc_leave(ann(), "parents", 0) == TORC_ERROR_FORKED &&
            torc_flush_join(ann(), "x", 0) == TORC_ERROR_FORKED &&
            torc_flush_ok(ann(), "x", 0) == TORC_ERROR_FORKED &&
            torc_receive(ann(), &message, 0) == TORC_ERROR_FORKED &&
            torc_arm(ann()) == TORC_ERROR_FORKED &&
            torc_counts_of(ann(), &counts) == TORC_ERROR_FORKED && torc_close(ann()) == TORC_OK;
        ::_exit(forked ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    ann_.send("parents", "the parent goes on");
    EXPECT_TRUE(ann_.next().is_message("the parent goes on"));
    EXPECT_TRUE(bob_.next().is_message("the parent goes on")) << "and no view says disconnect";
}

// --- after the end -------------------------------------------------------------------------------

class EndOfSession : public ::testing::Test {
protected:
    EndOfSession() : cluster_{plan()} { cluster_.start(); }
    static ClusterPlan plan() {
        ClusterPlan plan = patient_plan();
        plan.nodes = 2;
        return plan;
    }
    LocalCluster cluster_;
};

TEST_F(EndOfSession, AfterTheDaemonDied) {
    Witness ann(cluster_, 0, "ann");
    gather({&ann}, "g");
    ann.send("g", "arrived");
    ann.send(ann.name(), "behind it");
    ann.until_message("behind it");
    const char* const self = ann.name().c_str();
    torc_reservation room;
    ASSERT_EQ(torc_reserve(ann.session().raw(), TORC_AGREED, &self, 1, 0, 8, &room, kWait),
              TORC_OK);
    cluster_.kill_daemon(0);
    EXPECT_EQ(ann.until_end().code(), TORC_ERROR_DAEMON_LOST);
    std::memcpy(room.data, "harmless", 8);
    EXPECT_EQ(torc_commit(ann.session().raw(), &room, 8), TORC_ERROR_DAEMON_LOST);
    expect_ended(ann, TORC_ERROR_DAEMON_LOST);
}

TEST_F(EndOfSession, AfterTheDaemonStopped) {
    Witness ann(cluster_, 0, "ann");
    gather({&ann}, "g");
    ASSERT_TRUE(cluster_.stop_daemon(0, 60));
    EXPECT_EQ(ann.until_end().code(), TORC_ERROR_SHUTDOWN);
    expect_ended(ann, TORC_ERROR_SHUTDOWN);
}

TEST_F(EndOfSession, WhatHadArrivedIsStillReceived) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    gather({&ann, &bob}, "g");
    ann.send("g", "one");
    ann.send("g", "two");
    bob.until_message("two");  // so ann's daemon has delivered both, or bob's would not have
    ann.send("g", "three");
    bob.until_message("three");
    cluster_.kill_daemon(0);
    EXPECT_TRUE(ann.next().is_message("one"));
    EXPECT_TRUE(ann.next().is_message("two"));
    EXPECT_EQ(ann.until_end().code(), TORC_ERROR_DAEMON_LOST);
    torc_counts counts{};
    counts.size = sizeof counts;
    ASSERT_EQ(torc_counts_of(ann.session().raw(), &counts), TORC_OK);
    EXPECT_EQ(counts.accepted, torc_operations(ann.session().raw()));
    EXPECT_LE(counts.ordered + counts.refused, counts.taken);
    EXPECT_EQ(counts.undelivered, counts.accepted - counts.ordered - counts.refused);
}

}  // namespace
}  // namespace torc::system_test
