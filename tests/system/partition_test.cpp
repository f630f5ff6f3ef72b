// What Spread's users know of partitions, merges and deaths, row by row
// (docs/migrating-from-spread.md): who is told what, and who is told nothing.
#include "tests/system/partition.hpp"

#include <csignal>
#include <thread>

#include "tests/system/witness.hpp"

namespace torc::system_test {
namespace {

/// Position of the first record of a kind; the number of records if there is none.
std::size_t first_of(const std::vector<Record>& records, torc_kind kind) {
    std::size_t at = 0;
    while (at < records.size() && records[at].kind != kind) ++at;
    return at;
}

std::size_t count_of(const std::vector<Record>& records, torc_kind kind) {
    std::size_t count = 0;
    for (const Record& record : records) count += record.kind == kind ? 1 : 0;
    return count;
}

class PartitionTest : public ::testing::Test {
protected:
    PartitionTest() : PartitionTest(patient_plan()) {}
    explicit PartitionTest(const ClusterPlan& plan) : cluster_{plan} { cluster_.start(); }

    LocalCluster cluster_;
};

TEST_F(PartitionTest, ALossIsASignalAndAViewWithSetsAMergeIsOneView) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    Witness cat(cluster_, 2, "cat");
    Witness dan(cluster_, 2, "dan");
    gather({&ann, &bob, &cat, &dan}, "g");
    Partition partition(cluster_, {0, 1, 1});
    for (Witness* each : {&bob, &cat, &dan}) {
        const std::vector<Record> got =
            each->until([](const Record& record) { return record.kind == TORC_VIEW; });
        EXPECT_EQ(lines_of(got),
                  (Names{"transitional g", "view network of g: #bob#n1 #cat#n2 #dan#n2"}));
        EXPECT_EQ(got.back().sets, (std::vector<Names>{{"#bob#n1", "#cat#n2", "#dan#n2"}}));
        EXPECT_EQ(got.back().came_with_me, got.back().members);
    }
    EXPECT_EQ(lines_of(ann.until([](const Record& record) { return record.kind == TORC_VIEW; })),
              (Names{"transitional g", "view network of g: #ann#n0"}));

    partition.heal();
    std::vector<Record> merged;
    for (Witness* each : {&ann, &bob, &cat, &dan}) {
        const std::vector<Record> got =
            each->until([](const Record& record) { return record.is_view_of(4); });
        ASSERT_EQ(got.size(), 1u) << "a merge needs no signal" << text_of(got);
        merged.push_back(got[0]);
    }
    for (const Record& view : merged) {
        EXPECT_EQ(view.cause, TORC_CAUSE_NETWORK);
        EXPECT_EQ(view.members, merged[0].members);
        EXPECT_EQ(view.sets, merged[0].sets) << "the sets are equal at all members";
        EXPECT_TRUE(view.view == merged[0].view);
    }
    EXPECT_EQ(merged[0].sets.size(), 2u);
    EXPECT_EQ(merged[0].came_with_me, (Names{"#ann#n0"}));
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ(merged[i].came_with_me, (Names{"#bob#n1", "#cat#n2", "#dan#n2"}));
    }
}

TEST_F(PartitionTest, WhatWasSentToTheOtherSideNeverArrives) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    gather({&ann, &bob}, "g");
    Partition partition(cluster_, {0, 1, 1});
    ann.until_members(1);
    bob.until_members(1);
    for (unsigned service = TORC_UNRELIABLE; service <= TORC_SAFE; ++service) {
        ann.send("g", "said on the left", service);
        ann.send("#bob#n1", "said to bob alone", service);
        bob.send("g", "said on the right", service);
        bob.send("#ann#n0", "said to ann alone", service);
    }
    ann.drain();  // so all of it has had its place before the sides meet
    bob.drain();
    partition.heal();
    ann.until_members(2);
    bob.until_members(2);
    EXPECT_EQ(lines_of(ann.drain()), Names{});
    EXPECT_EQ(lines_of(bob.drain()), Names{});
    ann.send("g", "hello again");
    EXPECT_TRUE(bob.next().is_message("hello again"));
}

TEST_F(PartitionTest, AGroupThatLosesNobodyHearsNothing) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    Witness cat(cluster_, 2, "cat");
    gather({&ann, &bob}, "untouched");
    gather({&ann, &bob, &cat}, "touched");
    cluster_.kill_daemon(2);
    ann.until_members(2);
    bob.until_members(2);
    cluster_.start_daemon(2);
    ASSERT_TRUE(cluster_.wait_for_ring(3, 60));
    Witness dan(cluster_, 2, "dan");
    dan.join("touched");  // a view that both get behind whatever the merge brought
    for (Witness* each : {&ann, &bob}) {
        const auto is_last = [](const Record& record) { return record.is_view_of(3); };
        for (const Record& record : each->until(is_last)) {
            EXPECT_NE(record.group, "untouched") << line_of(record);
        }
    }
    ann.send("untouched", "all is as it was");
    EXPECT_TRUE(bob.next().is_message("all is as it was"));
}

