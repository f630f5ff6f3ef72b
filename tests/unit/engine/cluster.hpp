// A few engines on a perfect network of 10 microseconds, driven by hand: what a test does not do
// does not happen. Every frame that was ever sent is kept, so that it can be sent again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "telemetry/counters.hpp"
#include "tests/sim/arena.hpp"
#include "wire/validate.hpp"

namespace torc::engine::test {

using Bytes = std::vector<std::byte>;

/// A message as a session received it.
struct Received {
    std::string sender;
    Bytes payload;
    Service service{};
};

/// What hostile frames must not change.
struct Facts {
    membership::State state{};
    RingId ring;
    Seq aru;
    Seq high;
    Seq delivered;
    std::size_t received{0};
    std::size_t views{0};
    friend bool operator==(const Facts&, const Facts&) = default;
};

struct Host {
    NodeIndex index{kNoNode};
    telemetry::CounterValues values;
    std::unique_ptr<telemetry::CounterSet> counters;
    std::unique_ptr<sim::Arena> arena;
    std::unique_ptr<Engine> engine;
    std::vector<Received> received;
    std::size_t views{0};
    std::vector<SessionOutcome> outcomes;
    /// What it delivered, in order: "regular 0 1 2", "transitional 0 1", and texts of messages.
    std::vector<std::string> log;
    /// What each session saw, by slot: "view room: #a#n0 #b#n1", "flush room", texts of messages.
    std::map<std::uint16_t, std::vector<std::string>> seen;
    bool dry{false};     ///< its pool gives nothing
    bool asleep{false};  ///< neither packets nor timers reach it
    std::vector<Bytes> slept_through;

    std::uint64_t count(telemetry::CounterId id) const { return counters->get(id); }
    std::uint64_t rejected(wire::RejectReason reason) const;
    std::uint64_t rejected() const;  ///< for whatever reason
    Facts facts() const;
};

config::ClusterSettings settings_of(std::size_t nodes);

class Cluster {
public:
    /// `hosts` of them, host i under index i, nobody booted.
    explicit Cluster(std::size_t hosts) : Cluster(hosts, settings_of(hosts)) {}
    Cluster(std::size_t hosts, const config::ClusterSettings& settings);
    ~Cluster();

    void boot(std::size_t host);
    void boot_all();
    void crash(std::size_t host) { hosts_[host]->engine.reset(); }
    void sleep(std::size_t host) { hosts_[host]->asleep = true; }
    /// What arrived meanwhile comes first, then whatever timers are due, as in the poll loop.
    void wake(std::size_t host);
    /// One more host, under an index that is taken or with settings of its own. Gives its place.
    std::size_t add(NodeIndex index, const config::ClusterSettings& settings);

    Host& host(std::size_t i) { return *hosts_[i]; }
    Engine& engine(std::size_t i) { return *hosts_[i]->engine; }
    bool alive(std::size_t i) const { return hosts_[i]->engine != nullptr; }

    /// The next packet or timer; false if nothing is to come.
    bool step();
    void run_for(Nanos time);
    /// Gives whether it came true within `limit`.
    bool run_until(const std::function<bool()>& done, Nanos limit = std::chrono::seconds{2});
    /// These are operational in one ring of exactly them, and their groups are joined.
    bool in_one_ring(const std::vector<std::size_t>& hosts) const;
    bool form(const std::vector<std::size_t>& hosts);
    Instant now() const { return now_; }
    /// Decides for each copy of a packet from now on; none: all pass.
    using Filter = std::function<bool(std::size_t from, std::size_t to, wire::Kind kind)>;
    void pass_only(Filter filter) { filter_ = std::move(filter); }

    /// Hands these bytes over as if they came from the wire.
    void inject(std::size_t host, std::span<const std::byte> bytes);
    const std::vector<Bytes>& sent() const { return sent_; }
    /// The last frame of a kind that was sent by anybody.
    Bytes last_sent(wire::Kind kind) const;

    Accept act(std::size_t host, const ClientOp& op) { return engine(host).on_client(now_, op); }
    Accept open(std::size_t host, SessionId session, std::string_view name);
    Accept join(std::size_t host, SessionId session, std::string_view group,
                JoinKind kind = JoinKind::open);
    Accept flush_ok(std::size_t host, SessionId session, std::string_view group);
    Accept send(std::size_t host, SessionId session, std::string_view group,
                std::span<const std::byte> payload, Service service = Service::agreed);
    /// Offers the message until it is taken.
    bool send_all(std::size_t host, SessionId session, std::string_view group,
                  std::span<const std::byte> payload, Service service = Service::agreed);

private:
    struct Packet {
        Instant at;
        std::uint64_t tie;
        std::size_t to;
        Bytes bytes;
        bool operator>(const Packet& other) const {
            return at != other.at ? at > other.at : tie > other.tie;
        }
    };
    struct Port {  ///< what an engine's effects point at
        Cluster* cluster;
        std::size_t host;
    };

    Effects effects_of(Port* port);
    void transmit(std::size_t from, const wire::Transmit& transmit);
    Instant next_at() const;

    std::vector<std::unique_ptr<Host>> hosts_;
    std::vector<config::ClusterSettings> settings_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::priority_queue<Packet, std::vector<Packet>, std::greater<>> packets_;
    std::vector<Bytes> sent_;
    Filter filter_;
    std::uint64_t ties_{0};
    std::uint64_t boots_{0};
    Instant now_{instant_from_ns(1'000'000'000)};
};

inline constexpr SessionId kAlice{0, 1};
inline constexpr SessionId kBob{1, 1};

Bytes bytes_of(std::string_view text);
/// `length` bytes that follow from their place.
Bytes pattern(std::size_t length);

}  // namespace torc::engine::test
