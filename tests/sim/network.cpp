#include "tests/sim/network.hpp"

namespace torc::sim {

void Network::split(std::uint64_t side) {
    for (std::uint32_t a = 0; a < nodes_; ++a) {
        for (std::uint32_t b = 0; b < nodes_; ++b) {
            if (((side >> a) & 1) != ((side >> b) & 1)) cut(a, b);
        }
    }
}

}  // namespace torc::sim
