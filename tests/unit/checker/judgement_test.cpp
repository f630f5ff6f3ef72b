// The checker on traces of a few lines: what is legal in extended virtual synchrony is not
// reported, and the order of files does not matter. (That what is illegal is reported, the
// mutations show.)
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/checker/check.hpp"
#include "tests/checker/text.hpp"

namespace torc::check {
namespace {

Trace trace_of(const std::string& lines) {
    std::istringstream in("torc-trace 1\n" + lines);
    Trace trace;
    const std::string error = read_text(in, trace);
    EXPECT_EQ(error, "");
    return trace;
}

std::string broken_by(const std::string& lines, const Options& options = {}) {
    const Verdict verdict = check(trace_of(lines), options);
    std::string properties;
    for (const auto& [property, count] : verdict.counts()) properties += property + ' ';
    return properties;
}

/// Two daemons in one ring, from which each goes its own way.
const std::string kTogether =
    "boot at=0.1\nboot at=1.1\n"
    "regular at=0.1 ring=5.0 members=0,1\nregular at=1.1 ring=5.0 members=0,1\n";
const std::string kApart =
    "transitional at=0.1 ring=9.0 members=0\nregular at=0.1 ring=9.0 members=0\n"
    "transitional at=1.1 ring=8.1 members=1\nregular at=1.1 ring=8.1 members=1\n";

std::string sent(int node, int seq, const char* service) {
    return "sent at=" + std::to_string(node) + ".1 ring=5.0 seq=" + std::to_string(seq) +
           " index=0 service=" + service + " hash=" + std::to_string(seq) + "\n";
}

std::string delivered(int node, int sender, int seq, const char* service) {
    return "delivered at=" + std::to_string(node) + ".1 ring=5.0 seq=" + std::to_string(seq) +
           " index=0 sender=" + std::to_string(sender) + " service=" + service +
           " hash=" + std::to_string(seq) + "\n";
}

TEST(Judgement, NothingIsNoViolation) { EXPECT_EQ(broken_by(""), ""); }

TEST(Judgement, WhoPartsMayMissWhatTheOtherDelivered) {
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "agreed") + delivered(0, 0, 1, "agreed") + kApart),
              "");
}

TEST(Judgement, SafeInTheRegularConfigurationMustReachWhoParts) {
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "safe") + delivered(0, 0, 1, "safe") + kApart),
              "7.1 ");
}

TEST(Judgement, SafeBehindTheSignalConcernsOnlyThoseWhoComeAlong) {
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "safe") +
                        "transitional at=0.1 ring=9.0 members=0\n" + delivered(0, 0, 1, "safe") +
                        "regular at=0.1 ring=9.0 members=0\n"
                        "transitional at=1.1 ring=8.1 members=1\n"
                        "regular at=1.1 ring=8.1 members=1\n"),
              "");
}

TEST(Judgement, ACrashExcusesFromSelfDelivery) {
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "agreed") + "fail at=0.1\n"), "");
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "agreed") + kApart), "3 ");
}

TEST(Judgement, ReliableMayOvertakeAndFifoOfOthersToo) {
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "agreed") + sent(0, 2, "reliable") +
                        sent(1, 3, "fifo") + delivered(1, 0, 2, "reliable") +
                        delivered(1, 1, 3, "fifo") + delivered(1, 0, 1, "agreed")),
              "");
    EXPECT_EQ(broken_by(kTogether + sent(0, 1, "agreed") + sent(0, 2, "fifo") +
                        delivered(1, 0, 2, "fifo") + delivered(1, 0, 1, "agreed")),
              "5 ");
}

TEST(Judgement, TheOrderOfProcessesInTheFileDoesNotMatter) {
    // All of node 1 first: its delivery stands before the send, but no circle is there.
    EXPECT_EQ(
        broken_by("boot at=1.1\nregular at=1.1 ring=5.0 members=0,1\n" +
                  delivered(1, 0, 1, "agreed") +
                  "boot at=0.1\nregular at=0.1 ring=5.0 members=0,1\n" + sent(0, 1, "agreed")),
        "");
    EXPECT_EQ(broken_by("boot at=1.1\nregular at=1.1 ring=5.0 members=0,1\n" +
                        delivered(1, 0, 1, "reliable") + sent(1, 2, "reliable") +
                        "boot at=0.1\nregular at=0.1 ring=5.0 members=0,1\n" +
                        delivered(0, 1, 2, "reliable") + sent(0, 1, "reliable")),
              "1.1 ");
}

// --- flush groups: a and b are in a view of f together, and c sees nothing of it -----------------

const std::string kBothInView =
    "opened at=0.1 session=#a#n0@1\nopened at=1.1 session=#b#n1@1\n"
    "view at=0.1 session=#a#n0@1 group=f ring=5.0 index=1 cause=join members=#a#n0 sets=0 mine=0 "
    "flush=1\n"
    "asked at=0.1 session=#a#n0@1 group=f\nflushed at=0.1 session=#a#n0@1 group=f\n"
    "view at=0.1 session=#a#n0@1 group=f ring=5.0 index=2 cause=join members=#a#n0,#b#n1 sets=0,1 "
    "mine=0 flush=1\n"
    "view at=1.1 session=#b#n1@1 group=f ring=5.0 index=2 cause=join members=#a#n0,#b#n1 sets=0,1 "
    "mine=1 flush=1\n";

