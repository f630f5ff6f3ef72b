// DATA frames: what FrameBuilder makes, DataView reads; what breaks a rule is refused for it.
#include <algorithm>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/wire/support.hpp"

namespace torc::wire::test {
namespace {

struct Sent {
    MessageTag tag;
    Bytes bytes;
};

bool append(FrameBuilder& builder, const Sent& message) {
    // In two pieces with an empty one between, as an envelope and a payload would come.
    const std::span<const std::byte> bytes(message.bytes);
    const std::size_t half = bytes.size() / 2;
    const std::array pieces{bytes.first(half), std::span<const std::byte>{}, bytes.subspan(half)};
    return builder.append(message.tag, pieces);
}

RejectReason check(const Bytes& frame) { return validate(frame, kHash); }

/// A valid frame of one whole agreed message.
Bytes one_message(std::size_t length) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kFrameBytesMax, NodeIndex{2}, kHash);
    EXPECT_TRUE(append(builder, {{7, Service::agreed, false}, Bytes(length, std::byte{0xEE})}));
    stamp(builder.frame(), {kRing, Seq{1}, 1, 1, false, false});
    frame.ref = builder.frame();
    return frame.bytes();
}

RC_GTEST_PROP(Data, EveryMessageComesBackAsItWentIn, ()) {
    const auto lengths =
        *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::inRange<std::uint16_t>(0, 600));
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    const std::size_t limit = *rc::gen::inRange<std::size_t>(64, kFrameBytesMax + 1);
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, limit, NodeIndex{2}, kHash);
    std::vector<Sent> sent;
    Service highest = Service::unreliable;
    for (const std::uint16_t length : lengths) {
        Sent message{
            {static_cast<std::uint32_t>(prng.next()), Service(prng.below(6)), prng.below(2) == 1},
            random_bytes(prng, length)};
        const bool fits = builder.fits(length);
        RC_ASSERT(append(builder, message) == fits);
        if (!fits) continue;
        highest = std::max(highest, message.tag.service);
        sent.push_back(std::move(message));
    }
    RC_PRE(!sent.empty());
    const Seq seq{highest == Service::unreliable ? 0 : prng.next() | 1};
    stamp(builder.frame(), {kRing, seq, 5, 6, true, true});
    const std::span<const std::byte> bytes = builder.frame().bytes();
    RC_ASSERT(bytes.size() <= limit);
    RC_ASSERT(validate(bytes, kHash) == RejectReason::none);
    const auto view = DataView::parse(bytes);
    RC_ASSERT(view.has_value());
    RC_ASSERT(view->service() == highest);
    RC_ASSERT(view->seq() == seq);
    RC_ASSERT(view->ring() == kRing);
    RC_ASSERT(view->messages() == sent.size());
    RC_ASSERT(view->has(kLastOfVisit) && view->has(kPostToken) && !view->has(kHasFragment));
    std::size_t at = 0;
    for (const MessageView& message : *view) {
        RC_ASSERT(at < sent.size());
        RC_ASSERT(message.session == sent[at].tag.session);
        RC_ASSERT(message.service() == sent[at].tag.service);
        RC_ASSERT(message.has(kControlMessage) == sent[at].tag.control);
        RC_ASSERT(std::equal(message.bytes.begin(), message.bytes.end(), sent[at].bytes.begin(),
                             sent[at].bytes.end()));
        ++at;
    }
    RC_ASSERT(at == sent.size());
}

