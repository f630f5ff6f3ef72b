#include "tools/torc/netns.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <unistd.h>

#include "tools/torc/process.hpp"

namespace torc::tool {
namespace {

constexpr const char* kInsideMark = "TORC_PRIVATE_NETWORK";

void ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    if (run_program(arguments) == 0) return;
    std::string line;
    for (const std::string& argument : arguments) line += argument + ' ';
    throw std::runtime_error("failed: " + line + "(needs root and iproute2; see docs/operating)");
}

std::vector<std::string> in(const std::string& space, std::vector<std::string> arguments) {
    if (!space.empty()) arguments.insert(arguments.begin(), {"-n", space});
    return arguments;
}

/// A switch has no firewall: without this the host's rules for routed packets may be asked about
/// every frame on the bridge, which took an eighth of all processor time under load.
void pass_firewall_by(const std::string& space) {
    constexpr const char* kOff =
        "for file in /proc/sys/net/bridge/bridge-nf-call-*tables; do echo 0 >\"$file\"; done "
        "2>/dev/null; true";  // absent where the kernel has no firewall for bridges
    std::vector<std::string> shell{"sh", "-c", kOff};
    if (!space.empty()) shell.insert(shell.begin(), {"ip", "netns", "exec", space});
    run_program(shell, true);
}

/// A bridge that floods: no spanning tree, no delay, and no snooping, as nobody queries.
void make_bridge(const std::string& space, const std::string& mtu) {
    ip(in(space, {"link", "add", "torcbr", "mtu", mtu, "type", "bridge", "stp_state", "0",
                  "forward_delay", "0", "mcast_snooping", "0"}));
    ip(in(space, {"link", "set", "torcbr", "up"}));
    pass_firewall_by(space);
}

}  // namespace

Networks Networks::separate(std::size_t nodes, const std::vector<std::string>& addresses,
                            const std::vector<bool>& with_address, std::size_t mtu) {
    Networks networks;
    const std::string stem = "torc" + std::to_string(::getpid());
    const std::string size = std::to_string(mtu);
    const auto add_namespace = [&](const std::string& name) {
        ip({"netns", "add", name});
        networks.namespaces_.push_back(name);
        return name;
    };
    const std::string middle = add_namespace(stem + "br");
    make_bridge(middle, size);
    const bool mixed =
        std::find(with_address.begin(), with_address.end(), true) != with_address.end() &&
        std::find(with_address.begin(), with_address.end(), false) != with_address.end();
    std::vector<std::string> ports;
    for (std::size_t i = 0; i < nodes; ++i) {
        const std::string number = std::to_string(i);
        const std::string name = add_namespace(stem + "n" + number);
        const std::string far = "torcp" + number;
        ports.push_back(far);
        ip(in(name, {"link", "add", "torc0", "mtu", size, "type", "veth", "peer", "name", far,
                     "mtu", size, "netns", middle}));
        ip(in(middle, {"link", "set", far, "master", "torcbr", "up"}));
        // Beside nodes that get frames as they come, a kernel's bursts must be cut, as a card
        // would.
        if (mixed && with_address[i])
            ip(in(name, {"link", "set", "dev", "torc0", "gso_max_segs", "1"}));
        if (with_address[i]) ip(in(name, {"addr", "add", addresses[i] + "/24", "dev", "torc0"}));
        ip(in(name, {"link", "set", "torc0", "up"}));
        ip(in(name, {"link", "set", "lo", "up"}));
        networks.places_.push_back({{"ip", "netns", "exec", name}, "torc0"});
    }
    networks.ports_.emplace(middle, "torcbr", ports);
    return networks;
}

Networks Networks::here(std::size_t nodes, std::size_t mtu) {
    Networks networks;
    const std::string size = std::to_string(mtu);
    make_bridge({}, size);
    std::vector<std::string> ports;
    ip({"link", "set", "lo", "up"});
    for (std::size_t i = 0; i < nodes; ++i) {
        const std::string near = "torc" + std::to_string(i);
        const std::string far = "torcp" + std::to_string(i);
        ports.push_back(far);
        ip({"link", "add", near, "mtu", size, "type", "veth", "peer", "name", far, "mtu", size});
        ip({"link", "set", far, "master", "torcbr", "up"});
        ip({"link", "set", near, "up"});
        networks.places_.push_back({{}, near});
    }
    networks.ports_.emplace(std::string(), "torcbr", ports);
    return networks;
}

Networks::Networks(Networks&& other) noexcept
    : ports_(std::move(other.ports_)),
      places_(std::move(other.places_)),
      namespaces_(std::move(other.namespaces_)) {
    other.namespaces_.clear();
}

Networks::~Networks() {
    for (const std::string& name : namespaces_) run_program({"ip", "netns", "del", name}, true);
}

bool in_private_network() { return std::getenv(kInsideMark) != nullptr; }

void enter_private_network() {
    std::array<char, 4096> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (length <= 0) throw std::runtime_error("cannot find my own program");
    std::vector<std::string> arguments{"unshare", "-Urn", "env", std::string(kInsideMark) + "=1",
                                       std::string(path.data(), static_cast<std::size_t>(length))};
    std::ifstream file("/proc/self/cmdline");
    std::string argument;
    std::getline(file, argument, '\0');  // the program's own name
    while (std::getline(file, argument, '\0')) arguments.push_back(argument);

    std::vector<char*> argv;
    for (std::string& word : arguments) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    throw std::runtime_error("cannot run unshare (package util-linux)");
}

}  // namespace torc::tool
