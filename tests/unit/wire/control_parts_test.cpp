// Parts of control messages: through ControlSender and back, in any order, and against liars.
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/wire/support.hpp"

namespace torc::wire::test {
namespace {

Control control_of(std::uint16_t index, std::uint64_t ctl, std::uint64_t incarnation = 77) {
    return {Member{NodeIndex{index}, Incarnation{incarnation}}, ctl, kFingerprint};
}

std::vector<Bytes> frames_of(const Control& control, const Bytes& body,
                             std::size_t frame_bytes = kFrameBytesMin, Kind kind = Kind::join) {
    FakeDriver driver;
    EXPECT_TRUE(ControlSender(driver.io(), frame_bytes, control.sender.index, kHash)
                    .send(kind, control, body));
    EXPECT_EQ(driver.loans, 0);
    return driver.sent;
}

std::optional<ControlAssembler::Message> feed(ControlAssembler& assembler, const Bytes& frame) {
    const auto hop = peek_hop(frame);
    return assembler.add(Kind{hop->kind}, behind_hop(frame));
}

bool same(std::span<const std::byte> a, const Bytes& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void shuffle(std::vector<Bytes>& frames, Prng& prng) {
    for (std::size_t i = frames.size(); i > 1; --i) std::swap(frames[i - 1], frames[prng.below(i)]);
}

RC_GTEST_PROP(ControlParts, AnyBodyComesBackFromAnyOrderOfItsParts, ()) {
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    const std::size_t length = *rc::gen::inRange<std::size_t>(1, kControlBytesMax + 1);
    const std::size_t frame_bytes = *rc::gen::element(kFrameBytesMin, kFrameBytesMax);
    const Bytes body = random_bytes(prng, length);
    std::vector<Bytes> frames = frames_of(control_of(3, 9), body, frame_bytes, Kind::plan);
    RC_ASSERT(frames.size() <= kControlPartsMax);
    for (const Bytes& frame : frames) {
        RC_ASSERT(frame.size() <= frame_bytes);
        RC_ASSERT(validate(frame, kHash) == RejectReason::none);
    }
    shuffle(frames, prng);
    ControlAssembler assembler;
    for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
        RC_ASSERT(!feed(assembler, frames[i]));
        RC_ASSERT(!feed(assembler, frames[prng.below(i + 1)]));  // a duplicate
    }
    const auto message = feed(assembler, frames.back());
    RC_ASSERT(message.has_value());
    RC_ASSERT(message->kind == Kind::plan);
    RC_ASSERT(message->control.sender == control_of(3, 9).sender);
    RC_ASSERT(message->control.ctl == 9u);
    RC_ASSERT(message->control.config_fingerprint == kFingerprint);
    RC_ASSERT(same(message->body, body));
}

RC_GTEST_PROP(ControlParts, SendersDoNotDisturbEachOther, ()) {
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<Bytes> bodies;
    std::vector<Bytes> frames;
    for (std::uint16_t sender = 0; sender < 5; ++sender) {
        bodies.push_back(random_bytes(prng, prng.between(1, 8000)));
        const auto parts = frames_of(control_of(sender, prng.next()), bodies.back());
        frames.insert(frames.end(), parts.begin(), parts.end());
    }
    shuffle(frames, prng);
    ControlAssembler assembler(5);
    std::size_t complete = 0;
    for (const Bytes& frame : frames) {
        if (const auto message = feed(assembler, frame)) {
            ++complete;
            RC_ASSERT(same(message->body, bodies[raw(message->control.sender.index)]));
        }
    }
    RC_ASSERT(complete == 5u);
}

TEST(ControlParts, TheLargestBodyFallsIntoTheMostPartsAtMost) {
    const Bytes body(kControlBytesMax, std::byte{0x5A});
    EXPECT_LE(frames_of(control_of(1, 1), body).size(), kControlPartsMax);
    FakeDriver driver;
    const ControlSender sender(driver.io(), kFrameBytesMin, NodeIndex{1}, kHash);
    EXPECT_FALSE(sender.send(Kind::join, control_of(1, 1), Bytes(kControlBytesMax + 1)));
    EXPECT_FALSE(sender.send(Kind::join, control_of(1, 1), {}));
    EXPECT_TRUE(driver.sent.empty());
}

TEST(ControlParts, ADryPoolSendsNothingAndKeepsNothing) {
    FakeDriver driver(2);
    const ControlSender sender(driver.io(), kFrameBytesMin, NodeIndex{1}, kHash);
    EXPECT_FALSE(sender.send(Kind::join, control_of(1, 1), Bytes(4000)));
    EXPECT_TRUE(driver.sent.empty());
    EXPECT_EQ(driver.loans, 0);
}

TEST(ControlParts, GoOnTheControlChannelToWhomTheyAreFor) {
    FakeDriver driver;
    const ControlSender sender(driver.io(), kFrameBytesMin, NodeIndex{1}, kHash);
    ASSERT_TRUE(sender.send(Kind::state, control_of(1, 1), Bytes(2000), NodeIndex{4}));
    ASSERT_TRUE(sender.send(Kind::join, control_of(1, 2), Bytes(10)));
    ASSERT_EQ(driver.routes.size(), 3u);
    for (const auto& route : driver.routes) EXPECT_EQ(route.channel, Channel::control);
    EXPECT_EQ(driver.routes[0].to, NodeIndex{4});
    EXPECT_EQ(driver.routes[1].to, NodeIndex{4});
    EXPECT_EQ(driver.routes[2].to, kNoNode);
}

TEST(ControlParts, ANewerMessageReplacesAnUnfinishedOneAndAnOlderDoesNot) {
    const Bytes old_body(3000, std::byte{1});
    const Bytes new_body(3000, std::byte{2});
    const auto old_frames = frames_of(control_of(3, 10), old_body);
    const auto new_frames = frames_of(control_of(3, 11), new_body);
    ASSERT_EQ(new_frames.size(), 3u);
    ControlAssembler assembler;
    EXPECT_FALSE(feed(assembler, old_frames[0]));
    EXPECT_FALSE(feed(assembler, old_frames[1]));
    EXPECT_FALSE(feed(assembler, new_frames[0]));
    EXPECT_FALSE(feed(assembler, old_frames[2])) << "replaced";
    EXPECT_FALSE(feed(assembler, new_frames[1]));
    const auto message = feed(assembler, new_frames[2]);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->control.ctl, 11u);
    EXPECT_TRUE(same(message->body, new_body));
}

TEST(ControlParts, AnotherIncarnationReplacesAnUnfinishedOneWhateverItsCtl) {
    const Bytes body(3000, std::byte{2});
    const auto before = frames_of(control_of(3, 1000, 5), Bytes(3000, std::byte{1}));
    const auto after = frames_of(control_of(3, 1, 6), body);
    ControlAssembler assembler;
    EXPECT_FALSE(feed(assembler, before[0]));
    EXPECT_FALSE(feed(assembler, after[1]));
    EXPECT_FALSE(feed(assembler, after[2]));
    const auto message = feed(assembler, after[0]);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->control.sender.incarnation, Incarnation{6});
    EXPECT_TRUE(same(message->body, body));
}

