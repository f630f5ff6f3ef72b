// A record of the deliver ring as a torc_message, and its copy in the program's own memory. The
// daemon wrote it, and whoever answers at a socket's path calls itself a daemon: everything is
// checked before it is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "client_shm/client/kept_heads.hpp"
#include "client_shm/rings.hpp"
#include "torc/torc.h"

namespace torc::client_shm {

struct Parsed {
    Parsed(const RecordView& read, torc_message& filled, KeptHeads& kept)
        : record(read), message(filled), heads(kept) {}

    RecordView record;
    torc_message& message;  ///< the caller's; all of it is written, once
    KeptHeads& heads;
    std::uint8_t place{KeptHeads::kNowhere};  ///< in `heads`, where the names lie
    const std::byte* names{nullptr};          ///< all names and sets: one stretch of the record
    std::size_t names_bytes{0};
};

/// Copied names begin so, wherever the program's buffer does: sets are 16-bit numbers.
inline constexpr std::size_t kNamesAlign = 8;

/// What only views, warnings and refusals say. Two short stretches: one long one becomes a string
/// instruction, which takes as long to start as all the rest of a parse.
inline void clear_behind_order(torc_message& message) {
    constexpr std::size_t kFrom = offsetof(torc_message, members);
    constexpr std::size_t kBytes = sizeof(torc_message) - kFrom;
    constexpr std::size_t kHalf = kBytes / 16 * 8;
    auto* const at = static_cast<std::byte*>(static_cast<void*>(&message)) + kFrom;
    std::memset(at, 0, kHalf);
    std::memset(at + kHalf, 0, kBytes - kHalf);
}

inline void note_payload(torc_message& message, const RecordView& record, std::size_t at) {
    message.data = record.body + at;
    message.size = record.header.body_bytes - at;
}

/// A message that does not say its head again.
inline bool is_follower(const RecordHeader& header) {
    return header.type == RecordType::message && header.flags == kSameHead;
}

/// What messages of the head that is known have in common.
inline void fill_from_kept(torc_message& message, const KeptHeads& heads) {
    std::memcpy(&message, &heads.common(), offsetof(torc_message, members));
    clear_behind_order(message);
    message.names_size = heads.names_bytes() + kNamesAlign - 1;
}

/// All of a follower, where its head is known.
inline void fill_follower(torc_message& message, const RecordView& record, const KeptHeads& heads) {
    fill_from_kept(message, heads);
    const PlaceInFrame own = place_of(record.header.operation);
    message.service = own.service;
    message.index = own.index;
    note_payload(message, record, 0);
}

/// Takes: `record`, of which it reads as often as it is asked. Fills the rest, and `heads` with
/// what the next record may leave out. False: no daemon of this version wrote that, and what the
/// message says means nothing.
bool parse(Parsed& parsed);

/// Copies payload and names to the target and turns the message's pointers there. False, and
/// nothing is written: something does not fit and may not be cut.
bool copy_out(Parsed& parsed, const torc_target& target);

/// Whether the pointers that it needs are there, and its flags known.
bool is_target(const torc_target& target);

}  // namespace torc::client_shm
