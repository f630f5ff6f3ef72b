// A daemon that lies: frames as well-formed as any, with contents that no honest one would send.
// Built from what passes by, so that rings, incarnations and numbers are those of the day. It must
// not crash a daemon, not trip its checks and not start a storm; what it does to the order is not
// judged (frames are not sealed yet, and no daemon is Byzantine: protocol.md 1).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/prng.hpp"
#include "tests/sim/network.hpp"
#include "wire/hop.hpp"
#include "wire/membership.hpp"

namespace torc::sim {

class Forger {
public:
    Forger(std::uint32_t nodes, std::uint64_t fingerprint, std::uint64_t seed)
        : nodes_(nodes), fingerprint_(fingerprint), prng_(seed) {}

    /// A packet that passes by.
    void overhear(const Packet& packet);
    /// A packet that lies; null while too little was overheard.
    Packet forge();

private:
    using Bytes = std::vector<std::byte>;

    /// A frame that was overheard, with some of its numbers changed.
    Packet twisted();
    void twist(Bytes& bytes, const Bytes& other);
    std::uint64_t other_number(std::uint64_t number, std::uint64_t of_other);
    /// A message of membership made up from parts that are true each for itself.
    Packet invented();
    Packet invent_status();
    std::size_t invent_join(std::span<std::byte> room);
    std::size_t invent_propose(std::span<std::byte> room);
    std::size_t invent_state(std::span<std::byte> room);
    std::size_t invent_plan(std::span<std::byte> room);
    std::size_t invent_merge(std::span<std::byte> room);
    wire::RecoveryOrder invent_order(const wire::PlanHead& head);
    wire::OldRingState invent_old_ring();
    Packet framed(wire::Kind kind, std::span<const std::byte> body);

    wire::EpisodeSet some_members(std::uint32_t chance);
    wire::MemberList some_list();
    wire::HearsList echoes();
    wire::AttemptId some_attempt();
    RingId some_ring();
    std::uint64_t some_seq();
    Member some_member();

    static constexpr std::size_t kKept = 16;  ///< frames of each kind

    std::uint32_t nodes_;
    std::uint64_t fingerprint_;
    Prng prng_;
    std::array<std::vector<Packet>, wire::kKindLast + 1> overheard_;
    std::array<std::uint64_t, wire::kKindLast + 1> count_{};
    std::vector<Member> members_;     ///< newest incarnation by index; Incarnation{}: unknown
    std::vector<std::uint64_t> ctl_;  ///< newest by index
    std::vector<RingId> rings_;       ///< the newest few
    std::vector<wire::AttemptId> attempts_;
    std::uint64_t highest_seq_{0};
};

}  // namespace torc::sim
