// Sees all that the oracle sees, when it sees it: a second observer of a run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/effects.hpp"
#include "telemetry/trace.hpp"
#include "tests/sim/life.hpp"

namespace torc::sim {

class Witness {
public:
    virtual ~Witness() = default;
    virtual void on_boot(Life life) = 0;
    virtual void on_trace(Life life, const telemetry::TraceEvent& event) = 0;
    /// A client is about to hand a message over; again and again with a large one.
    virtual void on_said(Life life, SessionId session, std::uint64_t message, Service service,
                         const std::vector<std::string>& groups, bool subgroup) = 0;
    /// All of it was taken.
    virtual void on_taken(Life life, SessionId session, std::uint64_t message) = 0;
    /// A message that was taken came to nothing, and its client was told.
    virtual void on_refused(Life life, SessionId session, std::uint64_t message) = 0;
    virtual void on_asked(Life life, SessionId session, std::string_view group) = 0;
    virtual void on_flushed(Life life, SessionId session, std::string_view group) = 0;
    virtual void on_received(Life life, SessionId session, std::uint64_t message,
                             const engine::Delivery& delivery) = 0;
    virtual void on_view(Life life, const engine::ViewEvent& event) = 0;
    virtual void on_closed(Life life, SessionId session) = 0;
    /// The engine ended it.
    virtual void on_lost(Life life, SessionId session) = 0;
    /// The run came to rest, and only these still live.
    virtual void at_rest(const std::vector<Life>& alive) = 0;
};

}  // namespace torc::sim
