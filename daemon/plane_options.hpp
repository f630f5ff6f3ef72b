// What the settings say of clients, as the client plane wants to hear it.
#pragma once

#include "client_shm/server/client_plane.hpp"
#include "config/settings.hpp"

namespace torc::daemon {

inline client_shm::PlaneOptions plane_options(const config::NodeSettings& node) {
    client_shm::PlaneOptions options;
    options.slow_reader = node.slow_reader;
    options.unread_max = node.session_messages;
    options.high_water_percent = node.high_water;
    options.is_ahead = node.client_core >= 0;
    return options;
}

}  // namespace torc::daemon
