// The clients of one simulated host: what they think of, how they offer it to the engine, and what
// they make of what comes back. ClientHazards says how badly they behave.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "engine/engine.hpp"
#include "tests/sim/options.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::sim {

class Clients {
public:
    Clients(const Options& options, std::uint32_t node, Oracle& oracle)
        : options_(options), hazards_(options.hazards.client), node_(node), oracle_(oracle) {}

    /// The sessions of a fresh process.
    void open_all(Instant now, engine::Engine& engine, Life life);
    /// The process is gone, and they with it.
    void vanish() { clients_.clear(); }
    /// One of them thinks of something.
    void act(Instant now, Prng& prng);
    /// Offers what they want, as a poll loop does after each event.
    void offer(Instant now);
    void received(const engine::Delivery& delivery);
    /// Requests that the engine has not taken yet.
    std::size_t pending() const;

private:
    struct Op {
        engine::ClientOp::Kind kind{engine::ClientOp::Kind::send};
        std::string name;                 ///< group to join or leave
        std::vector<std::string> groups;  ///< destinations
        Service service{};
        bool self_discard{false};
        std::vector<std::byte> payload;
        std::uint64_t message{0};  ///< 0: one without payload, which nobody can recognise
    };
    struct Client {
        SessionId id;
        std::string name;
        std::uint32_t counter{0};
        std::uint32_t counter_at_open{0};
        std::deque<Op> ops;
        bool closing{false};
    };

    void open(Instant now, Client& client, std::uint16_t slot);
    void think(Instant now, Client& client, Prng& prng);
    void close(Client& client);
    void change_groups(Client& client, Prng& prng);
    void be_fickle(Client& client, Prng& prng);
    void send(Client& client, Prng& prng);
    std::size_t length_of_message(Prng& prng) const;
    std::vector<std::string> destinations(const Client& client, Prng& prng) const;
    std::string departed(Prng& prng) const;
    void add_op(Client& client, engine::ClientOp::Kind kind, std::string group);
    bool offer_one(Instant now, Client& client);
    engine::Accept submit(Instant now, SessionId session, const Op& op);
    void try_illegal(Instant now, const Client& client, Prng& prng);
    void must_refuse(Instant now, SessionId session, const Op& op);

    std::string private_name(const Client& client) const;
    std::string group_name(std::uint64_t number) const;
    std::string some_group(Prng& prng) const;
    std::uint64_t group_count() const;
    std::uint32_t sender_of(const Client& client) const;

    static constexpr std::size_t kOpsMax = 16;  ///< a client that waits for more stops thinking
    /// In the counter of a message that its sender wants no copy of.
    static constexpr std::uint32_t kDiscarded = 1u << 31;

    const Options& options_;
    ClientHazards hazards_;
    std::uint32_t node_;
    Oracle& oracle_;
    engine::Engine* engine_{nullptr};
    Life life_{};
    std::uint16_t sessions_so_far_{0};
    std::vector<Client> clients_;
};

}  // namespace torc::sim
