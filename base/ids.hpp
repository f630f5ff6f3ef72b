// Names of things as types, so that a sequence number is never mistaken for an index.
#pragma once

#include <compare>
#include <cstdint>

namespace torc {

/// A daemon's place in the cluster configuration; stable for the cluster's life.
enum class NodeIndex : std::uint16_t {};
inline constexpr NodeIndex kNoNode{0xFFFF};
constexpr std::uint16_t raw(NodeIndex index) { return static_cast<std::uint16_t>(index); }

/// One boot of a daemon: random, never 0. Two incarnations have no order.
enum class Incarnation : std::uint64_t {};
constexpr std::uint64_t raw(Incarnation incarnation) {
    return static_cast<std::uint64_t>(incarnation);
}

/// What "member" always means: a daemon *and* its boot (protocol.md 4.3).
struct Member {
    NodeIndex index{kNoNode};
    Incarnation incarnation{};
    friend auto operator<=>(const Member&, const Member&) = default;
};

/// A configuration's identity. `epoch` is counter:40 | salt:24; the counter orders rings, the salt
/// keeps a restarted daemon from reusing an id that its former peers still hold.
struct RingId {
    std::uint64_t epoch{0};
    NodeIndex representative{kNoNode};
    friend auto operator<=>(const RingId&, const RingId&) = default;
};

/// Place of a frame in the ring's total order, from 1. 64 bits do not wrap.
struct Seq {
    std::uint64_t raw{0};
    friend auto operator<=>(Seq, Seq) = default;
    constexpr Seq next() const { return Seq{raw + 1}; }
    constexpr Seq prev() const { return Seq{raw - 1}; }
};
constexpr Seq operator+(Seq seq, std::uint64_t distance) { return Seq{seq.raw + distance}; }
/// Frames from `from` (exclusive) to `to` (inclusive); `from` must not be the later one.
constexpr std::uint64_t distance(Seq from, Seq to) { return to.raw - from.raw; }

/// A local session of one daemon: slot in its table and generation of that slot, so that a late
/// answer never reaches the session that took the slot over.
struct SessionId {
    std::uint16_t slot{0xFFFF};
    std::uint16_t generation{0};
    friend auto operator<=>(const SessionId&, const SessionId&) = default;
};
constexpr std::uint32_t raw(SessionId id) {
    return static_cast<std::uint32_t>(id.generation) << 16 | id.slot;
}
constexpr SessionId session_id(std::uint32_t raw_id) {
    return SessionId{static_cast<std::uint16_t>(raw_id & 0xFFFF),
                     static_cast<std::uint16_t>(raw_id >> 16)};
}

/// Service classes, ordered so that comparisons work (Spread's ladder).
enum class Service : std::uint8_t { unreliable, reliable, fifo, causal, agreed, safe };

}  // namespace torc
