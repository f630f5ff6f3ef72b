// The Unix sockets of the vhost-user mesh: their names, whether somebody listens, and what a
// killed owner left behind.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace torc::dataplane::dpdk {

/// <dir>/v-<low>-<high>.sock
std::string mesh_socket_path(const std::string& dir, NodeIndex one, NodeIndex other);

enum class SocketState : std::uint8_t { missing, stale, answers, busy, forbidden };
/// Connects and hangs up at once; never blocks.
SocketState probe_socket(const std::string& path);
/// Asks the owner for its vhost-user features, as the driver will, and waits for the answer. A
/// stopped owner's kernel still accepts connections, and the driver waits without a bound.
/// Cost: at most `patience`.
bool owner_answers(const std::string& path, Nanos patience);

/// Makes the folder if it is missing. Fails: no name, no right, a path too long for a socket.
Result<void> prepare_mesh_dir(const std::string& dir);
/// Removes a socket file that nobody answers on. Fails if another daemon answers.
Result<void> clear_socket(const std::string& path);

}  // namespace torc::dataplane::dpdk
