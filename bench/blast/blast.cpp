#include "bench/blast/blast.hpp"

#include <algorithm>
#include <array>
#include <bitset>

#include <sched.h>
#include <time.h>

#include "base/limits.hpp"
#include "bench/blast/blast_frame.hpp"

namespace torc::blast {
namespace {

constexpr std::size_t kBurst = 64;                          // frames between two flushes
constexpr Nanos kPatience{std::chrono::seconds{30}};        // for all to be there
constexpr Nanos kStep{std::chrono::milliseconds{1}};        // between two hellos, or ends
constexpr Nanos kFarewell{std::chrono::milliseconds{300}};  // as long are ends sent
constexpr std::size_t kUncounted = kTurns.size();           // of the warm-up
constexpr Nanos kSilenceMax{std::chrono::seconds{1}};       // without a frame the sender is gone

Instant now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return instant_from_ns(time.tv_sec * 1'000'000'000 + time.tv_nsec);
}

/// Hands each frame of a blast that has come to `take`; false if nothing came.
template <typename Take>
bool poll(dataplane::Port& port, Take&& take) {
    std::array<FrameRef, kBurst> frames;
    const std::size_t count = port.receive(frames);
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto frame = read_frame(frames[i].bytes())) take(*frame, frames[i].size);
        port.release(frames[i].cookie);
    }
    return count != 0;
}

/// False when the pool was dry.
bool queue(dataplane::Port& port, const BlastPlan& plan, Kind kind, NodeIndex to = kNoNode,
           std::size_t turn = 0) {
    FrameRef frame = port.acquire();
    if (!frame) return false;
    frame.size = plan.frame_bytes;
    write_frame(frame.room(), kind, plan.me, static_cast<std::uint16_t>(turn));
    port.transmit({frame, to, wire::Channel::data});
    port.release(frame.cookie);
    return true;
}

/// Housekeeping of the port every kStep, as the poll loop does it.
class Upkeep {
public:
    explicit Upkeep(dataplane::Port& port) : port_(port) {}
    /// True if it was time.
    bool step(Instant at) {
        if (at < next_) return false;
        next_ = at + kStep;
        port_.maintain(at);
        return true;
    }

private:
    dataplane::Port& port_;
    Instant next_{};
};

/// When the sender lets the receivers run, which may share its core: after so many frames, and when
/// the port takes no more. Who starves them measures what is lost.
class Turn {
public:
    Turn(dataplane::Port& port, std::uint32_t frames) : port_(port), frames_(frames) {}

    void step(std::size_t sent) {
        sent_ += sent;
        const std::uint64_t dropped = port_.counters().tx_dropped;
        if (sent_ < frames_ && dropped == dropped_) return;
        sent_ = 0;
        dropped_ = dropped;
        ::sched_yield();
    }

private:
    dataplane::Port& port_;
    std::size_t frames_;
    std::size_t sent_{0};
    std::uint64_t dropped_{0};
};

/// Says hello until everybody has answered.
bool gather(dataplane::Port& port, const BlastPlan& plan) {
    Upkeep upkeep(port);
    std::bitset<kNodesMax> ready;
    ready.set(raw(plan.me));
    const Instant limit = now() + kPatience;
    for (Instant at = now(); at < limit && ready.count() < plan.nodes; at = now()) {
        if (upkeep.step(at)) queue(port, plan, Kind::hello);
        port.flush();
        const bool busy = poll(port, [&](const BlastFrame& frame, std::uint32_t) {
            if (frame.kind == Kind::ready && frame.from < plan.nodes) ready.set(frame.from);
        });
        if (!busy) ::sched_yield();
    }
    return ready.count() >= plan.nodes;
}

void say_end(dataplane::Port& port, const BlastPlan& plan) {
    Upkeep upkeep(port);
    const Instant limit = now() + kFarewell;
    for (Instant at = now(); at < limit; at = now()) {
        if (upkeep.step(at)) queue(port, plan, Kind::end);
        port.flush();
        poll(port, [](const BlastFrame&, std::uint32_t) {});
        ::sched_yield();
    }
}

/// Sends as fast as the port takes it, in one of the ways to take turns.
void send_turn(dataplane::Port& port, const BlastPlan& plan, std::size_t number, Instant limit) {
    Upkeep upkeep(port);
    Turn turn(port, kTurns[std::min(number, kTurns.size() - 1)]);
    for (Instant at = now(); at < limit; at = now()) {
        upkeep.step(at);
        for (std::size_t i = 0; i < kBurst && queue(port, plan, Kind::load, kNoNode, number); ++i) {
        }
        port.flush();
        poll(port, [](const BlastFrame&, std::uint32_t) {});
        turn.step(kBurst);
    }
}

}  // namespace

Result<std::uint64_t> send_blast(dataplane::Port& port, const BlastPlan& plan) {
    if (!gather(port, plan)) return failure("not all nodes answered");
    const std::uint64_t before = port.counters().tx_frames;
    // Turn kUncounted is of no receiver's interest: buffers and neighbours become warm.
    send_turn(port, plan, kUncounted, now() + plan.warm_up);
    const Nanos part = plan.time / static_cast<std::int64_t>(kTurns.size());
    for (std::size_t turn = 0; turn < kTurns.size(); ++turn) {
        send_turn(port, plan, turn, now() + part);
    }
    const std::uint64_t sent = port.counters().tx_frames - before;
    say_end(port, plan);
    return sent;
}

Result<TurnTallies> count_blast(dataplane::Port& port, const BlastPlan& plan) {
    Upkeep upkeep(port);
    TurnTallies tallies(plan.time);
    bool ended = false;
    Instant last = now();
    const Instant limit = now() + kPatience + plan.warm_up;
    while (!ended) {
        const Instant at = now();
        upkeep.step(at);
        const bool busy = poll(port, [&](const BlastFrame& frame, std::uint32_t size) {
            if (frame.kind == Kind::hello && frame.from < plan.nodes)
                queue(port, plan, Kind::ready, NodeIndex(frame.from));
            if (frame.kind == Kind::end) ended = true;
            if (frame.kind == Kind::load) tallies.add(at, frame.turn, 1, size);
        });
        port.flush();
        if (busy) {
            last = at;
            continue;
        }
        if (tallies.begun() ? at - last >= kSilenceMax : at >= limit) break;
        ::sched_yield();
    }
    if (!tallies.begun()) return failure("no blast came");
    if (!tallies.complete()) return failure("the blast ended too early");
    return tallies;
}

}  // namespace torc::blast
