// One simulated host: an engine, its frame memory and a few clients. Everything the engine asks
// for goes to the world; everything clients see goes to the oracle.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "tests/sim/arena.hpp"
#include "tests/sim/clients.hpp"
#include "tests/sim/drought.hpp"
#include "tests/sim/host_clock.hpp"
#include "tests/sim/options.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::sim {

/// Where a node's packets go, and news of promises that were broken inside the engine: no exception
/// may pass through the core, which is not built for any.
class Wire {
public:
    virtual ~Wire() = default;
    virtual void carry(std::uint32_t from, const wire::Transmit& transmit) = 0;
    virtual void violated(const std::string& what) = 0;
    /// A promise was broken: the run ends behind this event, and nothing more is looked at.
    virtual bool is_over() const = 0;
};

class SimNode {
public:
    SimNode(const Options& options, std::uint32_t index, Wire& wire, Oracle& oracle);

    void boot(Instant now, std::uint64_t randomness);
    /// The process is gone: engine, clients and loans vanish together.
    void crash();
    void leave(Instant now);

    void receive(Instant now, const std::vector<std::byte>& packet);
    void timer(Instant now);
    void stood_still(Instant now) { engine_->on_pause(wake(now)); }
    /// A client of this node thinks of something to do.
    void client_acts(Instant now, Prng& prng);
    void stop_clients() { quiet_ = true; }
    void let_clients_talk() { quiet_ = false; }
    /// Memory is plenty from now on. The clock remains what it is.
    void calm();

    bool alive() const { return engine_ != nullptr; }
    bool leaving() const { return leaving_; }
    bool left() const { return alive() && engine_->left(); }
    Life life() const { return {index_, boots_}; }
    /// In true time, which the host does not know.
    Instant next_deadline() const {
        return clock_.fires_at(std::min(engine_->next_deadline(), clients_.next_answer()));
    }
    /// When the last of its back-offs is over; long ago if there is none.
    Instant back_off_until() const {
        const Instant until = engine_->former().back_off_until();
        return until == Instant::min() ? Instant{} : clock_.fires_at(until);
    }
    const engine::Engine& engine() const { return *engine_; }
    const telemetry::CounterSet& counters() const { return *counters_; }
    std::size_t pending_ops() const { return clients_.pending(); }

    /// The run failed: the engine may have been left in the middle of a step.
    void abandon() {
        if (arena_) arena_->abandon();
    }

    /// Ends the node in good order and checks that every loan came back.
    void shutdown();

private:
    engine::Effects effects();
    /// Whether somebody looks at what clients get; nobody does where a daemon lies.
    bool is_judged() const { return options_.hazards.link.forge == 0; }
    template <class Step>
    void inside_engine(Step&& step) noexcept;
    /// What its clock says, and whether frames are to be had.
    Instant wake(Instant now);
    std::size_t frames_at_most() const;
    /// After each event: what the engine says it holds is what is out, and not too much.
    void check_loans() const;
    /// Offers what the clients want, as a poll loop does after each event.
    void offer(Instant local);

    /// Frames that an engine may hold at any time, whatever happens: a full window, both send
    /// lanes, the early frames of a ring that is being formed, and a few for tokens.
    static constexpr std::size_t kLoansMax = kWindowFrames + 2 * kBurstMax + 64 + 256 + 8;

    const Options& options_;
    std::uint32_t index_;
    std::uint32_t boots_{0};
    Wire& wire_;
    Oracle& oracle_;
    std::unique_ptr<Arena> arena_;
    telemetry::CounterValues counter_values_;
    std::unique_ptr<telemetry::CounterSet> counters_;
    std::unique_ptr<engine::Engine> engine_;
    Clients clients_;
    HostClock clock_;
    Drought drought_;
    bool calm_{false};
    bool quiet_{false};
    bool leaving_{false};
};

}  // namespace torc::sim
