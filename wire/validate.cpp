// The hop header's checks, and the way to those of each kind.
#include "wire/validate.hpp"

#include <array>

#include "wire/checks.hpp"
#include "wire/wire_struct.hpp"

namespace torc::wire {

namespace {

constexpr std::array<const char*, kRejectReasons> kNames{
    "none",         "truncated",  "oversized",    "bad_magic",       "bad_version",
    "bad_kind",     "bad_length", "wrong_config", "sealed",          "bad_transmitter",
    "bad_node",     "bad_seq",    "bad_service",  "bad_count",       "bad_padding",
    "bad_fragment", "bad_total",  "bad_parts",    "bad_incarnation", "bad_envelope",
};
static_assert(kRejectReasons == static_cast<std::size_t>(RejectReason::bad_envelope) + 1);

RejectReason check_hop(const HopHeader& hop, std::size_t behind, std::uint32_t config_hash) {
    if (hop.magic != kMagic) return RejectReason::bad_magic;
    if (hop.version >> 4 != kVersion >> 4) return RejectReason::bad_version;
    if (hop.kind == 0 || hop.kind > kKindLast) return RejectReason::bad_kind;
    if (hop.length.get() != behind) return RejectReason::bad_length;
    if (hop.config_hash.get() != config_hash) return RejectReason::wrong_config;
    if (hop.key_epoch.get() != 0) return RejectReason::sealed;
    if (!is_node(hop.transmitter)) return RejectReason::bad_transmitter;
    return RejectReason::none;
}

}  // namespace

const char* name_of(RejectReason reason) {
    const auto index = static_cast<std::size_t>(reason);
    return index < kNames.size() ? kNames[index] : "unknown";
}

std::optional<HopHeader> peek_hop(std::span<const std::byte> frame) {
    return take<HopHeader>(frame);
}

HopHeader make_hop(Kind kind, NodeIndex transmitter, std::size_t length_behind,
                   std::uint32_t config_hash) {
    TORC_CHECK(length_behind <= kFrameBytesMax - sizeof(HopHeader));
    HopHeader hop;
    hop.kind = static_cast<std::uint8_t>(kind);
    hop.transmitter = raw(transmitter);
    hop.length = static_cast<std::uint16_t>(length_behind);
    hop.config_hash = config_hash;
    return hop;
}

RejectReason validate(std::span<const std::byte> frame, std::uint32_t config_hash) {
    if (frame.size() > kFrameBytesMax) return RejectReason::oversized;
    std::span<const std::byte> behind = frame;
    const std::optional<HopHeader> hop = take<HopHeader>(behind);
    if (!hop) return RejectReason::truncated;
    if (const RejectReason reason = check_hop(*hop, behind.size(), config_hash);
        reason != RejectReason::none) {
        return reason;
    }
    switch (Kind{hop->kind}) {
        case Kind::data:
            return check_data(behind);
        case Kind::token:
            return check_token(behind);
        case Kind::status:
            return check_status(behind);
        case Kind::wake:
            return check_wake(behind);
        case Kind::join:
        case Kind::propose:
        case Kind::state:
        case Kind::plan:
        case Kind::merge:
            return check_control(behind, config_hash);
    }
    return RejectReason::bad_kind;
}

}  // namespace torc::wire
