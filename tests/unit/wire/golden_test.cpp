// The bytes of one frame of each kind, written by hand in tests/golden, against what the encoders
// make and the decoders read. The files are never regenerated: a difference is a new wire version.
#include <gtest/gtest.h>

#include "tests/unit/wire/support.hpp"

namespace torc::wire::test {
namespace {

/// The control frame that ControlSender makes of a message.
template <typename Message>
Bytes control_frame(Kind kind, const Message& message) {
    Bytes body(kControlBytesMax);
    body.resize(encode_body(message, body));
    FakeDriver driver;
    const ControlSender sender(driver.io(), kFrameBytesMin, NodeIndex{2}, kHash);
    EXPECT_TRUE(sender.send(kind, message.control, body));
    EXPECT_EQ(driver.sent.size(), 1u);
    return driver.sent.at(0);
}

Join sample_join() {
    Join join;
    join.control = kControl;
    join.max_epoch_seen = 298;
    join.old_ring = kRing;
    join.flags = kJoinTokenAlive;
    join.suspect = NodeIndex{3};
    join.proc_set = {kOther, kMe};
    join.fail_set = {Member{NodeIndex{3}, Incarnation{9}}};
    join.hears = {Hears{NodeIndex{1}, 1, 5}};
    return join;
}

State sample_state() {
    State state;
    state.control = kControl;
    state.attempt = kAttempt;
    state.lease_wait_ns = 1'000'000;
    state.group_digest = 0x08090A0B0C0D0E0F;
    state.old_ring.ring = kRing;
    state.old_ring.stable = Seq{4};
    state.old_ring.aru = Seq{5};
    state.old_ring.high = Seq{10};
    state.old_ring.have.resize(5);
    for (const std::size_t bit : {1u, 2u, 4u}) state.old_ring.have.set(bit);
    state.old_ring.obligations = {kMe};
    return state;
}

RecoveryOrder sample_order() {
    RecoveryOrder order;
    order.old_ring = kRing;
    order.transitional = RingId{0x01000002, NodeIndex{2}};
    order.together = {kMe};
    order.low_aru = Seq{5};
    order.stable_max = Seq{4};
    order.high_max = Seq{8};
    order.final_holes.resize(3);
    order.final_holes.set(1);
    return order;
}

TEST(Golden, DataOfTwoMessages) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kFrameBytesMin, NodeIndex{2}, kHash);
    const Bytes hello = to_bytes("hello");
    const Bytes torcring = to_bytes("torcring");
    const std::array<std::span<const std::byte>, 1> first{hello};
    const std::array<std::span<const std::byte>, 1> second{torcring};
    ASSERT_TRUE(builder.append({raw(SessionId{3, 1}), Service::agreed, false}, first));
    ASSERT_TRUE(builder.append({raw(SessionId{4, 1}), Service::fifo, true}, second));
    frame.ref = builder.frame();
    stamp(frame.ref, {kRing, Seq{42}, 7, 9, true, false});
    EXPECT_EQ(frame.bytes(), golden("wire_data"));
}

TEST(Golden, DataOfAFragment) {
    OwnedFrame frame;
    FrameBuilder builder(frame.ref, kDataOverhead + 24, NodeIndex{2}, kHash);
    const Bytes text = to_bytes("0123456789abcdefghij");
    const std::array<std::span<const std::byte>, 1> pieces{text};
    ASSERT_EQ(builder.append_fragment({raw(SessionId{3, 1}), Service::safe, false}, pieces, 0),
              12u);
    frame.ref = builder.frame();
    stamp(frame.ref, {kRing, Seq{43}, 8, 10, false, true});
    EXPECT_EQ(frame.bytes(), golden("wire_data_fragment"));
}

TEST(Golden, Token) {
    Token token;
    token.ring = kRing;
    token.flags = kTokenMergeSeen;
    token.retransmission = 3;
    token.done_run = 4;
    token.token_seq = 5;
    token.seq = Seq{42};
    token.aru = Seq{41};
    token.fcc_frames = 6;
    token.fcc_bytes = 1792;
    token.backlog = 8;
    token.window = 768;
    token.candidates_by = NodeIndex{2};
    token.candidates = {Candidate{NodeIndex{127}, 0xDEADBEEF}};
    token.requests = {Request{kRing, Seq{42}, NodeIndex{3}, 2}};
    OwnedFrame frame;
    encode_token(token, NodeIndex{2}, kHash, frame.ref);
    EXPECT_EQ(frame.bytes(), golden("wire_token"));
    EXPECT_EQ(decode_token(behind_hop(frame.bytes())), token);
}

