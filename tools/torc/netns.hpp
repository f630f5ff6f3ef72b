// Private networks for a local cluster: veth pairs on a bridge, in namespaces of our own. All that
// is made here is removed by the destructor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/torc/bridge_ports.hpp"

namespace torc::tool {

class Networks {
public:
    /// Where a daemon stands: `prefix` goes in front of its command line.
    struct Place {
        std::vector<std::string> prefix;
        std::string interface;
    };

    /// One namespace a node plus one with the bridge (needs root); the interface in each carries
    /// an address only if `with_address[node]`.
    static Networks separate(std::size_t nodes, const std::vector<std::string>& addresses,
                             const std::vector<bool>& with_address, std::size_t mtu);
    /// Everything in the namespace this process is in (enter_private_network first).
    static Networks here(std::size_t nodes, std::size_t mtu);

    ~Networks();
    Networks(Networks&& other) noexcept;
    Networks& operator=(Networks&&) = delete;

    const Place& place(std::size_t node) const { return places_[node]; }
    /// The switch's side of that node's cable.
    const BridgePorts& ports() const { return *ports_; }
    /// The namespace with the switch; empty: the one this process is in.
    std::string switch_space() const { return namespaces_.empty() ? "" : namespaces_.front(); }

private:
    Networks() = default;

    std::optional<BridgePorts> ports_;
    std::vector<Place> places_;
    std::vector<std::string> namespaces_;
};

/// True inside the namespace that `enter_private_network` made.
bool in_private_network();
/// Becomes this very program again inside a fresh user and network namespace (`unshare -Urn`), with
/// the arguments it was given. Needs no privileges where user namespaces are allowed. Throws if
/// that cannot be; else it does not return.
[[noreturn]] void enter_private_network();

}  // namespace torc::tool
