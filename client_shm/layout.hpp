// The memory that a client and the daemon share, byte by byte: both sides are compiled from this
// file. A session has two segments, each written by one side only and mapped read-only by the
// other: `submit` belongs to the client, `deliver` to the daemon. A page of the whole daemon says
// whether its core sleeps. Sessions of one user may also share a `log`, which all of them map
// read-only: messages for several of them stand there once, and their deliver rings say where
// (docs/decisions/0013-delivery-log.md). Numbers are in the machine's own byte order: both ends are
// one machine.
//
//   0x0000  identity, set by the daemon before the segment is handed over
//   0x0040  tail and origin of the ring in this segment (owner produces)
//   0x0080  head of the ring in the opposite segment    (owner consumes)
//   0x00C0  wake tickets (submit) or state and reason (deliver)
//   0x0100  how far the client's operations have come (deliver)
//   0x1000  ring data, `capacity` bytes, mapped twice in a row so that no record wraps
//
// Counters are bytes since the session began and only grow. The place of one is `(counter - origin)
// & (capacity-1)`: who produces moves the origin when everything has been given back, so that a
// ring whose reader keeps up goes on at its start again and again, in memory that caches hold. A
// ticket is odd while its owner sleeps or is about to; whoever finds it odd and not yet answered
// rings the owner's eventfd once. So nobody ever writes to a word of the other side.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace torc::client_shm {

inline constexpr std::uint64_t kSegmentMagic = 0x314D485343524F54;  // "TORCSHM1"
inline constexpr std::uint64_t kHelloMagic = 0x314F4C4843524F54;    // "TORCHLO1"
/// Of layout and handshake together; changes when either does.
inline constexpr std::uint32_t kLayoutVersion = 3;

inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::size_t kRecordAlign = 16;
inline constexpr std::size_t kPayloadAlign = 8;
inline constexpr std::size_t kCapacityMin = 64 * 1024;
inline constexpr std::size_t kCapacityMax = std::size_t{64} << 20;

/// A ring goes on at its start where it can, once so many bytes have passed by. More than a burst;
/// less than the caches of a core that several processes share.
inline constexpr std::uint64_t kRewindBytes = 128 * 1024;

constexpr std::size_t align_up(std::size_t bytes, std::size_t alignment) {
    return (bytes + alignment - 1) & ~(alignment - 1);
}

using Counter = std::atomic<std::uint64_t>;
using Ticket = std::atomic<std::uint32_t>;
static_assert(Counter::is_always_lock_free && sizeof(Counter) == 8);
static_assert(Ticket::is_always_lock_free && sizeof(Ticket) == 4);

enum class SegmentKind : std::uint32_t { submit = 1, deliver = 2, daemon = 3, log = 4 };

struct SegmentIdentity {
    std::uint64_t magic;
    std::uint32_t version;
    SegmentKind kind;
    std::uint64_t capacity;  ///< of the ring; 0 on the daemon's page
    std::uint32_t session;   ///< raw SessionId
    std::uint32_t reserved;
};
static_assert(sizeof(SegmentIdentity) == 32);

/// Client to daemon. The daemon maps it read-only and believes nothing in it.
struct SubmitHeader {
    alignas(kCacheLine) SegmentIdentity identity;
    alignas(kCacheLine) Counter submit_tail;
    Counter submit_origin;
    alignas(kCacheLine) Counter deliver_head;
    Counter released;                           ///< records given back, in order
    Counter log_released;                       ///< bytes that those of them in the log take there
    alignas(kCacheLine) Ticket receive_ticket;  ///< odd: ring the receive eventfd for new records
    Ticket send_ticket;                         ///< odd: ring the space eventfd at half free
};

enum class SessionState : std::uint32_t { open = 1, ended = 2 };

/// Why a handshake or an operation was refused or a session ended. The numbers are those of
/// `torc_result` in include/torc/torc.h; client/text.cpp asserts it.
enum class Reason : std::int32_t {
    none = 0,
    illegal = -2,
    bad_name = -3,
    too_large = -4,
    wrong_state = -5,
    permission = -8,
    name_taken = -9,
    limit = -10,
    version = -11,
    no_memory = -12,
    malformed = -14,
    not_member = -15,
    flushed = -16,
    group_kind = -17,
    daemon_lost = -32,
    shutdown = -33,
    slow_reader = -34,
    violation = -35,
    kicked = -36,
    view_too_large = -37,
    closed = -38,
    partition = -39,
    flush_timeout = -40,
};

