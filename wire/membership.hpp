// Messages of membership, decoded: JOIN, PROPOSE, STATE, PLAN, MERGE (protocol.md 4.3), and the
// two pieces of them that ordering works with: what a member holds of its old ring, and what PLAN
// orders for that ring.
//
// On the wire each is: hop header, ControlHeader, body. A message that is larger than one frame is
// sent in parts, each with both headers; ControlAssembler joins them. `ctl` rises with every
// message of an incarnation, and is the same in all parts of one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/byte_order.hpp"
#include "base/fixed_vec.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/have_bitmap.hpp"
#include "wire/hop.hpp"

namespace torc::wire {

struct ControlHeader {
    le16 sender;
    std::uint8_t part{0};   ///< 0 .. parts - 1
    std::uint8_t parts{1};  ///< at most kControlPartsMax
    le32 body_length;       ///< bytes of the whole body, all parts
    le64 incarnation;
    le64 ctl;
    le64 config_fingerprint;  ///< all 64 bits; the hop header has the low half
};
static_assert(sizeof(ControlHeader) == 32 && alignof(ControlHeader) == 1);

/// Bytes of the largest control message body, and into how many frames it can fall at
/// kFrameBytesMin.
inline constexpr std::size_t kControlBytesMax = 32 * 1024;
inline constexpr std::size_t kControlPartsMax = 24;
static_assert(kControlPartsMax * (kFrameBytesMin - sizeof(HopHeader) - sizeof(ControlHeader)) >=
              kControlBytesMax);

struct Control {
    Member sender;
    std::uint64_t ctl{0};
    std::uint64_t config_fingerprint{0};
};

using MemberList = FixedVec<Member, kNodesMax>;
using EpisodeSet = FixedVec<Member, kEpisodeMembersMax>;

/// Names one attempt to form a ring.
struct AttemptId {
    std::uint64_t epoch{0};
    NodeIndex coordinator{kNoNode};
    std::uint64_t nonce{0};
    friend bool operator==(const AttemptId&, const AttemptId&) = default;
};

/// "I heard this one": echo of the newest ctl, which no replay can make.
struct Hears {
    NodeIndex index{kNoNode};
    std::uint32_t incarnation_low{0};
    std::uint32_t ctl_low{0};
    friend bool operator==(const Hears&, const Hears&) = default;
};
using HearsList = FixedVec<Hears, kNodesMax>;

enum JoinFlag : std::uint8_t {
    kJoinLeaving = 1,
    kJoinTokenAlive = 2,  ///< I left the ring in good order; its token was not lost
};

struct Join {
    Control control;
    std::uint64_t max_epoch_seen{0};
    RingId old_ring;
    std::uint8_t flags{0};
    NodeIndex suspect{kNoNode};
    EpisodeSet proc_set;  ///< sorted
    EpisodeSet fail_set;  ///< sorted
    HearsList hears;
};

struct Propose {
    Control control;
    AttemptId attempt;
    EpisodeSet proc_set;
    EpisodeSet fail_set;
};

/// What one member holds of its old ring, frozen when it answered PROPOSE.
struct OldRingState {
    RingId ring;
    Seq stable;
    Seq aru;
    Seq high;
    HaveBitmap have;         ///< base aru, size high - aru
    EpisodeSet obligations;  ///< sorted
    friend bool operator==(const OldRingState&, const OldRingState&) = default;
};

struct State {
    Control control;
    AttemptId attempt;
    OldRingState old_ring;
    std::uint64_t lease_wait_ns{0};
    std::uint64_t group_digest{0};
};

/// What PLAN orders for one old ring: the members of it that move on together, and which of its
/// frames are in, lost, or still to be exchanged.
struct RecoveryOrder {
    RingId old_ring;
    RingId transitional;  ///< epoch of the new ring, lowest of `together`
    MemberList together;  ///< sorted
    Seq low_aru;
    Seq stable_max;
    Seq high_max;
    HaveBitmap final_holes;  ///< base low_aru, size high_max - low_aru: nobody has these
    EpisodeSet obligations;  ///< union over `together`
    friend bool operator==(const RecoveryOrder&, const RecoveryOrder&) = default;
};

struct PlanHead {
    Control control;
    AttemptId attempt;
    RingId ring;
    MemberList members;  ///< sorted
    std::uint64_t lease_wait_ns{0};
    std::uint16_t orders{0};
};

struct Merge {
    Control control;
    RingId ring;
    std::uint64_t max_epoch_seen{0};
    MemberList members;
    HearsList hears;
};

/// Encoders write a body (without headers) and give its length, or 0 if `room` is too small.
std::size_t encode_body(const Join& join, std::span<std::byte> room);
std::size_t encode_body(const Propose& propose, std::span<std::byte> room);
std::size_t encode_body(const State& state, std::span<std::byte> room);
std::size_t encode_body(const Merge& merge, std::span<std::byte> room);
/// A PLAN is written head first, then one order after the other; `orders` in the head must be
/// their number. Each call gives the bytes it appended, or 0.
std::size_t encode_body(const PlanHead& head, std::span<std::byte> room);
std::size_t encode_order(const RecoveryOrder& order, std::span<std::byte> room);

/// Decoders are total on hostile bytes: nothing on any violation, including unsorted sets, members
/// twice, indices past kNodesMax, bitmaps whose size contradicts their seqs. `control` is filled
/// from what ControlAssembler gave.
std::optional<Join> decode_join(const Control& control, std::span<const std::byte> body);
std::optional<Propose> decode_propose(const Control& control, std::span<const std::byte> body);
std::optional<State> decode_state(const Control& control, std::span<const std::byte> body);
std::optional<Merge> decode_merge(const Control& control, std::span<const std::byte> body);
std::optional<PlanHead> decode_plan(const Control& control, std::span<const std::byte> body);
/// Order number `position` of a PLAN body that decode_plan accepted.
std::optional<RecoveryOrder> decode_order(std::span<const std::byte> body, std::size_t position);

/// Joins the parts of control messages. One message a sender at a time; a newer `ctl` replaces an
/// unfinished older one. Memory is allocated once, in the constructor.
class ControlAssembler;

}  // namespace torc::wire