TEST(ControlParts, NewestCompletedIsTheHighestCtlOfTheLastIncarnation) {
    ControlAssembler assembler;
    EXPECT_FALSE(assembler.newest_completed(NodeIndex{3}));
    const auto newest = [&assembler](const Control& control, std::size_t length) {
        for (const Bytes& frame : frames_of(control, Bytes(length))) feed(assembler, frame);
        return assembler.newest_completed(NodeIndex{3})->ctl;
    };
    EXPECT_EQ(newest(control_of(3, 5), 10), 5u);
    EXPECT_EQ(newest(control_of(3, 7), 5000), 7u);
    EXPECT_EQ(newest(control_of(3, 6), 5000), 7u);
    EXPECT_EQ(newest(control_of(3, 6), 10), 7u);
    EXPECT_EQ(newest(control_of(3, 2, 78), 10), 2u);
    EXPECT_EQ(assembler.newest_completed(NodeIndex{3})->incarnation, Incarnation{78});
    EXPECT_FALSE(assembler.newest_completed(NodeIndex{4}));
    EXPECT_FALSE(assembler.newest_completed(kNoNode));
}

/// Three good parts with the last one spoilt; then the good last part must still complete it.
template <typename Spoil>
void expect_ignored(const char* what, Spoil spoil) {
    const Bytes body(3000, std::byte{7});
    const auto frames = frames_of(control_of(3, 10), body);
    ControlAssembler assembler(5);
    EXPECT_FALSE(feed(assembler, frames[0]));
    EXPECT_FALSE(feed(assembler, frames[1]));
    Bytes bogus = frames[2];
    spoil(bogus);
    EXPECT_FALSE(feed(assembler, bogus)) << what;
    const auto message = feed(assembler, frames[2]);
    ASSERT_TRUE(message) << what;
    EXPECT_TRUE(same(message->body, body)) << what;
}

