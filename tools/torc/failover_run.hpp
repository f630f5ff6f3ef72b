// What a change of the ring costs clients, measured on real daemons: one of them is killed, stopped
// in good order, or cut off and joined again, while clients on all of them multicast or only wait.
// Also the opposite: a long time of full load in which nothing may change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tools/torc/load.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {

/// What befalls the victim, and which view is waited for.
enum class Fault : std::uint8_t {
    kill,  ///< SIGKILL: until the survivors' clients have the view without it
    stop,  ///< SIGTERM: the same
    cut,   ///< its cable is pulled: until both sides' clients have their views
    heal,  ///< and put back: until all clients have the view with everybody
};
const char* name_of(Fault fault);

struct FailoverPlan {
    ClusterPlan cluster;
    bool loaded{true};  ///< clients flood; else they only receive
    LoadPlan load;      ///< of each client, if loaded
    std::size_t runs{10};
};

/// One fault, some number of times; milliseconds, as the last client concerned saw it.
struct FaultSamples {
    Fault fault{};
    std::vector<double> view_ms;     ///< from the fault to the new view
    std::vector<double> silence_ms;  ///< longest time without a message around it; empty when idle
};

struct FailoverResult {
    std::vector<FaultSamples> faults;
    std::uint64_t unexpected_views{0};  ///< that came while nothing was done
    std::vector<double> poll_gap_ms;    ///< longest of each daemon that lives at the end
};

struct SoakResult {
    double seconds{0};
    std::uint64_t messages{0};          ///< received by the slowest client
    std::uint64_t ring_changes{0};      ///< configurations after the first, all daemons
    std::uint64_t tokens_lost{0};       ///< all daemons
    std::uint64_t unexpected_views{0};  ///< all clients
    std::vector<double> poll_gap_ms;    ///< longest of each daemon
    double silence_ms{0};               ///< longest time in which a client received nothing
    std::vector<std::string> errors;    ///< of clients that ended early
    bool clean() const {
        return ring_changes + tokens_lost + unexpected_views == 0 && errors.empty();
    }
};

/// A cluster with one client a daemon, all in one group.
class FailoverRig {
public:
    explicit FailoverRig(const FailoverPlan& plan);
    ~FailoverRig();

    /// `heal` measures the cut that it needs as well. Throws if a view does not come in time.
    FailoverResult run(const std::vector<Fault>& faults);
    /// Lets the load run for that long.
    SoakResult soak(double seconds);

private:
    void start_client(std::size_t node);
    void start_clients();
    void settle(FailoverResult& result);
    void outlive_back_off() const;
    double await(std::int64_t since, std::size_t members, const std::vector<std::size_t>& nodes);
    double silence_of(const std::vector<std::size_t>& nodes);
    void end(Fault fault, std::size_t victim, FaultSamples& samples);
    void restore(std::size_t victim);
    void cut_and_heal(std::size_t victim, FailoverResult& result, FaultSamples& cut,
                      FaultSamples& heal);
    std::vector<double> poll_gaps() const;
    std::uint64_t sum_of(const std::string& counter) const;
    std::vector<std::size_t> all_but(std::size_t victim) const;
    std::vector<std::size_t> everyone() const { return all_but(plan_.cluster.nodes); }

    FailoverPlan plan_;
    LocalCluster cluster_;
    std::vector<std::unique_ptr<LoadClient>> clients_;
    int senders_so_far_{0};
    std::uint64_t random_{0x9E3779B97F4A7C15u};  ///< faults come at no fixed phase of anything
};

double median_of(std::vector<double> samples);
nlohmann::json to_json(const FailoverPlan& plan, const FailoverResult& result);
nlohmann::json to_json(const FailoverPlan& plan, const SoakResult& result);

}  // namespace torc::tool