RC_GTEST_PROP(Data, FragmentsJoinToTheMessage, ()) {
    const std::size_t limit = *rc::gen::inRange<std::size_t>(72, 2000);
    const std::size_t length =
        *rc::gen::inRange<std::size_t>(whole_message_bytes_max(limit) + 1, 20'000);
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    const Bytes message = random_bytes(prng, length);
    const std::span<const std::byte> all(message);
    const std::size_t cut = prng.below(length);
    const std::array pieces{all.first(cut), all.subspan(cut)};
    Bytes joined;
    std::uint64_t seq = 0;
    while (joined.size() < length) {
        OwnedFrame frame(limit);
        FrameBuilder builder(frame.ref, limit, NodeIndex{2}, kHash);
        const std::size_t taken =
            builder.append_fragment({1, Service::agreed, false}, pieces, joined.size());
        RC_ASSERT(taken > 0);
        const bool last = joined.size() + taken == length;
        // Only a last fragment may be followed, if there is room.
        RC_ASSERT(last || !builder.fits(0));
        const std::size_t whole = last && append(builder, {{2, Service::safe, false}, {}}) ? 1 : 0;
        stamp(builder.frame(), {kRing, Seq{++seq}, 1, 1, false, false});
        RC_ASSERT(validate(builder.frame().bytes(), kHash) == RejectReason::none);
        const DataView view = DataView::of_validated(builder.frame().bytes());
        RC_ASSERT(view.has(kHasFragment));
        RC_ASSERT(view.messages() == 1 + whole);
        const MessageView fragment = *view.begin();
        RC_ASSERT(fragment.has(kFirstFragment) == joined.empty());
        RC_ASSERT(fragment.has(kLastFragment) == last);
        RC_ASSERT(fragment.total == (joined.empty() ? length : 0));
        RC_ASSERT(fragment.bytes.size() == taken);
        joined.insert(joined.end(), fragment.bytes.begin(), fragment.bytes.end());
    }
    RC_ASSERT(joined == message);
}

TEST(Data, TheLargestMessageOfAFrameFitsAndOneByteMoreDoesNot) {
    for (const std::size_t limit : {kFrameBytesMin, kFrameBytesMax}) {
        OwnedFrame frame;
        FrameBuilder builder(frame.ref, limit, NodeIndex{0}, kHash);
        const std::size_t most = whole_message_bytes_max(limit);
        EXPECT_FALSE(builder.fits(most + 1));
        EXPECT_FALSE(builder.fits(std::numeric_limits<std::size_t>::max()));
        EXPECT_TRUE(append(builder, {{1, Service::safe, false}, Bytes(most)}));
        EXPECT_LE(builder.frame().size, limit);
        EXPECT_FALSE(builder.fits(0));
        stamp(builder.frame(), {kRing, Seq{1}, 1, 1, false, false});
        EXPECT_EQ(validate(builder.frame().bytes(), kHash), RejectReason::none);
    }
}

TEST(Data, AFrameHolds255EmptyMessagesAndNoMore) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kFrameBytesMax, NodeIndex{0}, kHash);
    for (std::size_t i = 0; i < kMessagesPerFrameMax; ++i) {
        ASSERT_TRUE(append(builder, {{1, Service::fifo, false}, {}}));
    }
    EXPECT_FALSE(append(builder, {{1, Service::fifo, false}, {}}));
    stamp(builder.frame(), {kRing, Seq{1}, 1, 1, false, false});
    EXPECT_EQ(validate(builder.frame().bytes(), kHash), RejectReason::none);
    const DataView view = DataView::of_validated(builder.frame().bytes());
    EXPECT_EQ(std::ranges::distance(view.begin(), view.end()), 255);
}

TEST(Data, AFragmentOfALowClassMakesTheFrameFifo) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kFrameBytesMin, NodeIndex{0}, kHash);
    const Bytes large(5000);
    const std::array<std::span<const std::byte>, 1> pieces{large};
    ASSERT_GT(builder.append_fragment({1, Service::unreliable, false}, pieces, 0), 0u);
    EXPECT_EQ(builder.service(), Service::fifo);
    EXPECT_EQ(builder.append_fragment({1, Service::unreliable, false}, pieces, 10), 0u);
}

TEST(Data, ACopyForResendChangesTheHopHeaderOnly) {
    OwnedFrame stored;
    const Bytes original = golden("wire_data");
    std::copy(original.begin(), original.end(), stored.ref.data);
    stored.ref.size = static_cast<std::uint32_t>(original.size());
    OwnedFrame fresh;
    ASSERT_TRUE(
        copy_for_resend(stored.ref, fresh.ref, NodeIndex{9}, kHopRetransmitted | kHopRecovery));
    EXPECT_EQ(stored.bytes(), original);
    const Bytes copy = fresh.bytes();
    EXPECT_EQ(validate(copy, kHash), RejectReason::none);
    const DataView view = DataView::of_validated(copy);
    EXPECT_EQ(view.hop().transmitter.get(), 9);
    EXPECT_TRUE(view.has(kHopRetransmitted) && view.has(kHopRecovery));
    EXPECT_EQ(Bytes(copy.begin() + 16, copy.end()), Bytes(original.begin() + 16, original.end()));
    EXPECT_EQ(view.sender(), NodeIndex{2});

    OwnedFrame small(original.size() - 1);
    EXPECT_FALSE(copy_for_resend(stored.ref, small.ref, NodeIndex{9}, 0));
    stored.ref.data[2] = static_cast<std::byte>(Kind::token);
    EXPECT_FALSE(copy_for_resend(stored.ref, fresh.ref, NodeIndex{9}, 0));
}

TEST(Data, StampingAgainReplacesTheStampAndNothingElse) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kDataOverhead + 24, NodeIndex{2}, kHash);
    const Bytes text = to_bytes("0123456789abcdefghij");
    const std::array<std::span<const std::byte>, 1> pieces{text};
    builder.append_fragment({raw(SessionId{3, 1}), Service::safe, false}, pieces, 0);
    frame.ref = builder.frame();
    stamp(frame.ref, {RingId{99, NodeIndex{9}}, Seq{9}, 9, 9, true, false});
    stamp(frame.ref, {kRing, Seq{43}, 8, 10, false, true});
    EXPECT_EQ(frame.bytes(), golden("wire_data_fragment"));
}

