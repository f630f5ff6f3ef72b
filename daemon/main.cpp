// torcd: the daemon. `--check FILE` judges a configuration, `--print-config` shows the effective
// one, otherwise it serves until it is told to stop.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>

#include "config/check_command.hpp"
#include "config/load.hpp"
#include "daemon/lifecycle.hpp"
#include "torc/torc.h"

namespace {

/// Exit codes of sysexits.h, documented in the man page.
constexpr int kExitConfig = 78;
constexpr int kExitUnavailable = 69;

struct CommandLine {
    std::string config{"/etc/torc/torc.toml"};
    std::string check;
    bool print_config{false};
    torc::config::Overrides overrides;
};

void print_error(const torc::Error& error) {
    std::fprintf(stderr, "torcd: %s\n", error.message.c_str());
    if (!error.remedy.empty()) std::fprintf(stderr, "  try: %s\n", error.remedy.c_str());
}

int serve(const CommandLine& line) {
    const torc::config::LoadOutcome loaded =
        torc::config::load_file(line.config, line.overrides);
    for (const torc::Error& error : loaded.errors) print_error(error);
    if (!loaded.ok()) return kExitConfig;
    auto daemon = torc::daemon::Daemon::open(loaded.settings.cluster, loaded.settings.node);
    if (!daemon) {
        print_error(daemon.error());
        return kExitUnavailable;
    }
    return (*daemon)->run();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"torcd: the Torc group communication daemon"};
    CommandLine line;
    app.set_version_flag("--version", TORC_VERSION);
    app.add_option("-c,--config", line.config, "configuration file")->capture_default_str();
    app.add_option("-n,--node", line.overrides.node, "which [[node]] this daemon is");
    app.add_option("--set", line.overrides.sets, "override one key: section.key=value");
    app.add_option("--check", line.check, "say what is wrong with this file, then end");
    app.add_flag("--print-config", line.print_config, "print the effective settings, then end");
    CLI11_PARSE(app, argc, argv);

    if (!line.check.empty()) return torc::config::check_command(line.check, line.overrides);
    if (line.print_config) {
        return torc::config::print_config_command(line.config, line.overrides);
    }
    return serve(line);
}
