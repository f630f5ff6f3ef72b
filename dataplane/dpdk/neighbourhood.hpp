// What a host does on its link besides sending data: answer and ask by ARP, tell and repeat its
// multicast membership. A small machine over bytes and instants; the port sends what it puts out.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <type_traits>

#include "base/fixed_vec.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "dataplane/dpdk/arp.hpp"
#include "dataplane/dpdk/ethernet.hpp"
#include "dataplane/dpdk/igmp.hpp"
#include "dataplane/dpdk/peer_table.hpp"

namespace torc::dataplane::dpdk {

using LinkFrame = std::array<std::byte, 60>;
static_assert(std::is_same_v<LinkFrame, ArpFrame> && std::is_same_v<LinkFrame, IgmpFrame>);

class Neighbourhood {
public:
    struct Identity {
        MacAddress mac;
        std::uint32_t address{0};
        std::uint32_t group{0};
        bool joins_group{true};  ///< false with unicast dissemination: nothing to join
    };

    Neighbourhood(const Identity& identity, PeerTable& peers);

    /// Learns from it if the sender is of the cluster; puts an answer out if we are asked for.
    void on_arp(const EthernetView& frame);
    /// A query is answered at a seeded moment within the time it allows.
    void on_igmp(const Ipv4Packet& packet);
    /// Somebody wants to send to a daemon whose MAC is not known: ask, at most every 100 ms.
    void want(NodeIndex peer) { wanted_[raw(peer)] = true; }

    /// Announcements at start, ARP requests, IGMP answers that are due.
    void maintain(Instant now);
    /// Puts a leave out; the last thing before the port closes.
    void leave();

    /// Frames to send now; the caller clears it. At most kOutMax, more are dropped and counted:
    /// somebody floods us with requests and does not need every answer.
    static constexpr std::size_t kOutMax = 32;
    FixedVec<LinkFrame, kOutMax>& out() { return out_; }

    std::uint64_t answers_dropped() const { return answers_dropped_; }
    /// Frames in which another MAC claimed our address.
    std::uint64_t address_conflicts() const { return address_conflicts_; }
    std::uint64_t arp_answers() const { return arp_answers_; }
    std::uint64_t igmp_reports() const { return igmp_reports_; }

private:
    void put(const LinkFrame& frame);
    void announce(Instant now);
    void report(bool joining);
    ArpSelf arp_self() const { return {identity_.mac, identity_.address}; }
    IgmpSelf igmp_self() const { return {identity_.mac, identity_.address, identity_.group}; }

    Identity identity_;
    PeerTable& peers_;
    FixedVec<LinkFrame, kOutMax> out_;
    std::bitset<kNodesMax> wanted_;
    std::array<Instant, kNodesMax> ask_again_{};
    Instant announce_at_{};  ///< the first maintain() announces
    unsigned announcements_{0};
    bool query_pending_{false};
    Nanos answer_within_{0};
    Instant report_at_{kNever};
    IgmpVersion igmp_version_{IgmpVersion::v3};
    std::uint64_t jitter_;
    std::uint64_t answers_dropped_{0};
    std::uint64_t address_conflicts_{0};
    std::uint64_t arp_answers_{0};
    std::uint64_t igmp_reports_{0};
};

}  // namespace torc::dataplane::dpdk
