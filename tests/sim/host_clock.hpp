// A host's own monotonic clock: it runs a little fast or slow, and its timers fire at its ticks.
// The world has true time; the engine sees only what its host's clock says.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace torc::sim {

class HostClock {
public:
    HostClock() = default;
    /// `ppm`: parts per million that it is fast (or slow, if negative). `tick`: 0, or the
    /// distance of the only true instants at which timers fire.
    HostClock(std::int32_t ppm, Nanos tick) : ppm_(ppm), tick_(tick.count()) {}

    Instant local(Instant true_time) const {
        const std::int64_t ns = ns_of(true_time);
        return instant_from_ns(ns + ns / kMillion * ppm_ + ns % kMillion * ppm_ / kMillion);
    }

    /// When a timer for `deadline` of this clock fires: not before local() says that it is time.
    Instant fires_at(Instant deadline) const {
        if (deadline == kNever) return kNever;
        const std::int64_t ns = ns_of(deadline);
        const std::int64_t rate = kMillion + ppm_;
        std::int64_t at = ns - ns / rate * ppm_ - ns % rate * ppm_ / rate;  // exact to a few ns
        while (local(instant_from_ns(at)) < deadline) ++at;
        while (local(instant_from_ns(at - 1)) >= deadline) --at;
        if (tick_ != 0) at = (at + tick_ - 1) / tick_ * tick_;
        return instant_from_ns(at);
    }

private:
    static constexpr std::int64_t kMillion = 1'000'000;

    std::int64_t ppm_{0};
    std::int64_t tick_{0};
};

}  // namespace torc::sim
