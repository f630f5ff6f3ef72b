// One host of the physical simulator: an engine, its frame memory, and one session that sends at a
// given rate to the one group that everybody is in; beside it a population that only joins. It
// notes what figures are made of: when each configuration came, the first and last delivery in it,
// and how long messages took.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "tests/sim/arena.hpp"
#include "tests/sim/client_cpu.hpp"
#include "tests/sim/oracle.hpp"
#include "tests/sim/physical_network.hpp"
#include "tests/sim/population.hpp"

namespace torc::sim {

/// CPU that a message takes, beside its frame's.
struct MessageCosts {
    Nanos in{0};   ///< from the session into a frame
    Nanos out{0};  ///< of another node: from a frame to the session
    Nanos own{0};  ///< one's own, that comes back in the order
    /// The same of the node's second CPU, where clients have one; all 0: they have none. Then
    /// those above are what is left for the first.
    Nanos client_in{0};
    Nanos client_out{0};
    Nanos client_own{0};

    bool has_client_core() const { return client_in + client_out + client_own > Nanos{0}; }
};

/// Which tokens have a class of their own in the switch, in front of all data.
enum class TokenPriority : std::uint8_t {
    never,
    below_half,  ///< those that leave with less in flight than half of what may be
    always,
};

struct PhysicalOptions {
    PhysicalParameters parameters;
    MessageCosts costs;
    config::ClusterSettings cluster;
    std::uint64_t seed{1};
    Nanos interval{std::chrono::microseconds{20}};  ///< mean time between a node's messages
    std::uint64_t poisson_ps{0};      ///< not 0: instead of `interval`, at random, in picoseconds
    std::uint32_t records_a_pass{0};  ///< messages that a pass takes; 0: what the engine takes
    std::uint32_t loss_ppm{0};        ///< of a million copies on a link to a node, lost by dice
    /// What the poll loop does not do: a token leaves before what its visit delivers is delivered.
    bool token_first{false};
    TokenPriority token_priority{TokenPriority::never};
    std::size_t payload{200};
    bool saturate{false};  ///< always another message instead
    Service service{Service::agreed};
    bool watched{true};  ///< by the oracle: slower
    Population population;
};

PhysicalOptions physical_options(std::uint32_t nodes, const config::Timers& timers);

/// One regular configuration, as a host lived through it. Times are of its CPU.
struct Stay {
    std::uint64_t members{0};  ///< bitmap
    Instant installed{};
    Instant first{kNever};  ///< delivery to the session
    Instant last{kNever};   ///< delivery in the regular configuration
};

/// The CPU that the host runs on: what it sends leaves when the CPU got to it.
class PhysicalCpu {
public:
    virtual ~PhysicalCpu() = default;
    virtual void transmit(std::uint32_t host, const wire::Transmit& transmit) = 0;
    virtual Instant clock() const = 0;
    /// The CPU is busy for so long.
    virtual void spend(Nanos time) = 0;
    /// The oracle found a broken promise.
    virtual void violated(const std::string& what) = 0;
};

class PhysicalHost {
public:
    PhysicalHost(const PhysicalOptions& options, std::uint32_t index, PhysicalCpu& cpu,
                 Oracle& oracle);

    void boot(Instant now, std::uint64_t randomness);
    void crash();
    void leave(Instant now) { engine_->leave(now); }
    void receive(Instant now, const std::vector<std::byte>& packet);
    void timer(Instant now) { engine_->on_timer(now); }
    void want_to_send(Instant now);
    /// Gives the engine what it takes, as each pass of the poll loop does.
    void offer(Instant now);

    bool alive() const { return engine_ != nullptr; }
    bool left() const { return alive() && engine_->left(); }
    /// The engine has taken all joins of its sessions.
    bool all_joined() const { return joined_ && joins_ == options_.population.joins_of(index_); }
    std::uint32_t boots() const { return boots_; }
    const engine::Engine& engine() const { return *engine_; }
    const telemetry::CounterSet& counters() const { return *counters_; }

    const std::vector<Stay>& stays() const { return stays_; }
    /// From a client's wish to the delivery here, of each message, whoever sent it.
    const std::vector<Nanos>& latencies() const { return latencies_; }
    std::uint64_t bytes_delivered() const { return bytes_delivered_; }
    std::uint64_t messages_delivered() const { return latencies_.size(); }
    /// Messages that the session gave up because too many waited.
    std::uint64_t unsent() const { return unsent_; }
    /// The last pass took as many as it may, not as many as there were.
    bool has_more() const { return more_; }
    /// Time that the second CPU was busy so far.
    Nanos client_busy() const { return client_cpu_.busy(); }
    void forget_deliveries();

private:
    engine::Effects effects();
    void traced(const telemetry::TraceEvent& event);
    void received(const engine::Delivery& delivery);
    Instant hand_over(Nanos cost);
    bool has_message() const { return options_.saturate || !wishes_.empty(); }
    bool send(Instant now, Instant wished);
    void open(Instant now, std::uint16_t slot);
    bool join(Instant now, std::uint16_t slot, std::string_view group);
    void join_population(Instant now);

    /// A session that waits for more stops wishing.
    static constexpr std::size_t kWishesMax = 256;

    const PhysicalOptions& options_;
    std::uint32_t index_;
    std::string private_name_;  ///< of the session that sends
    std::uint32_t boots_{0};
    PhysicalCpu& cpu_;
    Oracle& oracle_;
    std::unique_ptr<Arena> arena_;
    telemetry::CounterValues counter_values_;
    std::unique_ptr<telemetry::CounterSet> counters_;
    std::unique_ptr<engine::Engine> engine_;
    bool joined_{false};
    bool said_{false};        ///< its last operation was a message like all others
    std::uint32_t joins_{0};  ///< of the population, taken so far
    std::deque<Instant> wishes_;
    std::vector<std::byte> payload_;
    std::vector<Stay> stays_;
    bool in_transitional_{false};
    std::vector<Nanos> latencies_;
    std::uint64_t bytes_delivered_{0};
    std::uint64_t unsent_{0};
    bool more_{false};
    ClientCpu client_cpu_;
};

}  // namespace torc::sim
