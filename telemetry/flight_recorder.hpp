// The last N events of the protocol, overwritten in turn: what the daemon prints when it dies of a
// broken invariant, and what `torc dump` asks for.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.hpp"
#include "telemetry/trace.hpp"

namespace torc::telemetry {

/// Works on memory that it is given. Threads: the ring core alone.
class FlightRecorder {
public:
    /// Takes room for a power of two of events, which outlives the recorder.
    explicit FlightRecorder(std::span<TraceEvent> room) : room_{room} {
        TORC_CHECK(std::has_single_bit(room.size()));
    }

    /// Where the next event goes; fill all of it. In place, as a copy of what was just written
    /// waits until the writes have left the store buffer: three quarters of the cost.
    TraceEvent& next() { return room_[recorded_++ & (room_.size() - 1)]; }
    void record(const TraceEvent& event) {
        TraceEvent& to = next();
        to.kind = event.kind;
        to.node = event.node;
        to.at = event.at;
        to.a = event.a;
        to.b = event.b;
        to.c = event.c;
        to.d = event.d;
    }

    /// Events so far, overwritten ones included.
    std::uint64_t recorded() const { return recorded_; }
    std::size_t kept() const {
        return recorded_ < room_.size() ? static_cast<std::size_t>(recorded_) : room_.size();
    }
    /// From the oldest that is kept (0) to the newest.
    const TraceEvent& operator[](std::size_t position) const {
        TORC_DCHECK(position < kept());
        return room_[(recorded_ - kept() + position) & (room_.size() - 1)];
    }

private:
    std::span<TraceEvent> room_;
    std::uint64_t recorded_{0};
};

/// Where a dump goes, line by line, without the line's end.
struct LineSink {
    void* context{nullptr};
    void (*line_fn)(void* context, std::string_view line){nullptr};
};

std::string_view name_of(TraceKind kind);

/// Longest line that `format` makes.
inline constexpr std::size_t kTraceLineMax = 192;

/// One event as text: time in seconds, node, kind, the three values in decimal and hexadecimal.
/// Gives the part of `room` that was written. No allocation: fit for a dying process.
std::string_view format(const TraceEvent& event, std::span<char, kTraceLineMax> room);

/// The newest `limit` events, oldest first, after a line that says how many there were.
void dump(const FlightRecorder& recorder, const LineSink& sink, std::size_t limit = SIZE_MAX);

}  // namespace torc::telemetry
