// The token: one frame that makes its holder the only daemon that may give out sequence numbers.
// protocol.md 2 and 3.3. Decoded form here; the bytes are TokenHeader, then candidates, then rtr.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/byte_order.hpp"
#include "base/fixed_vec.hpp"
#include "base/frame_ref.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"

namespace torc::wire {

enum TokenFlag : std::uint8_t {
    kTokenRecovery = 1,   ///< the ring is still recovering; no new frames
    kTokenMergeSeen = 2,  ///< the candidates were accepted by every member: drain and gather
    kTokenLeaving = 4,    ///< `leaver` goes in good order: drain and gather without it
};

struct TokenHeader {
    le64 epoch;
    le16 representative;
    std::uint8_t flags{0};
    std::uint8_t retransmission{0};  ///< how often this hop was sent again
    le16 aru_setter;                 ///< raw(kNoNode): nobody
    le16 done_run;                   ///< recovery: members in a row that hold everything
    le64 token_seq;                  ///< rises by one at every hop
    le64 seq;                        ///< highest seq given out
    le64 aru;                        ///< nobody between two visits of its setter held less
    le32 fcc_frames;                 ///< frames sent during the last rotation, copies included
    le32 fcc_bytes;
    le32 backlog;        ///< frames that wait at all members
    le32 window;         ///< frames that may be in flight; 0: as configured
    le16 candidates_by;  ///< who wrote the candidates
    le16 leaver;
    std::uint8_t candidates{0};
    std::uint8_t requests{0};
    le16 reserved1;
    le64 reserved2;
};
static_assert(sizeof(TokenHeader) == 72 && alignof(TokenHeader) == 1);

struct CandidateEntry {
    le16 index;
    le16 reserved;
    le32 incarnation_low;
};
static_assert(sizeof(CandidateEntry) == 8);

struct RequestEntry {
    le64 seq;
    le64 epoch;  ///< of the ring that the frame belongs to; differs from the token's in recovery
    le16 representative;
    le16 requester;
    std::uint8_t attempts{0};
    std::uint8_t reserved[3]{};
};
static_assert(sizeof(RequestEntry) == 24);

struct Candidate {
    NodeIndex index{kNoNode};
    std::uint32_t incarnation_low{0};
    friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// One retransmission request (Totem's rtr).
struct Request {
    RingId ring;
    Seq seq;
    NodeIndex requester{kNoNode};
    std::uint8_t attempts{0};
    friend bool operator==(const Request&, const Request&) = default;
};

inline constexpr std::size_t kCandidatesMax = 16;

struct Token {
    RingId ring;
    std::uint8_t flags{0};
    std::uint8_t retransmission{0};
    NodeIndex aru_setter{kNoNode};
    std::uint16_t done_run{0};
    std::uint64_t token_seq{0};
    Seq seq;
    Seq aru;
    std::uint32_t fcc_frames{0};
    std::uint32_t fcc_bytes{0};
    std::uint32_t backlog{0};
    std::uint32_t window{0};  ///< frames that may be in flight; 0: as configured
    NodeIndex candidates_by{kNoNode};
    NodeIndex leaver{kNoNode};
    FixedVec<Candidate, kCandidatesMax> candidates;
    FixedVec<Request, kRtrMax> requests;

    bool has(TokenFlag flag) const { return (flags & flag) != 0; }
    friend bool operator==(const Token&, const Token&) = default;
};

/// Bytes of the largest token, hop header included.
inline constexpr std::size_t kTokenBytesMax = 16 + sizeof(TokenHeader) +
                                              kCandidatesMax * sizeof(CandidateEntry) +
                                              kRtrMax * sizeof(RequestEntry);
static_assert(kTokenBytesMax <= kFrameBytesMin);

/// Writes hop header and token into the frame's room and sets its size. Cost: no allocation.
void encode_token(const Token& token, NodeIndex transmitter, std::uint32_t config_hash,
                  FrameRef& frame);
/// Reads a token from the bytes behind the hop header; nothing if `validate` would refuse them.
std::optional<Token> decode_token(std::span<const std::byte> bytes);

}  // namespace torc::wire
