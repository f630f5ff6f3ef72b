// The clock that daemons and clients of one machine share.
#pragma once

#include <cstdint>

#include <time.h>

namespace torc::tool {

/// CLOCK_MONOTONIC in nanoseconds.
inline std::int64_t monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace torc::tool
