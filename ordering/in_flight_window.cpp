#include "ordering/in_flight_window.hpp"

#include <algorithm>

#include "base/mutants.hpp"
#include "ordering/flow_control.hpp"

namespace torc::ordering {
namespace {

/// Visits that a step is measured for: four times as long as a frame is in flight, so that what
/// was in flight at the ends counts little.
constexpr std::uint32_t kMeasuredVisits = 4 * kRotationsInFlight;
/// Visits between two trials that change nothing: few while the window is not yet found, then more,
/// so that a window that fits is not disturbed.
constexpr std::uint32_t kPauseMin = 32;
constexpr std::uint32_t kPauseMax = 512;
/// Windows tried are larger and smaller by this ratio.
constexpr std::uint64_t kStepOver = 5;
constexpr std::uint64_t kStepUnder = 4;
/// Of what the window grew by, so much must come back as rate (one part of so many); the rest is
/// delay. Three daemons on two processors, where batches grow, gave a sixth to a third.
constexpr std::uint64_t kRateShare = 32;
/// Of what the window grew by, so much must be seen as delay (one part of so many) before a queue
/// is said to stand.
constexpr std::uint64_t kDelayShare = 4;
constexpr std::uint64_t kSecond = 1'000'000'000;

/// Whether `large` is above `small` by the part `1 / share` or more of what `over` is above
/// `under`.
bool grew_by(std::uint64_t large, std::uint64_t small, std::uint64_t over, std::uint64_t under,
             std::uint64_t share) {
    if (large <= small) return false;
    const auto scale = static_cast<double>(under) * static_cast<double>(share);
    return static_cast<double>(large - small) * scale >=
           static_cast<double>(over - under) * static_cast<double>(small);
}

}  // namespace

void InFlightWindow::start_ring(std::size_t members) {
    least_ = std::min(most_, std::max(kBurstFloor, kRotationsInFlight * members));
    window_ = most_;
    rest(kPauseMin);
}

std::uint64_t InFlightWindow::by_token(std::uint32_t said) const {
    if (!adaptive_ || said == 0) return most_;
    const std::uint64_t least = mutant(Mutant::window_floor_ignored) ? 1 : least_;
    const std::uint64_t most = mutant(Mutant::window_not_clamped) ? UINT32_MAX : most_;
    return std::clamp<std::uint64_t>(said, least, most);
}

std::uint32_t InFlightWindow::visit(const Visit& visit) {
    if (!adaptive_) return 0;
    if (!visit.wanting) {
        rest(pause_);
    } else if (phase_ == Phase::resting) {
        if (visits_-- == 0) settle(visit, 0);
    } else if (phase_ == Phase::settling) {
        if (visit.stable >= settled_by_ && visits_-- == 0) measure(visit);
    } else {
        in_flight_sum_ += distance(visit.stable, visit.given_out);
        if (--visits_ == 0) {
            outcomes_[step_] = outcome(visit);
            if (step_ + 1 < kSteps) {
                settle(visit, step_ + 1);
            } else {
                decide();
            }
        }
    }
    if (phase_ == Phase::resting) return static_cast<std::uint32_t>(window_);
    const bool large = step_ == 0 || step_ == kSteps - 1;
    return static_cast<std::uint32_t>(large ? larger() : smaller());
}

// --- a trial -----------------------------------------------------------------------------------

void InFlightWindow::rest(std::uint32_t visits) {
    phase_ = Phase::resting;
    visits_ = pause_ = visits;
}

/// A step begins. It counts when all that was given out before is stable and the bursts have found
/// their new size.
void InFlightWindow::settle(const Visit& visit, std::size_t step) {
    phase_ = Phase::settling;
    step_ = step;
    visits_ = kRotationsInFlight;
    settled_by_ = visit.given_out;
}

void InFlightWindow::measure(const Visit& visit) {
    phase_ = Phase::measuring;
    visits_ = kMeasuredVisits;
    since_ = visit.now;
    given_before_ = visit.given_out;
    in_flight_sum_ = 0;
}

/// The delay is what was in flight on average, divided by the rate (Little's law).
InFlightWindow::Outcome InFlightWindow::outcome(const Visit& visit) const {
    const auto time =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>((visit.now - since_).count()));
    const std::uint64_t given = distance(given_before_, visit.given_out);
    const std::uint64_t in_flight = in_flight_sum_ / kMeasuredVisits;
    return {given * kSecond / time, in_flight * time / std::max<std::uint64_t>(1, given),
            in_flight};
}

void InFlightWindow::decide() {
    const auto both = [&](auto judge) {
        return (this->*judge)(outcomes_[0], outcomes_[1]) &&
               (this->*judge)(outcomes_[3], outcomes_[2]);
    };
    std::uint64_t best = window_;
    if (both(&InFlightWindow::too_large)) best = smaller();
    if (both(&InFlightWindow::rate_follows) && !mutant(Mutant::window_never_grows)) best = larger();
    const bool moved = best != window_;
    window_ = best;
    rest(moved ? 0 : std::clamp(2 * pause_, kPauseMin, kPauseMax));
}

bool InFlightWindow::rate_follows(const Outcome& large, const Outcome& small) const {
    return grew_by(large.rate, small.rate, larger(), smaller(), kRateShare);
}

/// A queue stands, or the window is beyond what visits give out, and bounds nothing.
bool InFlightWindow::too_large(const Outcome& large, const Outcome& small) const {
    if (rate_follows(large, small)) return false;
    return large.in_flight <= smaller() ||
           grew_by(large.delay, small.delay, larger(), smaller(), kDelayShare);
}

std::uint64_t InFlightWindow::larger() const {
    return std::clamp(window_ * kStepOver / kStepUnder, least_, most_);
}

std::uint64_t InFlightWindow::smaller() const {
    return std::clamp(window_ * kStepUnder / kStepOver, least_, most_);
}

}  // namespace torc::ordering
