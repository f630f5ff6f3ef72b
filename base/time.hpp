// Instants and durations of a clock that cannot be read. Time enters the core as an argument, once
// per pass of the driver's loop; that is what makes the simulator's time as good as the machine's.
#pragma once

#include <chrono>
#include <cstdint>

namespace torc {

using Nanos = std::chrono::nanoseconds;

/// A monotonic clock without `now()`: only drivers know how to make its instants.
struct ProtocolClock {
    using duration = Nanos;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<ProtocolClock>;
    static constexpr bool is_steady = true;
};

using Instant = ProtocolClock::time_point;

/// "No deadline": later than every instant a driver can produce.
inline constexpr Instant kNever = Instant::max();

constexpr Instant instant_from_ns(std::int64_t ns) { return Instant{Nanos{ns}}; }
constexpr std::int64_t ns_of(Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace torc
