// A port that costs nothing and waits for nobody: frames go to a TinyWire, and arrive when the
// program says so. Only the factory is seen from outside. The daemon's templates must call it as
// they call a real port, through the table of virtual functions, and the compiler would make
// shorter work of a class that it can see.
#pragma once

#include <memory>
#include <vector>

#include "bench/micro/tiny_wire.hpp"
#include "dataplane/port.hpp"

namespace torc::bench {

/// What waits to be received, urgent frames first. Bounded by what the wire lends.
struct Inbox {
    std::vector<Packet> urgent;
    std::vector<Packet> data;
};

/// Both arguments outlive the port.
std::unique_ptr<dataplane::Port> make_tiny_port(TinyWire& wire, std::size_t node, Inbox& inbox);

}  // namespace torc::bench
