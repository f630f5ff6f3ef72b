// A cluster of daemons on this machine, for the demo, the benchmark and the system tests: writes
// the configuration, starts torcd processes, waits for their ring, and leaves nothing behind.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tools/torc/interrupt.hpp"
#include "tools/torc/netns.hpp"
#include "tools/torc/process.hpp"
#include "tools/torc/session.hpp"
#include "tools/torc/status_reader.hpp"

namespace torc::tool {

/// What the daemons are joined by.
enum class Layout : std::uint8_t {
    vhost,            ///< DPDK over vhost-user pairs: no privileges, no kernel in the path
    udp,              ///< kernel UDP on loopback addresses
    af_packet,        ///< DPDK net_af_packet on veth pairs and a bridge, one private namespace
    netns_udp,        ///< kernel UDP, a network namespace for each daemon, joined by a bridge
    netns_af_packet,  ///< DPDK net_af_packet in the same namespaces
    netns_mixed,      ///< the last daemon on kernel UDP, the others on net_af_packet
};

Layout layout_named(const std::string& name);
const char* name_of(Layout layout);

struct ClusterPlan {
    Layout layout{Layout::vhost};
    std::size_t nodes{3};
    std::string torcd;  ///< path of the daemon; empty: beside this program
    /// "section.key=value", given to every daemon, as are the words of TORC_CLUSTER_SETTINGS.
    std::vector<std::string> settings;
    std::uint16_t data_port{0};  ///< 0: derived from the pid, so clusters can coexist
    std::size_t mtu{1500};
    bool keep{false};  ///< leave daemons, folder and networks behind at the end
};

class LocalCluster {
public:
    explicit LocalCluster(ClusterPlan plan);
    ~LocalCluster();
    LocalCluster(const LocalCluster&) = delete;
    LocalCluster& operator=(const LocalCluster&) = delete;

    /// Starts all daemons and waits until they are one ring; throws with the log's end otherwise.
    void start();
    void start_daemon(std::size_t node);
    /// SIGKILL: the way power fails.
    void kill_daemon(std::size_t node);
    /// SIGTERM, and waits: the way an operator stops it. False if it did not end in time.
    bool stop_daemon(std::size_t node, double seconds = 10);
    /// The node's cable at the switch: pulled, put back. Layouts with a bridge only.
    bool has_cables() const { return networks_ != nullptr; }
    void unplug(std::size_t node) { networks_->ports().unplug(node); }
    void plug(std::size_t node) { networks_->ports().plug(node); }
    /// Such layouts only: where their switch is.
    std::string switch_space() const { return networks_->switch_space(); }
    /// Waits until each running daemon sees a ring of `members` members.
    bool wait_for_ring(std::size_t members, double seconds);

    std::size_t size() const { return plan_.nodes; }
    Process& daemon(std::size_t node) { return *daemons_[node]; }
    Target target(std::size_t node, const std::string& session = {}) const;
    std::optional<DaemonStatus> status(std::size_t node) const;
    /// How another program is run in the place of that node's daemon, with the same settings.
    std::vector<std::string> command_at(std::size_t node, const std::string& program) const;
    const std::string& folder() const { return folder_; }
    std::string log_of(std::size_t node) const;
    /// The ends of the logs of daemons that ended by themselves; empty if none did.
    std::string obituaries();

private:
    std::string write_config() const;
    std::string address_of(std::size_t node) const;
    std::string tail_of_log(std::size_t node) const;
    void clean_up();

    ClusterPlan plan_;
    std::string folder_;
    std::unique_ptr<Networks> networks_;
    std::vector<std::unique_ptr<Process>> daemons_;
    std::mutex changing_;  ///< daemons come and go, and a signal may end everything meanwhile
    bool cleaned_{false};
    std::unique_ptr<CleanUpOnSignal> on_signal_;
};

}  // namespace torc::tool
