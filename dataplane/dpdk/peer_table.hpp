// Who is who on the wire: which daemon an IPv4 address belongs to, and by which MAC it was last
// heard. Built once from the cluster's settings; MACs are learnt from valid frames. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "config/settings.hpp"
#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

class PeerTable {
public:
    /// Takes settings that were checked: at most kNodesMax nodes, no address twice.
    PeerTable(const config::ClusterSettings& cluster, NodeIndex self);

    /// kNoNode for an address that is not of this cluster. Cost: one or two probes.
    NodeIndex find(std::uint32_t address) const {
        for (std::size_t slot = slot_of(address);; slot = (slot + 1) % kSlots) {
            if (slots_[slot].index == kNoNode || slots_[slot].address == address) {
                return slots_[slot].index;
            }
        }
    }
    std::uint32_t address(NodeIndex index) const { return addresses_[raw(index)]; }
    std::uint32_t own_address() const { return addresses_[raw(self_)]; }
    NodeIndex self() const { return self_; }
    std::size_t size() const { return size_; }

    /// Null until something was heard from this daemon.
    const MacAddress* mac(NodeIndex index) const {
        return macs_[raw(index)].is_zero() ? nullptr : &macs_[raw(index)];
    }
    /// Group and zero addresses are nobody's and are not learnt.
    void learn(NodeIndex index, const MacAddress& mac) {
        if (macs_[raw(index)] == mac || mac.is_group()) return;
        macs_[raw(index)] = mac;
    }

private:
    // Four slots a node at the worst: chains stay short and the search always meets a free slot.
    static constexpr std::size_t kSlots = 4 * kNodesMax;
    struct Slot {
        std::uint32_t address{0};
        NodeIndex index{kNoNode};
    };
    static std::size_t slot_of(std::uint32_t address) {
        return (address * 0x9E3779B1U) >> 23;  // 9 bits
    }
    static_assert(kSlots == 1U << 9);

    std::array<Slot, kSlots> slots_{};
    std::array<std::uint32_t, kNodesMax> addresses_{};
    std::array<MacAddress, kNodesMax> macs_{};
    std::size_t size_{0};
    NodeIndex self_{kNoNode};
};

}  // namespace torc::dataplane::dpdk
