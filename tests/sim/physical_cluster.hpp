// Hosts on the physical network in virtual time. Each host is one CPU in a poll loop like the
// daemon's (dataplane/poll_loop.hpp): clients, a burst from the NIC with tokens and control first,
// timers; it spends time on each frame, and what it sends leaves when it has got there: a token and
// the burst behind it at the end of the frame that caused them, everything else at the end of the
// pass. Links and switch are first in, first out, as the daemon's ports use them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "tests/sim/arrivals.hpp"
#include "tests/sim/physical_host.hpp"

namespace torc::sim {

class PhysicalCluster : public PhysicalCpu {
public:
    explicit PhysicalCluster(const PhysicalOptions& options);
    ~PhysicalCluster() override;

    void boot(std::uint32_t host);
    void crash(std::uint32_t host);
    void leave(std::uint32_t host);
    /// Clients begin, or stop, to send.
    void set_sending(bool sending);
    /// Only nodes of the same side hear each other; `side` has a bit a node.
    void split(std::uint64_t side) { side_ = side; }
    void heal() { side_ = 0; }

    /// Running throws Violation at the first promise that the oracle saw broken.
    void run_for(Nanos time);
    /// Runs until `done` or for `limit`; gives whether it was done.
    bool run_until(const std::function<bool()>& done, Nanos limit);

    Instant now() const { return now_; }
    const PhysicalHost& host(std::uint32_t i) const { return *machines_[i].host; }
    std::uint32_t hosts() const { return static_cast<std::uint32_t>(machines_.size()); }
    /// Whether every living host of `members` is in a ring of exactly these.
    bool in_ring(std::uint64_t members) const;
    std::uint64_t tail_drops() const { return fabric_.tail_drops(); }
    std::size_t port_peak() const { return fabric_.port_peak(); }
    void forget_port_peak() { fabric_.forget_port_peak(); }
    std::uint64_t descriptor_drops() const { return descriptor_drops_; }
    /// Copies that the dice took.
    std::uint64_t lost() const { return lost_; }
    /// Frames that came to all hosts so far: the work that a run is.
    std::uint64_t frames_received() const { return frames_received_; }
    /// Time that a host's CPU was busy so far.
    Nanos busy(std::uint32_t host) const { return machines_[host].busy; }
    Nanos client_busy(std::uint32_t host) const { return machines_[host].host->client_busy(); }
    /// DATA frames that were sent so far by all, and their bytes; a multicast counts once.
    std::uint64_t data_frames() const { return data_frames_; }
    std::uint64_t data_bytes() const { return data_bytes_; }
    Prng& prng() { return prng_; }
    void forget_deliveries();

    void transmit(std::uint32_t host, const wire::Transmit& transmit) override;
    Instant clock() const override { return cursor_; }
    void spend(Nanos time) override;
    void violated(const std::string& what) override {
        if (violation_.empty()) violation_ = what;
    }

private:
    enum class Kind : std::uint8_t { in_switch, in_memory, pass, wish };
    struct Frame {
        std::uint32_t from{0};
        NodeIndex to{kNoNode};
        Packet packet;
        bool first{false};  ///< of the switch's strict-priority class
    };
    struct Event {
        Instant at;
        std::uint64_t tie;
        Kind kind;
        std::uint32_t host;
        Frame frame;
        bool operator>(const Event& other) const {
            return at != other.at ? at > other.at : tie > other.tie;
        }
    };
    struct Machine {
        explicit Machine(const Arrivals& arrivals_) : arrivals(arrivals_) {}

        std::unique_ptr<PhysicalHost> host;
        std::deque<Packet> descriptors;
        Instant cpu_free{};
        Instant pass_at{kNever};
        Nanos busy{0};
        Arrivals arrivals;
    };

    void push(Instant at, Kind kind, std::uint32_t host, Frame frame);
    void handle(const Event& event);
    void switch_frame(const Frame& frame);
    void take_in(std::uint32_t index, const Packet& packet);
    void wish(std::uint32_t index);
    Nanos gap(std::uint32_t index);
    void arm_pass(std::uint32_t index, Instant at);
    void pass(std::uint32_t index);
    void poll_nic(std::uint32_t index);
    void handle_burst(std::uint32_t index, const std::vector<Packet>& burst, bool urgent);
    bool goes_first(std::uint32_t host, const wire::Transmit& transmit) const;
    void flush();
    void after_pass(std::uint32_t index);
    bool together(std::uint32_t a, std::uint32_t b) const {
        return ((side_ >> a) & 1) == ((side_ >> b) & 1);
    }

    PhysicalOptions options_;
    Prng prng_;
    Prng dice_;  ///< of loss alone: without loss, a seed is what it was
    Fabric fabric_;
    Oracle oracle_;
    std::vector<Machine> machines_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
    Instant now_{instant_from_ns(1'000'000'000)};
    Instant cursor_{now_};  ///< of the CPU that runs
    std::uint64_t ties_{0};
    std::uint64_t side_{0};
    bool sending_{false};
    std::uint64_t descriptor_drops_{0};
    std::uint64_t lost_{0};
    std::uint64_t frames_received_{0};
    std::uint64_t data_frames_{0};
    std::uint64_t data_bytes_{0};
    std::string violation_;
    std::vector<Frame> outbox_;
    bool urgent_{false};  ///< something in the outbox must not wait for the end of the pass
};

}  // namespace torc::sim
