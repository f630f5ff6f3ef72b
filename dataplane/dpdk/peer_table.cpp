// See peer_table.hpp.
#include "dataplane/dpdk/peer_table.hpp"

#include "base/check.hpp"

namespace torc::dataplane::dpdk {

PeerTable::PeerTable(const config::ClusterSettings& cluster, NodeIndex self)
    : size_(cluster.nodes.size()), self_(self) {
    TORC_CHECK(size_ <= kNodesMax && raw(self) < size_);
    for (const config::NodeEntry& node : cluster.nodes) {
        TORC_CHECK(raw(node.index) < size_);
        addresses_[raw(node.index)] = node.address;
        std::size_t slot = slot_of(node.address);
        while (slots_[slot].index != kNoNode) slot = (slot + 1) % kSlots;
        slots_[slot] = {node.address, node.index};
    }
}

}  // namespace torc::dataplane::dpdk
