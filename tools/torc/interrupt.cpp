#include "tools/torc/interrupt.hpp"

#include <csignal>
#include <ctime>
#include <utility>

#include <unistd.h>

namespace torc::tool {
namespace {

constexpr timespec kLook{0, 50'000'000};  ///< how often the thread asks whether it may end

sigset_t watched() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
    return signals;
}

}  // namespace

CleanUpOnSignal::CleanUpOnSignal(std::function<void()> clean_up) : clean_up_(std::move(clean_up)) {
    const sigset_t signals = watched();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    thread_ = std::thread([this] { watch(); });
}

CleanUpOnSignal::~CleanUpOnSignal() {
    done_.store(true, std::memory_order_release);
    thread_.join();
    const sigset_t signals = watched();
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void CleanUpOnSignal::watch() {
    const sigset_t signals = watched();
    while (!done_.load(std::memory_order_acquire)) {
        const int number = ::sigtimedwait(&signals, nullptr, &kLook);
        if (number <= 0) continue;
        clean_up_();
        ::_exit(128 + number);
    }
}

}  // namespace torc::tool