std::string of(const char* kind, const char* who, const std::string& rest) {
    const std::string node(1, who[0] == 'a' ? '0' : '1');
    return std::string(kind) + " at=" + node + ".1 session=#" + who + "#n" + node + "@1 " + rest +
           "\n";
}

TEST(Judgement, AFlushGroupsMessageIsHeardInTheViewOfItsSaying) {
    const std::string message = "message=1 service=agreed groups=f";
    EXPECT_EQ(broken_by(kBothInView + of("said", "a", message) + of("heard", "a", message) +
                        of("heard", "b", message)),
              "");
    EXPECT_EQ(broken_by(of("opened", "a", "") + of("said", "a", message) +
                        kBothInView.substr(kBothInView.find("opened at=1.1")) +
                        of("heard", "b", message)),
              "F2 ")
        << "said before its first view";
    EXPECT_EQ(broken_by(kBothInView + of("asked", "a", "group=f") + of("flushed", "a", "group=f") +
                        of("said", "a", message) + of("heard", "b", message)),
              "F2 ")
        << "said behind its flush_ok";
}

TEST(Judgement, AFlushGroupMayRaiseAServiceForAll) {
    const std::string heard = "message=1 service=agreed groups=f";
    const std::string said = of("said", "a", "message=1 service=reliable groups=f");
    EXPECT_EQ(broken_by(kBothInView + said + of("heard", "a", heard) + of("heard", "b", heard)),
              "");
    EXPECT_EQ(broken_by(kBothInView + said + of("heard", "a", heard) +
                        of("heard", "b", "message=1 service=reliable groups=f")),
              "G5 ");
}

TEST(Judgement, WhoHearsByAnotherWayNeedNotBeInTheView) {
    const std::string message = "message=1 service=agreed groups=#b#n1,f";
    EXPECT_EQ(broken_by(kBothInView + of("asked", "b", "group=f") + of("flushed", "b", "group=f") +
                        "view at=1.1 session=#b#n1@1 group=f ring=6.1 index=1 cause=network "
                        "members=#b#n1 sets=0 mine=0 flush=1\n" +
                        of("said", "a", message) + of("heard", "b", message)),
              "");
}

TEST(Judgement, ASubgroupCastIsForThoseItNames) {
    const std::string to_a = "message=1 service=agreed groups=f,#a#n0";
    const std::string said = of("said", "a", to_a + " subgroup=1");
    EXPECT_EQ(broken_by(kBothInView + said + of("heard", "a", to_a)), "");
    EXPECT_EQ(broken_by(kBothInView + said + of("heard", "a", to_a) + of("heard", "b", to_a)),
              "F7 ");
}

TEST(Judgement, AtRestARefusalSettlesWhatIsOwed) {
    const std::string message = "message=1 service=agreed groups=f";
    const std::string said = of("said", "a", message);
    EXPECT_EQ(broken_by(kBothInView + said + "rest at=0.1\n"), "G16 ");
    EXPECT_EQ(broken_by(kBothInView + said + of("refused", "a", "message=1") + "rest at=0.1\n"),
              "");
    EXPECT_EQ(
        broken_by(kBothInView + said + of("refused", "a", "message=1") + of("heard", "b", message)),
        "F6 ");
}

/// Behind the signal b may have heard it by g alone: then a member that came along with b, and is
/// not in g, need not have it.
TEST(Judgement, NothingFollowsFromWhatMayHaveComeByAnotherGroup) {
    const std::string in_g =
        "view at=1.1 session=#b#n1@1 group=g ring=5.0 index=3 cause=join members=#b#n1 sets= "
        "mine=0 flush=0\n";
    const std::string cause = "message=1 service=agreed groups=f,g";
    const std::string effect = "message=4294967297 service=agreed groups=f";
    const std::string tail =
        of("heard", "b", cause) + of("said", "b", effect) + of("heard", "a", effect);
    const std::string head = kBothInView + in_g + of("said", "a", cause);
    EXPECT_EQ(broken_by(head + tail), "G12 G14 ");
    EXPECT_EQ(broken_by(head + of("signal", "b", "group=f") + tail), "");
}

// --- a plain group g, of a and b, that c speaks to from outside
// ------------------------------

const std::string kOpenGroup =
    "opened at=0.1 session=#a#n0@1\nopened at=1.1 session=#b#n1@1\n"
    "opened at=2.1 session=#c#n2@1\n"
    "view at=0.1 session=#a#n0@1 group=g ring=5.0 index=1 cause=join members=#a#n0 sets= mine=0 "
    "flush=0\n"
    "view at=0.1 session=#a#n0@1 group=g ring=5.0 index=2 cause=join members=#a#n0,#b#n1 sets= "
    "mine=0 flush=0\n"
    "view at=1.1 session=#b#n1@1 group=g ring=5.0 index=2 cause=join members=#a#n0,#b#n1 sets= "
    "mine=0 flush=0\n";