/// Daemon to client. The client's mapping cannot be made writable (F_SEAL_FUTURE_WRITE).
struct DeliverHeader {
    alignas(kCacheLine) SegmentIdentity identity;
    alignas(kCacheLine) Counter deliver_tail;
    Counter written;      ///< records before deliver_tail, a run's each counted
    Counter log_written;  ///< bytes that those of them in the log take there
    Counter deliver_origin;
    alignas(kCacheLine) Counter submit_head;
    alignas(kCacheLine) std::atomic<std::uint32_t> state;  ///< SessionState
    std::atomic<std::int32_t> reason;                      ///< Reason, set before `state` ends
    // Of the client's operations; written once a pass, for torc_counts_of().
    alignas(kCacheLine) Counter taken;  ///< read from the submit ring
    Counter ordered;                    ///< given a place in the order
    Counter refused;                    ///< refused before the order
};

/// One page of the whole daemon, read-only for clients.
struct DaemonHeader {
    alignas(kCacheLine) SegmentIdentity identity;
    alignas(kCacheLine) Ticket core_ticket;    ///< odd: ring the doorbell after a commit
    alignas(kCacheLine) Counter heartbeat_ns;  ///< daemon's clock at its latest pass
};

static_assert(offsetof(SubmitHeader, submit_tail) == 0x40);
static_assert(offsetof(SubmitHeader, submit_origin) == 0x48);
static_assert(offsetof(SubmitHeader, deliver_head) == 0x80);
static_assert(offsetof(SubmitHeader, released) == 0x88);
static_assert(offsetof(SubmitHeader, log_released) == 0x90);
static_assert(offsetof(SubmitHeader, receive_ticket) == 0xC0);
static_assert(offsetof(SubmitHeader, send_ticket) == 0xC4);
static_assert(offsetof(DeliverHeader, deliver_tail) == 0x40);
static_assert(offsetof(DeliverHeader, written) == 0x48);
static_assert(offsetof(DeliverHeader, log_written) == 0x50);
static_assert(offsetof(DeliverHeader, deliver_origin) == 0x58);
static_assert(offsetof(DeliverHeader, submit_head) == 0x80);
static_assert(offsetof(DeliverHeader, state) == 0xC0);
static_assert(offsetof(DeliverHeader, reason) == 0xC4);
static_assert(offsetof(DeliverHeader, taken) == 0x100);
static_assert(offsetof(DeliverHeader, ordered) == 0x108);
static_assert(offsetof(DeliverHeader, refused) == 0x110);
static_assert(offsetof(DaemonHeader, core_ticket) == 0x40);
static_assert(offsetof(DaemonHeader, heartbeat_ns) == 0x80);
static_assert(sizeof(SubmitHeader) <= kSegmentHeaderBytes);
static_assert(sizeof(DeliverHeader) <= kSegmentHeaderBytes);

// ---- records ----

enum class RecordType : std::uint16_t {
    // client to daemon
    join = 1,
    leave = 2,
    send = 3,
    close = 4,
    flush_join = 5,
    flush_ok = 6,
    // daemon to client
    message = 16,
    view = 17,
    transitional = 18,
    self_leave = 19,
    warning = 20,
    refused = 21,
    flush_request = 22,
    run = 23,  ///< messages that stand in the log, one behind the other
};

/// Of a `send` or a `message`: it begins like the record before it, which is one of the same type
/// in the same ring, or in the same run of the log. Its body is the payload alone. Who sends many
/// messages to the same groups says so once, and neither side looks at the names again.
inline constexpr std::uint16_t kSameHead = 1;

struct RecordHeader {
    std::uint32_t body_bytes;  ///< without this header and without padding
    RecordType type;
    std::uint16_t flags;      ///< kSameHead or 0
    std::uint64_t operation;  ///< number of the client's operation, from 1; of a message with
                              ///< kSameHead its PlaceInFrame; 0 where meaningless
};
static_assert(sizeof(RecordHeader) == kRecordAlign);