// What each rule refuses. The golden fragment has its message header at 48, its total at 56; the
// golden data frame has message headers at 48 and 64.

TEST(Data, ALengthPastTheBodyIsTruncated) {
    Bytes frame = golden("wire_data");
    frame[64] = std::byte{9};
    EXPECT_EQ(check(frame), RejectReason::truncated);
    frame[65] = std::byte{0xFF};
    EXPECT_EQ(check(frame), RejectReason::truncated);
}

TEST(Data, CountsMustMatchTheBody) {
    Bytes frame = golden("wire_data");
    frame[46] = std::byte{1};
    EXPECT_EQ(check(frame), RejectReason::bad_count);
    frame[46] = std::byte{3};
    EXPECT_EQ(check(frame), RejectReason::truncated);
    frame[46] = std::byte{0};
    EXPECT_EQ(check(frame), RejectReason::bad_count);
}

TEST(Data, EveryPaddingByteMustBeZero) {
    for (const std::size_t at : {61u, 62u, 63u}) {
        Bytes frame = golden("wire_data");
        frame[at] = std::byte{1};
        EXPECT_EQ(check(frame), RejectReason::bad_padding);
    }
}

TEST(Data, TheClassOfAFrameIsNotBelowThatOfItsMessages) {
    Bytes frame = golden("wire_data");
    frame[50] = std::byte{static_cast<std::uint8_t>(Service::safe)};
    EXPECT_EQ(check(frame), RejectReason::bad_service);
    frame[50] = std::byte{7};
    EXPECT_EQ(check(frame), RejectReason::bad_service);
}

/// Messages of session 7, each with this number for its envelope, which says it in words.
Bytes enveloped(std::initializer_list<std::uint32_t> envelopes, OwnedFrame& frame) {
    FrameBuilder builder(frame.ref, kFrameBytesMax, NodeIndex{2}, kHash);
    for (const std::uint32_t number : envelopes) {
        const Bytes envelope(11, static_cast<std::byte>(number));
        const Bytes payload(5, static_cast<std::byte>(builder.messages()));
        const std::array<std::span<const std::byte>, 2> pieces{envelope, payload};
        EXPECT_TRUE(builder.append({7, Service::agreed, false, number}, pieces));
    }
    stamp(builder.frame(), {kRing, Seq{1}, 1, 1, false, false});
    frame.ref = builder.frame();
    return frame.bytes();
}

TEST(Data, TheEnvelopeOfTheMessageBeforeIsLeftOut) {
    OwnedFrame owned;
    const Bytes frame = enveloped({3, 3, 3, 4, 3, 0, 0}, owned);
    ASSERT_EQ(check(frame), RejectReason::none);
    std::vector<std::size_t> lengths;
    std::size_t at = 0;
    for (const MessageView& message : DataView::of_validated(frame)) {
        EXPECT_EQ(message.has(kSameEnvelope), message.bytes.size() == 5);
        EXPECT_EQ(message.bytes.back(), static_cast<std::byte>(at++));
        lengths.push_back(message.bytes.size());
    }
    EXPECT_EQ(lengths, (std::vector<std::size_t>{16, 5, 5, 16, 16, 16, 16}));
}

/// Two builders: one is told of each message all there is, the other only how it differs.
RC_GTEST_PROP(Data, OneLikeTheLastIsBuiltAsIfAllHadBeenSaid, ()) {
    const auto lengths =
        *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::inRange<std::uint16_t>(0, 200));
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    const MessageTag tag{static_cast<std::uint32_t>(prng.next()), Service(prng.below(6)), false, 3};
    const Bytes envelope = random_bytes(prng, prng.below(50));
    OwnedFrame frames[2];
    FrameBuilder all(frames[0].ref, 1000, NodeIndex{2}, kHash);
    FrameBuilder rest(frames[1].ref, 1000, NodeIndex{2}, kHash);
    RC_ASSERT(!rest.append_alike(3, envelope));
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        const Bytes payload = random_bytes(prng, lengths[i]);
        const std::array<std::span<const std::byte>, 2> pieces{envelope, payload};
        const bool fits = all.append(tag, pieces);
        RC_ASSERT(!rest.append_alike(4, payload));
        RC_ASSERT((i == 0 ? rest.append(tag, pieces) : rest.append_alike(3, payload)) == fits);
        const auto built = all.frame().bytes();
        RC_ASSERT(std::ranges::equal(built, rest.frame().bytes()));
    }
}

