// STATUS and WAKE: small multicasts beside the token (protocol.md 2, 3.8, 7.5). Idempotent; loss
// is harmless.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/byte_order.hpp"
#include "base/frame_ref.hpp"
#include "base/ids.hpp"

namespace torc::wire {

struct StatusFrame {
    le64 epoch;
    le16 representative;
    le16 sender;
    le32 rx_free;  ///< receive descriptors free, saturated
    le64 aru;
    le64 high;
    le64 delivered;
    le64 token_seq;  ///< newest token that the sender accepted
    le64 nack_base;  ///< bit i of `nack`: seq nack_base + 1 + i is missing
    le64 nack[2];
};
static_assert(sizeof(StatusFrame) == 72 && alignof(StatusFrame) == 1);

/// "I have something to send": asks the daemon that holds an idle ring's token to let it go.
struct WakeFrame {
    le64 epoch;
    le16 representative;
    le16 sender;
    le32 reserved;
};
static_assert(sizeof(WakeFrame) == 16);

/// Write hop header and body into the frame's room and set its size. Cost: no allocation.
void encode_status(const StatusFrame& status, NodeIndex transmitter, std::uint32_t config_hash,
                   FrameRef& frame);
void encode_wake(const WakeFrame& wake, NodeIndex transmitter, std::uint32_t config_hash,
                 FrameRef& frame);
/// Read from the bytes behind the hop header; nothing if `validate` would refuse them.
std::optional<StatusFrame> decode_status(std::span<const std::byte> bytes);
std::optional<WakeFrame> decode_wake(std::span<const std::byte> bytes);

}  // namespace torc::wire
