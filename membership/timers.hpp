// The few deadlines of membership, by name. A handful of instants in an array: cheaper than a heap
// and easier to read in a debugger.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.hpp"

namespace torc::membership {

enum class Timer : std::uint8_t {
    gather_join,             ///< say JOIN again, look for the silent
    gather_settle,           ///< the sets may have been quiet for long enough
    gather_consensus,        ///< a whole consensus timeout went by
    gather_suspect,          ///< who was suspected and stayed silent falls now
    form_step,               ///< no PROPOSE, STATE or PLAN within a step
    form_join,               ///< say JOIN until PROPOSE comes
    form_propose,            ///< coordinator: PROPOSE again
    recover_plan,            ///< coordinator: PLAN again
    operational_merge,       ///< say MERGE
    operational_drain,       ///< begin to drain: asked for inside a token visit, done outside it
    operational_drained_by,  ///< patience with the drain
    leave_by,                ///< patience of a leaver
};
inline constexpr std::size_t kTimers = static_cast<std::size_t>(Timer::leave_by) + 1;

class Timers {
public:
    Timers() { at_.fill(kNever); }
    void arm(Timer timer, Instant at) { at_[place(timer)] = at; }
    void arm_no_later(Timer timer, Instant at) {
        at_[place(timer)] = std::min(at_[place(timer)], at);
    }
    void disarm(Timer timer) { at_[place(timer)] = kNever; }
    bool armed(Timer timer) const { return at_[place(timer)] != kNever; }
    Instant at(Timer timer) const { return at_[place(timer)]; }
    /// True once: a timer that fired is disarmed.
    bool take_due(Timer timer, Instant now) {
        if (at_[place(timer)] > now) return false;
        disarm(timer);
        return true;
    }
    /// Disarms all but the leaver's patience, which outlives states.
    void clear_for_state() {
        const Instant leave_by = at(Timer::leave_by);
        at_.fill(kNever);
        arm(Timer::leave_by, leave_by);
    }
    void clear() { at_.fill(kNever); }
    Instant next() const { return *std::min_element(at_.begin(), at_.end()); }

private:
    static std::size_t place(Timer timer) { return static_cast<std::size_t>(timer); }
    std::array<Instant, kTimers> at_{};
};

}  // namespace torc::membership
