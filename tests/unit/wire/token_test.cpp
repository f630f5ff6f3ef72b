// Tokens: round trips and refusals.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/wire/support.hpp"

namespace torc::wire::test {
namespace {

NodeIndex any_node(Prng& prng) { return NodeIndex{static_cast<std::uint16_t>(prng.below(128))}; }
NodeIndex any_node_or_none(Prng& prng) { return prng.below(4) == 0 ? kNoNode : any_node(prng); }

Token any_token(Prng& prng, std::size_t candidates, std::size_t requests) {
    Token token;
    token.ring = RingId{prng.next(), any_node(prng)};
    token.flags = static_cast<std::uint8_t>(prng.next());
    token.retransmission = static_cast<std::uint8_t>(prng.next());
    token.aru_setter = any_node_or_none(prng);
    token.done_run = static_cast<std::uint16_t>(prng.next());
    token.token_seq = prng.next() | 1;
    token.seq = Seq{prng.next()};
    token.aru = Seq{prng.below(token.seq.raw) + prng.below(2)};
    token.fcc_frames = static_cast<std::uint32_t>(prng.next());
    token.fcc_bytes = static_cast<std::uint32_t>(prng.next());
    token.backlog = static_cast<std::uint32_t>(prng.next());
    token.window = static_cast<std::uint32_t>(prng.next());
    token.candidates_by = any_node_or_none(prng);
    token.leaver = any_node_or_none(prng);
    for (std::size_t i = 0; i < candidates; ++i) {
        token.candidates.push_back({any_node(prng), static_cast<std::uint32_t>(prng.next())});
    }
    for (std::size_t i = 0; i < requests; ++i) {
        token.requests.push_back({RingId{prng.next(), any_node(prng)}, Seq{prng.next() | 1},
                                  any_node(prng), static_cast<std::uint8_t>(prng.next())});
    }
    return token;
}

RC_GTEST_PROP(Token, ComesBackAsItWentIn, ()) {
    Prng prng(*rc::gen::arbitrary<std::uint64_t>());
    const Token token = any_token(prng, *rc::gen::inRange<std::size_t>(0, kCandidatesMax + 1),
                                  *rc::gen::inRange<std::size_t>(0, kRtrMax + 1));
    OwnedFrame frame(kTokenBytesMax);
    encode_token(token, NodeIndex{5}, kHash, frame.ref);
    RC_ASSERT(validate(frame.ref.bytes(), kHash) == RejectReason::none);
    RC_ASSERT(decode_token(behind_hop(frame.ref.bytes())) == token);
}

TEST(Token, TheLargestFillsTokenBytesMaxExactly) {
    Prng prng(1);
    OwnedFrame frame(kTokenBytesMax);
    encode_token(any_token(prng, kCandidatesMax, kRtrMax), NodeIndex{5}, kHash, frame.ref);
    EXPECT_EQ(frame.ref.size, kTokenBytesMax);
    EXPECT_EQ(validate(frame.ref.bytes(), kHash), RejectReason::none);
}

TEST(Token, WhatIsReservedIsIgnored) {
    Bytes frame = golden("wire_token");
    const auto before = decode_token(behind_hop(frame));
    for (const std::size_t at : {78u, 80u, 90u, 117u}) frame[at] = std::byte{0xFF};
    EXPECT_EQ(validate(frame, kHash), RejectReason::none);
    EXPECT_EQ(decode_token(behind_hop(frame)), before);
}

struct Refusal {
    std::size_t at;
    std::uint8_t value;
    RejectReason reason;
};

TEST(Token, EachFieldOutOfRangeIsRefusedForIt) {
    // Offsets within the frame: the token header begins at 16, the candidate at 88, the request
    // at 96.
    const Refusal refusals[] = {
        {24, 128, RejectReason::bad_node},   // representative
        {28, 0xFE, RejectReason::bad_node},  // aru_setter 0xFFFE
        {72, 128, RejectReason::bad_node},   // candidates_by
        {74, 0xFE, RejectReason::bad_node},  // leaver
        {32, 0, RejectReason::bad_seq},      // token_seq 0
        {48, 43, RejectReason::bad_seq},     // aru above seq
        {76, 17, RejectReason::bad_count},   // candidates
        {77, 17, RejectReason::bad_count},   // requests
        {76, 2, RejectReason::truncated},    // one candidate more than there is
        {77, 0, RejectReason::bad_length},   // one request less
        {88, 128, RejectReason::bad_node},   // candidate's index
        {96, 0, RejectReason::bad_seq},      // request's seq 0
        {112, 128, RejectReason::bad_node},  // request's representative
        {114, 128, RejectReason::bad_node},  // requester
    };
    for (const Refusal& refusal : refusals) {
        Bytes frame = golden("wire_token");
        frame[refusal.at] = std::byte{refusal.value};
        EXPECT_EQ(name_of(validate(frame, kHash)), std::string(name_of(refusal.reason)))
            << "byte " << refusal.at;
        EXPECT_FALSE(decode_token(behind_hop(frame))) << "byte " << refusal.at;
    }
}

}  // namespace
}  // namespace torc::wire::test
