#include "daemon/stop_signal.hpp"

#include <csignal>
#include <sys/signalfd.h>

#include <unistd.h>

#include "base/check.hpp"

namespace torc::daemon {

StopSignal::StopSignal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    TORC_CHECK(::sigprocmask(SIG_BLOCK, &signals, nullptr) == 0);
    ::signal(SIGPIPE, SIG_IGN);
    fd_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    TORC_CHECK(fd_ >= 0);
}

StopSignal::~StopSignal() { ::close(fd_); }

bool StopSignal::came() {
    signalfd_siginfo info;
    return ::read(fd_, &info, sizeof info) == sizeof info;
}

}  // namespace torc::daemon
