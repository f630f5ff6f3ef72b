// One record of what the protocol did: fixed size, no pointers. A ring buffer of these is the
// daemon's flight recorder; in the simulator they are the trace that a checker reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace torc::telemetry {

enum class TraceKind : std::uint16_t {
    state,           ///< a: from << 16 | to, b: cause, c: ring epoch
    frame_sent,      ///< a: seq, b: sender << 8 | service, c: ring epoch
    frame_stored,    ///< a: seq, b: sender, c: ring epoch
    token_accepted,  ///< a: token_seq, b: seq, c: ring epoch
    token_passed,    ///< a: token_seq, b: seq, c: aru
    token_resent,    ///< a: token_seq, b: times
    stable,          ///< a: stable, b: my_aru, c: high
    sent,            ///< my message got its place: as message; seq 0: it has none (unreliable)
    message,       ///< delivered message: a: seq, b: index << 32 | sender << 16 | service, c: hash
                   ///< or (in a daemon) length of the body, d (message only): ring epoch
    transitional,  ///< conf delivered: a: members << 16 | representative, b: hash of the member
                   ///< list, c: ring epoch, d: bitmap of the members with an index below 64
    regular,       ///< conf delivered: as transitional
    snapshot,      ///< STATE made: a: aru, b: high, c: stable
    plan,          ///< PLAN applied: a: high_max, b: holes, c: aid epoch
    hole,          ///< final hole: a: seq
    skipped,       ///< frame not delivered in a transitional configuration: a: seq, b: sender
    fault,         ///< seeded fault or mutant fired: a: which
};

struct TraceEvent {
    TraceKind kind{};
    NodeIndex node{kNoNode};
    Instant at{};
    std::uint64_t a{0};
    std::uint64_t b{0};
    std::uint64_t c{0};
    std::uint64_t d{0};
};

constexpr std::uint64_t kTraceHashStart = 0xCBF29CE484222325u;

/// Of a message's body, for the trace: a polynomial of its bytes plus one, so that eight of them
/// cost one step of the chain. Fed in pieces it gives the same as at once.
inline std::uint64_t trace_hash(std::span<const std::byte> bytes,
                                std::uint64_t so_far = kTraceHashStart) {
    constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15u;
    constexpr std::uint64_t kBase2 = kBase * kBase;
    constexpr std::uint64_t kBase4 = kBase2 * kBase2;
    const auto term = [&](std::size_t i) { return std::to_integer<std::uint64_t>(bytes[i]) + 1; };
    while (bytes.size() >= 8) {
        const std::uint64_t first =
            (term(0) * kBase + term(1)) * kBase2 + term(2) * kBase + term(3);
        const std::uint64_t last = (term(4) * kBase + term(5)) * kBase2 + term(6) * kBase + term(7);
        so_far = so_far * (kBase4 * kBase4) + first * kBase4 + last;
        bytes = bytes.subspan(8);
    }
    for (const std::byte byte : bytes) {
        so_far = so_far * kBase + std::to_integer<std::uint64_t>(byte) + 1;
    }
    return so_far;
}

}  // namespace torc::telemetry
