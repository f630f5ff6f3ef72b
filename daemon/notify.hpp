// The service manager's protocol: one datagram with a few lines. Nothing happens without one.
#pragma once

#include <string>

namespace torc::daemon {

/// Sends e.g. "READY=1\nSTATUS=ring 7, 3 members" to $NOTIFY_SOCKET, if there is one.
void notify_service_manager(const std::string& lines);

}  // namespace torc::daemon
