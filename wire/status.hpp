// STATUS and WAKE: small multicasts beside the token (protocol.md 2, 3.8, 7.5). Idempotent; loss
// is harmless.
#pragma once

#include "base/byte_order.hpp"

namespace torc::wire {

struct StatusFrame {
    le64 epoch;
    le16 representative;
    le16 sender;
    le32 rx_free;    ///< receive descriptors free, saturated
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

}  // namespace torc::wire
