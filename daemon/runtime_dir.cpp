#include "daemon/runtime_dir.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace torc::daemon {
namespace {

/// Tries for a moment: a killed predecessor holds its lock until the kernel has buried it.
bool lock_soon(int fd) {
    constexpr int kTries = 100;
    constexpr useconds_t kPause = 20'000;
    for (int i = 0; i < kTries; ++i) {
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
        ::usleep(kPause);  // tidy: allow sleep: start-up only
    }
    return false;
}

}  // namespace

Result<NameLock> NameLock::take(const std::string& runtime_dir, const std::string& node) {
    std::error_code error;
    std::filesystem::create_directories(runtime_dir, error);
    if (error) {
        return failure("cannot make the runtime folder " + runtime_dir + ": " + error.message(),
                       "set daemon.runtime_dir to a folder this user may write");
    }
    const std::string path = runtime_dir + "/" + node + ".lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return failure("cannot open " + path + ": " + std::strerror(errno),
                       "set daemon.runtime_dir to a folder this user may write");
    }
    if (!lock_soon(fd)) {
        ::close(fd);
        return failure(
            "another torcd named '" + node + "' runs on this machine (" + path + " is locked)",
            "stop it, or start this one with another --node or daemon.runtime_dir");
    }
    return NameLock(fd);
}

NameLock::NameLock(NameLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

NameLock::~NameLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace torc::daemon
