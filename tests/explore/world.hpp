// Nodes, links and virtual time of one run. The script says what happens, each hop takes its fixed
// time, and at every copy and every due timer the chooser may do something else. Two runs with the
// same choices are the same.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/explore/choice.hpp"
#include "tests/explore/node.hpp"
#include "tests/explore/script.hpp"
#include "tests/sim/oracle.hpp"

namespace torc::explore {

using Packet = std::shared_ptr<const std::vector<std::byte>>;

class World : public Wire {
public:
    World(const Script& script, Chooser& chooser);

    /// Runs until everything has come to rest and is judged (true), or the chooser knows the rest
    /// (false). Throws sim::Violation at the first broken promise.
    bool run();

    void carry(std::uint32_t from, const wire::Transmit& transmit) override;

    Nanos virtual_time() const { return now_ - kStart; }
    /// From the last fault or step of the script to rest.
    Nanos time_to_rest() const { return now_ - disturbed_at_; }
    std::uint64_t events() const { return events_; }
    std::uint64_t points() const { return points_; }
    std::string picture() const;

    /// The script is over and a frame of this kind is under way to somebody who lives.
    bool is_start(std::uint32_t frame) const;
    /// All that could happen next, whatever the time.
    std::vector<Move> moves() const;
    void make(const Move& move);

    /// Hash of what was done and sent since the last landmark.
    std::uint64_t said() const { return said_; }

    static constexpr Instant kStart = instant_from_ns(1'000'000'000);
    /// What nothing may exceed: no rest so long after the last fault breaks liveness.
    static constexpr Nanos kRestWithin = std::chrono::milliseconds{1500};

private:
    struct Copy {
        Instant at{};
        std::uint64_t tie{0};
        std::uint32_t from{0};
        std::uint32_t to{0};
        std::uint32_t boot{0};  ///< it is for this life of the receiver
        Packet packet;
        Fault fault{Fault::none};  ///< receiver dies or restarts; until_..: what it waits for
        bool astray{false};        ///< the run is not over before it arrived
        bool operator<(const Copy& other) const {
            return at != other.at ? at < other.at : tie < other.tie;
        }
    };
    struct Host {
        std::unique_ptr<Node> node;
        Instant stalled_until{};
        Instant timer_not_before{};
        bool timer_put_off{false};  ///< once a deadline, else nothing would ever fire
        Instant boots_at{kNever};
        bool back_soon{false};  ///< when the step that it dies in is over
        membership::State state{membership::State::boot};  ///< before the event that runs
    };
    enum class Next : std::uint8_t { nothing, copy, timer, boot, step };
    struct Event {
        Next kind{Next::nothing};
        Instant at{kNever};
        std::uint32_t node{0};
    };

    Event next_event() const;
    /// Whether before this event states are worth comparing. It depends on nothing but the state,
    /// so that equal states agree.
    bool is_landmark(const Event& next) const;
    Instant timer_at(const Host& host) const;
    void handle(const Event& event);
    void take_copy();
    void fire_timer(std::uint32_t index);
    void take_step();
    void after_event(std::uint32_t index);
    void boot(std::uint32_t index);
    void kill(std::uint32_t index, bool back_soon);
    void send_copy(std::uint32_t from, std::uint32_t to, const Packet& packet);
    using Copies = std::set<Copy>;
    bool is_deliverable(const Copy& copy) const;
    Copies::const_iterator oldest(std::uint32_t from, std::uint32_t to) const;
    void push(const Point& way, Nanos delay, const Packet& packet, Fault fault, bool astray);
    Nanos behind_next_timer(std::uint32_t to, Nanos delay) const;
    void release_held(std::uint32_t index);
    Nanos very_late() const { return script_.cluster.timers.token_loss * 5 / 4; }
    Fault choose(Point point);
    bool is_cut(std::uint32_t from, std::uint32_t to) const {
        return ((side_ >> from ^ side_ >> to) & 1) != 0;
    }
    bool at_rest() const;
    void judge();

    const Script& script_;
    Chooser& chooser_;
    sim::Oracle oracle_;
    std::vector<Host> hosts_;
    Copies copies_;
    std::size_t next_step_{0};
    std::uint64_t side_{0};  ///< of a split: a bit for each node of one side; 0: whole
    Instant now_{kStart};
    Instant disturbed_at_{kStart};
    std::uint64_t ties_{0};
    std::uint64_t points_{0};
    std::uint64_t events_{0};
    std::uint64_t said_{0};
    std::uint32_t astray_{0};
};

}  // namespace torc::explore
