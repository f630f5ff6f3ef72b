// What the wire format costs: the gate that every received frame passes, walking and building DATA,
// the token, and the messages of membership. Compare with baseline_copy of as many bytes.
#include <array>
#include <span>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "wire/data.hpp"
#include "wire/membership.hpp"
#include "wire/token.hpp"
#include "wire/validate.hpp"

namespace torc::bench {
namespace {

constexpr std::uint32_t kHash = 0x44332211;
constexpr NodeIndex kMe{1};
constexpr RingId kRing{7 << 24, NodeIndex{0}};
constexpr std::size_t kFrameBytes = kFrameBytesMin;

struct OwnedFrame {
    OwnedFrame() : ref{this, bytes.data(), 0, static_cast<std::uint32_t>(bytes.size())} {}
    OwnedFrame(const OwnedFrame&) = delete;
    OwnedFrame& operator=(const OwnedFrame&) = delete;

    alignas(kCacheLine) std::array<std::byte, kFrameBytesMax> bytes{};
    FrameRef ref;
};

/// Packs as many messages as fit. Gives: how many.
std::size_t fill_frame(const FrameRef& frame, std::span<const std::byte> message,
                       wire::FrameBuilder& builder) {
    const std::array<std::span<const std::byte>, 1> pieces{message};
    builder = wire::FrameBuilder(frame, kFrameBytes, kMe, kHash);
    std::size_t messages = 0;
    while (builder.append({3, Service::agreed, false}, pieces)) ++messages;
    return messages;
}

/// A frame as it stands on the wire.
std::size_t make_data(OwnedFrame& frame, std::size_t message_bytes) {
    wire::FrameBuilder builder;
    const std::size_t messages = fill_frame(frame.ref, payload_of(message_bytes), builder);
    frame.ref = builder.frame();
    wire::stamp(frame.ref, {kRing, Seq{42}, 5, 6, false, true});
    TORC_CHECK(wire::validate(frame.ref.bytes(), kHash) == wire::RejectReason::none);
    return messages;
}

Member member(std::size_t index) {
    return {NodeIndex{static_cast<std::uint16_t>(index)}, Incarnation{1000 + index}};
}

std::size_t size_of(const benchmark::State& state) {
    return static_cast<std::size_t>(state.range(0));
}
std::uint64_t runs_of(const benchmark::State& state) {
    return static_cast<std::uint64_t>(state.iterations());
}

// --- DATA ----------------------------------------------------------------------------------------

/// Items: frames.
void validate_data(benchmark::State& state) {
    OwnedFrame frame;
    make_data(frame, size_of(state));
    for (auto _ : state) {
        benchmark::DoNotOptimize(wire::validate(frame.ref.bytes(), kHash));
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * frame.ref.size);
}

/// Items: messages.
void walk_data(benchmark::State& state) {
    OwnedFrame frame;
    const std::size_t messages = make_data(frame, size_of(state));
    for (auto _ : state) {
        std::size_t bytes = 0;
        for (const wire::MessageView& message : wire::DataView::of_validated(frame.ref.bytes())) {
            bytes += message.bytes.size();
        }
        benchmark::DoNotOptimize(bytes);
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state) * messages, runs_of(state) * messages * size_of(state));
}

/// Items: messages.
void append_data(benchmark::State& state) {
    OwnedFrame frame;
    const std::vector<std::byte> message = payload_of(size_of(state));
    std::size_t messages = 0;
    for (auto _ : state) {
        wire::FrameBuilder builder;
        messages = fill_frame(frame.ref, message, builder);
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state) * messages, runs_of(state) * messages * message.size());
}

/// Items: frames.
void append_fragments(benchmark::State& state) {
    OwnedFrame frame;
    const std::vector<std::byte> message = payload_of(size_of(state));
    const std::array<std::span<const std::byte>, 1> pieces{message};
    std::uint64_t frames = 0;
    for (auto _ : state) {
        for (std::size_t offset = 0; offset < message.size(); ++frames) {
            wire::FrameBuilder builder(frame.ref, kFrameBytes, kMe, kHash);
            offset += builder.append_fragment({3, Service::agreed, false}, pieces, offset);
            benchmark::ClobberMemory();
        }
    }
    report(state, frames, runs_of(state) * message.size());
}

