#include "ordering/sent_trace.hpp"

namespace torc::ordering {

void SentTrace::frame(const Context& context, const wire::DataView& frame) {
    std::uint64_t index = 0;
    for (const wire::MessageView& piece : frame) {
        const bool fragment = piece.has(wire::kFragment);
        std::uint64_t& so_far = so_far_[piece.has(wire::kControlMessage) ? 1 : 0];
        const bool goes_on = fragment && !piece.has(wire::kFirstFragment);
        const std::uint64_t hash =
            telemetry::trace_hash(piece.bytes, goes_on ? so_far : telemetry::kTraceHashStart);
        if (fragment) so_far = hash;
        if (!fragment || piece.has(wire::kLastFragment)) {
            context.trace(telemetry::TraceKind::sent, frame.seq().raw,
                          index << 32 | std::uint64_t{raw(context.me.index)} << 16 |
                              static_cast<std::uint64_t>(piece.service()),
                          hash);
        }
        ++index;
    }
}

}  // namespace torc::ordering