/// What is a message's own where all else stands in the head of one before.
struct PlaceInFrame {
    std::uint32_t index;
    std::uint8_t service;
    std::uint8_t reserved[3];
};
static_assert(sizeof(PlaceInFrame) == sizeof(RecordHeader::operation));
static_assert(offsetof(PlaceInFrame, service) == 4 && std::endian::native == std::endian::little);

/// The same as RecordHeader::operation; by shifts, since a struct would take the way over memory.
constexpr std::uint64_t operation_of(std::uint32_t index, std::uint8_t service) {
    return index | std::uint64_t{service} << 32;
}
constexpr PlaceInFrame place_of(std::uint64_t operation) {
    return {static_cast<std::uint32_t>(operation), static_cast<std::uint8_t>(operation >> 32), {}};
}

/// Bytes that a record with such a body takes in the ring.
constexpr std::uint64_t record_bytes(std::uint64_t body_bytes) {
    return sizeof(RecordHeader) + align_up(body_bytes, kRecordAlign);
}
/// The largest record. Half of the ring, so that one always fits once the reader has caught up.
constexpr std::uint64_t record_bytes_max(std::uint64_t capacity) { return capacity / 2; }

/// A name in a record: u8 size, the bytes, NUL. Names follow each other without padding.
constexpr std::size_t name_bytes(std::size_t size) { return size + 2; }

inline constexpr std::uint8_t kSendSelfDiscard = 1;
/// To members of a flush group: names are the group and, behind it, private names.
inline constexpr std::uint8_t kSendSubgroup = 2;
inline constexpr std::uint8_t kSendFlags = kSendSelfDiscard | kSendSubgroup;

/// join, flush_join, leave, flush_ok: one name. close: nothing. send: this, names, padding to 8,
/// payload; with kSameHead the payload alone.
struct SendBody {
    std::uint8_t service;
    std::uint8_t flags;  ///< kSend...
    std::uint16_t type;
    std::uint16_t group_count;
    std::uint16_t names_bytes;
};
static_assert(sizeof(SendBody) == 8);

/// message: this, names (sender, then groups), padding to 8, payload; with kSameHead the payload
/// alone. Only a head of kSharedHeadBytesMax at most is shared: the library keeps it.
struct MessageBody {
    std::uint8_t service;
    std::uint8_t flags;
    std::uint16_t type;
    std::uint16_t group_count;
    std::uint16_t names_bytes;
    std::uint64_t ring_epoch;
    std::uint64_t seq;
    std::uint32_t index;
    std::uint16_t representative;
    std::uint16_t reserved;
};
static_assert(sizeof(MessageBody) == 32);
inline constexpr std::size_t kSharedHeadBytesMax = 256;

/// view, transitional, self_leave, flush_request: this, names (group, who, then members), padding
/// to 8; a view has one u16 for each member behind that, the set it belongs to.
struct ViewBody {
    std::uint8_t cause;
    std::uint8_t reserved;
    std::uint16_t representative;
    std::uint16_t my_vs_set;
    std::int16_t reason;  ///< self_leave: a Reason, none after leave
    std::uint64_t ring_epoch;
    std::uint64_t index;
    std::uint32_t member_count;
    std::uint32_t names_bytes;
};
static_assert(sizeof(ViewBody) == 32);

struct WarningBody {
    std::uint64_t fill_bytes;
    std::uint64_t capacity_bytes;
    std::uint64_t messages;
    std::uint64_t messages_limit;  ///< 0: none
};

struct RefusedBody {
    Reason reason;
    RecordType refused;  ///< what it was; the record header holds its number
    std::uint16_t reserved;
};
static_assert(sizeof(WarningBody) == 32 && sizeof(RefusedBody) == 8);

/// run: so many `message` records, header and all, lie in the log from there on.
struct RunBody {
    std::uint64_t offset;   ///< from the log's first byte behind its header
    std::uint32_t bytes;    ///< of all of them, padding included
    std::uint32_t records;  ///< 1 or more
};
static_assert(sizeof(RunBody) == kRecordAlign);

