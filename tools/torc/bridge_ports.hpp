// Pulls the plug of a local cluster's daemon and puts it back: its veth end leaves the bridge that
// joins the namespaces, and comes back. The daemon sees no link event, as behind a switch. One
// netlink message each, so that a measurement does not begin with the start of a program.
#pragma once

#include <string>
#include <vector>

#include "dataplane/fd.hpp"

namespace torc::tool {

class BridgePorts {
public:
    /// `space`: the namespace with the bridge; empty: this one. Throws if it cannot be entered.
    BridgePorts(const std::string& space, const std::string& bridge,
                const std::vector<std::string>& ports);

    /// Both return when the kernel has done it; they throw if it refuses.
    void unplug(std::size_t port) const { set_master(port, 0); }
    void plug(std::size_t port) const { set_master(port, bridge_); }

private:
    void open(const std::string& space, const std::string& bridge,
              const std::vector<std::string>& ports);
    void set_master(std::size_t port, unsigned master) const;

    dataplane::Fd socket_;
    unsigned bridge_{0};
    std::vector<unsigned> ports_;
};

}  // namespace torc::tool
