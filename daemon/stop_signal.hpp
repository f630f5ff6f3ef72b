// SIGTERM and SIGINT as something to ask for, not something that interrupts.
#pragma once

namespace torc::daemon {

class StopSignal {
public:
    /// Blocks both signals for this thread and all that it starts; also ignores SIGPIPE.
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    /// True once for each signal that came since the last call. Never blocks.
    bool came();

    /// Readable while a signal waits to be asked for.
    int fd() const { return fd_; }

private:
    int fd_;
};

}  // namespace torc::daemon
