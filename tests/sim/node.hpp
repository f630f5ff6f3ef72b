// One simulated host: an engine, its frame memory and a few clients. Everything the engine asks
// for goes to the world; everything clients see goes to the oracle.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "tests/sim/arena.hpp"
#include "tests/sim/options.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::sim {

/// Where a node's packets go.
class Wire {
public:
    virtual ~Wire() = default;
    virtual void carry(std::uint32_t from, const wire::Transmit& transmit) = 0;
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
    /// A client of this node thinks of something to do.
    void client_acts(Instant now, Prng& prng);
    void stop_clients() { quiet_ = true; }

    bool alive() const { return engine_ != nullptr; }
    bool leaving() const { return leaving_; }
    bool left() const { return alive() && engine_->left(); }
    Life life() const { return {index_, boots_}; }
    Instant next_deadline() const { return engine_->next_deadline(); }
    const engine::Engine& engine() const { return *engine_; }
    const telemetry::CounterSet& counters() const { return *counters_; }
    std::size_t pending_ops() const;

    /// The run failed: the engine may have been left in the middle of a step.
    void abandon() {
        if (arena_) arena_->abandon();
    }

    /// Ends the node in good order and checks that every loan came back.
    void shutdown();

private:
    struct Op {
        engine::ClientOp::Kind kind{engine::ClientOp::Kind::send};
        std::string name;                 ///< group to join or leave
        std::vector<std::string> groups;  ///< destinations
        Service service{};
        std::vector<std::byte> payload;
        std::uint64_t message{0};
    };
    struct Client {
        SessionId id;
        std::string name;
        std::uint32_t counter{0};
        std::deque<Op> ops;
        bool closing{false};
    };

    engine::Effects effects();
    void received(const engine::Delivery& delivery);
    Op make_send(Client& client, Prng& prng);
    void think(Client& client, Prng& prng);
    void open(Instant now, Client& client, std::uint16_t slot);
    std::uint32_t sender_of(const Client& client) const;
    /// After each event: what the engine says it holds is what is out, and not too much.
    void check_loans() const;
    /// Offers what the clients want, as a poll loop does after each event.
    void offer(Instant now);
    bool offer_one(Instant now, Client& client);

    static constexpr std::size_t kOpsMax = 16;  ///< a client that waits for more stops thinking
    /// Frames that an engine may hold at any time, whatever happens: a full window, both send
    /// lanes, the early frames of a ring that is being formed, and a few for tokens.
    static constexpr std::size_t kLoansMax = kWindowFrames + 2 * kBurstMax + 64 + 256 + 8;

    const Options& options_;
    std::uint32_t index_;
    std::uint32_t boots_{0};
    std::uint16_t sessions_so_far_{0};
    Wire& wire_;
    Oracle& oracle_;
    std::unique_ptr<Arena> arena_;
    telemetry::CounterValues counter_values_;
    std::unique_ptr<telemetry::CounterSet> counters_;
    std::unique_ptr<engine::Engine> engine_;
    std::vector<Client> clients_;
    bool quiet_{false};
    bool leaving_{false};
};

}  // namespace torc::sim
