// Text for operators; everything else is in load.cpp.
#include "config/check_command.hpp"

#include <iomanip>
#include <ostream>

#include "config/ipv4.hpp"
#include "config/print.hpp"

namespace torc::config {

namespace {

void describe(const Settings& settings, std::ostream& out) {
    const ClusterSettings& cluster = settings.cluster;
    out << "cluster " << cluster.name << ", " << cluster.nodes.size()
        << (cluster.nodes.size() == 1 ? " node" : " nodes") << ", fingerprint 0x" << std::hex
        << std::uppercase << std::setw(16) << std::setfill('0') << fingerprint(cluster) << std::dec
        << std::setfill(' ') << "\n";
    for (const NodeEntry& node : cluster.nodes) {
        out << "  " << node.name << " " << format_ipv4(node.address)
            << (node.name == settings.node.node ? "  (this daemon)" : "") << "\n";
    }
}

}  // namespace

void report(const std::vector<Error>& errors, std::ostream& err) {
    for (const Error& error : errors) {
        err << error.message << "\n";
        if (!error.remedy.empty()) err << "    " << error.remedy << "\n";
    }
}

int check_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err) {
    const LoadOutcome outcome = load_file(path, overrides);
    if (!outcome.ok()) {
        report(outcome.errors, err);
        err << path << ": " << outcome.errors.size()
            << (outcome.errors.size() == 1 ? " mistake\n" : " mistakes\n");
        return kExitBadConfig;
    }
    out << path << ": good\n";
    describe(outcome.settings, out);
    return kExitGood;
}

int print_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err) {
    const LoadOutcome outcome = load_file(path, overrides);
    if (!outcome.ok()) {
        report(outcome.errors, err);
        return kExitBadConfig;
    }
    out << print(outcome.settings.cluster, outcome.settings.node);
    return kExitGood;
}

}  // namespace torc::config
