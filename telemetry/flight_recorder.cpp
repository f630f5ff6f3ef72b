// Text of recorded events.
#include "telemetry/flight_recorder.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace torc::telemetry {

std::string_view name_of(TraceKind kind) {
    switch (kind) {
        case TraceKind::state:
            return "state";
        case TraceKind::frame_sent:
            return "frame_sent";
        case TraceKind::frame_stored:
            return "frame_stored";
        case TraceKind::token_accepted:
            return "token_accepted";
        case TraceKind::token_passed:
            return "token_passed";
        case TraceKind::token_resent:
            return "token_resent";
        case TraceKind::stable:
            return "stable";
        case TraceKind::sent:
            return "sent";
        case TraceKind::message:
            return "message";
        case TraceKind::transitional:
            return "transitional";
        case TraceKind::regular:
            return "regular";
        case TraceKind::snapshot:
            return "snapshot";
        case TraceKind::plan:
            return "plan";
        case TraceKind::hole:
            return "hole";
        case TraceKind::skipped:
            return "skipped";
        case TraceKind::fault:
            return "fault";
    }
    return "unknown";
}

std::string_view format(const TraceEvent& event, std::span<char, kTraceLineMax> room) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(ns_of(event.at), 0));
    const std::string_view kind = name_of(event.kind);
    const int written =
        std::snprintf(room.data(), room.size(),
                      "%" PRIu64 ".%09" PRIu64 " node %u %-14.*s %" PRIu64 " %" PRIu64 " %" PRIu64
                      " (%" PRIx64 " %" PRIx64 " %" PRIx64 ")",
                      ns / kSecond, ns % kSecond, static_cast<unsigned>(raw(event.node)),
                      static_cast<int>(kind.size()), kind.data(), event.a, event.b, event.c,
                      event.a, event.b, event.c);
    TORC_CHECK(written > 0 && static_cast<std::size_t>(written) < room.size());
    return {room.data(), static_cast<std::size_t>(written)};
}

void dump(const FlightRecorder& recorder, const LineSink& sink, std::size_t limit) {
    std::array<char, kTraceLineMax> room;
    const std::size_t shown = std::min(recorder.kept(), limit);
    const int written = std::snprintf(room.data(), room.size(),
                                      "flight recorder: the last %zu of %" PRIu64 " events", shown,
                                      recorder.recorded());
    sink.line_fn(sink.context, {room.data(), static_cast<std::size_t>(written)});
    for (std::size_t i = recorder.kept() - shown; i < recorder.kept(); ++i) {
        sink.line_fn(sink.context, format(recorder[i], room));
    }
}

}  // namespace torc::telemetry
