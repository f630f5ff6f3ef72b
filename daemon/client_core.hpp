// A second pinned thread, with `client_core` only: all clients, so that the ring core has nothing
// of them but operations and events in two rings (client_shm/server/core_link.hpp). Built and
// destroyed by the control thread.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "base/result.hpp"
#include "client_shm/server/client_relay.hpp"
#include "client_shm/server/relayed_plane.hpp"
#include "config/settings.hpp"
#include "dataplane/clock.hpp"
#include "dataplane/core_budget.hpp"
#include "dataplane/idle.hpp"

namespace torc::daemon {

class ClientCore {
public:
    /// Longest sleep, as of the ring core: bounds what a lost wake-up can cost.
    static constexpr Nanos kSleepMax = std::chrono::milliseconds(50);
    /// Longest standstill that the ring core waits for; less where token_loss is short.
    static constexpr Nanos kStallMax = std::chrono::milliseconds(10);

    /// The table is borrowed and outlives it. Fails: no memory, no descriptor.
    static Result<std::unique_ptr<ClientCore>> make(const config::NodeSettings& node,
                                                    Nanos token_loss,
                                                    client_shm::SessionTable& sessions);
    ~ClientCore();
    ClientCore(const ClientCore&) = delete;
    ClientCore& operator=(const ClientCore&) = delete;

    /// What the ring core drives.
    client_shm::ClientRelay& relay() { return relay_; }

    void start();
    /// After the ring core's last pass: clients get what it said, then the thread ends.
    void stop();

private:
    ClientCore(const config::NodeSettings& node, Nanos token_loss,
               client_shm::SessionTable& sessions, std::unique_ptr<client_shm::CoreLink> link);
    void run();
    void rest(dataplane::IdlePolicy& idle, dataplane::Work work, dataplane::Clock& clock);

    config::NodeSettings node_;
    client_shm::SessionTable& sessions_;
    std::unique_ptr<client_shm::CoreLink> link_;
    client_shm::ClientPlane plane_;
    client_shm::ClientRelay relay_;
    client_shm::RelayedPlane relayed_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace torc::daemon
