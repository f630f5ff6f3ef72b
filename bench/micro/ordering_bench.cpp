// What the ring costs: one frame sent, one received in order, one visit of the token, one message
// submitted, each alone and then all together. Rings of one and three members in one thread, frames
// by reference between them (tiny_wire.hpp), so a number is that of the core and of nothing else.
#include <vector>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "bench/micro/tiny_ring.hpp"
#include "wire/data.hpp"

namespace torc::bench {
namespace {

using ordering::Submit;
using telemetry::CounterId;

std::uint64_t runs_of(const benchmark::State& state) {
    return static_cast<std::uint64_t>(state.iterations());
}

/// Messages of one size, and how many of them make a burst of full frames.
struct Load {
    explicit Load(std::int64_t bytes) : payload(payload_of(static_cast<std::size_t>(bytes))) {}

    std::size_t per_frame() const {
        return (kFrameBytesMin - wire::kDataOverhead) /
               (sizeof(wire::MessageHeader) + wire::padded(payload.size()));
    }
    void submit_burst(TinyRing& ring, std::size_t node, Service service = Service::agreed) const {
        const std::size_t messages = ring.burst_frames() * per_frame();
        for (std::size_t i = 0; i < messages; ++i) {
            TORC_CHECK(ring.submit(node, payload, service) == Submit::queued);
        }
    }

    std::vector<std::byte> payload;
};

// --- one step alone: a burst of 64 frames a measurement ------------------------------------------

/// A message into the send queue, packed with its neighbours. Items: messages.
void submit(benchmark::State& state) {
    TinyRing ring(3);
    const Load load(state.range(0));
    for (auto _ : state) {
        const Packet token = ring.catch_token(0);
        time_piece(state, [&] { load.submit_burst(ring, 0); });
        ring.hand_over(token);
    }
    const std::uint64_t messages = runs_of(state) * ring.burst_frames() * load.per_frame();
    report(state, messages, messages * load.payload.size());
}

/// The token's visit that gives a burst its places, sends it, and delivers it here. Items: frames.
void send_burst(benchmark::State& state) {
    TinyRing ring(3);
    const Load load(state.range(0));
    const std::uint64_t sent = ring.count(0, CounterId::data_sent);
    for (auto _ : state) {
        const Packet token = ring.catch_token(0);
        load.submit_burst(ring, 0);
        time_piece(state, [&] { ring.hand_over(token); });
    }
    const std::uint64_t frames = runs_of(state) * ring.burst_frames();
    TORC_CHECK(ring.count(0, CounterId::data_sent) - sent == frames);
    report(state, frames, frames * load.per_frame() * load.payload.size());
}

/// Empties the wire: what is data for node 1 goes to `burst`, the token is given back, the rest is
/// handed over.
Packet sort_out(TinyRing& ring, std::vector<Packet>& burst) {
    Packet token;
    burst.clear();
    while (!ring.idle()) {
        const Packet packet = ring.take();
        if (packet.kind() == wire::Kind::token) {
            token = packet;
        } else if (packet.to == 1) {
            burst.push_back(packet);
        } else {
            ring.hand_over(packet);
        }
    }
    TORC_CHECK(token.frame && burst.size() == ring.burst_frames());
    return token;
}

/// DATA from another member, in order: stored, and its messages delivered. Items: frames.
void receive(benchmark::State& state) {
    TinyRing ring(3);
    const Load load(state.range(0));
    std::vector<Packet> burst;
    const std::uint64_t before = ring.delivered(1);
    for (auto _ : state) {
        const Packet visit = ring.catch_token(0);
        load.submit_burst(ring, 0);
        ring.hand_over(visit);
        const Packet token = sort_out(ring, burst);
        time_piece(state, [&] {
            for (const Packet& packet : burst) ring.hand_over(packet);
        });
        ring.hand_over(token);
    }
    const std::uint64_t frames = runs_of(state) * ring.burst_frames();
    TORC_CHECK(ring.delivered(1) - before == frames * load.per_frame());
    report(state, frames, frames * load.per_frame() * load.payload.size());
}

// --- whole rings ---------------------------------------------------------------------------------

/// A token that finds nothing to do. Items: visits.
void visit_idle(benchmark::State& state) {
    TinyRing ring(3);
    const std::uint64_t before = ring.count(0, CounterId::token_accepted);
    for (auto _ : state) {
        for (std::size_t i = 0; i < ring.size(); ++i) ring.hand_over(ring.take());
    }
    TORC_CHECK(ring.count(0, CounterId::token_accepted) - before == runs_of(state));
    const std::uint64_t visits = runs_of(state) * ring.size();
    report(state, visits, visits * (sizeof(wire::HopHeader) + sizeof(wire::TokenHeader)));
}

/// A ring of one: a message has its place, and is delivered, at once. Items: messages.
void order_alone(benchmark::State& state) {
    TinyRing ring(1);
    const Load load(state.range(0));
    const std::uint64_t before = ring.delivered(0);
    for (auto _ : state) {
        TORC_CHECK(ring.submit(0, load.payload) == Submit::queued);
    }
    TORC_CHECK(ring.delivered(0) - before == runs_of(state));
    report(state, runs_of(state), runs_of(state) * load.payload.size());
}

/// Three members that all send: submit, send, receive, deliver everywhere. One iteration is one
/// rotation with a burst from each. Items: messages ordered; each is delivered three times.
void order_by_three(benchmark::State& state) {
    TinyRing ring(3);
    const Load load(state.range(0));
    const auto service = static_cast<Service>(state.range(1));
    const std::uint64_t before = ring.delivered(2);
    for (auto _ : state) {
        for (std::size_t node = 0; node < ring.size(); ++node) {
            const Packet token = ring.catch_token(node);
            load.submit_burst(ring, node, service);
            ring.hand_over(token);
        }
    }
    for (int rotation = 0; rotation < 4; ++rotation) ring.hand_over(ring.catch_token(0));
    const std::uint64_t frames = runs_of(state) * ring.size() * ring.burst_frames();
    const std::uint64_t messages = frames * load.per_frame();
    ring.hand_over(ring.catch_token(2));
    TORC_CHECK(ring.delivered(2) - before == messages);
    report(state, messages, messages * load.payload.size());
    state.counters["per_frame"] = benchmark::Counter(
        static_cast<double>(frames), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

constexpr std::int64_t kAgreed = static_cast<std::int64_t>(Service::agreed);
constexpr std::int64_t kSafe = static_cast<std::int64_t>(Service::safe);

BENCHMARK(baseline_copy)->Arg(64)->Arg(1350);
BENCHMARK(submit)->Arg(64)->Arg(1350)->UseManualTime();
BENCHMARK(send_burst)->Arg(64)->Arg(1350)->UseManualTime();
BENCHMARK(receive)->Arg(64)->Arg(1350)->UseManualTime();
BENCHMARK(visit_idle);
BENCHMARK(order_alone)->Arg(64)->Arg(1350);
BENCHMARK(order_by_three)
    ->ArgNames({"bytes", "service"})
    ->Args({64, kAgreed})
    ->Args({1350, kAgreed})
    ->Args({64, kSafe})
    ->Args({1350, kSafe});

}  // namespace
}  // namespace torc::bench
