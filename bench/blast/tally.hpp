// How many frames of a blast came in the measured time. Pure.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace torc::blast {

class Tally {
public:
    /// Measured are `time` from `warm_up` after the first frame.
    Tally(Nanos warm_up, Nanos time) : warm_up_(warm_up), time_(time) {}

    void add(Instant now, std::uint64_t frames, std::uint64_t bytes) {
        if (!begun()) from_ = now + warm_up_;
        if (now < from_ || now >= from_ + time_) return;
        frames_ += frames;
        bytes_ += bytes;
    }

    bool begun() const { return from_ != kNever; }
    bool complete(Instant now) const { return begun() && now >= from_ + time_; }
    std::uint64_t frames() const { return frames_; }
    double frames_per_second() const { return per_second(frames_); }
    double bits_per_second() const { return 8 * per_second(bytes_); }

private:
    double per_second(std::uint64_t count) const {
        return static_cast<double>(count) * 1e9 / static_cast<double>(time_.count());
    }

    Nanos warm_up_;
    Nanos time_;
    Instant from_{kNever};
    std::uint64_t frames_{0};
    std::uint64_t bytes_{0};
};

}  // namespace torc::blast
