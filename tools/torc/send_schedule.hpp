// When the messages of an open loop are due. The times do not depend on how earlier messages fared:
// what cannot be sent in time stays due, and its lateness counts (no coordinated omission).
#pragma once

#include <cmath>
#include <cstdint>

#include "base/prng.hpp"

namespace torc::tool {

enum class Arrivals : std::uint8_t {
    even,     ///< one message every 1/rate
    poisson,  ///< independent of each other: exponential gaps, from a seed
};

class SendSchedule {
public:
    /// `per_second` 0: nothing is ever due at a time of its own; the sender floods.
    SendSchedule(double per_second, Arrivals arrivals, std::uint64_t seed)
        : gap_ns_(per_second > 0 ? 1e9 / per_second : 0), arrivals_(arrivals), random_(seed) {}

    bool floods() const { return gap_ns_ <= 0; }

    /// The first message is due at `start_ns`, or up to a gap later: even senders take turns, so
    /// that all their messages together are even. `place` of `senders`: whose turn it is.
    void start(std::int64_t start_ns, std::uint32_t place = 0, std::uint32_t senders = 1) {
        start_ns_ = start_ns;
        if (arrivals_ == Arrivals::even) {
            start_ns_ += static_cast<std::int64_t>(gap_ns_ * place / senders);
        }
        count_ = 0;
        offset_ns_ = 0;
    }
    /// When the next message is due.
    std::int64_t next_ns() const { return start_ns_ + static_cast<std::int64_t>(offset_ns_); }
    /// The next message was sent, or given up.
    void advance() {
        ++count_;
        // Even times come from the count, so that no error of rounding adds up.
        offset_ns_ = arrivals_ == Arrivals::even ? static_cast<double>(count_) * gap_ns_
                                                 : offset_ns_ + exponential() * gap_ns_;
    }

private:
    /// Of mean 1.
    double exponential() {
        constexpr double kScale = 0x1p-53;
        return -std::log1p(-static_cast<double>(random_.next() >> 11) * kScale);
    }

    double gap_ns_;
    Arrivals arrivals_;
    Prng random_;
    std::int64_t start_ns_{0};
    std::uint64_t count_{0};
    double offset_ns_{0};
};

}  // namespace torc::tool
