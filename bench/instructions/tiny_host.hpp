// The ring core of one daemon as daemon/ring_core.cpp puts it together, with one session: the real
// poll loop, engine, client plane and flight recorder, on a port, a clock and a client that the
// program plays. One call is one pass of the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/instructions/tiny_port.hpp"
#include "bench/micro/tiny_client.hpp"
#include "client_shm/server/client_plane.hpp"
#include "dataplane/clock.hpp"
#include "dataplane/loop_mailbox.hpp"
#include "dataplane/loop_outlet.hpp"
#include "dataplane/poll_loop.hpp"
#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/flight_recorder.hpp"

namespace torc::bench {

/// Nanoseconds of all hosts; nothing but the program moves them.
using VirtualTime = std::int64_t;

class TinyHost {
public:
    using Plane = client_shm::ClientPlane;
    using Loop = dataplane::BasicPollLoop<engine::Engine, Plane>;

    /// Borrowed: the wire and the time, which outlive the host.
    TinyHost(const config::ClusterSettings& cluster, NodeIndex me, TinyWire& wire,
             VirtualTime& time);
    /// All loans are back; what waited in the inbox is let go.
    ~TinyHost();
    TinyHost(const TinyHost&) = delete;
    TinyHost& operator=(const TinyHost&) = delete;

    void start();
    void pass();

    Inbox& inbox() { return inbox_; }
    Plane& plane() { return plane_; }
    TinyClient& client() { return client_; }
    SessionId session() const { return slot_.id; }
    const engine::Engine& engine() const { return engine_; }
    std::uint64_t count(telemetry::CounterId id) const { return counters_.get(id); }

private:
    /// As in daemon/ring_core.hpp.
    static constexpr std::size_t kEventsKept = 16384;

    TinyWire& wire_;
    NodeIndex me_;
    Inbox inbox_;
    std::unique_ptr<dataplane::Port> port_;
    dataplane::Clock clock_;
    std::unique_ptr<dataplane::LoopMailbox> mailbox_;
    std::unique_ptr<client_shm::SessionTable> table_;
    const client_shm::SessionSlot& slot_;
    TinyClient client_;
    telemetry::CounterValues values_;
    telemetry::CounterSet counters_{values_};
    std::vector<telemetry::TraceEvent> events_;
    telemetry::FlightRecorder recorder_;
    Plane plane_;
    dataplane::LoopOutlet<Plane> outlet_;
    engine::Engine engine_;
    Loop loop_;
};

}  // namespace torc::bench
