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

std::string broken_by(const std::string& lines) {
    const Verdict verdict = check(trace_of(lines));
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
