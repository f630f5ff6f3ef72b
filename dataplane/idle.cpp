// The one system call of idling; the policy itself is in the header.
#include "dataplane/idle.hpp"

#include <array>
#include <cerrno>

#include <poll.h>

#include "base/check.hpp"

namespace torc::dataplane {

bool block_on(std::span<const int> fds, Nanos at_most) {
    TORC_CHECK(fds.size() <= kSleepFdsMax);
    std::array<pollfd, kSleepFdsMax> sources{};
    nfds_t count = 0;
    for (const int fd : fds) {
        if (fd >= 0) sources[count++] = {fd, POLLIN, 0};
    }
    const std::int64_t ns = std::max<std::int64_t>(at_most.count(), 0);
    const timespec timeout{.tv_sec = static_cast<time_t>(ns / 1'000'000'000),
                           .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
    return ppoll(sources.data(), count, &timeout, nullptr) != 0;
}

}  // namespace torc::dataplane
