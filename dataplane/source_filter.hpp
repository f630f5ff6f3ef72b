// Which IPv4 addresses may talk to us: the other daemons of the cluster. Asked once per frame, so
// it is a small open-addressed table of one cache line per few nodes instead of a search.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/limits.hpp"
#include "config/settings.hpp"

namespace torc::dataplane {

class SourceFilter {
public:
    enum class Verdict : std::uint8_t { peer, own, foreign };

    SourceFilter(const std::vector<config::NodeEntry>& nodes, NodeIndex self) {
        for (const config::NodeEntry& node : nodes) {
            if (node.index == self) own_ = node.address;
            insert(node.address);
        }
    }

    /// Takes an IPv4 address in host byte order.
    Verdict judge(std::uint32_t address) const {
        if (address == own_) return Verdict::own;
        for (std::size_t at = home(address); table_[at] != 0; at = (at + 1) % kSlots) {
            if (table_[at] == address) return Verdict::peer;
        }
        return Verdict::foreign;
    }

private:
    // Never more than a quarter full, so that a probe ends soon. 0.0.0.0 marks an empty slot: it is
    // no address of a node (config refuses it) and therefore always foreign.
    static constexpr std::size_t kSlots = 4 * kNodesMax;

    static std::size_t home(std::uint32_t address) {
        return (address * 0x9E3779B1u) >> 23;  // the top 9 bits: 512 slots
    }
    static_assert(kSlots == std::size_t{1} << 9);

    void insert(std::uint32_t address) {
        if (address == 0) return;
        std::size_t at = home(address);
        while (table_[at] != 0 && table_[at] != address) at = (at + 1) % kSlots;
        table_[at] = address;
    }

    std::uint32_t own_{0};
    std::array<std::uint32_t, kSlots> table_{};
};

}  // namespace torc::dataplane
