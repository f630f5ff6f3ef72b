// torcd: the daemon. `--check FILE` judges a configuration, `--print-config` shows the effective
// one, otherwise it serves until it is told to stop.
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "config/check_command.hpp"
#include "config/load.hpp"
#include "daemon/lifecycle.hpp"
#include "daemon/machine.hpp"
#include "torc/torc.h"

namespace {

/// EX_UNAVAILABLE of sysexits.h: something the daemon needs is not there.
constexpr int kExitUnavailable = 69;

struct CommandLine {
    std::string config{"/etc/torc/torc.toml"};
    std::string check;
    bool print_config{false};
    torc::config::Overrides overrides;
};

int serve(const CommandLine& line) {
    torc::config::LoadOutcome loaded = torc::config::load_file(line.config, line.overrides);
    if (!loaded.ok()) {
        torc::config::report(loaded.errors, std::cerr);
        return torc::config::kExitBadConfig;
    }
    const torc::config::Opinion opinion = torc::daemon::ask_machine(loaded.settings, true);
    torc::config::report(opinion.errors, std::cerr);
    torc::config::report_warnings(opinion.warnings, std::cerr);
    if (!opinion.errors.empty()) return kExitUnavailable;
    auto daemon = torc::daemon::Daemon::open(loaded.settings.cluster, loaded.settings.node);
    if (!daemon) {
        torc::config::report({daemon.error()}, std::cerr);
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
    app.add_option("--set", line.overrides.sets, "override one key: section.key=value")
        ->allow_extra_args(false);
    app.add_option("--check", line.check, "say what is wrong with this file, then end");
    app.add_flag("--print-config", line.print_config, "print the effective settings, then end");
    CLI11_PARSE(app, argc, argv);

    if (!line.check.empty()) line.overrides.node_needed = !line.overrides.node.empty();
    const auto ask = [&line](torc::config::Settings& settings) {
        return torc::daemon::ask_machine(settings, line.overrides.node_needed);
    };
    if (!line.check.empty()) {
        return torc::config::check_command(line.check, line.overrides, std::cout, std::cerr, ask);
    }
    if (line.print_config) {
        return torc::config::print_command(line.config, line.overrides, std::cout, std::cerr, ask);
    }
    return serve(line);
}
