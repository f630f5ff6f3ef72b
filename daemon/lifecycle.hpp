// A daemon's life: everything is opened, the ring core runs, and in the end all goes back in the
// opposite order. This is the control thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "client_shm/server/acceptor.hpp"
#include "config/settings.hpp"
#include "daemon/open_port.hpp"
#include "daemon/ring_core.hpp"
#include "daemon/runtime_dir.hpp"
#include "daemon/status_writer.hpp"
#include "daemon/stop_signal.hpp"

namespace torc::daemon {

class Daemon {
public:
    /// Opens everything a daemon needs, or says what is missing and what to do.
    static Result<std::unique_ptr<Daemon>> open(const config::ClusterSettings& cluster,
                                                const config::NodeSettings& node);
    ~Daemon();

    /// Serves until SIGTERM or SIGINT, then leaves the ring in good order (a second signal, or
    /// kLeaveLimit, ends the wait). Gives the exit code.
    int run();

private:
    /// Longest time between two looks of the control thread at signals, reports and the port.
    static constexpr Nanos kTick = std::chrono::milliseconds(20);
    static constexpr Nanos kLeaveLimit = std::chrono::seconds(5);
    /// A host that stops again and again fills no log.
    static constexpr Nanos kSayPauseEvery = std::chrono::seconds(10);
    static constexpr std::uint64_t kStatusTicket = 1;
    static constexpr std::uint64_t kKickTicket = 2;
    static constexpr std::uint64_t kStopTicket = 3;

    Daemon(config::ClusterSettings cluster, config::NodeSettings node, NodeIndex me, NameLock lock);

    Result<void> open_parts();
    void tick();
    void hear_reports();
    void on_report(const dataplane::LoopReport& report);
    void say_state();
    void begin_leave();
    void stop_core();
    bool send(const dataplane::LoopCommand& command);

    config::ClusterSettings cluster_;
    config::NodeSettings node_;
    engine::EngineOptions identity_;
    NameLock lock_;
    StopSignal stop_signal_;
    std::unique_ptr<StatusWriter> status_;
    OpenPort port_;
    std::unique_ptr<client_shm::SessionTable> sessions_;
    std::unique_ptr<dataplane::LoopMailbox> mailbox_;
    std::unique_ptr<ClientCore> client_core_;  ///< if the settings want one
    std::unique_ptr<RingCore> core_;
    std::unique_ptr<client_shm::Acceptor> acceptor_;

    membership::State said_state_{membership::State::left};
    RingId said_ring_;
    Instant say_pause_from_{};
    bool status_asked_{false};
    bool left_{false};
    bool kicked_{false};
    bool stopped_{false};
};

}  // namespace torc::daemon