TEST_F(PartitionTest, SurvivorsAgreeOnWhatStandsBetweenSignalAndView) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    Witness cat(cluster_, 2, "cat");
    gather({&ann, &bob, &cat}, "g");
    // In mid-burst: cat's daemon dies while it has messages of all services on their way.
    for (int i = 0; i < 2000; ++i) {
        const auto service = static_cast<unsigned>(TORC_CAUSAL + i % 3);
        if (!cat.session().send("g", std::to_string(i), service, 0, 0ns)) break;
    }
    cluster_.kill_daemon(2);
    EXPECT_EQ(cat.until_end().code(), TORC_ERROR_DAEMON_LOST);
    const auto is_last = [](const Record& record) { return record.is_view_of(2); };
    const std::vector<Record> one = ann.until(is_last);
    const std::vector<Record> two = bob.until(is_last);
    EXPECT_EQ(count_of(one, TORC_TRANSITIONAL), 1u);
    EXPECT_EQ(first_of(one, TORC_TRANSITIONAL), first_of(two, TORC_TRANSITIONAL));
    EXPECT_EQ(lines_of(one), lines_of(two));
    std::size_t number = 0;
    for (const Record& record : one) {
        if (record.kind != TORC_MESSAGE) continue;
        EXPECT_EQ(record.text, std::to_string(number++));
    }
}

TEST_F(PartitionTest, AnOrderlyStopIsToldToItsClientsAndToTheOthers) {
    Witness ann(cluster_, 0, "ann");
    Witness cat(cluster_, 2, "cat");
    gather({&ann, &cat}, "g");
    cat.send("g", "the last word");
    cat.until_message("the last word");
    ASSERT_TRUE(cluster_.stop_daemon(2, 60));
    EXPECT_EQ(cat.until_end().code(), TORC_ERROR_SHUTDOWN);
    EXPECT_TRUE(ann.next().is_message("the last word"));
    EXPECT_EQ(line_of(ann.next()), "view disconnect of g by #cat#n2: #ann#n0")
        << "it says who is gone, and no signal says that anything may be lost";
}

TEST_F(PartitionTest, APollingProgramIsToldThatItsDaemonIsGone) {
    Witness cat(cluster_, 2, "cat");
    cluster_.kill_daemon(2);
    for (;;) {
        const Outcome<Message> nothing = cat.session().receive(Timeout::none());
        ASSERT_FALSE(nothing);
        if (nothing.status().would_block()) continue;
        EXPECT_EQ(nothing.status().code(), TORC_ERROR_DAEMON_LOST);
        break;
    }
    EXPECT_EQ(cat.session().send("g", "x").code(), TORC_ERROR_DAEMON_LOST);
}

// --- timers that cannot be what is noticed -------------------------------------------------------

class RestartTest : public PartitionTest {
protected:
    RestartTest() : PartitionTest(plan()) {}

    /// Nobody waits for the loss of a token: the test would not end in time.
    static ClusterPlan plan() {
        ClusterPlan plan = patient_plan();
        plan.settings[1] = "cluster.timers.token_loss=600s";
        plan.settings[4] = "cluster.timers.recovery=700s";
        return plan;
    }
};

TEST_F(RestartTest, ADaemonThatRestartsBeforeItsDeathIsNoticedCostsItsClientsTheirMembership) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    Witness old(cluster_, 2, "old");
    gather({&ann, &bob, &old}, "g");
    cluster_.kill_daemon(2);
    cluster_.start_daemon(2);
    for (Witness* each : {&ann, &bob}) {
        EXPECT_EQ(lines_of(each->until([](const Record& r) { return r.kind == TORC_VIEW; })),
                  (Names{"transitional g", "view network of g: #ann#n0 #bob#n1"}));
    }
    EXPECT_EQ(old.until_end().code(), TORC_ERROR_DAEMON_LOST);
    ASSERT_TRUE(cluster_.wait_for_ring(3, 60));
    Witness again(cluster_, 2, "old");
    again.join("g");
    for (Witness* each : {&ann, &bob}) {
        EXPECT_EQ(line_of(each->next()), "view join of g by #old#n2: #ann#n0 #bob#n1 #old#n2");
    }
}

TEST_F(PartitionTest, ADaemonThatHungLosesNoMemberButTheSetsShowTheBreak) {
    Witness ann(cluster_, 0, "ann");
    Witness bob(cluster_, 1, "bob");
    Witness cat(cluster_, 2, "cat");
    gather({&ann, &bob, &cat}, "g");
    cluster_.daemon(2).signal(SIGSTOP);
    ann.until_members(2);
    bob.until_members(2);
    cluster_.daemon(2).signal(SIGCONT);
    ann.until_members(3);
    bob.until_members(3);
    const std::vector<Record> got = cat.drain();
    ASSERT_FALSE(got.empty());
    EXPECT_EQ(got.front().kind, TORC_TRANSITIONAL) << text_of(got);
    EXPECT_TRUE(got.back().is_view_of(3)) << text_of(got);
    EXPECT_EQ(got.back().sets.size(), 2u);
    EXPECT_EQ(got.back().came_with_me, (Names{"#cat#n2"}));
}

}  // namespace
}  // namespace torc::system_test
