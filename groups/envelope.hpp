// The inside of an ordered message: who sends it, to which groups, and what it asks of the groups
// layer. EnvelopeHeader, sender's session name, destinations (length byte, bytes), payload.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/byte_order.hpp"
#include "base/fixed_vec.hpp"
#include "base/limits.hpp"

namespace torc::groups {

enum class EnvelopeKind : std::uint8_t { message = 1, join, leave, disconnect, sync, flush_ok };

enum EnvelopeFlag : std::uint8_t {
    kSelfDiscard = 1,  ///< message: the sender wants no copy
    kFlushJoin = 2,    ///< join: as JoinKind::flush
    kSubgroup = 4,     ///< message: to those members of groups[0] that the other names name
};

struct EnvelopeHeader {
    std::uint8_t kind{0};
    std::uint8_t flags{0};
    le16 type;
    std::uint8_t name_length{0};
    std::uint8_t groups{0};
    le16 views;  ///< see Envelope
};
static_assert(sizeof(EnvelopeHeader) == 8 && alignof(EnvelopeHeader) == 1);

/// Bytes of the largest envelope, without payload.
inline constexpr std::size_t kEnvelopeBytesMax =
    sizeof(EnvelopeHeader) + kNameMax + kGroupsPerMessageMax * (1 + kGroupNameMax);

using GroupList = FixedVec<std::string_view, kGroupsPerMessageMax>;

/// A parsed envelope: views into the message's bytes.
struct Envelope {
    EnvelopeKind kind{};
    std::uint8_t flags{0};
    std::uint16_t type{0};
    /// message: in which views of flush groups it was said, as its sender's daemon took it: a hash
    /// of them in the order of the destinations; 0: none; 1: a view that its sender did not have.
    /// Who finds another is not to hear it.
    /// flush_ok: the view that may end.
    std::uint16_t views{0};
    std::string_view session_name;
    GroupList groups;
    std::span<const std::byte> payload;
};

/// Destinations of a subgroup cast: a group, then private names.
bool is_subgroup(std::span<const std::string_view> destinations);

/// Writes everything but the payload; gives the bytes written. `room` holds kEnvelopeBytesMax.
std::size_t write_envelope(EnvelopeKind kind, std::uint8_t flags, std::uint16_t type,
                           std::string_view session_name, std::span<const std::string_view> groups,
                           std::span<std::byte> room, std::uint16_t views = 0);

/// Total on hostile bytes; false leaves `envelope` unspecified.
bool read_envelope(std::span<const std::byte> bytes, Envelope& envelope);

}  // namespace torc::groups
