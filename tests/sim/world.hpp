// A run: nodes, network, virtual time and a schedule of faults, all from one seed or scenario.
//
// First CHAOS. Then HEAL: everything is repaired, and within heal_limit() of virtual time the
// living must come to rest in one ring, with all delivered and stable. What is under way may still
// come late; behind it come fresh messages, which must reach everybody within fresh_limit(), and
// then CALM: the ring must stay what it is.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "engine/pause_watch.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/mischief.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/oracle.hpp"
#include "tests/sim/recorder.hpp"
#include "tests/sim/schedule.hpp"

namespace torc::sim {

struct Outcome {
    bool failed{false};
    std::string what;         ///< the violation
    std::uint64_t trace{0};   ///< hash of all that the oracle saw
    std::uint64_t events{0};  ///< packets, timers and client actions that reached an engine
    std::uint64_t messages{0};
    std::uint64_t installs{0};
    Nanos virtual_time{};
    Nanos healing{};  ///< from HEAL, or the end of the last back-off behind it, until rest
    Nanos saying{};   ///< until the fresh messages were everywhere
};

class World : public Wire {
public:
    /// `network`: the model of the network, or nullptr for the adversarial one of the options.
    World(const Options& options, Schedule schedule, std::unique_ptr<Network> network = nullptr);
    /// With the schedule that follows from the options.
    explicit World(const Options& options) : World(options, schedule_of(options)) {}

    /// Runs to the end or to the first violation; never throws.
    Outcome run();
    /// What the run did, for the checker.
    const check::Trace& recorded() const { return recorder_.trace(); }

    void carry(std::uint32_t from, const wire::Transmit& transmit) override;
    void violated(const std::string& what) override;
    bool is_over() const override { return failed_; }

private:
    /// A host as the world treats it.
    struct Seat {
        Instant timer_at{kNever};
        Instant paused_at{};
        Instant paused_until{};
        engine::PauseWatch watch{Nanos{0}};  ///< of this life
        std::vector<Event> backlog;          ///< what came in the pause
        bool comes_back{false};              ///< a restart is under way
        Nanos back_after_leave{};
        std::uint64_t acts{0};  ///< of its clients
        Prng whims{0};          ///< of its clients
    };

    void play();
    void run_until(const std::function<bool()>& done, Instant limit);
    void handle(Event& event);
    void deliver(const Event& event);
    void after_event(std::uint32_t index);
    void client_event(std::uint32_t index);
    void arm_timer(std::uint32_t index);
    void push(Instant at, EventKind kind, std::uint32_t node, std::uint32_t boot = 0,
              Packet packet = {});
    /// Fails a run in which packets beget packets: more events in a millisecond than any load
    /// makes.
    void watch_for_storm();

    // Faults, in world_faults.cpp.
    void inject(const Fault& fault);
    void boot(std::uint32_t index);
    void crash(std::uint32_t index, Nanos back_after);
    void come_back(std::uint32_t index, Nanos after);
    void pause(std::uint32_t index, Nanos lasts);
    void resume(std::uint32_t index);
    void leave(std::uint32_t index, Nanos back_after);
    void left(std::uint32_t index);
    void partition(std::uint64_t side);
    void cut_one_side(std::uint32_t index, bool deaf);
    void cut_to_majorities();
    void replay(const Fault& fault);
    void heal();

    // Rest, in world_rest.cpp.
    bool at_rest() const;
    bool is_calm(const SimNode& node, std::size_t living) const;
    Instant back_off_until() const;
    /// Gives how long it took, from the end of the last back-off.
    Nanos come_to_rest(const char* when, Nanos limit);
    void say_fresh_things();
    void finish();
    void close_after_lies();
    const SimNode& first_alive() const;
    void check_end();
    std::string picture() const;

    Options options_;
    Schedule schedule_;
    Prng prng_;  ///< of the faults
    std::unique_ptr<Network> network_;
    Mischief mischief_;
    std::vector<Arrival> arrivals_;  ///< of the packet being carried
    std::vector<std::uint32_t> recipients_;
    Recorder recorder_;
    Oracle oracle_;
    std::vector<std::unique_ptr<SimNode>> nodes_;
    std::vector<Seat> seats_;
    EventQueue queue_;
    Instant now_{};
    std::uint64_t events_{0};
    std::int64_t storm_millisecond_{0};
    std::uint64_t storm_events_{0};
    std::array<std::uint64_t, 16> sent_by_kind_{};
    bool chaos_{true};
    bool failed_{false};
    std::string failure_;
    Nanos healing_{};
    Nanos saying_{};

    static constexpr std::uint64_t kStormEvents = 20'000;  ///< a node and millisecond
    static constexpr std::size_t kBacklogMax = 4096;       ///< packets a paused host keeps
    static constexpr Instant kStart = instant_from_ns(1'000'000'000);
};

}  // namespace torc::sim
