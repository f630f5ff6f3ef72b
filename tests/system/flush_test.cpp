// Flush groups on three real daemons: every message arrives in the view that it was sent in, a view
// comes when all have flushed, and nobody can hold it up for ever.
#include <algorithm>

#include "tests/system/partition.hpp"
#include "tests/system/witness.hpp"

namespace torc::system_test {
namespace {

const auto is_request = [](const Record& record) { return record.kind == TORC_FLUSH_REQUEST; };

/// Members of a flush group that gather one after the other, each change answered by those before.
void gather_flush(std::vector<Witness*> members, const char* group) {
    for (std::size_t i = 0; i < members.size(); ++i) {
        members[i]->flush_join(group);
        for (std::size_t j = 0; j < i; ++j) {
            members[j]->until(is_request);
            members[j]->flush_ok(group);
        }
        for (std::size_t j = 0; j <= i; ++j) members[j]->until_members(i + 1);
    }
    for (Witness* member : members) member->drain();
}

class FlushTest : public SharedCluster {};

TEST_F(FlushTest, TheFirstMemberHasItsViewAtOnce) {
    Witness ann(cluster(), 0, "ann");
    ann.flush_join("founding");
    const Record view = ann.next();
    EXPECT_EQ(line_of(view), "view join of founding by #ann#n0: #ann#n0");
    EXPECT_EQ(view.came_with_me, (Names{"#ann#n0"}));
    ann.send("founding", "alone");
    EXPECT_TRUE(ann.next().is_message("alone"));
}

TEST_F(FlushTest, WhatIsSentBeforeTheAnswerArrivesInTheOldView) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    Witness cat(cluster(), 2, "cat");
    gather_flush({&ann, &bob}, "old-view");
    cat.flush_join("old-view");
    EXPECT_EQ(ann.next().kind, TORC_FLUSH_REQUEST);
    EXPECT_EQ(bob.next().kind, TORC_FLUSH_REQUEST);
    ann.send("old-view", "still of the old view");
    ann.flush_ok("old-view");
    bob.flush_ok("old-view");
    for (Witness* each : {&ann, &bob}) {
        EXPECT_TRUE(each->next().is_message("still of the old view"));
        const Record view = each->next();
        EXPECT_EQ(line_of(view), "view join of old-view by #cat#n2: #ann#n0 #bob#n1 #cat#n2");
        EXPECT_EQ(view.sets, (std::vector<Names>{{"#ann#n0", "#bob#n1"}, {"#cat#n2"}}));
        EXPECT_EQ(view.came_with_me, (Names{"#ann#n0", "#bob#n1"}));
    }
    const std::vector<Record> got = cat.drain();
    ASSERT_EQ(got.size(), 1u) << "what belongs to the old view is not for a joiner" << text_of(got);
    EXPECT_EQ(got[0].came_with_me, (Names{"#cat#n2"}));
}

TEST_F(FlushTest, ChangesThatComeMeanwhileAreOneView) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    Witness cat(cluster(), 2, "cat");
    gather_flush({&ann}, "merged");
    bob.flush_join("merged");
    EXPECT_EQ(ann.next().kind, TORC_FLUSH_REQUEST);
    cat.flush_join("merged");
    cat.send(ann.name(), "I have joined");  // behind its join in the order
    EXPECT_TRUE(ann.next().is_message("I have joined")) << "one request is enough";
    ann.flush_ok("merged");
    for (Witness* each : {&ann, &bob, &cat}) {
        const Record view = each->next();
        ASSERT_TRUE(view.is_view_of(3)) << line_of(view);
        EXPECT_EQ(view.cause, TORC_CAUSE_JOIN);
        EXPECT_EQ(view.sender, "") << "several came";
        EXPECT_EQ(view.sets.size(), 3u);
    }
}

TEST_F(FlushTest, ALeaverNeedNotFlushAndIsToldAtItsPlace) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    gather_flush({&ann, &bob}, "leaver");
    bob.leave("leaver");
    const std::vector<Record> got = bob.drain();
    ASSERT_EQ(got.size(), 1u) << text_of(got);
    EXPECT_EQ(got[0].kind, TORC_SELF_LEAVE);
    EXPECT_EQ(got[0].reason, TORC_OK);
    EXPECT_EQ(ann.next().kind, TORC_FLUSH_REQUEST);
    ann.flush_ok("leaver");
    EXPECT_EQ(line_of(ann.next()), "view leave of leaver by #bob#n1: #ann#n0");
}

