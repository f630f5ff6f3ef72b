// Times in which a host has no free frames: what arrives is lost, what the engine wants to send
// waits. Both are ordinary outcomes of a pool that others use too.
#pragma once

#include <cstdint>

#include "base/prng.hpp"
#include "base/time.hpp"
#include "tests/sim/hazards.hpp"

namespace torc::sim {

class Drought {
public:
    Drought(const HostHazards& hazards, std::uint64_t seed)
        : every_(hazards.drought_every), lasts_(hazards.drought_lasts), prng_(seed) {}

    /// Whether it is dry now. `now` never goes backwards.
    bool is_dry(Instant now) {
        if (every_ == 0) return false;
        if (next_ == Instant{}) next_ = now + microseconds(every_ / 2, every_ + every_ / 2);
        if (now >= next_) {
            until_ = now + microseconds(1, lasts_);
            next_ = until_ + microseconds(every_ / 2, every_ + every_ / 2);
        }
        return now < until_;
    }
    void end() { every_ = 0; }

private:
    Nanos microseconds(std::uint64_t low, std::uint64_t high) {
        return std::chrono::microseconds{prng_.between(low, high)};
    }

    std::uint64_t every_;
    std::uint64_t lasts_;
    Prng prng_;
    Instant next_{};
    Instant until_{};
};

}  // namespace torc::sim
