// Formers in a network of one's own making: virtual time, one seed, links that can be cut one way.
// The ring under each Former is a stand-in that recovers at once when all its members are there;
// its token is shared, and dies with a link or a member. Frames are real: encoded and decoded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <span>
#include <vector>

#include "base/prng.hpp"
#include "membership/former.hpp"

namespace torc::membership::test {

config::ClusterSettings settings_of(std::size_t nodes);

/// A pool that counts its loans; `sent` sees every transmitted frame.
class FramePool {
public:
    explicit FramePool(std::function<void(const wire::Transmit&)> sent) : sent_(std::move(sent)) {}
    wire::FrameIo io();
    FrameRef lend(std::span<const std::byte> bytes);
    std::size_t loans() const { return lent_.size(); }
    bool dry{false};

private:
    FrameRef acquire();
    void release(void* cookie);
    std::function<void(const wire::Transmit&)> sent_;
    std::map<void*, std::vector<std::byte>> lent_;
    std::uintptr_t last_cookie_{0};
};

class Net {
public:
    explicit Net(std::size_t nodes, std::uint64_t seed = 1);

    void boot(std::size_t node);  ///< also restarts: another incarnation
    void boot_all();
    /// Another daemon under the index of `node`: gets a place of its own, whose number is given.
    std::size_t boot_twin(std::size_t node);
    void crash(std::size_t node);
    void leave(std::size_t node);
    void cut(std::size_t from, std::size_t to);
    void join(std::size_t from, std::size_t to);
    void partition(std::vector<std::vector<std::size_t>> sides);
    void heal();
    void run_for(Nanos time);
    /// Hands these bytes to one daemon, as if they came from the wire.
    void inject(std::size_t to, std::span<const std::byte> bytes);

    Former& former(std::size_t node) { return *places_[node].former; }
    bool alive(std::size_t node) const { return places_[node].former != nullptr; }
    State state(std::size_t node) const { return places_[node].former->state(); }
    std::uint64_t counter(std::size_t node, telemetry::CounterId id) const {
        return places_[node].counters->values[static_cast<std::size_t>(id)];
    }
    std::size_t installs(std::size_t node) const { return places_[node].installs; }
    std::size_t installs() const;
    Member member(std::size_t node) const { return places_[node].me; }
    std::vector<std::size_t> ring_of(std::size_t node) const;
    /// All of these are operational in one ring of exactly them.
    bool is_ring(const std::vector<std::size_t>& nodes) const;
    std::size_t loans() const { return pool_.loans(); }
    Instant now() const { return now_; }

    std::uint32_t loss_per_million{0};
    /// Sees every control frame on its way; false: dropped.
    std::function<bool(std::size_t from, std::size_t to, std::span<const std::byte>)> filter;

private:
    struct Ring {
        RingId id;
        wire::MemberList members;
        std::vector<std::size_t> places;
        wire::Token token;
        std::size_t turn{0};
        bool token_alive{true};
    };
    struct Place {
        Member me;
        std::unique_ptr<telemetry::CounterValues> counters;
        std::unique_ptr<telemetry::CounterSet> counter_set;
        std::unique_ptr<Former> former;
        RingId ring;
        wire::MemberList members;
        std::shared_ptr<Ring> running;
        bool operational{false};
        bool draining{false};
        bool recovering{false};
        wire::PlanHead plan;
        Instant patience{kNever};  ///< token loss, or the recovery's
        std::size_t installs{0};
        Net* net{nullptr};
        std::size_t number{0};
    };
    struct Packet {
        Instant at;
        std::uint64_t order;
        std::size_t to;
        std::vector<std::byte> bytes;
        bool operator>(const Packet& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    Place& add_place(std::size_t index);
    void start(Place& place);
    FormerUpcalls upcalls_of(Place& place);
    void transmitted(std::size_t from, const wire::Transmit& transmit);
    void step();
    Instant next_event() const;
    void pass_tokens();
    void visit(Ring& ring);
    void install_where_complete();
    void install(const wire::PlanHead& plan);
    bool reachable(std::size_t from, std::size_t to) const { return !cut_[from][to]; }
    std::size_t place_of(const Member& member) const;

    config::ClusterSettings settings_;
    Prng prng_;
    Instant now_{instant_from_ns(1'000'000'000)};
    std::size_t sending_{0};
    FramePool pool_;
    std::vector<Place> places_;
    std::array<std::array<bool, 16>, 16> cut_{};
    std::vector<std::shared_ptr<Ring>> rings_;
    std::priority_queue<Packet, std::vector<Packet>, std::greater<>> packets_;
    std::uint64_t packet_order_{0};
    Instant token_tick_{kNever};
};

}  // namespace torc::membership::test