TEST_F(FlushTest, AMemberThatDiesWhileOthersFlushIsInTheSameView) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    auto cat = std::make_unique<Witness>(cluster(), 2, "cat");
    gather_flush({&ann, &bob, cat.get()}, "dies");
    Witness dan(cluster(), 0, "dan");
    dan.flush_join("dies");
    for (Witness* each : {&ann, &bob}) EXPECT_EQ(each->next().kind, TORC_FLUSH_REQUEST);
    cat.reset();  // instead of an answer
    ann.flush_ok("dies");
    bob.flush_ok("dies");
    for (Witness* each : {&ann, &bob, &dan}) {
        EXPECT_EQ(each->next().members, (Names{"#ann#n0", "#bob#n1", "#dan#n0"}));
    }
}

TEST_F(FlushTest, SubgroupCastsReachTheNamedMembersOfTheView) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    Witness cat(cluster(), 2, "cat");
    gather_flush({&ann, &bob, &cat}, "subgroup");
    Witness dan(cluster(), 1, "dan");  // no member
    ASSERT_TRUE(ann.session().subgroup_send("subgroup", {"#bob#n1", "#dan#n1"}, "for some"));
    ann.send("subgroup", "for all");
    EXPECT_TRUE(bob.next().is_message("for some"));
    EXPECT_TRUE(bob.next().is_message("for all"));
    EXPECT_TRUE(cat.next().is_message("for all"));
    EXPECT_TRUE(ann.next().is_message("for all"));
    EXPECT_EQ(lines_of(dan.drain()), Names{});
}

TEST_F(FlushTest, WeakerServicesAreRaisedToAgreed) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    gather_flush({&ann, &bob}, "raised");
    for (unsigned service = TORC_UNRELIABLE; service <= TORC_SAFE; ++service) {
        ann.send("raised", "x", service);
        EXPECT_EQ(bob.next().service, service < TORC_CAUSAL ? unsigned{TORC_AGREED} : service);
    }
}

TEST_F(FlushTest, AMessageMayNameFlushGroupsAndOthers) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    gather_flush({&ann}, "both-flush");
    gather({&bob}, "both-plain");
    ann.multigroup_send({"both-flush", "both-plain"}, "to both kinds");
    EXPECT_TRUE(ann.next().is_message("to both kinds"));
    EXPECT_TRUE(bob.next().is_message("to both kinds"));
    // One of its destinations refuses, so nobody gets it.
    bob.multigroup_send({"both-plain", "both-flush"}, "from outside");
    const std::vector<Record> got = bob.drain();
    ASSERT_EQ(got.size(), 1u) << text_of(got);
    EXPECT_EQ(got[0].reason, TORC_ERROR_NOT_MEMBER);
    EXPECT_EQ(lines_of(ann.drain()), Names{});
}

/// Sends its view's name in each message, so that whoever receives can compare it with its own.
class Talker {
public:
    Talker(const LocalCluster& cluster, std::size_t node, const char* name)
        : client_(cluster, node, name) {}

    Witness& client() { return client_; }
    void say() {
        // Before the first view and between answer and view the library refuses at once.
        const Status status = client_.session().send("talk", present_);
        if (status) ++said_;
        EXPECT_TRUE(status || status.code() == TORC_ERROR_FLUSHED) << status.text();
    }
    /// Takes what is there; answers requests, at once or only at the second call.
    void listen() {
        if (std::exchange(owes_answer_, false)) client_.flush_ok("talk");
        for (const Record& record : client_.drain()) take(record);
    }
    std::size_t members() const { return members_; }
    std::uint64_t heard() const { return heard_; }
    std::uint64_t said() const { return said_; }

private:
    void take(const Record& record) {
        if (is_request(record)) {
            owes_answer_ = true;
        } else if (record.kind == TORC_VIEW) {
            present_ = std::to_string(record.view.ring_epoch) + "." +
                       std::to_string(record.view.ring_representative) + "." +
                       std::to_string(record.view.index);
            members_ = record.members.size();
        } else if (record.kind == TORC_MESSAGE) {
            ++heard_;
            EXPECT_EQ(record.text, present_) << client_.name() << " hears " << record.sender;
        }
    }

    Witness client_;
    std::string present_;
    std::size_t members_{0};
    bool owes_answer_{false};
    std::uint64_t heard_{0};
    std::uint64_t said_{0};
};

TEST_F(FlushTest, EveryMessageArrivesInTheViewItWasSentIn) {
    Talker ann(cluster(), 0, "ann");
    Talker bob(cluster(), 1, "bob");
    Talker cat(cluster(), 2, "cat");
    const std::vector<Talker*> all{&ann, &bob, &cat};
    for (Talker* each : all) each->client().flush_join("talk");
    for (int round = 0; round < 40; ++round) {
        for (Talker* each : all) {
            for (int i = 0; i < 5; ++i) each->say();
            each->listen();
        }
        if (round % 8 == 3) cat.client().leave("talk");
        if (round % 8 == 5) cat.client().flush_join("talk");
    }
    for (int round = 0; round < 1000 && ann.members() != 3; ++round) {
        for (Talker* each : all) each->listen();
    }
    EXPECT_EQ(ann.members(), 3u);
    EXPECT_GT(ann.said(), 0u);
    EXPECT_GE(ann.heard(), ann.said()) << "all it said and what others said";
}