/// Ring bytes that a message of `payload_bytes` needs at the most, in either direction.
constexpr std::uint64_t message_record_bytes(std::uint64_t payload_bytes) {
    constexpr std::uint64_t names = (kGroupsPerMessageMax + 1) * name_bytes(kGroupNameMax);
    return record_bytes(align_up(sizeof(MessageBody) + names, kPayloadAlign) + payload_bytes);
}
static_assert(kGroupsPerMessageMax * name_bytes(kGroupNameMax) <= UINT16_MAX);
static_assert(2 * message_record_bytes(kMessageBytesMax) <= kCapacityMax);

/// The smallest ring that carries such messages and is at least what the operator asked for.
constexpr std::uint64_t capacity_for(std::uint64_t wanted, std::uint64_t message_bytes) {
    std::uint64_t capacity = kCapacityMin;
    const std::uint64_t least = 2 * message_record_bytes(message_bytes);
    while (capacity < kCapacityMax && (capacity < wanted || capacity < least)) capacity *= 2;
    return capacity;
}

// ---- the log ----

/// What is taken and given back in one piece; a larger message takes neighbouring blocks.
inline constexpr std::uint64_t kLogBlockBytes = 64 * 1024;
inline constexpr std::uint32_t kLogBlocksMin = 32;
inline constexpr std::uint32_t kLogBlocksMax = kCapacityMax / kLogBlockBytes;

/// Of the log beside rings of that size: as much again, once for all that share it.
constexpr std::uint32_t log_blocks_for(std::uint64_t ring_capacity) {
    const std::uint64_t blocks = ring_capacity / kLogBlockBytes;
    return blocks < kLogBlocksMin ? kLogBlocksMin : static_cast<std::uint32_t>(blocks);
}
static_assert(log_blocks_for(kCapacityMax) == kLogBlocksMax);

// ---- handshake: one request, one reply on a Unix SEQPACKET socket, then silence; or an order of
// the administrator, one reply, and the end ----

struct HelloRequest {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t flags;     ///< 0 in this version
    std::uint8_t name_size;  ///< 0: the daemon picks a name
    char name[kNameMax];
    std::uint8_t takes;  ///< kTakes...; bits that a daemon does not know it leaves alone
    std::uint8_t reserved[15];
};
static_assert(sizeof(HelloRequest) == 64);

/// The library understands RecordType::run. Without it a session gets copies only.
inline constexpr std::uint8_t kTakesRuns = 1;

inline constexpr std::uint64_t kControlMagic = 0x314C544343524F54;  // "TORCCTL1"

/// Ends a session with Reason::kicked. Only root and the daemon's own user are obeyed.
struct ControlRequest {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint8_t name_size;
    char name[kNameMax];  ///< of the session
    std::uint8_t reserved[4];
};
static_assert(sizeof(ControlRequest) == 48 && sizeof(ControlRequest) != sizeof(HelloRequest));

struct ControlReply {
    std::uint64_t magic;
    std::uint32_t version;
    Reason result;  ///< none, permission, bad_name (no such session), version
};
static_assert(sizeof(ControlReply) == 16);

/// Descriptors of a good reply, in this order, by SCM_RIGHTS. The last one only with `log_blocks`.
enum HelloFd : unsigned {
    kFdSubmit,
    kFdDeliver,
    kFdDaemon,
    kFdReceive,
    kFdSpace,
    kFdDoorbell,
    kFdLog
};
inline constexpr std::size_t kHelloFds = 6;
inline constexpr std::size_t kHelloFdsMax = kHelloFds + 1;

struct HelloReply {
    std::uint64_t magic;
    std::uint32_t version;
    Reason result;
    std::uint32_t session;
    std::uint32_t log_blocks;  ///< of the log that comes along; 0: none
    std::uint64_t capacity;
    std::uint64_t message_bytes_max;
    char private_name[72];  ///< "#session#daemon", NUL-terminated
};
static_assert(sizeof(HelloReply) == 112 && sizeof(HelloReply::private_name) > 2 * kNameMax + 2);

}  // namespace torc::client_shm
