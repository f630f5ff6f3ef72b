// Inside of wire/: the checks that `validate` and the decoders share, one per kind. Each takes the
// bytes behind the hop header and is total.
#pragma once

#include <cstddef>
#include <span>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/hop.hpp"
#include "wire/validate.hpp"

namespace torc::wire {

constexpr bool is_node(std::uint16_t index) { return index < kNodesMax; }
constexpr bool is_node_or_none(std::uint16_t index) {
    return is_node(index) || index == raw(kNoNode);
}

RejectReason check_data(std::span<const std::byte> bytes);
RejectReason check_token(std::span<const std::byte> bytes);
RejectReason check_status(std::span<const std::byte> bytes);
RejectReason check_wake(std::span<const std::byte> bytes);
RejectReason check_control(std::span<const std::byte> bytes, std::uint32_t config_hash);

/// A hop header of this build's version.
HopHeader make_hop(Kind kind, NodeIndex transmitter, std::size_t length_behind,
                   std::uint32_t config_hash);

}  // namespace torc::wire
