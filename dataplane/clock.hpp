// The one place of the daemon that reads time for the protocol: once per pass of the poll loop.
// Reads the processor's time stamp counter where it is invariant, steered by CLOCK_MONOTONIC, and
// CLOCK_MONOTONIC itself where it is not. Never the wall clock.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace torc::dataplane {

/// Where a Clock reads from; a test puts its own in.
struct ClockSources {
    std::uint64_t (*read_tsc)(void* context){nullptr};
    std::int64_t (*read_ns)(void* context){nullptr};  ///< CLOCK_MONOTONIC
    void (*wait)(void* context){nullptr};  ///< lets some milliseconds pass, for the calibration
    void* context{nullptr};
};

/// A monotonic clock near CLOCK_MONOTONIC.
///
/// **Threads**: one. **Cost**: some 10 ns; every kCheckInterval one check against CLOCK_MONOTONIC.
class Clock {
public:
    static constexpr Nanos kCheckInterval = std::chrono::milliseconds(250);
    /// A counter further off than this at two checks running has stopped, jumped or lied (suspend,
    /// migration of the virtual machine): from then on CLOCK_MONOTONIC is read.
    static constexpr Nanos kErrorMax = std::chrono::milliseconds(1);

    /// Chooses the counter if the processor and the kernel trust it. Takes 10 ms (calibration).
    static Clock open();
    Clock(const ClockSources& sources, bool use_tsc);

    /// Never earlier than the last answer.
    Instant now();
    bool uses_tsc() const { return uses_tsc_; }
    /// Which clock it is, for start-up.
    std::string describe() const;

private:
    struct Pair {
        std::uint64_t tsc;
        std::int64_t ns;
        bool tight;  // both were read at one moment, as far as can be told
    };

    Pair read_pair() const;
    std::int64_t at(std::uint64_t tsc) const;
    void check();
    void steer(const Pair& pair, std::int64_t error);

    ClockSources sources_;
    bool uses_tsc_;
    Pair first_{};               // the calibration's base: the longer the run, the better the rate
    std::uint64_t base_tsc_{0};  // now = base_ns_ + (tsc - base_tsc_) * rate_ / 2^32
    std::int64_t base_ns_{0};
    std::uint64_t rate_{0};
    std::int64_t next_check_{0};
    std::int64_t last_{0};
    int strikes_{0};
};

}  // namespace torc::dataplane
