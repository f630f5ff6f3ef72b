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
    std::string what;         ///< the violation
    std::uint64_t trace{0};   ///< hash of all that the oracle saw
    std::uint64_t events{0};  ///< packets, timers and client actions that reached an engine
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
    enum class Kind : std::uint8_t { packet, timer, client, fault, heal, restart };
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

    /// How a node's end comes: armed, then it counts the DATA that it still gets rid of. What goes
    /// out may hang in a switch until the others have long made their plan without it.
    struct Doom {
        bool armed{false};
        bool counting{false};   ///< the token is out
        std::uint64_t lost{0};  ///< DATA that nobody gets
        std::uint64_t sent{0};  ///< DATA behind it that goes out
        Nanos late_max{};       ///< each copy up to so much later than usual
    };

    /// A fault at a chosen moment of the protocol: when a frame of that kind was sent so many
    /// times.
    struct Trap {
        std::uint32_t kind{0};  ///< wire::Kind; 0: not armed
        std::uint64_t after{0};
        std::uint64_t tokens{0};     ///< behind PLAN: and then so many tokens
        std::uint64_t swallowed{0};  ///< this many tokens are lost; 0: a partition instead
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
    void crash_and_perhaps_restart(std::uint32_t node);
    void pause(std::uint32_t node);
    void leave(std::uint32_t node);
    void partition();
    /// The next token that the node passes on announces a burst that it does not live to send.
    void doom(std::uint32_t node);
    bool survives_doom(std::uint32_t from, std::uint32_t kind);
    void set_trap();
    void watch_trap(std::uint32_t kind);
    void replay_old_packets();
    void remember(const Packet& packet);
    void heal();
    bool at_rest() const;
    void finish();
    std::string picture() const;
    /// Fails a run in which packets beget packets: more events in a millisecond than any load
    /// makes.
    void watch_for_storm();

    Options options_;
    Prng prng_;
    std::unique_ptr<Network> network_;
    std::vector<Arrival> arrivals_;  ///< of the packet being carried
    std::vector<std::uint32_t> recipients_;
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
    std::vector<Doom> dooms_;
    Trap trap_;
    std::uint64_t tokens_to_swallow_{0};
    std::vector<Packet> old_packets_;
    std::uint64_t remembered_{0};
    bool chaos_{true};

    static constexpr std::uint64_t kStormEvents = 20'000;  ///< a node and millisecond
    static constexpr std::size_t kOldPackets = 512;        ///< kept to be replayed
};

}  // namespace torc::sim