/// Items: frames.
void stamp_data(benchmark::State& state) {
    OwnedFrame frame;
    make_data(frame, size_of(state));
    std::uint32_t counter = 0;
    for (auto _ : state) {
        wire::stamp(frame.ref, {kRing, Seq{++counter}, counter, 6, false, true});
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * sizeof(wire::SealedHeader));
}

/// Items: frames.
void copy_for_resend(benchmark::State& state) {
    OwnedFrame stored;
    OwnedFrame fresh;
    make_data(stored, size_of(state));
    for (auto _ : state) {
        TORC_CHECK(wire::copy_for_resend(stored.ref, fresh.ref, kMe, wire::kHopRetransmitted));
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * stored.ref.size);
}

// --- token ---------------------------------------------------------------------------------------

/// With so many requests and candidates; 0 is what a healthy ring sends.
wire::Token make_token(std::size_t entries) {
    wire::Token token;
    token.ring = kRing;
    token.token_seq = 1000;
    token.seq = Seq{5000};
    token.aru = Seq{4900};
    token.aru_setter = kMe;
    for (std::size_t i = 0; i < entries; ++i) {
        token.candidates.push_back({member(i).index, 77});
        token.requests.push_back({kRing, Seq{4901 + i}, kMe, 1});
    }
    if (entries != 0) token.candidates_by = kMe;
    return token;
}

void encode_token(benchmark::State& state) {
    const wire::Token token = make_token(size_of(state));
    OwnedFrame frame;
    for (auto _ : state) {
        wire::encode_token(token, kMe, kHash, frame.ref);
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * frame.ref.size);
}

void decode_token(benchmark::State& state) {
    const wire::Token token = make_token(size_of(state));
    OwnedFrame frame;
    wire::encode_token(token, kMe, kHash, frame.ref);
    const auto bytes = frame.ref.bytes().subspan(sizeof(wire::HopHeader));
    TORC_CHECK(wire::decode_token(bytes) == token);
    for (auto _ : state) {
        benchmark::DoNotOptimize(wire::decode_token(bytes));
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * frame.ref.size);
}

void validate_token(benchmark::State& state) {
    OwnedFrame frame;
    wire::encode_token(make_token(size_of(state)), kMe, kHash, frame.ref);
    TORC_CHECK(wire::validate(frame.ref.bytes(), kHash) == wire::RejectReason::none);
    for (auto _ : state) {
        benchmark::DoNotOptimize(wire::validate(frame.ref.bytes(), kHash));
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * frame.ref.size);
}

// --- membership ----------------------------------------------------------------------------------

constexpr wire::Control kControl{{kMe, Incarnation{9}}, 17, 0x8877665544332211};
constexpr wire::AttemptId kAttempt{8 << 24, NodeIndex{0}, 99};

/// Everybody of a cluster hears everybody.
wire::Join make_join(std::size_t members) {
    wire::Join join;
    join.control = kControl;
    join.old_ring = kRing;
    for (std::size_t i = 0; i < members; ++i) {
        join.proc_set.push_back(member(i));
        join.hears.push_back({member(i).index, static_cast<std::uint32_t>(1000 + i), 5});
    }
    return join;
}

