// What the administrator may tell a daemon of this machine through its socket.
#pragma once

#include <string>

#include "base/result.hpp"

namespace torc::tool {

/// Ends a session: its client gets TORC_ERROR_KICKED, groups see it disconnect.
/// Fails: no daemon there, no such session, another user than root and the daemon's own.
Result<void> disconnect_session(const std::string& socket_path, const std::string& session);

}  // namespace torc::tool
