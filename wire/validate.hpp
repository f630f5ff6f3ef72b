// The gate in front of the core: every received frame passes `validate` before anything else looks
// at it. protocol.md 2; what each kind must satisfy stands in docs/wire.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "wire/hop.hpp"

namespace torc::wire {

/// Why a frame was refused. Each but `none` is a counter; the order is that of the counters.
enum class RejectReason : std::uint8_t {
    none,
    truncated,    ///< shorter than its headers, or than its counts promise
    oversized,    ///< larger than any ring's frames
    bad_magic,    ///< not one of ours
    bad_version,  ///< another major version
    bad_kind,
    bad_length,    ///< the length fields contradict the frame
    wrong_config,  ///< the sender runs another cluster configuration
    sealed,        ///< key_epoch is not 0: this version opens no sealed frames
    bad_transmitter,
    bad_node,         ///< a daemon index that no configuration can have
    bad_seq,          ///< numbers that contradict each other (aru > seq, no seq, ...)
    bad_service,      ///< no such class, or a message above its frame's class
    bad_count,        ///< entries or messages: none, too many, or not as many as announced
    bad_padding,      ///< padding that is not zero
    bad_fragment,     ///< a fragment where none may be, or in contradiction to its flags
    bad_total,        ///< announced length of a fragmented message: absent, too small, too large
    bad_parts,        ///< control: part numbers or part lengths that make no message
    bad_incarnation,  ///< control: incarnation 0
    bad_envelope,     ///< a message without its own where the one before it is not its session's
};
/// Enumerators, `none` included: the size of an array indexed by reason.
inline constexpr std::size_t kRejectReasons = 20;

/// Name of a reason in snake_case, for counters and logs; "unknown" for a value out of range.
const char* name_of(RejectReason reason);

/// Whether a frame is well-formed, and of this configuration and version.
/// Takes: a whole UDP payload, and the low half of config::fingerprint.
/// Gives: `none`, or the first reason against it. Of DATA, TOKEN, STATUS and WAKE everything that
/// can be said without the ring's state is checked; of control frames the headers (their bodies
/// come in parts, the decoders judge them).
/// Fails: never; total on hostile bytes. Cost: one walk over the message headers, no allocation.
RejectReason validate(std::span<const std::byte> frame, std::uint32_t config_hash);

/// The hop header of a frame, unchecked beyond its size.
std::optional<HopHeader> peek_hop(std::span<const std::byte> frame);

/// Whether frames of this kind are control messages (ControlHeader and body follow).
constexpr bool is_control(Kind kind) {
    return kind == Kind::join || kind == Kind::propose || kind == Kind::state ||
           kind == Kind::plan || kind == Kind::merge;
}

}  // namespace torc::wire
