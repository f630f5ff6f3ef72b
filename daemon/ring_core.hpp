// The pinned thread with everything that touches the protocol, and how the control thread talks to
// it. Built and destroyed by the control thread; in between only the mailbox is shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client_shm/server/client_plane.hpp"
#include "config/settings.hpp"
#include "daemon/client_core.hpp"
#include "dataplane/clock.hpp"
#include "dataplane/loop_mailbox.hpp"
#include "dataplane/loop_outlet.hpp"
#include "dataplane/poll_loop.hpp"
#include "dataplane/port.hpp"
#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/flight_recorder.hpp"

namespace torc::daemon {

/// What the core tells about itself when asked; copied between two passes.
struct CoreStatus {
    membership::State state{};
    membership::Cause cause{};
    RingId ring;
    wire::MemberList members;
    Seq high;
    Seq aru;
    Seq stable;
    Seq delivered;
};

class RingCore {
public:
    using Plane = client_shm::ClientPlane;

    /// Everything borrowed outlives the core. `client_core`: runs the clients; nullptr: they run
    /// here.
    RingCore(const config::ClusterSettings& cluster, const config::NodeSettings& node,
             const engine::EngineOptions& identity, dataplane::Port& port,
             client_shm::SessionTable& sessions, ClientCore* client_core,
             dataplane::LoopMailbox& mailbox, telemetry::CounterSet& counters);
    ~RingCore();
    RingCore(const RingCore&) = delete;
    RingCore& operator=(const RingCore&) = delete;

    void start();
    /// Waits for the thread; a `stop` command must have been sent.
    void join();

    /// Commands for the mailbox, run between two passes of the core.
    dataplane::LoopCommand status_command(std::uint64_t ticket);
    dataplane::LoopCommand kick_all_command(std::uint64_t ticket);
    /// Valid once the report with the ticket of `status_command` is in.
    const CoreStatus& status() const { return status_; }
    const telemetry::FlightRecorder& flight_recorder() const { return recorder_; }

private:
    /// Events that the flight recorder keeps: some tens of milliseconds of a busy ring.
    static constexpr std::size_t kEventsKept = 16384;

    static void take_status(void* core);
    static void kick_all(void* core);
    void copy_counters();
    void copy_client_counters();
    void run();
    template <typename Clients>
    void drive(Clients& clients, dataplane::LoopOutlet<Clients>& outlet);
    engine::Effects make_outlet(client_shm::SessionTable& sessions);

    config::NodeSettings node_;
    Nanos token_loss_;
    dataplane::Port& port_;
    dataplane::LoopMailbox& mailbox_;
    telemetry::CounterSet& counters_;
    std::vector<telemetry::TraceEvent> events_;
    telemetry::FlightRecorder recorder_;
    ClientCore* client_core_;
    // Clients here, or there.
    std::optional<Plane> plane_;
    std::optional<dataplane::LoopOutlet<Plane>> outlet_;
    std::optional<dataplane::LoopOutlet<client_shm::ClientRelay>> relay_outlet_;
    engine::Engine engine_;
    const dataplane::IdleCounters* idle_{nullptr};  ///< while the thread runs; its loop's
    const engine::PauseCounters* pauses_{nullptr};  ///< the same
    CoreStatus status_;
    std::thread thread_;
};

}  // namespace torc::daemon
