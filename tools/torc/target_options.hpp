// The options that every command with a session shares.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/torc/session.hpp"

namespace torc::tool {

inline void add_target_options(CLI::App& app, Target& target) {
    app.add_option("-d,--daemon", target.daemon,
                   "daemon's name or socket path (default: the only one in the runtime folder)");
    app.add_option("-r,--runtime-dir", target.runtime_dir, "where daemons keep their sockets")
        ->envname("TORC_RUNTIME_DIR")
        ->capture_default_str();
    app.add_option("-n,--name", target.name, "session name (default: the daemon picks one)");
}

}  // namespace torc::tool
