// What programs in other languages (the dissector, captures) rely on: offsets, written as numbers,
// so that a moved field breaks the build and not a reader.
#include <cstddef>

#include "wire/hop.hpp"
#include "wire/membership.hpp"
#include "wire/status.hpp"
#include "wire/token.hpp"
#include "wire/wire_struct.hpp"

namespace torc::wire {

static_assert(WireStruct<HopHeader> && WireStruct<SealedHeader> && WireStruct<MessageHeader>);
static_assert(WireStruct<TokenHeader> && WireStruct<CandidateEntry> && WireStruct<RequestEntry>);
static_assert(WireStruct<StatusFrame> && WireStruct<WakeFrame> && WireStruct<ControlHeader>);

static_assert(offsetof(HopHeader, magic) == 0 && offsetof(HopHeader, version) == 1);
static_assert(offsetof(HopHeader, kind) == 2 && offsetof(HopHeader, flags) == 3);
static_assert(offsetof(HopHeader, transmitter) == 4 && offsetof(HopHeader, length) == 6);
static_assert(offsetof(HopHeader, config_hash) == 8 && offsetof(HopHeader, key_epoch) == 12);

static_assert(offsetof(SealedHeader, epoch) == 0 && offsetof(SealedHeader, seq) == 8);
static_assert(offsetof(SealedHeader, sender) == 16 && offsetof(SealedHeader, representative) == 18);
static_assert(offsetof(SealedHeader, sender_seq) == 20 && offsetof(SealedHeader, round) == 24);
static_assert(offsetof(SealedHeader, body_length) == 28 && offsetof(SealedHeader, messages) == 30);
static_assert(offsetof(SealedHeader, service_flags) == 31);

static_assert(offsetof(MessageHeader, length) == 0 && offsetof(MessageHeader, flags) == 2);
static_assert(offsetof(MessageHeader, session) == 4);

static_assert(offsetof(TokenHeader, epoch) == 0 && offsetof(TokenHeader, representative) == 8);
static_assert(offsetof(TokenHeader, token_seq) == 16 && offsetof(TokenHeader, seq) == 24);
static_assert(offsetof(TokenHeader, aru) == 32 && offsetof(TokenHeader, fcc_frames) == 40);
static_assert(offsetof(TokenHeader, candidates) == 60 && offsetof(TokenHeader, requests) == 61);
static_assert(offsetof(RequestEntry, seq) == 0 && offsetof(RequestEntry, epoch) == 8);
static_assert(offsetof(RequestEntry, representative) == 16 &&
              offsetof(RequestEntry, requester) == 18);

static_assert(offsetof(StatusFrame, aru) == 16 && offsetof(StatusFrame, high) == 24);
static_assert(offsetof(StatusFrame, nack_base) == 48 && offsetof(StatusFrame, nack) == 56);
static_assert(offsetof(WakeFrame, representative) == 8 && offsetof(WakeFrame, sender) == 10);

static_assert(offsetof(ControlHeader, sender) == 0 && offsetof(ControlHeader, part) == 2);
static_assert(offsetof(ControlHeader, parts) == 3 && offsetof(ControlHeader, body_length) == 4);
static_assert(offsetof(ControlHeader, incarnation) == 8 && offsetof(ControlHeader, ctl) == 16);
static_assert(offsetof(ControlHeader, config_fingerprint) == 24);

}  // namespace torc::wire
