// Messages at random instants: the gaps of a Poisson process, by von Neumann's method, which
// compares uniform numbers and takes no logarithm: the same gaps on every machine. What is below a
// nanosecond is carried on, so that the rate is right for messages of which many come in one.
#pragma once

#include <cstdint>

#include "base/prng.hpp"
#include "base/time.hpp"

namespace torc::sim {

class Arrivals {
public:
    /// `mean_ps`: picoseconds between two events on average.
    Arrivals(std::uint64_t seed, std::uint64_t mean_ps) : prng_(seed), mean_ps_(mean_ps) {}

    Nanos next() {
        const std::uint64_t gap = rest_ps_ + exponential_ps();
        rest_ps_ = gap % kPicosPerNano;
        return Nanos{static_cast<std::int64_t>(gap / kPicosPerNano)};
    }

private:
    static constexpr std::uint64_t kPicosPerNano = 1000;
    __extension__ using Wide = unsigned __int128;

    /// Runs of falling uniform numbers: the first one of a run of odd length is exponential below
    /// one, and each run of even length adds one to it.
    std::uint64_t exponential_ps() {
        for (std::uint64_t whole = 0;; ++whole) {
            const std::uint64_t first = prng_.next();
            std::uint64_t last = first;
            bool odd = true;
            for (std::uint64_t one = prng_.next(); one < last; one = prng_.next()) {
                last = one;
                odd = !odd;
            }
            if (odd) {
                return whole * mean_ps_ +
                       static_cast<std::uint64_t>((Wide{first} * mean_ps_) >> 64);
            }
        }
    }

    Prng prng_;
    std::uint64_t mean_ps_;
    std::uint64_t rest_ps_{0};
};

}  // namespace torc::sim
