// A run: nodes, network, virtual time and a schedule of faults, all from one seed. First CHAOS,
// then HEAL: everything is repaired, and the living must come to rest in one ring.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "tests/sim/network.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::sim {

struct Outcome {
    bool failed{false};
    std::string what;          ///< the violation
    std::uint64_t events{0};   ///< packets, timers and client actions that reached an engine
    std::uint64_t messages{0};
    std::uint64_t installs{0};
    Nanos virtual_time{};
};

class World : public Wire {
public:
    explicit World(const Options& options);

    /// Runs to the end or to the first violation; never throws.
    Outcome run();

    void carry(std::uint32_t from, const wire::Transmit& transmit) override;

private:
    enum class Kind : std::uint8_t { packet, timer, client, fault, resume, restart };
    struct Event {
        Instant at;
        std::uint64_t tie;
        Kind kind;
        std::uint32_t node;
        std::uint32_t boot;  ///< packets and timers die with the boot they were for; 0: any
        Packet packet;
        bool operator>(const Event& other) const {
            return at != other.at ? at > other.at : tie > other.tie;
        }
    };

    void push(Instant at, Kind kind, std::uint32_t node, std::uint32_t boot, Packet packet = {});
    void run_until(const std::function<bool()>& done, Instant limit);
    void handle(const Event& event);
    void deliver(const Event& event);
    void arm_timer(std::uint32_t node);
    Nanos spread(Nanos mean);

    void boot(std::uint32_t node);
    void inject_fault();
    void crash(std::uint32_t node);
    void partition();
    void heal();
    bool at_rest() const;
    void finish();
    std::string picture() const;
    /// Fails a run in which packets beget packets: more events in a millisecond than any load makes.
    void watch_for_storm();

    Options options_;
    Prng prng_;
    Network network_;
    Oracle oracle_;
    std::vector<std::unique_ptr<SimNode>> nodes_;
    std::vector<Instant> timer_at_;
    std::vector<Instant> paused_until_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
    Instant now_{};
    std::uint64_t ties_{0};
    std::uint64_t events_{0};
    std::int64_t storm_millisecond_{0};
    std::uint64_t storm_events_{0};
    std::array<std::uint64_t, 16> sent_by_kind_{};
    bool chaos_{true};

    static constexpr std::uint64_t kStormEvents = 20'000;  ///< a node and millisecond
};

}  // namespace torc::sim
