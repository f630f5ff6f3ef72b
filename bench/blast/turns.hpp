// How a sender lets receivers run that share its processors. None of these ways is right on every
// port and machine: who yields seldom overruns its receivers, who yields often idles. A ceiling is
// what the port carries at best, so a blast tries them one after the other and the best counts.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bench/blast/tally.hpp"

namespace torc::blast {

/// Frames sent before a sched_yield, in the order in which they are tried.
inline constexpr std::array<std::uint32_t, 5> kTurns{64, 128, 256, 512, 1024};

/// What one receiver counted of each turn. Pure.
class TurnTallies {
public:
    /// Of `time`, each turn has its part; what comes at a turn's begin and end is not counted.
    explicit TurnTallies(Nanos time) {
        const Nanos part = time / static_cast<std::int64_t>(kTurns.size());
        for (std::size_t i = 0; i < kTurns.size(); ++i) {
            tallies_.emplace_back(part / 8, part * 3 / 4);
        }
    }

    void add(Instant now, std::size_t turn, std::uint64_t frames, std::uint64_t bytes) {
        if (turn < tallies_.size()) tallies_[turn].add(now, frames, bytes);
    }
    bool begun() const { return tallies_.front().begun(); }
    /// The last turn was reached. How much of it was seen does not matter: a part counts as less.
    bool complete() const { return tallies_.back().begun(); }
    /// Place in kTurns of the one with the most frames a second.
    std::size_t best() const {
        std::size_t best = 0;
        for (std::size_t i = 1; i < tallies_.size(); ++i) {
            if (tallies_[i].frames_per_second() > tallies_[best].frames_per_second()) best = i;
        }
        return best;
    }
    const Tally& operator[](std::size_t turn) const { return tallies_[turn]; }

private:
    std::vector<Tally> tallies_;
};

}  // namespace torc::blast
