// Cleaning up when the user presses Ctrl-C: a thread of its own waits for the signal, so that the
// clean-up is ordinary code and not a signal handler's.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace torc::tool {

/// While it lives, SIGINT, SIGTERM and SIGHUP run `clean_up` and end the program. Make it before
/// other threads start: they inherit the blocked signals.
class CleanUpOnSignal {
public:
    explicit CleanUpOnSignal(std::function<void()> clean_up);
    ~CleanUpOnSignal();
    CleanUpOnSignal(const CleanUpOnSignal&) = delete;
    CleanUpOnSignal& operator=(const CleanUpOnSignal&) = delete;

private:
    void watch();

    std::function<void()> clean_up_;
    std::atomic<bool> done_{false};
    std::thread thread_;
};

}  // namespace torc::tool
