// How long a call may wait. The clock is read only once a call has to wait at all.
#pragma once

#include <cstdint>

#include <time.h>

namespace torc::client_shm {

inline std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class Deadline {
public:
    explicit Deadline(std::int64_t timeout_ns) : timeout_ns_{timeout_ns} {}

    bool immediate() const { return timeout_ns_ == 0; }
    bool forever() const { return timeout_ns_ < 0; }
    bool passed() { return !forever() && left_ns() == 0; }

    /// Fills `left` and gives it, or gives nullptr for "no limit".
    const timespec* remaining(timespec& left) {
        if (forever()) return nullptr;
        const std::int64_t ns = left_ns();
        left.tv_sec = ns / 1'000'000'000;
        left.tv_nsec = ns % 1'000'000'000;
        return &left;
    }
    std::int64_t left_ns() {
        if (immediate()) return 0;
        const std::int64_t now = monotonic_ns();
        if (started_ns_ < 0) started_ns_ = now;
        const std::int64_t spent = now - started_ns_;
        return spent >= timeout_ns_ ? 0 : timeout_ns_ - spent;
    }

private:
    std::int64_t timeout_ns_;
    std::int64_t started_ns_{-1};
};

}  // namespace torc::client_shm
