// Latencies on their way into histograms.
#pragma once

#include <cstdint>

#include "telemetry/histogram.hpp"

namespace torc::tool {

/// Records latencies. Messages that come together often were as long under way: they are counted
/// and recorded together.
class LatencyTally {
public:
    void record(telemetry::Histogram<>& histogram, std::uint64_t ns) {
        if (&histogram != histogram_ || ns != ns_) {
            settle();
            histogram_ = &histogram;
            ns_ = ns;
        }
        ++times_;
    }
    /// What has been counted is recorded.
    void settle() {
        if (times_ != 0) histogram_->record(ns_, times_);
        times_ = 0;
    }

private:
    telemetry::Histogram<>* histogram_{nullptr};
    std::uint64_t ns_{0};
    std::uint64_t times_{0};
};

}  // namespace torc::tool