// --- with clusters of their own ------------------------------------------------------------------

TEST(FlushDeadline, WhoDoesNotAnswerIsDisconnectedAndTheOthersGoOn) {
    ClusterPlan plan = patient_plan();
    plan.settings.emplace_back("cluster.flush_deadline=1s");
    LocalCluster cluster(plan);
    cluster.start();
    Witness ann(cluster, 0, "ann");
    Witness silent(cluster, 1, "silent");
    gather_flush({&ann, &silent}, "deadline");
    Witness cat(cluster, 2, "cat");
    cat.flush_join("deadline");
    ann.until(is_request);
    ann.flush_ok("deadline");
    EXPECT_EQ(ann.next().members, (Names{"#ann#n0", "#cat#n2"}));
    EXPECT_EQ(cat.next().members, (Names{"#ann#n0", "#cat#n2"}));
    EXPECT_EQ(silent.until_end().code(), TORC_ERROR_FLUSH_TIMEOUT);
}

TEST(FlushPartition, BothSidesFlushAndTheMergeTellsWhoCameWithWhom) {
    LocalCluster cluster(patient_plan());
    cluster.start();
    Witness ann(cluster, 0, "ann");
    Witness bob(cluster, 1, "bob");
    Witness cat(cluster, 2, "cat");
    gather_flush({&ann, &bob, &cat}, "g");
    const auto flush_until = [](Witness& each, std::size_t members) {
        each.until(is_request);
        each.flush_ok("g");
        return each.until_members(members);
    };
    Partition partition(cluster, {0, 1, 1});
    EXPECT_EQ(flush_until(ann, 1).cause, TORC_CAUSE_NETWORK);
    // bob and cat wait for each other: both answer before either waits for the view.
    for (Witness* each : {&bob, &cat}) {
        each->until(is_request);
        each->flush_ok("g");
    }
    for (Witness* each : {&bob, &cat}) {
        EXPECT_EQ(each->until_members(2).came_with_me, (Names{"#bob#n1", "#cat#n2"}));
    }
    ann.send("g", "on the left");
    bob.send("g", "on the right");
    EXPECT_TRUE(cat.next().is_message("on the right"));
    EXPECT_TRUE(bob.next().is_message("on the right"));
    EXPECT_TRUE(ann.next().is_message("on the left"));

    partition.heal();
    for (Witness* each : {&ann, &bob, &cat}) {
        each->until(is_request);
        each->flush_ok("g");
    }
    std::vector<Record> merged;
    for (Witness* each : {&ann, &bob, &cat}) merged.push_back(each->until_members(3));
    EXPECT_EQ(merged[0].cause, TORC_CAUSE_NETWORK);
    EXPECT_EQ(merged[0].came_with_me, (Names{"#ann#n0"}));
    EXPECT_EQ(merged[1].came_with_me, (Names{"#bob#n1", "#cat#n2"}));
    EXPECT_EQ(merged[2].came_with_me, (Names{"#bob#n1", "#cat#n2"}));
    EXPECT_EQ(merged[0].sets, merged[1].sets);
    EXPECT_EQ(merged[0].sets, merged[2].sets);
}

TEST(FlushPartition, WhereTheKindsDifferTheSideOfTheLowerDaemonWins) {
    LocalCluster cluster(patient_plan());
    cluster.start();
    Witness ann(cluster, 0, "ann");
    Witness cat(cluster, 2, "cat");
    gather({&ann, &cat}, "both");
    Partition partition(cluster, {0, 1, 1});
    ann.until_members(1);
    cat.until_members(1);
    ann.join("name");
    EXPECT_EQ(line_of(ann.next()), "view join of name by #ann#n0: #ann#n0");
    cat.flush_join("name");
    EXPECT_EQ(line_of(cat.next()), "view join of name by #cat#n2: #cat#n2");

    partition.heal();
    const auto has_left = [](const Record& record) { return record.kind == TORC_SELF_LEAVE; };
    const std::vector<Record> got = cat.until(has_left);
    EXPECT_EQ(got.back().group, "name");
    EXPECT_EQ(got.back().reason, TORC_ERROR_GROUP_KIND);
    ann.drain();
    cat.drain();
    cat.join("name");  // as what it is now
    EXPECT_EQ(line_of(ann.next()), "view join of name by #cat#n2: #ann#n0 #cat#n2");
    EXPECT_EQ(line_of(cat.next()), "view join of name by #cat#n2: #ann#n0 #cat#n2");
}

}  // namespace
}  // namespace torc::system_test
