// What Spread's users know of groups, row by row (docs/migrating-from-spread.md), on three real
// daemons: order, copies, private messages, leaving, causes, members. No daemon dies here; the rows
// about that are in partition_test.cpp.
#include <algorithm>
#include <csignal>
#include <memory>
#include <set>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <unistd.h>

#include "tests/system/witness.hpp"

namespace torc::system_test {
namespace {

class Semantics : public SharedCluster {};

TEST_F(Semantics, OneOrderOfAllGroupsAtEveryClient) {
    constexpr int kEach = 60;
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    Witness cat(cluster(), 2, "cat");
    const std::vector<Witness*> all{&ann, &bob, &cat};
    gather(all, "order-a");
    gather(all, "order-b");
    Witness guest(cluster(), 1, "guest");  // its comings and goings are views in between
    for (int i = 0; i < kEach; ++i) {
        const std::string text = std::to_string(i);
        ann.send("order-a", text);
        bob.send("order-b", text, TORC_SAFE);
        cat.multigroup_send({"order-a", "order-b"}, text, TORC_CAUSAL);
        if (i % 10 == 0) guest.join(i % 20 == 0 ? "order-a" : "order-b");
        if (i % 10 == 5) guest.leave(i % 20 == 5 ? "order-a" : "order-b");
    }
    std::vector<Names> seen;
    for (Witness* each : all) {
        int messages = 0;
        int views = 0;
        seen.push_back(lines_of(each->until([&](const Record& record) {
            messages += record.kind == TORC_MESSAGE ? 1 : 0;
            views += record.kind == TORC_VIEW ? 1 : 0;
            return messages == 3 * kEach && views == 2 * kEach / 10;
        })));
    }
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], seen[2]);
    EXPECT_EQ(seen[0].size(), 3u * kEach + 2 * kEach / 10) << "each message once";
}

TEST_F(Semantics, SelfDiscardLeavesOutTheSenderAndNobodyElse) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 0, "bob");
    Witness cat(cluster(), 2, "cat");
    gather({&ann, &bob, &cat}, "discard");
    ann.send("discard", "not for me", TORC_AGREED | TORC_SELF_DISCARD);
    EXPECT_TRUE(ann.drain().empty());
    EXPECT_TRUE(bob.next().is_message("not for me")) << "another session of the same daemon";
    EXPECT_TRUE(cat.next().is_message("not for me"));
}

TEST_F(Semantics, AMemberOfSeveralDestinationsGetsOneCopy) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    for (const char* group : {"copy-a", "copy-b", "copy-c"}) gather({&ann, &bob}, group);
    ann.multigroup_send({"copy-a", "copy-b", "copy-c", bob.name().c_str()}, "once");
    ann.send("copy-a", "last");
    for (Witness* each : {&ann, &bob}) {
        const std::vector<Record> got = each->until_message("last");
        ASSERT_EQ(got.size(), 2u) << text_of(got);
        EXPECT_EQ(got[0].groups, (Names{"copy-a", "copy-b", "copy-c", bob.name()}));
    }
}

TEST_F(Semantics, WhoIsNoMemberMaySendAndGetsNothing) {
    Witness ann(cluster(), 0, "ann");
    Witness stranger(cluster(), 1, "stranger");
    gather({&ann}, "open");
    stranger.send("open", "from outside");
    const Record got = ann.next();
    EXPECT_TRUE(got.is_message("from outside"));
    EXPECT_EQ(got.sender, stranger.name());
    EXPECT_TRUE(stranger.drain().empty());
}

TEST_F(Semantics, PrivateMessagesStandInTheOrderOfTheGroups) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    gather({&bob}, "with-private");
    Names sent;
    for (int i = 0; i < 50; ++i) {
        sent.push_back(std::to_string(i));
        if (i % 2 == 0) {
            ann.send(bob.name(), sent.back());
        } else {
            ann.send("with-private", sent.back());
        }
    }
    Names got;
    for (const Record& record : bob.until_message("49")) got.push_back(record.text);
    EXPECT_EQ(got, sent);
}

TEST_F(Semantics, AMessageCarriesServiceTypeAndSender) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    gather({&bob}, "fields");
    for (unsigned service = TORC_UNRELIABLE; service <= TORC_SAFE; ++service) {
        const auto type = static_cast<std::uint16_t>(0xFFF0 + service);
        ASSERT_TRUE(ann.session().send("fields", "x", service, type, kPatience));
        const Record got = bob.next();
        EXPECT_EQ(got.service, service);
        EXPECT_EQ(got.type, type);
        EXPECT_EQ(got.sender, "#ann#n0");
        EXPECT_EQ(got.group, "fields");
    }
}