TEST(ControlParts, BogusPartsChangeNothing) {
    expect_ignored("part past the last", [](Bytes& f) { f[18] = std::byte{3}; });
    expect_ignored("part 255", [](Bytes& f) { f[18] = std::byte{255}; });
    expect_ignored("no parts", [](Bytes& f) { f[19] = std::byte{0}; });
    expect_ignored("255 parts", [](Bytes& f) { f[19] = std::byte{255}; });
    expect_ignored("other number of parts", [](Bytes& f) { f[19] = std::byte{4}; });
    expect_ignored("no body", [](Bytes& f) { f[20] = f[21] = std::byte{0}; });
    expect_ignored("other body length", [](Bytes& f) { f[20] ^= std::byte{1}; });
    expect_ignored("huge body", [](Bytes& f) { f[23] = std::byte{0xFF}; });
    expect_ignored("older", [](Bytes& f) { f[32] = std::byte{9}; });
    expect_ignored("other fingerprint", [](Bytes& f) { f[47] = std::byte{0}; });
    expect_ignored("no incarnation", [](Bytes& f) { f[24] = std::byte{0}; });
    expect_ignored("too short", [](Bytes& f) { f.pop_back(); });
    expect_ignored("too long", [](Bytes& f) { f.push_back(std::byte{0}); });
    expect_ignored("nothing", [](Bytes& f) { f.resize(sizeof(HopHeader)); });
    expect_ignored("sender of no cluster", [](Bytes& f) { f[17] = std::byte{1}; });
    expect_ignored("sender past the configured", [](Bytes& f) { f[16] = std::byte{5}; });
    expect_ignored("another control kind", [](Bytes& f) { f[2] = std::byte{9}; });
    expect_ignored("no control kind", [](Bytes& f) { f[2] = std::byte{1}; });
    expect_ignored("no kind at all", [](Bytes& f) { f[2] = std::byte{77}; });
}

TEST(ControlParts, RangesCoverEveryBodyOnce) {
    for (std::size_t parts = 1; parts <= kControlPartsMax; ++parts) {
        for (std::size_t body = 1; body < 2000; ++body) {
            std::size_t at = 0;
            for (std::size_t part = 0; part < parts; ++part) {
                const auto range = part_range(body, part, parts);
                if (!range) {
                    ASSERT_EQ(part, 0u) << "all parts of a message are possible or none";
                    break;
                }
                ASSERT_EQ(range->offset, at);
                ASSERT_GT(range->length, 0u);
                at += range->length;
            }
            ASSERT_TRUE(at == body || at == 0);
        }
    }
    EXPECT_FALSE(part_range(kControlBytesMax + 1, 0, kControlPartsMax));
    EXPECT_FALSE(part_range(100, 0, kControlPartsMax + 1));
    EXPECT_FALSE(part_range(std::numeric_limits<std::size_t>::max(), 0, 2));
}

}  // namespace
}  // namespace torc::wire::test
