// Makes faults happen to a local cluster, and heals it. What the network ought to be like follows
// from the faults that are active; `step` brings it there, so that faults may overlap and a daemon
// that comes back finds the cuts that are in force.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/lossy_page.hpp"
#include "tests/chaos/schedule.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::chaos {

class Injector {
public:
    /// `base`: rates in force when nothing else is. `say` gets a line for everything done; `client`
    /// kills a client or brings it back.
    Injector(tool::LocalCluster& cluster, const dataplane::LossyRates& base,
             std::function<void(const std::string&)> say,
             std::function<void(std::uint32_t client, bool up)> client);

    /// Begins what is due at `now` of the schedule, ends what is over, repairs what differs.
    void step(const std::vector<Fault>& schedule, Millis now);
    /// Ends all faults, boots all daemons, and loses nothing any more.
    void heal();
    /// Brings the network to what it ought to be; cheap when it is.
    void reconcile();

    /// Daemons that ended although nobody ended them, with the ends of their logs; empty: none.
    const std::string& crashes() const { return crashes_; }
    const std::array<std::uint64_t, kFaultKinds>& begun() const { return begun_; }

private:
    struct Active {
        Fault fault;
        std::uint64_t boot{0};  ///< pause: the daemon's when it was paused
    };
    enum class Daemon : std::uint8_t { up, killed, stopping };

    void begin(const Fault& fault, Millis now);
    void end(const Active& active);
    void boot(std::uint32_t node);
    void look_for_crashes();
    void reconcile_cables();
    void reconcile_rates();
    std::uint32_t place_of(std::uint32_t node) const;
    dataplane::LossyRates wanted_rates(std::uint32_t node) const;
    bool is_storm() const;

    tool::LocalCluster& cluster_;
    dataplane::LossyRates base_;
    std::function<void(const std::string&)> say_;
    std::function<void(std::uint32_t client, bool up)> client_;
    std::unique_ptr<tool::BridgePorts> other_switch_;
    std::size_t next_{0};  ///< in the schedule
    Millis now_{};
    std::vector<Active> active_;
    std::vector<Daemon> daemons_;
    std::vector<std::uint64_t> boots_;
    std::vector<std::uint32_t> places_;  ///< where each cable is
    std::string crashes_;
    std::array<std::uint64_t, kFaultKinds> begun_{};
};

}  // namespace torc::chaos
