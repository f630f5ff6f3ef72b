// The clients of one simulated host: what they think of, how they offer it to the engine, and what
// they make of what comes back. ClientHazards says how badly they behave.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "engine/engine.hpp"
#include "tests/sim/memberships.hpp"
#include "tests/sim/options.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::sim {

class Clients {
public:
    Clients(const Options& options, std::uint32_t node, Oracle& oracle)
        : options_(options),
          hazards_(options.hazards.client),
          node_(node),
          oracle_(oracle),
          manners_(mix(options.seed, 0x6D616E6E657273u + node)) {
        // Nobody tells clients anything where a daemon lies, so nobody would answer.
        if (options.hazards.link.forge != 0) hazards_.flush = kNoFlush;
    }

    /// The sessions of a fresh process.
    void open_all(Instant now, engine::Engine& engine, Life life);
    /// The process is gone, and they with it.
    void vanish() { clients_.clear(); }
    /// One of them thinks of something.
    void act(Instant now, Prng& prng);
    /// Offers what they want, as a poll loop does after each event.
    void offer(Instant now);
    void received(const engine::Delivery& delivery);
    void viewed(const engine::ViewEvent& event);
    void asked(const engine::FlushRequest& request);
    void ordered(SessionId session, Service service);
    void told(SessionId session, engine::SessionOutcome outcome);
    /// From now on every flush request is answered.
    void calm() { hazards_.silent = 0; }
    /// When the next answer to a flush request is due.
    Instant next_answer() const;
    /// Requests that the engine has not taken yet, and answers that are owed.
    std::size_t pending() const;

private:
    struct Op {
        engine::ClientOp::Kind kind{engine::ClientOp::Kind::send};
        std::string name;                 ///< group to join or leave
        std::vector<std::string> groups;  ///< destinations
        Service service{};
        bool self_discard{false};
        bool subgroup{false};
        engine::JoinKind join_kind{};
        std::vector<std::byte> payload;
        std::uint64_t message{0};  ///< 0: one without payload, which nobody can recognise
        bool offered{false};       ///< once at least; from then on it stays what it is
        bool raised{false};        ///< by a flush group, to one that is ordered
    };
    struct Ordered {
        std::uint64_t message{0};  ///< 0: none that could be recognised
        std::string leaves;        ///< the group, if it is a leave
    };
    struct Client {
        SessionId id;
        std::string name;
        std::uint32_t counter{0};
        std::uint32_t counter_at_open{0};
        std::deque<Op> ops;
        bool closing{false};
        bool ended{false};  ///< by the engine
        Memberships groups;
        /// What it asked for in the order that is one for all, until it has its place there. And
        /// the message, or 0, that has got it last: what the engine refuses is that one.
        std::deque<Ordered> on_the_way;
        std::uint64_t placed{0};
        std::optional<Op> said;  ///< its last request, if that was a send
    };
    /// What the client, which knows all that the engine has told it, must expect of a send.
    enum class Manners : std::uint8_t { good, bad, unclear };

    bool open(Instant now, Client& client, std::uint16_t slot);
    void think(Instant now, Client& client, Prng& prng);
    void close(Client& client);
    void change_groups(Client& client, Prng& prng);
    void be_fickle(Client& client, Prng& prng);
    void send(Client& client, Prng& prng);
    void send_to(Client& client, std::vector<std::string> groups, Prng& prng);
    bool cast(Client& client, Prng& prng);
    void answer(Client& client, const std::string& group);
    std::size_t length_of_message(Prng& prng) const;
    std::vector<std::string> destinations(const Client& client, Prng& prng) const;
    std::string departed(Prng& prng) const;
    void add_op(Client& client, engine::ClientOp::Kind kind, std::string group);
    void add_join(Client& client, std::string group, Prng& prng);
    bool offer_one(Instant now, Client& client);
    static bool repeats(const Client& client, const Op& op);
    /// The engine has answered its first request.
    static void answered(Client& client);
    bool offer_send(Instant now, Client& client);
    bool offer_answer(Instant now, Client& client);
    Manners manners_of(const Client& client, const Op& op) const;
    bool is_raised(const Client& client, const Op& op) const;
    bool may_be_flush(const Op& op) const;
    bool may_be_flush(std::string_view group) const;
    engine::Accept submit_ordered(Instant now, Client& client, Op& op);
    bool is_gone(SessionId session) const;
    /// Throws the complaint if it is gone.
    Client& named(SessionId session, const char* complaint);
    engine::Accept submit(Instant now, SessionId session, const Op& op, bool repeats = false);
    void try_illegal(Instant now, const Client& client, Prng& prng);
    void must_refuse(Instant now, SessionId session, const Op& op);

    std::string private_name(const Client& client) const;
    std::string group_name(std::uint64_t number) const;
    std::string some_group(Prng& prng) const;
    std::string group_to_speak_in(const Client& client, Prng& prng) const;
    std::uint64_t group_count() const;
    std::uint32_t sender_of(const Client& client) const;

    static constexpr std::size_t kOpsMax = 16;  ///< a client that waits for more stops thinking
    /// In the counter of a message that its sender wants no copy of.
    static constexpr std::uint32_t kDiscarded = 1u << 31;

    const Options& options_;
    ClientHazards hazards_;
    std::uint32_t node_;
    Oracle& oracle_;
    Prng manners_;  ///< how they answer flush requests
    engine::Engine* engine_{nullptr};
    Life life_{};
    std::uint16_t sessions_so_far_{0};
    std::vector<Client> clients_;
};

}  // namespace torc::sim
