// The counters file of this daemon: created at start, filled with what the control thread learns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client_shm/server/acceptor.hpp"
#include "config/settings.hpp"
#include "daemon/ring_core.hpp"
#include "telemetry/counters_file.hpp"

namespace torc::daemon {

class StatusWriter {
public:
    static Result<std::unique_ptr<StatusWriter>> open(const std::string& runtime_dir,
                                                      const config::ClusterSettings& cluster,
                                                      NodeIndex me, Incarnation incarnation);

    /// What the ring core counts.
    telemetry::CounterSet& counters() { return counters_; }

    /// Publishes the core's state and proves that it lives.
    void write(const CoreStatus& core, Instant now);
    /// Publishes which sessions are open, and who is behind them.
    void write_sessions(const client_shm::SessionTable& table,
                        const client_shm::Acceptor& acceptor);

private:
    StatusWriter(telemetry::CountersFile file, const config::ClusterSettings& cluster,
                 NodeIndex me);

    telemetry::CountersFile file_;
    telemetry::CounterSet counters_;
    std::unique_ptr<telemetry::StatusBlock> block_;
    std::vector<bool> shown_ = std::vector<bool>(kSessionsMax);  ///< places that hold a session
};

}  // namespace torc::daemon
