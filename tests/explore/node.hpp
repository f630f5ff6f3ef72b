// One host of the explorer: a real engine, its frame memory, and one client that says what the
// script tells it. Leaner than the simulator's, and without dice; the same oracle watches it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "tests/explore/script.hpp"
#include "tests/sim/arena.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::explore {

/// Where a node's frames go.
class Wire {
public:
    virtual ~Wire() = default;
    virtual void carry(std::uint32_t from, const wire::Transmit& transmit) = 0;
};

class Node {
public:
    Node(const Script& script, std::uint32_t index, Wire& wire, sim::Oracle& oracle)
        : cluster_(script.cluster),
          flush_(script.flush),
          index_(index),
          wire_(wire),
          oracle_(oracle) {}

    void boot(Instant now);
    /// The process is gone.
    void crash();
    /// From here on the step that runs does nothing that anybody could see; crash() follows it.
    void die() { dying_ = true; }
    bool dying() const { return dying_; }

    void receive(Instant now, const std::vector<std::byte>& packet);
    void timer(Instant now);
    void say(Instant now, Service service, std::size_t bytes);
    void leave(Instant now);
    /// Ends the node in good order and checks that every loan came back.
    void shutdown();

    bool alive() const { return engine_ != nullptr; }
    bool leaving() const { return leaving_; }
    bool left() const { return alive() && engine_->left(); }
    sim::Life life() const { return {index_, boots_}; }
    Instant next_deadline() const { return engine_->next_deadline(); }
    const engine::Engine& engine() const { return *engine_; }
    /// What the client wants and the engine has not taken yet.
    std::size_t pending() const { return ops_.size(); }
    bool at_rest() const;

private:
    struct Op {
        engine::ClientOp::Kind kind{engine::ClientOp::Kind::send};
        Service service{};
        std::vector<std::byte> payload;
        std::uint64_t message{0};
    };

    engine::Effects effects();
    /// What the oracle says inside a step of the engine waits until the step is over: the core is
    /// not built for exceptions.
    template <typename Call>
    void watch(Call&& call) {
        if (dying_ || !broken_.empty()) return;
        try {
            call();
        } catch (const sim::Violation& violation) {
            broken_ = violation.what();
        }
    }
    void received(const engine::Delivery& delivery);
    void viewed(const engine::ViewEvent& event);
    std::uint32_t sender() const { return index_ << 24 | (boots_ & 0xFF) << 16 | id_.slot; }
    void after_step(Instant now);
    bool offer_one(Instant now);

    const config::ClusterSettings& cluster_;
    bool flush_;  ///< the group is a flush group; its members answer at once
    std::uint32_t index_;
    std::uint32_t boots_{0};
    Wire& wire_;
    sim::Oracle& oracle_;
    std::unique_ptr<sim::Arena> arena_;
    telemetry::CounterValues counter_values_;
    std::unique_ptr<telemetry::CounterSet> counters_;
    std::unique_ptr<engine::Engine> engine_;
    SessionId id_;
    std::uint32_t messages_{0};
    bool has_view_{false};
    bool flushed_{false};  ///< since that view
    std::deque<Op> ops_;
    std::string broken_;
    bool dying_{false};
    bool leaving_{false};
};

}  // namespace torc::explore
