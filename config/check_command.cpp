// Text for operators; everything else is in load.cpp.
#include "config/check_command.hpp"

#include <iomanip>
#include <ostream>
#include <utility>

#include "config/ipv4.hpp"
#include "config/mtu.hpp"
#include "config/print.hpp"

namespace torc::config {

namespace {

void describe(const Settings& settings, std::ostream& out) {
    const ClusterSettings& cluster = settings.cluster;
    out << "cluster " << cluster.name << ", " << cluster.nodes.size()
        << (cluster.nodes.size() == 1 ? " node, " : " nodes, ");
    if (cluster.frame_bytes == kFrameBytesAuto) {
        out << "fingerprint known where the MTU is: --node NAME, on its machine\n";
    } else {
        out << "fingerprint 0x" << std::hex << std::uppercase << std::setw(16) << std::setfill('0')
            << fingerprint(cluster) << std::dec << std::setfill(' ') << "\n";
    }
    for (const NodeEntry& node : cluster.nodes) {
        out << "  " << node.name << " " << format_ipv4(node.address)
            << (node.name == settings.node.node ? "  (this daemon)" : "") << "\n";
    }
}

/// Reads the file and asks the machine. Errors come to light as those of the file do.
LoadOutcome load_here(const std::string& path, const Overrides& overrides, const AskMachine& ask,
                      std::vector<Error>& warnings) {
    LoadOutcome outcome = load_file(path, overrides);
    if (!outcome.ok() || !ask) return outcome;
    Opinion opinion = ask(outcome.settings);
    outcome.errors = std::move(opinion.errors);
    warnings = std::move(opinion.warnings);
    return outcome;
}

}  // namespace

void report(const std::vector<Error>& errors, std::ostream& err) {
    for (const Error& error : errors) {
        err << error.message << "\n";
        if (!error.remedy.empty()) err << "    " << error.remedy << "\n";
    }
}

void report_warnings(const std::vector<Error>& warnings, std::ostream& err) {
    for (const Error& warning : warnings) {
        err << "warning: " << warning.message << "\n";
        if (!warning.remedy.empty()) err << "    " << warning.remedy << "\n";
    }
}

int check_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err, const AskMachine& ask) {
    std::vector<Error> warnings;
    const LoadOutcome outcome = load_here(path, overrides, ask, warnings);
    if (!outcome.ok()) {
        report(outcome.errors, err);
        err << path << ": " << outcome.errors.size()
            << (outcome.errors.size() == 1 ? " mistake\n" : " mistakes\n");
        return kExitBadConfig;
    }
    out << path << ": good\n";
    describe(outcome.settings, out);
    report_warnings(warnings, err);
    return kExitGood;
}

int print_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err, const AskMachine& ask) {
    std::vector<Error> warnings;
    const LoadOutcome outcome = load_here(path, overrides, ask, warnings);
    if (!outcome.ok()) {
        report(outcome.errors, err);
        return kExitBadConfig;
    }
    out << print(outcome.settings.cluster, outcome.settings.node);
    return kExitGood;
}

}  // namespace torc::config