const std::string kByC = "message=3 service=agreed groups=g";
const std::string kByCToo = "message=4 service=agreed groups=g";
const std::string kByB = "message=5 service=agreed groups=g";
const std::string kByA = "message=6 service=agreed groups=g";

std::string c_said(const std::string& message) {
    return "said at=2.1 session=#c#n2@1 " + message + "\n";
}

/// The daemon of c died; g lost nobody and was not signalled. a had the last message, b went on.
TEST(Judgement, TheEndOfWhatAnOutsiderSaidMayBeWithOneAlone) {
    EXPECT_EQ(broken_by(kOpenGroup + c_said(kByC) + of("heard", "a", kByC) + of("said", "b", kByB) +
                        of("heard", "b", kByB)),
              "");
}

TEST(Judgement, BehindWhatIsMissingOfAnOutsiderNothingOfItComes) {
    EXPECT_EQ(broken_by(kOpenGroup + c_said(kByC) + c_said(kByCToo) + of("heard", "a", kByC) +
                        of("heard", "a", kByCToo) + of("heard", "b", kByCToo)),
              "G14 ");
}

TEST(Judgement, NothingIsMissingOfAMember) {
    EXPECT_EQ(broken_by(kOpenGroup + of("said", "a", kByA) + of("said", "b", kByB) +
                        of("heard", "a", kByB) + of("heard", "a", kByA) + of("heard", "b", kByA)),
              "G14 ");
}

/// Its sender heard it behind the signal; b knew of a flush group h that the sender did not know
/// of.
TEST(Judgement, WhatOneHearsOfItsOwnBehindTheSignalOthersMayHaveRefused) {
    const std::string first = "message=1 service=agreed groups=f,h";
    const std::string second = "message=2 service=agreed groups=f";
    const std::string said = kBothInView + of("said", "a", first) + of("said", "a", second);
    const std::string heard = of("heard", "a", first) + of("heard", "a", second);
    const std::string signal = of("signal", "a", "group=f");
    EXPECT_EQ(broken_by(said + heard + of("heard", "b", second)), "G11 G14 ");
    EXPECT_EQ(broken_by(said + signal + heard + of("heard", "b", second)), "");
}

/// Two sides of a partition may judge a message differently: each lacks what the other had.
TEST(Judgement, WhatIsRefusedOnOneSideMayBeHeardOnTheOther) {
    const std::string message = "message=1 service=agreed groups=f";
    const std::string refused =
        kBothInView + of("said", "a", message) + of("refused", "a", "message=1");
    EXPECT_EQ(broken_by(refused + of("signal", "b", "group=f") + of("heard", "b", message)), "");
    EXPECT_EQ(broken_by(refused + of("heard", "b", message)), "F6 ");
}

TEST(Judgement, WhatIsRefusedIsHeardByNobodyOfThatConfiguration) {
    const std::string message = "message=1 service=agreed groups=f";
    const auto parted = [&](const std::string& there) {
        return "transitional at=0.1 ring=9.0 members=0\n" + kBothInView + of("said", "a", message) +
               of("refused", "a", "message=1") + "transitional at=1.1 ring=" + there +
               " members=1\n" + of("heard", "b", message);
    };
    Options options;
    options.daemons = false;
    EXPECT_EQ(broken_by(parted("9.1"), options), "");
    EXPECT_EQ(broken_by(parted("9.0"), options), "F6 ");
}

TEST(Judgement, AMillionRecordsOfClientsAreNoBurden) {
    Trace trace;
    const Name group = trace.name("g");
    std::vector<Session> sessions;
    for (std::uint32_t i = 0; i < 10; ++i) {
        sessions.push_back({trace.name("#c#n" + std::to_string(i)), 1});
        trace.records.push_back(Opened{{i, 1}, sessions.back()});
        std::vector<std::uint32_t> members;
        for (const Session& session : sessions) members.push_back(session.name);
        for (std::uint32_t j = 0; j <= i; ++j) {
            trace.records.push_back(View{
                {j, 1}, sessions[j], group, {5, 0}, i + 1, Cause::join, trace.list(members), 0, 0});
        }
    }
    const List to = trace.list(std::vector<std::uint32_t>{group});
    for (std::uint64_t count = 1; count <= 90'000; ++count) {
        const auto who = static_cast<std::uint32_t>(count % 10);
        const std::uint64_t message = std::uint64_t{who} << 32 | count;
        trace.records.push_back(Said{{who, 1}, sessions[who], message, Service::safe, to});
        for (std::uint32_t i = 0; i < 10; ++i) {
            trace.records.push_back(Heard{{i, 1}, sessions[i], message, Service::safe, to});
        }
    }
    trace.records.push_back(Rest{});
    EXPECT_GT(trace.records.size(), 980'000u);
    EXPECT_TRUE(check(trace).clean());
    trace.records.erase(trace.records.end() - 3);
    EXPECT_FALSE(check(trace).clean()) << "one message that one client misses is found among them";
}

}  // namespace
}  // namespace torc::check
