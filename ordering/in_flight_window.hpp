// How many frames may be in flight, found by trial (protocol.md 3.7). The ring's representative
// tries a larger and a smaller window in turn and keeps the one that serves better; the token tells
// the others, so that all have the same.
//
// The text reckons the window from rate and delay: what is beyond rate * delay is a standing queue.
// That is so where the delay is the wire's. Where it is a processor's, which takes its turn for
// every frame that waits, the rate rises with the window and the delay with both, and no delay
// alone says whether a queue stands. So what is judged is what a change brings: a window
// is cut where the smaller one had the rate of the larger and less delay, or would have held all
// that was in flight, and grows where the larger one had more rate. What does not tell clearly
// changes nothing.
//
// A loss is judged by the same scale, not by its cause: frames that find a queue full must be sent
// again and hold back what is behind them, so the larger window has no more rate, and is cut;
// frames lost to a bad cable are lost at both. The idea is that of PCC (Dong, Li, Zarchy, Godfrey,
// Schapira: "PCC: Re-architecting Congestion Control for Consistent High Performance", NSDI 2015).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"

namespace torc::ordering {

class InFlightWindow {
public:
    explicit InFlightWindow(const config::ClusterSettings& settings)
        : adaptive_(settings.in_flight == config::InFlight::adaptive),
          most_(settings.in_flight_frames),
          least_(most_),
          window_(most_) {}

    /// A ring begins with all that is configured: it is cut when there is reason to.
    void start_ring(std::size_t members);

    /// Every member: frames that may be in flight, by what the token says. The token is from
    /// outside: more than is configured is not believed, nor less than keeps every member sending.
    std::uint64_t by_token(std::uint32_t said) const;

    /// What the representative sees on a visit, before it gives out frames of its own.
    struct Visit {
        Instant now{};
        Seq given_out;
        Seq stable;
        bool wanting{false};  ///< frames wait somewhere: the window may be what they wait for
    };
    /// Gives what the token is to say: 0 where the window is fixed.
    std::uint32_t visit(const Visit& visit);

private:
    /// What a step of a trial came to.
    struct Outcome {
        std::uint64_t rate{0};       ///< frames given out in a second
        std::uint64_t delay{0};      ///< ns from being given out to being known stable, on average
        std::uint64_t in_flight{0};  ///< frames, on average
    };
    /// Larger, smaller, smaller, larger: what changes slowly meanwhile falls on both alike.
    static constexpr std::size_t kSteps = 4;
    enum class Phase : std::uint8_t { resting, settling, measuring };

    void rest(std::uint32_t visits);
    void settle(const Visit& visit, std::size_t step);
    void measure(const Visit& visit);
    Outcome outcome(const Visit& visit) const;
    void decide();
    bool rate_follows(const Outcome& large, const Outcome& small) const;
    bool too_large(const Outcome& large, const Outcome& small) const;
    std::uint64_t larger() const;
    std::uint64_t smaller() const;

    bool adaptive_;
    std::uint64_t most_;
    std::uint64_t least_;
    std::uint64_t window_;  ///< that served best so far

    Phase phase_{Phase::resting};
    std::size_t step_{0};
    std::uint32_t visits_{0};  ///< of this phase, yet to come
    std::uint32_t pause_{0};   ///< visits between two trials
    Seq settled_by_;           ///< stable: nothing of the step before is in flight
    Instant since_{};
    Seq given_before_;
    std::uint64_t in_flight_sum_{0};
    std::array<Outcome, kSteps> outcomes_{};
};

}  // namespace torc::ordering