/// A member that holds every second frame of a ring's full flight.
wire::State make_state(std::size_t members) {
    wire::State message;
    message.control = kControl;
    message.attempt = kAttempt;
    message.old_ring.ring = kRing;
    message.old_ring.stable = message.old_ring.aru = Seq{10'000};
    message.old_ring.high = Seq{10'000 + kInFlightMax};
    message.old_ring.have.resize(kInFlightMax);
    for (std::size_t bit = 1; bit < kInFlightMax; bit += 2) message.old_ring.have.set(bit);
    for (std::size_t i = 0; i < members; ++i) message.old_ring.obligations.push_back(member(i));
    return message;
}

wire::PlanHead make_plan(std::size_t members) {
    wire::PlanHead plan;
    plan.control = kControl;
    plan.attempt = kAttempt;
    plan.ring = {8 << 24, NodeIndex{0}};
    plan.orders = 1;
    for (std::size_t i = 0; i < members; ++i) plan.members.push_back(member(i));
    return plan;
}

wire::RecoveryOrder make_order(std::size_t members) {
    wire::RecoveryOrder order;
    order.old_ring = kRing;
    order.transitional = {8 << 24, NodeIndex{0}};
    for (std::size_t i = 0; i < members; ++i) {
        order.together.push_back(member(i));
        order.obligations.push_back(member(i));
    }
    order.low_aru = order.stable_max = Seq{10'000};
    order.high_max = Seq{10'000 + kInFlightMax};
    order.final_holes.resize(kInFlightMax);
    for (std::size_t bit = 0; bit < kInFlightMax; bit += 100) order.final_holes.set(bit);
    return order;
}

/// Items: messages. `encode` gives the bytes it wrote.
template <typename Encode>
void run_encode(benchmark::State& state, Encode&& encode) {
    std::vector<std::byte> room(wire::kControlBytesMax);
    std::size_t length = 0;
    for (auto _ : state) {
        length = encode(std::span<std::byte>(room));
        benchmark::ClobberMemory();
    }
    TORC_CHECK(length != 0);
    report(state, runs_of(state), runs_of(state) * length);
}

template <typename Encode, typename Decode>
void run_decode(benchmark::State& state, Encode&& encode, Decode&& decode) {
    std::vector<std::byte> body(wire::kControlBytesMax);
    body.resize(encode(std::span<std::byte>(body)));
    TORC_CHECK(decode(std::span<const std::byte>(body)).has_value());
    for (auto _ : state) {
        benchmark::DoNotOptimize(decode(std::span<const std::byte>(body)));
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * body.size());
}

void encode_join(benchmark::State& state) {
    const wire::Join join = make_join(size_of(state));
    run_encode(state, [&](std::span<std::byte> room) { return wire::encode_body(join, room); });
}

void decode_join(benchmark::State& state) {
    const wire::Join join = make_join(size_of(state));
    run_decode(
        state, [&](std::span<std::byte> room) { return wire::encode_body(join, room); },
        [](std::span<const std::byte> body) { return wire::decode_join(kControl, body); });
}

void encode_state(benchmark::State& state) {
    const wire::State message = make_state(size_of(state));
    run_encode(state, [&](std::span<std::byte> room) { return wire::encode_body(message, room); });
}

void decode_state(benchmark::State& state) {
    const wire::State message = make_state(size_of(state));
    run_decode(
        state, [&](std::span<std::byte> room) { return wire::encode_body(message, room); },
        [](std::span<const std::byte> body) { return wire::decode_state(kControl, body); });
}

std::size_t write_plan(const wire::PlanHead& plan, const wire::RecoveryOrder& order,
                       std::span<std::byte> room) {
    const std::size_t head = wire::encode_body(plan, room);
    return head + wire::encode_order(order, room.subspan(head));
}

void encode_plan(benchmark::State& state) {
    const wire::PlanHead plan = make_plan(size_of(state));
    const wire::RecoveryOrder order = make_order(size_of(state));
    run_encode(state, [&](std::span<std::byte> room) { return write_plan(plan, order, room); });
}

/// Head, and then the order that concerns this member.
void decode_plan(benchmark::State& state) {
    const wire::PlanHead plan = make_plan(size_of(state));
    const wire::RecoveryOrder order = make_order(size_of(state));
    run_decode(
        state, [&](std::span<std::byte> room) { return write_plan(plan, order, room); },
        [](std::span<const std::byte> body) {
            benchmark::DoNotOptimize(wire::decode_plan(kControl, body));
            return wire::decode_order(body, 0);
        });
}

BENCHMARK(baseline_copy)->Arg(88)->Arg(kFrameBytes);
BENCHMARK(validate_data)->Arg(64)->Arg(1350);
BENCHMARK(walk_data)->Arg(64)->Arg(1350);
BENCHMARK(append_data)->Arg(64)->Arg(1350);
BENCHMARK(append_fragments)->Arg(64 * 1024);
BENCHMARK(stamp_data)->Arg(1350);
BENCHMARK(copy_for_resend)->Arg(1350);
BENCHMARK(encode_token)->Arg(0)->Arg(wire::kCandidatesMax);
BENCHMARK(decode_token)->Arg(0)->Arg(wire::kCandidatesMax);
BENCHMARK(validate_token)->Arg(0)->Arg(wire::kCandidatesMax);
BENCHMARK(encode_join)->Arg(3)->Arg(kNodesMax);
BENCHMARK(decode_join)->Arg(3)->Arg(kNodesMax);
BENCHMARK(encode_state)->Arg(3)->Arg(kNodesMax);
BENCHMARK(decode_state)->Arg(3)->Arg(kNodesMax);
BENCHMARK(encode_plan)->Arg(3)->Arg(kNodesMax);
BENCHMARK(decode_plan)->Arg(3)->Arg(kNodesMax);

}  // namespace
}  // namespace torc::bench