TEST(Data, OnlyBehindAMessageOfItsSessionHasAnyTheSameEnvelope) {
    OwnedFrame owned;
    const Bytes good = enveloped({3, 3}, owned);
    ASSERT_EQ(check(good), RejectReason::none);
    constexpr std::size_t kFirst = kDataOverhead;
    constexpr std::size_t kSecond = kFirst + sizeof(MessageHeader) + 16;
    Bytes frame = good;
    frame[kFirst + 3] |= std::byte{kSameEnvelope >> 8};
    EXPECT_EQ(check(frame), RejectReason::bad_envelope) << "there is none before";
    frame = good;
    frame[kSecond + 4] ^= std::byte{1};
    EXPECT_EQ(check(frame), RejectReason::bad_envelope) << "of another session";
    frame = good;
    frame[kSecond + 2] |= std::byte{kControlMessage};
    EXPECT_EQ(check(frame), RejectReason::bad_envelope) << "for another layer";
    frame = good;
    frame[kFirst + 2] |= std::byte{kFragment | kLastFragment};
    frame[47] |= std::byte{kHasFragment};
    EXPECT_EQ(check(frame), RejectReason::bad_envelope) << "behind a fragment";
}

TEST(Data, AFragmentHasNoEnvelopeToLeaveOut) {
    OwnedFrame owned;
    FrameBuilder builder(owned.ref, 256, NodeIndex{2}, kHash);
    const Bytes message(1000);
    const std::array<std::span<const std::byte>, 1> pieces{message};
    ASSERT_GT(builder.append_fragment({7, Service::agreed, false, 3}, pieces, 0), 0u);
    stamp(builder.frame(), {kRing, Seq{1}, 1, 1, false, false});
    owned.ref = builder.frame();
    Bytes frame = owned.bytes();
    ASSERT_EQ(check(frame), RejectReason::none);
    frame[kDataOverhead + 3] |= std::byte{kSameEnvelope >> 8};
    EXPECT_EQ(check(frame), RejectReason::bad_envelope);
}

TEST(Data, OnlyTheFirstMessageMayBeAFragment) {
    Bytes frame = golden("wire_data");
    frame[66] = std::byte{0x52};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment) << "second message";
    frame = golden("wire_data");
    frame[50] = std::byte{0x54};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment) << "not announced";
    frame = golden("wire_data");
    frame[47] |= std::byte{kHasFragment};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment) << "announced, but none";
    frame[50] = std::byte{0x14};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment) << "a middle fragment is alone";
    frame[50] = std::byte{0x54};
    EXPECT_EQ(check(frame), RejectReason::none) << "a last one is not";
    frame = golden("wire_data");
    frame[50] = std::byte{0x44};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment) << "last of nothing";
}

TEST(Data, AFragmentIsNotEmptyNotWholeAndNotBelowFifo) {
    Bytes frame = golden("wire_data_fragment");
    frame[50] |= std::byte{kLastFragment};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment);
    frame = golden("wire_data_fragment");
    frame[47] = std::byte{kHasFragment | 1};
    frame[50] = std::byte{0x31};
    EXPECT_EQ(check(frame), RejectReason::bad_fragment);
    frame = golden("wire_data_fragment");
    frame.resize(60);
    frame[48] = std::byte{4};  // nothing but the total
    frame.resize(64);
    std::fill(frame.begin() + 60, frame.end(), std::byte{0});
    patch_lengths(frame);
    EXPECT_EQ(check(frame), RejectReason::bad_fragment);
}

TEST(Data, TheTotalOfAFirstFragmentIsThereAndInBounds) {
    Bytes frame = golden("wire_data_fragment");
    const auto set_total = [&frame](std::size_t total) {
        const le32 field(static_cast<std::uint32_t>(total));
        std::memcpy(frame.data() + 56, &field, sizeof(field));
        return check(frame);
    };
    EXPECT_EQ(set_total(12), RejectReason::bad_total) << "no more than this fragment";
    EXPECT_EQ(set_total(13), RejectReason::none);
    EXPECT_EQ(set_total(kWireMessageBytesMax), RejectReason::none);
    EXPECT_EQ(set_total(kWireMessageBytesMax + 1), RejectReason::bad_total);
    EXPECT_EQ(set_total(0xFFFFFFFF), RejectReason::bad_total);
    frame = golden("wire_data_fragment");
    frame[48] = std::byte{3};
    frame.resize(64);
    std::fill(frame.begin() + 59, frame.end(), std::byte{0});
    patch_lengths(frame);
    EXPECT_EQ(check(frame), RejectReason::bad_total) << "too short for a total";
}

TEST(Data, AViewOverABrokenBodyEndsEarly) {
    Bytes frame = one_message(40);
    frame[48] = std::byte{200};
    const DataView view = DataView::of_validated(frame);
    EXPECT_TRUE(view.begin() == view.end());
    EXPECT_FALSE(DataView::parse(frame));
}

}  // namespace
}  // namespace torc::wire::test
