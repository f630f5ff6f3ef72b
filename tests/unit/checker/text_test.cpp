// Traces as text: what is written is read again, and no bytes bring the reader down.
#include "tests/checker/text.hpp"

#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/checker/check.hpp"

namespace torc::check {
namespace {

/// One record of each kind, with names that need care.
Trace one_of_each() {
    Trace trace;
    const Process at{3, 2};
    const Ring ring{0xFFFFFFFFFFFFFFFF, 4};
    const Session session{trace.name("#a b,c@d%\n\xFF#n3"), 7};
    const Name group = trace.name("room");
    const std::vector<std::uint32_t> nodes{0, 3, 63};
    const std::vector<std::uint32_t> names{group, session.name};
    const std::vector<std::uint32_t> sets{0, 1};
    trace.records = {Boot{at},
                     Fail{at},
                     Sent{at, ring, 12, 1, Service::safe, 0xDEADBEEF},
                     Delivered{at, ring, 12, 1, 3, Service::reliable, 0},
                     Transitional{at, ring, trace.list(nodes)},
                     Regular{at, ring, 0},
                     Opened{at, session},
                     Closed{at, session},
                     Lost{at, session},
                     Said{at, session, 1ull << 32 | 1, Service::fifo, trace.list(names), true},
                     Heard{at, session, 1ull << 32 | 1, Service::unreliable, trace.list(names)},
                     Refused{at, session, 1ull << 32 | 1},
                     Asked{at, session, group},
                     Flushed{at, session, group},
                     Signal{at, session, group},
                     View{at, session, group, ring, 5, Cause::network, trace.list(names),
                          trace.list(sets), 1, true},
                     Rest{at}};
    return trace;
}

std::string error_of(const std::string& text, const Limits& limits = {}) {
    std::istringstream in(text);
    Trace trace;
    return read_text(in, trace, limits);
}

std::string line(const std::string& text) { return error_of("torc-trace 1\n" + text + "\n"); }

TEST(Text, EveryKindComesBackAsItWent) {
    const Trace trace = one_of_each();
    ASSERT_EQ(trace.records.size(), std::variant_size_v<Record>);
    std::ostringstream out;
    write_text(out, trace);
    std::istringstream in(out.str());
    Trace again;
    ASSERT_EQ(read_text(in, again), "");
    std::ostringstream twice;
    write_text(twice, again);
    EXPECT_EQ(out.str(), twice.str());
    ASSERT_EQ(again.records.size(), trace.records.size());
    for (std::size_t i = 0; i < trace.records.size(); ++i) {
        EXPECT_EQ(line_of(trace, trace.records[i]), line_of(again, again.records[i]));
        EXPECT_EQ(again.records[i].index(), i);
    }
}

TEST(Text, CommentsAndOrderOfKeysDoNotMatter) {
    EXPECT_EQ(line("# a remark\n\nsent hash=0 service=agreed index=0 seq=1 ring=1.1 at=0.1"), "");
}

TEST(Text, AFlagIsWrittenOnlyIfItIsSet) {
    Trace trace;
    const Said said{{0, 1}, {trace.name("#a#n0"), 1}, 1, Service::fifo, 0, false};
    EXPECT_EQ(line_of(trace, said).find("subgroup"), std::string::npos);
    EXPECT_EQ(line("said at=0.1 session=#a#n0@1 message=1 service=fifo groups= subgroup=2x"),
              "line 2: '2x' is not a number that fits here");
}

TEST(Text, ErrorsNameTheLine) {
    EXPECT_EQ(error_of(""), "line 1: not a trace: the first line must be 'torc-trace 1'");
    EXPECT_EQ(error_of("torc-trace 2\n"),
              "line 1: not a trace: the first line must be 'torc-trace 1'");
    EXPECT_EQ(line("boot at=0.1\nbang at=0.1"), "line 3: unknown word 'bang'");
    EXPECT_EQ(line("boot"), "line 2: no at=");
    EXPECT_EQ(line("boot at=0"), "line 2: '0' lacks a '.'");
    EXPECT_EQ(line("boot at=0.x"), "line 2: 'x' is not a number that fits here");
    EXPECT_EQ(line("boot at=0.-1"), "line 2: '-1' is not a number that fits here");
    EXPECT_EQ(line("boot at=4294967296.1"), "line 2: '4294967296' is not a number that fits here");
    EXPECT_EQ(line("boot at=0.1 at=0.1"), "line 2: a key that does not belong here, or twice");
    EXPECT_EQ(line("boot at=0.1 why=1"), "line 2: a key that does not belong here, or twice");
    EXPECT_EQ(line("boot at"), "line 2: 'at' is not key=value");
    EXPECT_EQ(line("regular at=0.1 ring=1.1 members=0,"), "line 2: a list ends with a comma");
    EXPECT_EQ(line("opened at=0.1 session=%4@1"), "line 2: a name ends in the middle of %XX");
}

TEST(Text, MemoryIsBounded) {
    Limits limits;
    limits.line_bytes = 100;
    limits.records = 2;
    limits.list_length = 3;
    EXPECT_EQ(error_of("torc-trace 1\n" + std::string(101, ' '), limits),
              "line 2: longer than 100 bytes");
    EXPECT_EQ(error_of("torc-trace 1\nrest at=0.0\nrest at=0.0\nrest at=0.0\n", limits),
              "line 4: too many records");
    EXPECT_EQ(error_of("torc-trace 1\nregular at=0.1 ring=1.1 members=1,2,3,4\n", limits),
              "line 2: too long a list");
}

/// Honest text with some bytes changed: an error or a trace, and a verdict on it, but no crash.
TEST(Text, GarbageIsSurvived) {
    const Trace trace = one_of_each();
    std::ostringstream out;
    write_text(out, trace);
    std::mt19937 random(20261124);
    std::size_t refused = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text = out.str();
        for (int i = 0; i < 1 + round % 7; ++i) {
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0:
                    text[at] = static_cast<char>(random());
                    break;
                case 1:
                    text.erase(at, random() % 20);
                    break;
                default:
                    text.insert(at, text.substr(random() % text.size(), random() % 30));
            }
        }
        std::istringstream in(text);
        Trace broken;
        if (!read_text(in, broken).empty()) ++refused;
        static_cast<void>(check(broken));
    }
    EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace torc::check
