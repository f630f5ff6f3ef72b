// The folder of sockets, counters and the lock that makes a daemon's name unique on this machine.
#pragma once

#include <string>

#include "base/result.hpp"

namespace torc::daemon {

/// An exclusive lock on `<runtime_dir>/<node>.lock`, held until the process ends in any way.
class NameLock {
public:
    /// Makes the folder if it is missing. Fails when another daemon of that name runs here, or
    /// when the folder cannot be made or written.
    static Result<NameLock> take(const std::string& runtime_dir, const std::string& node);
    ~NameLock();
    NameLock(NameLock&& other) noexcept;
    NameLock& operator=(NameLock&&) = delete;

private:
    explicit NameLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace torc::daemon