TEST(Golden, Status) {
    StatusFrame status;
    status.epoch = kRing.epoch;
    status.representative = 1;
    status.sender = 2;
    status.rx_free = 1024;
    status.aru = 40;
    status.high = 42;
    status.delivered = 39;
    status.token_seq = 5;
    status.nack_base = 40;
    status.nack[0] = 1;
    status.nack[1] = std::uint64_t{1} << 63;
    OwnedFrame frame;
    encode_status(status, NodeIndex{2}, kHash, frame.ref);
    EXPECT_EQ(frame.bytes(), golden("wire_status"));
    const Bytes bytes = frame.bytes();
    const auto decoded = decode_status(behind_hop(bytes));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->nack_base.get(), 40u);
}

TEST(Golden, Wake) {
    WakeFrame wake;
    wake.epoch = kRing.epoch;
    wake.representative = 1;
    wake.sender = 2;
    OwnedFrame frame;
    encode_wake(wake, NodeIndex{2}, kHash, frame.ref);
    EXPECT_EQ(frame.bytes(), golden("wire_wake"));
    const Bytes bytes = frame.bytes();
    ASSERT_TRUE(decode_wake(behind_hop(bytes)));
}

TEST(Golden, Join) { EXPECT_EQ(control_frame(Kind::join, sample_join()), golden("wire_join")); }

TEST(Golden, Propose) {
    Propose propose;
    propose.control = kControl;
    propose.attempt = kAttempt;
    propose.proc_set = {kMe};
    EXPECT_EQ(control_frame(Kind::propose, propose), golden("wire_propose"));
}

TEST(Golden, State) { EXPECT_EQ(control_frame(Kind::state, sample_state()), golden("wire_state")); }

TEST(Golden, Plan) {
    PlanHead head;
    head.control = kControl;
    head.attempt = kAttempt;
    head.ring = RingId{0x01000002, NodeIndex{1}};
    head.members = {kOther, kMe};
    head.orders = 1;
    Bytes body(kControlBytesMax);
    std::size_t used = encode_body(head, body);
    ASSERT_NE(used, 0u);
    used += encode_order(sample_order(), std::span(body).subspan(used));
    body.resize(used);
    FakeDriver driver;
    const ControlSender sender(driver.io(), kFrameBytesMin, NodeIndex{2}, kHash);
    ASSERT_TRUE(sender.send(Kind::plan, kControl, body));
    EXPECT_EQ(driver.sent.at(0), golden("wire_plan"));
}

TEST(Golden, Merge) {
    Merge merge;
    merge.control = kControl;
    merge.ring = kRing;
    merge.max_epoch_seen = 298;
    merge.members = {kMe};
    merge.hears = {Hears{NodeIndex{1}, 1, 5}};
    EXPECT_EQ(control_frame(Kind::merge, merge), golden("wire_merge"));
}

TEST(Golden, EveryFileIsAValidFrameAndItsBodyIsRead) {
    for (const char* name : kGoldenNames) {
        const Bytes frame = golden(name);
        EXPECT_EQ(name_of(validate(frame, kHash)), std::string("none")) << name;
    }
    EXPECT_TRUE(decode_join(kControl, body_of(golden("wire_join"))));
    EXPECT_TRUE(decode_propose(kControl, body_of(golden("wire_propose"))));
    const Bytes state_frame = golden("wire_state");
    const auto state = decode_state(kControl, body_of(state_frame));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->old_ring, sample_state().old_ring);
    const Bytes plan_frame = golden("wire_plan");
    ASSERT_TRUE(decode_plan(kControl, body_of(plan_frame)));
    EXPECT_EQ(decode_order(body_of(plan_frame), 0), sample_order());
    EXPECT_FALSE(decode_order(body_of(plan_frame), 1));
    EXPECT_TRUE(decode_merge(kControl, body_of(golden("wire_merge"))));
}

}  // namespace
}  // namespace torc::wire::test
