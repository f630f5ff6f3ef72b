// The two headers in front of every frame. The hop header may change at every hop; the sealed
// header of a DATA frame never changes, so that anyone can retransmit a stored frame verbatim.
// protocol.md 2.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_order.hpp"
#include "base/ids.hpp"

namespace torc::wire {

inline constexpr std::uint8_t kMagic = 0xA7;
/// major << 4 | minor. Majors must match on a ring.
inline constexpr std::uint8_t kVersion = 1 << 4 | 0;

enum class Kind : std::uint8_t {
    data = 1,
    token,
    status,
    wake,
    join,
    propose,
    state,
    plan,
    merge,
};
inline constexpr std::uint8_t kKindLast = static_cast<std::uint8_t>(Kind::merge);

/// Flags of one copy on the wire.
enum HopFlag : std::uint8_t {
    kHopRetransmitted = 1,
    kHopRecovery = 2,  ///< an old ring's frame sent again while the next ring recovers
    kHopUnicastCopy = 4,
};

struct HopHeader {
    std::uint8_t magic{kMagic};
    std::uint8_t version{kVersion};
    std::uint8_t kind{0};
    std::uint8_t flags{0};
    le16 transmitter;  ///< who put this copy on the wire; statistics only, never trusted
    le16 length;       ///< bytes after this header
    le32 config_hash;  ///< low half of config::fingerprint
    le32 key_epoch;    ///< 0: not sealed
};
static_assert(sizeof(HopHeader) == 16 && alignof(HopHeader) == 1);

/// Flags beside the service class in SealedHeader::service_flags.
enum SealedFlag : std::uint8_t {
    kServiceMask = 0x07,  ///< Service: the delivery class of the whole frame
    kHasFragment = 0x10,  ///< the first message is a fragment
    kLastOfVisit = 0x20,
    kPostToken = 0x40,
};

struct SealedHeader {
    le64 epoch;  ///< ring id, with `representative`
    le64 seq;    ///< 0 in frames of the unreliable service
    le16 sender;
    le16 representative;
    le32 sender_seq;  ///< counts the sender's frames on this ring, from 1: FIFO loss detection
    le32 round;       ///< low half of the token_seq with which the sender passed the token on
    le16 body_length;
    std::uint8_t messages{0};
    std::uint8_t service_flags{0};
};
static_assert(sizeof(SealedHeader) == 32 && alignof(SealedHeader) == 1);

inline constexpr std::size_t kDataOverhead = sizeof(HopHeader) + sizeof(SealedHeader);

/// In front of each message of a frame's body; messages are padded to 8 bytes.
struct MessageHeader {
    le16 length;  ///< bytes of this piece, without header and padding
    le16 flags;
    le32 session;  ///< torc::raw(SessionId) of the sending session
};
static_assert(sizeof(MessageHeader) == 8 && alignof(MessageHeader) == 1);

enum MessageFlag : std::uint16_t {
    kMessageServiceMask = 0x0007,  ///< Service of this message; its frame's class is not below it
    kFragment = 0x0010,            ///< piece of a message that did not fit one frame
    kFirstFragment = 0x0020,       ///< its bytes begin with le32: length of the whole message
    kLastFragment = 0x0040,
    kControlMessage = 0x0080,  ///< for the groups layer itself, not for clients
    /// Its envelope is that of the message before it in this frame, of the same session, and is
    /// left out. A frame explains itself all the same: its first message is complete.
    kSameEnvelope = 0x0100,
};

inline constexpr std::size_t kMessageAlign = 8;
constexpr std::size_t padded(std::size_t length) {
    return (length + kMessageAlign - 1) & ~(kMessageAlign - 1);
}
/// Messages of one frame at most: its counter is 8 bits wide.
inline constexpr std::size_t kMessagesPerFrameMax = 255;

constexpr RingId ring_of(const SealedHeader& header) {
    return RingId{header.epoch, NodeIndex{header.representative.get()}};
}

}  // namespace torc::wire