// --- views ---------------------------------------------------------------------------------------

TEST_F(Semantics, WhoLeavesIsToldOnceAndHearsNoMore) {
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    gather({&ann, &bob}, "left");
    bob.leave("left");
    ann.until_members(1);
    ann.send("left", "behind his back");
    const std::vector<Record> got = bob.drain();
    ASSERT_EQ(got.size(), 1u) << text_of(got);
    EXPECT_EQ(got[0].kind, TORC_SELF_LEAVE);
    EXPECT_EQ(got[0].group, "left");
}

TEST_F(Semantics, AViewSaysWhoCausedItAndHow) {
    Witness ann(cluster(), 0, "ann");
    ann.join("causes");
    const Record alone = ann.next();
    EXPECT_EQ(alone.cause, TORC_CAUSE_JOIN);
    EXPECT_EQ(alone.sender, "#ann#n0");
    {
        Witness bob(cluster(), 1, "bob");
        Witness cat(cluster(), 2, "cat");
        bob.join("causes");
        EXPECT_EQ(line_of(ann.next()), "view join of causes by #bob#n1: #ann#n0 #bob#n1");
        cat.join("causes");
        EXPECT_EQ(line_of(ann.next()), "view join of causes by #cat#n2: #ann#n0 #bob#n1 #cat#n2");
        cat.leave("causes");
        EXPECT_EQ(line_of(ann.next()), "view leave of causes by #cat#n2: #ann#n0 #bob#n1");
    }
    EXPECT_EQ(line_of(ann.next()), "view disconnect of causes by #bob#n1: #ann#n0");
}

TEST_F(Semantics, AProgramThatDiesIsADisconnect) {
    Witness ann(cluster(), 0, "ann");
    gather({&ann}, "mortal");
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        Witness mortal(cluster(), 1, "mortal");
        mortal.join("mortal");
        for (;;) ::pause();
    }
    EXPECT_EQ(line_of(ann.next()), "view join of mortal by #mortal#n1: #ann#n0 #mortal#n1");
    ::kill(child, SIGKILL);
    EXPECT_EQ(line_of(ann.next()), "view disconnect of mortal by #mortal#n1: #ann#n0");
    ::waitpid(child, nullptr, 0);
}

TEST_F(Semantics, MembersHaveTheSameSequenceEverywhereSoTheFirstCanLead) {
    Witness cat(cluster(), 2, "cat");
    Witness ann(cluster(), 0, "ann");
    Witness bob(cluster(), 1, "bob");
    const std::vector<Witness*> all{&cat, &ann, &bob};
    gather(all, "sequence");
    Witness last(cluster(), 0, "a-last");
    last.join("sequence");
    const Names expected = ann.next().members;
    EXPECT_EQ(expected.size(), 4u);
    for (Witness* each : {&cat, &bob, &last}) EXPECT_EQ(each->next().members, expected);
}

TEST_F(Semantics, NoViewHasTheNameOfAnother) {
    Witness ann(cluster(), 0, "ann");
    std::set<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> seen;
    for (int i = 0; i < 20; ++i) {  // each time the group is empty in between
        ann.join("again");
        const Record view = ann.next();
        ASSERT_EQ(view.kind, TORC_VIEW);
        EXPECT_TRUE(
            seen.insert({view.view.ring_epoch, view.view.ring_representative, view.view.index})
                .second);
        ann.leave("again");
        EXPECT_EQ(ann.next().kind, TORC_SELF_LEAVE);
    }
}

TEST_F(Semantics, LongSessionNamesAreKeptWhole) {
    Witness one(cluster(), 0, "elevenchars");
    Witness two(cluster(), 0, "elevencharz");  // Spread cuts both to the same ten
    EXPECT_EQ(one.name(), "#elevenchars#n0");
    EXPECT_EQ(two.name(), "#elevencharz#n0");
    one.send(two.name(), "for two");
    EXPECT_TRUE(two.next().is_message("for two"));
    EXPECT_TRUE(one.drain().empty());
}

TEST_F(Semantics, ASessionThatIsNotMemberHearsNoViews) {
    Witness ann(cluster(), 0, "ann");
    Witness stranger(cluster(), 0, "stranger");
    gather({&ann}, "views-for-members");
    stranger.send("views-for-members", "I only send");
    ann.next();
    EXPECT_TRUE(stranger.drain().empty());
}

}  // namespace
}  // namespace torc::system_test
